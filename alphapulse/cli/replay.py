"""`alphapulse replay`: a recording through the whole pipeline, without control plane, at full speed."""

from __future__ import annotations

import gc
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
import trio
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from alphapulse.cli.setup import EXIT_FAILED, config_option, read_config, reports_errors
from alphapulse.composition.environment import DataPaths
from alphapulse.config import Config
from alphapulse.daemon import Daemon
from alphapulse.data.execution import Mode
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.errors import AlphaPulseError, ConfigError, OutputError
from alphapulse.observe.logs import configure_logs
from alphapulse.studies.headless import headless, hex_text, replay_recording, summary

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
        gc.freeze()  # what was imported stays: no collection has to look at it
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
    return await replay_recording(
        config,
        paths,
        summary,
        listen=states.take if states is not None else None,
        beside=_show_progress if progress else None,
    )


class StatesFile:
    """Each opportunity state as a JSON line. A disk that takes no more ends the file, and `failure` says so.

    Raises:
        ConfigError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.failure: OutputError | None = None
        self._path = path
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise ConfigError("--states", f"expected a file that can be written at {path}: {error.strerror}") from error

    def write(self, signals: Sequence[ArbitrageSignal]) -> None:
        """One line each, behind the others."""
        if self.failure is None:
            with self._failing():
                self._file.writelines(msgspec.json.encode(state_line(one)).decode() + "\n" for one in signals)

    def take(self, messages: Sequence[Any]) -> None:
        """Write the signals among the messages."""
        self.write([one for one in messages if isinstance(one, ArbitrageSignal)])

    def close(self) -> None:
        """Write what is still held back. May be called twice."""
        with self._failing():
            self._file.close()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            problem = f"expected all states in {self._path}, found: {error.strerror}; make room and replay again"
            self.failure = self.failure or OutputError(problem)


def state_line(signal: ArbitrageSignal) -> dict[str, Any]:
    """One opportunity state, for the states file: pools in the order of the trade, amounts in raw units of `token`."""
    return {
        "block": signal.block_number,
        "log_index": signal.log_index,
        "pools": [pool.name for pool in signal.pools],
        "token": hex_text(signal.profit_token),
        "size": signal.size,
        "profit": signal.profit,
    }


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
