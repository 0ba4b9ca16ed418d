"""`alphapulse replay`: a recording through the whole pipeline, without control plane, at full speed."""

from __future__ import annotations

import logging
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import click
import msgspec
import trio
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from alphapulse.cli.garbage import spare_collector
from alphapulse.cli.setup import EXIT_FAILED, config_option, read_config, reports_errors
from alphapulse.cli.states_file import StatesFile
from alphapulse.composition.environment import DataPaths
from alphapulse.config import Config
from alphapulse.daemon import Daemon
from alphapulse.data.execution import Mode
from alphapulse.errors import AlphaPulseError
from alphapulse.observe.logs import configure_logs
from alphapulse.studies.headless import headless, replay_recording, summary

PROGRESS_EVERY_S = 0.2


@click.command()
@config_option
@click.option("--states", "states_path", type=click.Path(path_type=Path), help="Write each opportunity state there.")
@click.option("--database", type=click.Path(path_type=Path), help="Keep the books there. Default: a temporary place.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@reports_errors
def replay(config_path: Path | None, states_path: Path | None, database: Path | None, as_json: bool) -> None:
    """Replay the configured recording to its end at full speed and print what was found and earned."""
    configure_logs(logging.WARNING)
    config = headless(read_config(config_path))
    with ExitStack() as files:
        if database is None:
            paths = DataPaths.in_folder(Path(files.enter_context(tempfile.TemporaryDirectory())), Mode.PAPER)
        else:
            paths = DataPaths.beside(database)
        states = files.enter_context(closing(StatesFile(states_path))) if states_path is not None else None
        spare_collector()
        result, problem = trio.run(run_replay, config, paths, states, sys.stderr.isatty())
        if states is not None:
            states.close()
            problem = problem or states.failure
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
    else:
        _print_table(result)
    for remark in remarks(result):
        click.echo(f"alphapulse: {remark}", err=True)
    if problem is not None:
        click.echo(f"alphapulse: {problem}", err=True)
        sys.exit(EXIT_FAILED)


def remarks(result: dict[str, Any]) -> list[str]:
    """What a reader of the result should not overlook."""
    refused = ", ".join(f"{reason} {count}" for reason, count in result["refused"].items())
    found = []
    if refused:
        found.append(f"logs were refused, by reason: {refused}")
    if not any(result["events"].values()):
        found.append("no log of the listed pools was replayed: see to logs, pools, start and end")
    return found


async def run_replay(
    config: Config, paths: DataPaths, states: StatesFile | None, progress: bool
) -> tuple[dict[str, Any], AlphaPulseError | None]:
    """The replay's result, and the problem that ended the recording early or the daemon, if there was one."""

    async def accompany(daemon: Daemon) -> None:
        if states is not None:
            states.attach(daemon)
        if progress:
            await _show_progress(daemon)

    def read(daemon: Daemon) -> dict[str, Any]:
        if states is not None:
            states.finish()
        return summary(daemon)

    return await replay_recording(
        config, paths, read, listen=states.take if states is not None else None, beside=accompany
    )


async def _show_progress(daemon: Daemon) -> None:
    columns = (TextColumn("replay"), BarColumn(), TextColumn("{task.completed} logs"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("replay", total=None)
        while True:
            bar.update(task, completed=daemon.collector.counts.logs)
            await trio.sleep(PROGRESS_EVERY_S)


def _print_table(result: dict[str, Any]) -> None:
    for name, value in result.items():
        text = ", ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else value
        click.echo(f"{name:>16}  {text}")
