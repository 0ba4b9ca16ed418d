"""The halt switch as the daemon wires it: what it tells journal and relay, who may use it, and the audit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.composition.restart_policies import NO_RESTART, RESTARTS
from alphapulse.composition.start_record import StartRecord
from alphapulse.config import Config
from alphapulse.data.execution import Mode
from alphapulse.data.halts import GLOBAL, FlattenRecord, HaltChange, KillReport, Level, Via
from alphapulse.data.roles import Role
from alphapulse.data.runs import AuditTrail
from alphapulse.data.wire import SENTENCE
from alphapulse.errors import HaltError, JournalError
from alphapulse.journal.journal import Journal
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.service import Service
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.safety.alerts import unknown_orders_alert
from alphapulse.safety.challenges import Challenge, Challenges
from alphapulse.safety.clipped import clipped
from alphapulse.safety.halt_book import HaltEntry
from alphapulse.safety.halt_json import entry_json, report_json
from alphapulse.safety.halt_switch import HaltSwitch
from alphapulse.safety.rearm import FLATTENERS, LOCKERS, TRIPPERS, Answer, objections
from alphapulse.safety.rearm_text import rearm_text
from alphapulse.safety.stall_watch import StallWatch
from alphapulse.safety.watchdog import Watchdog, tell_standard_error

logger = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000
WATCHDOG = "watchdog"
"""The actor of a halt because the loop stood still."""

Precondition = Callable[[], tuple[str, bool, str]]
"""What must hold for a resume: its name in the table of `safety.rearm`, whether it does, and what is the case."""


class Halting:
    """Kill, resume and flatten with their records: each change is journalled and published, each action audited.

    Other parts register what a halt stops (`switch.register_decisions`), what it cancels (`switch.register_gateway`)
    and what must hold before it ends (`preconditions`). `failure` is the journal's, which ends trading for good;
    `book` holds the halts that are known.
    """

    def __init__(
        self,
        start: StartRecord,
        paths: DataPaths,
        config: Config,
        journal: Journal,
        execution: AnyRelay,
        environment: Environment,
        mode: Mode,
        *,
        market_ns: Callable[[], int | None],
        kept_running: Callable[[], Sequence[str]],
    ) -> None:
        self.failure: JournalError | None = None
        self.preconditions: list[Precondition] = [self._journal_writes]
        self.book = start.halts
        self.challenges = Challenges(environment.monotonic_ns)
        self._instance = f"AlphaPulse ({mode.name.lower()}, {paths.folder})"
        self._limits = config.limits
        self._probation_s = config.halting.probation_s
        self._journal = journal
        self._execution = execution
        self._environment = environment
        self.switch = HaltSwitch(
            latch_path=paths.latch,
            record=start.latch,
            now_ns=environment.now_ns,
            clock_ns=environment.monotonic_ns,
            market_ns=market_ns,
            on_change=self._keep,
            on_flatten=self._keep,
            kept_running=kept_running,
            on_report=self._keep_report,
            logger=logger,
            probation_ns=self._probation_s * NS_PER_S,
            write=environment.write_latch,
        )
        journal.on_failure(self._journal_failed)

    def kill(
        self,
        scope: str,
        *,
        reason: str,
        actor: str,
        via: Via,
        level: Level = Level.HALTED,
        role: Role = Role.ADMIN,
    ) -> HaltChange:
        """Make a scope stricter at once. Synchronous: when it returns the gate is closed and the latch is written.

        Raises:
            HaltError: the scope cannot exist, the level is none to trip to, or the role may not.
        """
        if level.trades or role not in (LOCKERS if level is Level.LOCKED else TRIPPERS):
            raise HaltError(f"expected a role that may make {scope} {level.name.lower()}, found {role.name.lower()}")
        change = self.switch.trip(scope, reason=reason, actor=actor, via=via, level=level)
        self._audit(actor, "control.kill", scope, reason, f"halt {change.halt_id}")
        return change

    def kill_by_supervisor(self, scope: str, reason: str, level: Level) -> None:
        """A task that the scope cannot do without is gone for good."""
        self.kill(scope, reason=reason, actor="supervisor", via=Via.SUPERVISOR, level=level)

    def kill_by_signal(self) -> None:
        """SIGUSR1 has come; its handler has closed the gate already."""
        self.kill(GLOBAL, reason="SIGUSR1 was received", actor="operating system", via=Via.OS_SIGNAL)

    def challenge(self, scope: str, *, actor: str, role: Role) -> Challenge:
        """What must be typed to end the halt of a scope, and what that does. Raises HaltError if it is not held."""
        entry = self._entry(scope)
        now_ns = self._environment.now_ns()
        others = [change for change in self.switch.changes.values() if not change.level.trades]
        typed = dict.fromkeys(("challenge", "phrase", "reason"), Answer(True, "to be typed"))
        halted = self.switch.changes[scope]
        return self.challenges.issue(
            halted,
            role,
            actor,
            text=rearm_text(
                entry,
                instance=self._instance,
                others=[change for change in others if change.scope != scope],
                probation_s=self._probation_s,
            ),
            objections=tuple(objections(role, halted.level, self.answers(scope) | typed)),
            now_ns=now_ns,
        )

    def resume(
        self, scope: str, *, reason: str, actor: str, via: Via, role: Role, nonce: str, phrase: str
    ) -> HaltChange:
        """End the halt of a scope with the answer to a challenge. Raises HaltError with each reason why it may not."""
        self._entry(scope)
        typed = self.challenges.redeem(nonce, self.switch.changes[scope], role, actor, typed=phrase, reason=reason)
        answers = self.answers(scope) | typed
        change = self.switch.resume(scope, reason=reason, actor=actor, via=via, role=role, answers=answers)
        self._audit(actor, "control.resume", scope, reason, f"halt {change.halt_id} ended")
        return change

    def shown(self, halt_id: int | None) -> dict[str, Any]:
        """What a halt did, as far as it has come, as JSON; the newest one for None. Raises LookupError if unknown."""
        entries = self.book.newest_first()
        if halt_id is None and not entries:
            raise LookupError("expected a halt, found none: nothing was ever halted here")
        entry = entries[0] if halt_id is None else self.book.entry(halt_id)
        if entry is None:
            raise LookupError(f"expected a halt that is known, found {halt_id}: `alphapulse halt list` names them")
        present = self.switch.report
        if present is not None and present.halt_id == entry.halted.halt_id:
            return report_json(present, entry.flatten)
        return entry_json(entry)

    def begin_flatten(self, scope: str, *, reason: str, actor: str, via: Via, role: Role) -> FlattenRecord:
        """Have sold what a halted scope holds; `switch.wait_flattened` tells how it ended.

        Raises:
            HaltError: the role may not, the scope is not halted, or this halt had its flatten already.
        """
        if role not in FLATTENERS:
            raise HaltError(f"expected a role that may flatten, found {role.name.lower()}")
        begun = self.switch.flatten(scope, reason=reason, actor=actor, via=via)
        self._audit(actor, "control.flatten", scope, reason, f"halt {begun.halt_id}: begun")
        return begun

    def answers(self, scope: str) -> dict[str, Answer]:
        """Every precondition of a resume that is not typed, as it stands now."""
        found = self.switch.answers(scope)
        for precondition in self.preconditions:
            name, holds, text = precondition()
            before = found.get(name)
            if before is not None and not before.holds:
                holds, text = False, before.text if holds else f"{before.text}; {text}"
            found[name] = Answer(holds, text)
        return found

    def look(self) -> list[tuple[str, bool, str]]:
        """Every precondition of a resume of the global scope, as it stands now."""
        return [(name, answer.holds, answer.text) for name, answer in self.answers(GLOBAL).items()]

    def tasks(self) -> Iterator[ChildSpec]:
        """What carries out a halt, for the foundation."""
        yield ChildSpec("halt switch", lambda: self.switch, NO_RESTART)

    def watch(self) -> Iterator[ChildSpec]:
        """What halts trading when the loop stands still; it starts last, as what others import at first is no stall."""
        yield ChildSpec("watchdog", self._watchdog, RESTARTS)

    def publish(self, record: object) -> None:
        """Journal and publish a record, as far as the journal still can."""
        if self._journal.failure is None:
            self._journal.append_now([record])
        self._execution.publish([record])

    def _entry(self, scope: str) -> HaltEntry:
        held = self.switch.changes.get(scope)
        if held is None or held.level.trades:
            raise HaltError(f"expected a halted scope, found {scope} active: there is nothing to resume")
        return self.book.entry(held.halt_id) or HaltEntry(held)

    def _watchdog(self) -> Service:
        run_blocking = self._environment.run_blocking
        return Watchdog(self._make_stall_watch, self._kill_by_watchdog, run_blocking=run_blocking)

    def _make_stall_watch(self) -> StallWatch:
        return StallWatch(
            close_gate=self.switch.close_gate,
            write_halt=lambda reason: self.switch.write_halt(reason=reason, actor=WATCHDOG, via=Via.WATCHDOG),
            end=self._environment.end_stalled,
            tell=tell_standard_error,
            clock_ns=self._environment.thread_ns,
            stall_ns=self._limits.loop_stall_s * NS_PER_S,
            exit_ns=self._limits.loop_exit_s * NS_PER_S,
        )

    def _kill_by_watchdog(self, reason: str) -> None:
        self.kill(GLOBAL, reason=reason, actor=WATCHDOG, via=Via.WATCHDOG)

    def _journal_failed(self, error: JournalError) -> None:
        self.failure = error
        self.kill(GLOBAL, reason=str(error), actor="journal", via=Via.JOURNAL)

    def _journal_writes(self) -> tuple[str, bool, str]:
        failure = self._journal.failure
        return "journal", failure is None, str(failure) if failure else "it can be written"

    def _keep(self, record: HaltChange | FlattenRecord) -> None:
        """What must be journalled or it did not happen; a halt happens all the same."""
        if isinstance(record, HaltChange):
            level = logging.INFO if record.level.trades else logging.WARNING
            name = record.level.name.lower()
            logger.log(
                level, "%s is %s, halt %d by %s: %s", record.scope, name, record.halt_id, record.actor, record.reason
            )
        self.book.take(record)
        self._journal.append_now([record])
        self._execution.publish([record])

    def _keep_report(self, report: KillReport) -> None:
        self.book.take(report)
        self.publish(report)
        if (alert := unknown_orders_alert(report, self._environment.now_ns())) is not None:
            self.publish(alert)

    def _audit(self, actor: str, action: str, target: str, reason: str, result: str) -> None:
        """Keep an operator's action, as far as the journal still can: a halt never waits for it."""
        if self._journal.failure is None:
            now_ns = self._environment.now_ns()
            words = clipped(reason, SENTENCE.limit)
            try:
                self._journal.append_now([AuditTrail(actor, action, target, words, result, now_ns)])
            except JournalError:
                logger.exception("%s of %s by %s is done, but not in the audit", action, target, actor)
