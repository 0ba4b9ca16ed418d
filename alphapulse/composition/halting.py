"""The halt switch as the daemon wires it: what it tells journal and relay, who may trip it, and the audit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.composition.restart_policies import NO_RESTART, RESTARTS
from alphapulse.composition.start_record import StartRecord
from alphapulse.config import LimitsSection
from alphapulse.data.halts import GLOBAL, HaltChange, HaltReport, Level, Via
from alphapulse.data.runs import AuditTrail
from alphapulse.data.wire import SENTENCE
from alphapulse.errors import JournalError
from alphapulse.journal.journal import Journal
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.service import Service
from alphapulse.relays.relay import Relay
from alphapulse.safety.clipped import clipped
from alphapulse.safety.halt_switch import HaltSwitch
from alphapulse.safety.stall_watch import StallWatch
from alphapulse.safety.watchdog import Watchdog, tell_standard_error

logger = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000
WATCHDOG = "watchdog"
"""The actor of a halt because the loop stood still."""

Precondition = Callable[[], tuple[str, bool, str]]
"""What must hold for a resume: its name, whether it does, and what is the case in words."""


class Halting:
    """Kill and resume with their records: each change is journalled and published, each operator's action audited.

    Other parts register what a halt stops (`switch.register_decisions`), what it cancels (`switch.register_gateway`)
    and what must hold before it ends (`preconditions`). `failure` is the journal's, which ends trading for good.
    """

    def __init__(
        self,
        start: StartRecord,
        paths: DataPaths,
        limits: LimitsSection,
        journal: Journal,
        execution: Relay,
        environment: Environment,
        *,
        kept_running: Callable[[], Sequence[str]],
    ) -> None:
        self.failure: JournalError | None = None
        self.preconditions: list[Precondition] = [self._journal_writes]
        self._limits = limits
        self._journal = journal
        self._execution = execution
        self._environment = environment
        self._changes: dict[int, HaltChange] = {
            change.halt_id: change for change in start.latch.changes if change.level is Level.HALTED
        }
        self.switch = HaltSwitch(
            latch_path=paths.latch,
            record=start.latch,
            now_ns=environment.now_ns,
            clock_ns=environment.monotonic_ns,
            on_change=self._keep_change,
            kept_running=kept_running,
            on_report=self._keep_report,
            logger=logger,
            write=environment.write_latch,
        )
        journal.on_failure(self._journal_failed)

    def kill(self, scope: str, *, reason: str, actor: str, via: Via) -> HaltChange:
        """Halt a scope at once. Synchronous: when it returns the gate is closed and the latch is written."""
        change = self.switch.trip(scope, reason=reason, actor=actor, via=via)
        self._audit(actor, "control.kill", scope, reason, f"halt {change.halt_id}")
        return change

    def kill_by_supervisor(self, scope: str, reason: str) -> None:
        """A task that the scope cannot do without is gone for good."""
        self.kill(scope, reason=reason, actor="supervisor", via=Via.SUPERVISOR)

    def kill_by_signal(self) -> None:
        """SIGUSR1 has come; its handler has closed the gate already."""
        self.kill(GLOBAL, reason="SIGUSR1 was received", actor="operating system", via=Via.OS_SIGNAL)

    def resume(self, scope: str, *, reason: str, actor: str, via: Via) -> HaltChange:
        """End the halt of a scope. Raises HaltError if it may not end."""
        change = self.switch.resume(scope, reason=reason, actor=actor, via=via, preconditions=self.look())
        self._audit(actor, "control.resume", scope, reason, f"halt {change.halt_id} ended")
        return change

    def look(self) -> list[tuple[str, bool, str]]:
        """Every precondition of a resume as it stands now."""
        return [precondition() for precondition in self.preconditions]

    def change(self, halt_id: int) -> HaltChange | None:
        """Who halted, why and when, of a halt that was in force since the start; None if it is not known."""
        return self._changes.get(halt_id)

    def tasks(self) -> Iterator[ChildSpec]:
        """What carries out a halt, for the foundation."""
        yield ChildSpec("halt switch", lambda: self.switch, NO_RESTART)

    def watch(self) -> Iterator[ChildSpec]:
        """What halts trading when the loop stands still; it starts last, as what others import at first is no stall."""
        yield ChildSpec("watchdog", self._watchdog, RESTARTS)

    def _watchdog(self) -> Service:
        run_blocking = self._environment.run_blocking
        return Watchdog(self._make_stall_watch, self._kill_by_watchdog, run_blocking=run_blocking)

    def _make_stall_watch(self) -> StallWatch:
        return StallWatch(
            close_gate=self.switch.close_gate,
            write_halt=lambda reason: self.switch.write_halt(reason=reason, actor=WATCHDOG, via=Via.SUPERVISOR),
            end=self._environment.end_stalled,
            tell=tell_standard_error,
            clock_ns=self._environment.thread_ns,
            stall_ns=self._limits.loop_stall_s * NS_PER_S,
            exit_ns=self._limits.loop_exit_s * NS_PER_S,
        )

    def _kill_by_watchdog(self, reason: str) -> None:
        self.kill(GLOBAL, reason=reason, actor=WATCHDOG, via=Via.SUPERVISOR)

    def _journal_failed(self, error: JournalError) -> None:
        self.failure = error
        self.kill(GLOBAL, reason=str(error), actor="journal", via=Via.JOURNAL)

    def _journal_writes(self) -> tuple[str, bool, str]:
        failure = self._journal.failure
        return "the journal can be written", failure is None, str(failure) if failure else "it can"

    def _keep_change(self, change: HaltChange) -> None:
        if change.level is Level.HALTED:
            self._changes[change.halt_id] = change
        self._journal.append_now([change])
        self._execution.publish([change])

    def _keep_report(self, report: HaltReport) -> None:
        if self._journal.failure is None:
            self._journal.append_now([report])
        self._execution.publish([report])

    def _audit(self, actor: str, action: str, target: str, reason: str, result: str) -> None:
        """Keep an operator's action, as far as the journal still can: a halt never waits for it."""
        if self._journal.failure is None:
            now_ns = self._environment.now_ns()
            words = clipped(reason, SENTENCE.limit)
            try:
                self._journal.append_now([AuditTrail(actor, action, target, words, result, now_ns)])
            except JournalError:
                logger.exception("%s of %s by %s is done, but not in the audit", action, target, actor)
