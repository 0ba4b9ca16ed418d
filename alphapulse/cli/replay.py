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
from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.config import CaptureSection, Config, WebSection
from alphapulse.daemon import Daemon, open_daemon
from alphapulse.data.execution import Mode
from alphapulse.data.halts import GLOBAL, Level
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.errors import AlphaPulseError, ConfigError, HaltError, LedgerError, LifecycleError, OutputError
from alphapulse.observe.logs import configure_logs

PROGRESS_EVERY_S = 0.2
NS_PER_S = 1_000_000_000


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


def headless(config: Config) -> Config:
    """The configuration as a replay runs it: full speed, to the end, no control plane, nothing captured."""
    collectors = {
        name: msgspec.structs.replace(section, speed=0, at_end="stop") for name, section in config.collectors.items()
    }
    return msgspec.structs.replace(
        config, collectors=collectors, web=WebSection(enabled=False), capture=CaptureSection(enabled=False)
    )


async def run_replay(
    config: Config, paths: DataPaths, states: StatesFile | None, progress: bool
) -> tuple[dict[str, Any], AlphaPulseError | None]:
    """The replay's result, and the problem that ended the recording early or the daemon, if there was one."""
    # No watchdog: what a replay finds must not hang on how fast the machine is.
    async with open_daemon(config, paths=paths, environment=Environment(thread_ns=lambda: 0)) as daemon:
        async with trio.open_nursery() as nursery:
            if states is not None:
                await nursery.start(_write_states, daemon, states)
            if progress:
                nursery.start_soon(_show_progress, daemon)
            await daemon.run()
            nursery.cancel_scope.cancel("the replay is over")
        return summary(daemon), _problem(daemon)


def _problem(daemon: Daemon) -> AlphaPulseError | None:
    """Why the result is not that of the whole recording, or is not in the books; None if all went well."""
    change = daemon.halts.changes.get(GLOBAL)
    if daemon.failure is not None:
        return daemon.failure
    if daemon.problem is not None:
        return daemon.problem
    if change is not None and change.level is Level.HALTED:
        return HaltError(f"trading is halted in these books: {change.reason}; name another --database")
    if not daemon.collector.finished:
        return LifecycleError(f"the replay was ended before the recording was: {daemon.stopping}")
    if daemon.ledger.applied_records < daemon.journal.records:
        return LedgerError(
            f"expected a ledger that can be written at {daemon.paths.ledger}, found none; the journal "
            f"{daemon.paths.journal} holds everything: name another --database"
        )
    return None


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


def summary(daemon: Daemon) -> dict[str, Any]:
    """What a replay found and earned: integers and text."""
    replayed, scanned, portfolio = daemon.collector.counts, daemon.strategy.counts, daemon.portfolio
    kinds = ("v3_swap", "v3_mint", "v3_burn", "v3_collect")
    return {
        "logs": replayed.logs,
        "events": {kind: replayed.events[kind] for kind in kinds},
        "refused": dict(sorted(replayed.refused.items())),
        "pools": len(daemon.pools),
        "opportunities": scanned.opportunities,
        "blocks": scanned.blocks,
        "episodes": scanned.episodes,
        "screened_out": scanned.screened_out,
        "profit": {_hex(token): profit for token, profit in scanned.profit.items()},
        "rejected": dict(sorted(portfolio.rejected.items())),
        "trades": sum(book.total.traded for book in portfolio.tokens.values()),
        "reverted": sum(book.total.failed for book in portfolio.tokens.values()),
        "pnl": {_hex(token): book.total.net for token, book in portfolio.tokens.items()},
        "latency": daemon.latency.describe(),
        "logs_per_second": replayed.logs * NS_PER_S // max(1, replayed.elapsed_ns),
    }


async def _write_states(
    daemon: Daemon, states: StatesFile, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with daemon.bus.signals.subscribe("states file", types=(ArbitrageSignal,)) as subscription:
        task_status.started()
        while True:
            states.write(await subscription.receive())


def state_line(signal: ArbitrageSignal) -> dict[str, Any]:
    """One opportunity state, for the states file: pools in the order of the trade, amounts in raw units of `token`."""
    return {
        "block": signal.block_number,
        "log_index": signal.log_index,
        "pools": [pool.name for pool in signal.pools],
        "token": _hex(signal.profit_token),
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


def _hex(address: bytes) -> str:
    return "0x" + address.hex()
