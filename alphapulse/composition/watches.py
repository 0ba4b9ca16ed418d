"""The paths by which trading is halted from outside the loop's own work: socket, file, clock, reconciliation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing

from alphapulse.composition.books import Books
from alphapulse.composition.control_desk import ControlDesk
from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.composition.halting import Halting
from alphapulse.composition.restart_policies import RESTARTS
from alphapulse.composition.start_record import StartRecord
from alphapulse.data.halts import GLOBAL, Level, Via
from alphapulse.errors import LedgerError
from alphapulse.execution.executor import TradingExecutor
from alphapulse.journal.ledger_reader import LedgerReader
from alphapulse.nursery.child import ChildSpec
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.rules.accounting.agreement import Account, BookView, JournalFold
from alphapulse.safety import clock_watch, halt_file, reconciliation
from alphapulse.safety.clock_watch import ClockWatch
from alphapulse.safety.control_socket import ControlSocket
from alphapulse.safety.halt_file import HaltFileWatch
from alphapulse.safety.reconciliation import Reconciliation

logger = logging.getLogger(__name__)


class Watches:
    """Who looks whether trading must stop, and answers whether it may go on. All are services of the foundation.

    `venues` are the scopes at which the gateway trades; `reconciled` is told of each, after each round, whether what it
    says and what we say are equal.
    """

    def __init__(
        self,
        paths: DataPaths,
        start: StartRecord,
        books: Books,
        executor: TradingExecutor,
        execution: AnyRelay,
        halting: Halting,
        environment: Environment,
        *,
        check_scope: Callable[[str], None],
        venues: Sequence[str],
        reconciled: Callable[[str, bool], object],
    ) -> None:
        self._halting = halting
        self._venues = venues
        self._reconciled = reconciled
        self._books = books
        self._executor = executor
        self._execution = execution
        self._environment = environment
        run_blocking = environment.run_blocking
        self._fold = JournalFold()
        self._listen_to_journal()
        desk = ControlDesk(halting, check_scope)
        self._socket = ControlSocket(paths.control_socket, desk.answer, run_blocking=run_blocking, logger=logger)
        self._file = HaltFileWatch(
            paths.halt_file, self._halt_by_file, run_blocking=run_blocking, found=start.halt_file
        )
        self._clock = ClockWatch(environment.now_ns, environment.monotonic_ns, self._halt_by_clock)
        self._reconciliation = Reconciliation(
            {"journal": self._fold.view, "portfolio": self._portfolio, executor.name: self._gateway},
            {"ledger": self._ledger},
            self._halt_by_reconciliation,
            self._tell_venues,
        )
        halting.preconditions += [
            self._file.precondition,
            self._clock.precondition,
            self._reconciliation.precondition,
        ]

    def tasks(self) -> Iterator[ChildSpec]:
        """For the foundation, behind the halt switch."""
        yield ChildSpec("control socket", lambda: self._socket, RESTARTS)
        yield ChildSpec("halt file", lambda: self._file, RESTARTS)
        yield ChildSpec("clock watch", lambda: self._clock, RESTARTS)
        yield ChildSpec("reconciliation", lambda: self._reconciliation, RESTARTS)

    def _halt_by_file(self, reason: str) -> None:
        self._halting.kill(GLOBAL, reason=reason, actor=halt_file.ACTOR, via=Via.SENTINEL_FILE)

    def _halt_by_clock(self, level: Level, reason: str) -> None:
        self._halting.kill(GLOBAL, reason=reason, actor=clock_watch.ACTOR, via=Via.CLOCK, level=level)

    def _halt_by_reconciliation(self, reason: str) -> None:
        self._halting.kill(GLOBAL, reason=reason, actor=reconciliation.ACTOR, via=Via.RECONCILIATION)

    def _tell_venues(self, found: tuple[str, ...]) -> None:
        """A round was compared: what the gateway says otherwise than we do is also a breaker of its venues."""
        equal = not any(self._executor.name in difference for difference in found)
        for venue in self._venues:
            self._reconciled(venue, equal)

    def _listen_to_journal(self) -> None:
        before = self._books.journal.on_append

        def on_append(records: Sequence[tuple[int, object]]) -> None:
            if before is not None:
                before(records)
            for _, record in records:
                self._fold.take(record)

        self._books.journal.on_append = on_append

    def _portfolio(self) -> BookView | None:
        portfolio = self._books.portfolio
        waiting = [one.waiting for one in self._execution.statistics().subscribers if one.name == "portfolio"]
        if any(waiting) or portfolio.run_number != self._fold.run:
            return None
        net: dict[Account, int] = {}
        for (strategy, _, token), books in portfolio.by_day.items():
            net[strategy, token] = net.get((strategy, token), 0) + books.net
        return BookView(frozenset(portfolio.in_flight), net)

    def _gateway(self) -> BookView:
        run = self._fold.run
        return BookView(frozenset(intent.intent_id for intent in self._executor.pending if intent.run == run))

    async def _ledger(self) -> BookView | None:
        """What the ledger says, if it shows exactly what the journal holds from the question to the answer."""
        journal, ledger = self._books.journal, self._books.ledger
        asked = journal.records
        if ledger.applied_records != asked:
            return None
        run_blocking = self._environment.run_blocking
        try:
            async with aclosing(LedgerReader(self._books.ledger_url, run_blocking=run_blocking)) as reader:
                rows = await reader.pnl(self._fold.run)
        except LedgerError as error:
            logger.warning("the ledger could not be compared: %s", error)
            return None
        if journal.records != asked:
            return None
        net: dict[Account, int] = {}
        for row in rows:
            account = (row.strategy, row.books.token)
            net[account] = net.get(account, 0) + row.books.net
        return BookView(None, net)
