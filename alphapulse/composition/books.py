"""The books: journal, ledger and portfolio, and the runs that they are kept in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.composition.restart_policies import NO_RESTART, RESTARTS
from alphapulse.composition.start_record import StartRecord, find_start
from alphapulse.config import Config
from alphapulse.data.execution import ExecutionReport, Mode, Outcome
from alphapulse.data.runs import RunEnded, RunStarted
from alphapulse.errors import ConfigError, LedgerError
from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal import Journal
from alphapulse.journal.ledger_writer import LedgerWriter
from alphapulse.nursery.child import ChildSpec
from alphapulse.portfolio.portfolio import Portfolio
from alphapulse.relays.any_relay import AnyRelay

logger = logging.getLogger(__name__)

LOST_WITH_PROCESS = "the daemon ended before anything was sent: the journal has no transaction of it"


class Books:
    """Journal, ledger and portfolio over one data folder. `run` is the present run, None before the first.

    `on_begin` holds what is told of each run that has begun; its record is in the journal then.
    """

    def __init__(
        self,
        config: Config,
        paths: DataPaths,
        journal: Journal,
        start: StartRecord,
        execution: AnyRelay,
        env: Environment,
        mode: Mode,
    ) -> None:
        self.journal = journal
        self.ledger_url = sqlite_url(paths.ledger)
        self.ledger = LedgerWriter(journal, self.ledger_url, run_blocking=env.run_blocking)
        self.portfolio = Portfolio(execution)
        self.run: RunStarted | None = None
        self.on_begin: list[Callable[[RunStarted], None]] = [lambda run: self.portfolio.begin_run(run.run)]
        self._config = config
        self._mode = mode
        self._execution = execution
        self._now_ns = env.now_ns
        self._last_run = start.recovery.last_run
        journal.on_append = self.ledger.offer

    def tasks(self) -> Iterator[ChildSpec]:
        """What keeps the books, for the foundation."""
        yield ChildSpec("journal", lambda: self.journal, NO_RESTART)
        yield ChildSpec("ledger", lambda: self.ledger, RESTARTS)
        yield ChildSpec("portfolio", lambda: self.portfolio, NO_RESTART)

    async def begin_run(self, reason: str) -> None:
        """Fresh books: the old run is closed and the new one is in the journal before anything is booked in it."""
        now_ns = self._now_ns()
        records: list[object] = []
        if self.run is not None:
            records.append(RunEnded(self.run.run, reason, now_ns))
        self._last_run += 1
        config = self._config
        ((name, section),) = config.collectors.items()
        run = RunStarted(self._last_run, self._mode, f"{name} ({section.kind})", config.digest, reason, now_ns)
        await self.journal.append([*records, run], sync=True)
        self.run = run
        self._execution.publish([run])
        for begin in self.on_begin:
            begin(run)

    async def close(self, reason: str) -> None:
        """End the run, and bring the ledger up to date."""
        if self.journal.failure is not None:
            return
        if self.run is not None:
            await self.journal.append([RunEnded(self.run.run, reason, self._now_ns())], sync=True)
        try:
            await self.ledger.flush()
        except LedgerError as error:
            logger.warning("the ledger was not brought up to date, the next start will do it: %s", error)


@asynccontextmanager
async def open_journal(paths: DataPaths, environment: Environment) -> AsyncIterator[tuple[Journal, StartRecord]]:
    """The journal of a data folder, made if there is none, and what the start found in it; brought up to date.

    Raises:
        ConfigError: the folder cannot be made.
        JournalError: another daemon holds it, or the journal cannot be trusted.
    """
    try:
        paths.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        problem = f"expected a folder at {paths.folder}, or the right to make it: {error.strerror}"
        raise ConfigError("daemon.data_folder", problem) from error
    async with Journal.open(
        paths.journal,
        now_ns=environment.now_ns,
        run_blocking=environment.run_blocking,
        system=environment.journal_calls,
    ) as journal:
        start = await environment.run_blocking(find_start, journal, paths.latch, paths.halt_file)
        lost = [
            ExecutionReport.of(intent, Outcome.LOST, LOST_WITH_PROCESS, reported_ns=environment.now_ns())
            for intent in start.recovery.unsettled.values()
            if intent.intent_id not in start.recovery.sent
        ]
        if late := [*start.unrecorded(), *lost, *start.lost_flattens(environment.now_ns())]:
            await journal.append(late, sync=True)
            for message in late:
                start.halts.take(message)
            for message in late:
                start.recovery.record.take(message)
                start.recovery.trades.take(message)
        yield journal, start
