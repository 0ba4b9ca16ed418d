"""The halt switch: closes the gate at once, keeps it closed over restarts, and proves what came of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import trio

from alphapulse.data.halts import GLOBAL, HaltChange, HaltReport, Level, Via
from alphapulse.data.wire import NAME, SENTENCE
from alphapulse.errors import HaltError
from alphapulse.safety.clearance import Clearance
from alphapulse.safety.clipped import clipped
from alphapulse.safety.latch import LatchRecord, write_latch
from alphapulse.safety.parties import Decisions, Gateway
from alphapulse.safety.report_draft import GATE_CLOSED, LATCH_ON_DISK, ReportDraft

STRATEGY_SCOPE = "strategy:"
ITSELF = "alphapulse"
"""The actor of what no person did."""
LATCH_BUDGET_NS = 50_000_000


class HaltSwitch:
    """Levels of the scopes `global` and `strategy:NAME`, and the way between them.

    It begins with the gate closed; `start` opens it if the start rule allows. `trip` and `resume` are synchronous and
    belong in the Trio thread; `close_gate` may be called from a signal handler or another thread too. `run` carries
    out what takes longer, and is a `Service` outside the decisions.

    Args:
        latch_path: the latch; a resume is refused if it cannot be written.
        record: what the latch said at the start; for a lost latch, the fold of the journal's changes.
        now_ns: wall clock, ns.
        clock_ns: monotonic clock, ns, for the steps of a report.
        on_change: journals and publishes a change of level. Its error is logged and stands in the report of a halt;
            a resume that it cannot keep is refused.
        kept_running: names what runs on, asked when a halt is through.
        on_report: journals and publishes a report when it is complete. Its error is logged.
        logger: takes what went wrong.
        write: puts the record on the disk.
    """

    def __init__(
        self,
        *,
        latch_path: Path,
        record: LatchRecord,
        now_ns: Callable[[], int],
        clock_ns: Callable[[], int],
        on_change: Callable[[HaltChange], None],
        kept_running: Callable[[], Sequence[str]],
        on_report: Callable[[HaltReport], None],
        logger: logging.Logger,
        write: Callable[[Path, LatchRecord], None] = write_latch,
    ) -> None:
        self.epoch = record.epoch + 1
        """Bumped by every halt and resume; an approval of an older epoch is void."""
        self._latch_path = latch_path
        self._record = record
        self._now_ns = now_ns
        self._clock_ns = clock_ns
        self._on_change = on_change
        self._logger = logger
        self._write = write
        self._clearance = Clearance(kept_running, on_report, logger)
        # The gate is open only while no kill has come since it was opened. A handler that interrupts `resume` between
        # any two instructions thus wins: `resume` can only store the number of kills that it knew.
        self._kills = 0
        self._kills_when_opened: int | None = None
        self._global_draft: ReportDraft | None = None

    def register_decisions(self, name: str, decisions: Decisions) -> None:
        """Have these decisions stopped by halts and started by resumes."""
        self._clearance.decisions[name] = decisions

    def register_gateway(self, name: str, gateway: Gateway) -> None:
        """Have this gateway's orders cancelled by halts."""
        self._clearance.gateways[name] = gateway

    @property
    def changes(self) -> Mapping[str, HaltChange]:
        """The newest change of each scope that ever changed."""
        return {change.scope: change for change in self._record.changes}

    @property
    def report(self) -> HaltReport | None:
        """The report of the present or last global halt, as far as it has come; None if there was none."""
        return self._global_draft.report() if self._global_draft is not None else None

    def level(self, strategy: str) -> Level:
        """The lower of the levels of the global scope and of the strategy's own."""
        if self._kills_when_opened != self._kills:
            return Level.HALTED
        change = self._record.of(STRATEGY_SCOPE + strategy)
        return change.level if change is not None else Level.ACTIVE

    def close_gate(self) -> None:
        """Void all approvals and let nothing through, at once. `trip` must follow: it alone makes the halt durable."""
        self._kills += 1
        self.epoch += 1

    def write_halt(self, *, reason: str, actor: str, via: Via) -> None:
        """Put a halt of the global scope on the disk, from any thread; a restart then comes up HALTED.

        For a loop that stands still, after `close_gate`. `trip` must follow once it turns: it takes the same number.
        A record that the loop writes meanwhile may be replaced by this one, which is the more careful of the two.

        Raises:
            HaltError: the latch could not be written.
        """
        record = self._record
        halted = record.of(GLOBAL)
        if halted is None or halted.level is not Level.HALTED:
            record = record.after(self._change(record.next_halt_id, GLOBAL, Level.HALTED, reason, actor, via))
        self._write(self._latch_path, record)

    def start(self, level: Level, reason: str) -> HaltChange:
        """Come up as the start rule said (`start_rule.start_level`), once decisions and gateways are registered.

        HALTED is tripped like any halt, so that orders left over are cancelled; a halt that is in force keeps its id,
        actor and reason. ACTIVE is put on the disk first. A kill that came before wins.
        """
        for change in self._record.changes:
            if change.scope != GLOBAL and change.level is Level.HALTED:
                self.trip(change.scope, reason=reason, actor=ITSELF, via=Via.START_RULE)
        before = self._record.of(GLOBAL)
        if self._kills:
            reason = "a kill came during the start"
        if level is Level.HALTED or self._halt_of(GLOBAL) or self._kills:
            return self.trip(GLOBAL, reason=reason, actor=ITSELF, via=Via.START_RULE)
        halt_id = before.halt_id if before is not None else 0
        change = self._change(halt_id, GLOBAL, Level.ACTIVE, reason, ITSELF, Via.START_RULE)
        try:
            self._open(change, 0)
        except HaltError as error:
            return self.trip(GLOBAL, reason=str(error), actor=ITSELF, via=Via.START_RULE)
        return change

    def trip(self, scope: str, *, reason: str, actor: str, via: Via) -> HaltChange:
        """Halt a scope. When it returns the gate is closed, the latch written and the decisions cancelled.

        The rest, and the report, come from `run`. While the scope is halted, a further trip keeps the halt with its id
        and its reason, and cancels and verifies anew. Only a scope that cannot exist is refused; whatever else fails
        stands in the report.

        Raises:
            HaltError: the scope is not `global` or `strategy:NAME`.
        """
        began_ns = self._clock_ns()
        _check_scope(scope)
        halted = self._halt_of(scope)
        if scope == GLOBAL:
            self.close_gate()
        else:
            self.epoch += 1
        if halted is not None:
            change = self._change(
                halted.halt_id, scope, Level.HALTED, halted.reason, halted.actor, halted.via, at_ns=halted.at_ns
            )
        else:
            change = self._change(self._record.next_halt_id, scope, Level.HALTED, reason, actor, via)
        self._record = self._record.after(change)
        draft = ReportDraft(change.halt_id, scope, change.reason, began_ns, self._clock_ns)
        again = f"; it was halted before, {actor} asked again: {reason}" if halted is not None else ""
        draft.note(GATE_CLOSED, done=True, text=f"epoch {change.epoch}{again}")
        self._latch(draft)
        self._clearance.stop_decisions(draft)
        if halted is None:
            self._tell(change, draft)
        if scope == GLOBAL:
            self._global_draft = draft
        self._clearance.hand_over(draft)
        return change

    def resume(
        self, scope: str, *, reason: str, actor: str, via: Via, preconditions: Sequence[tuple[str, bool, str]]
    ) -> HaltChange:
        """End the halt of a scope: new epoch, latch, journal, level, decisions, in this order.

        Args:
            scope: `global` or `strategy:NAME`.
            reason: why, in the actor's words.
            actor: who.
            via: by which path.
            preconditions: what the caller found: name, whether it holds, and what is the case in words.

        Raises:
            HaltError: it is not allowed, the scope stays halted; each argument is one failed precondition.
        """
        _check_scope(scope)
        kills = self._kills
        halted = self._halt_of(scope)
        failed = [f"{name}: {text}" for name, holds, text in preconditions if not holds]
        failed += self._own_objections(scope, halted)
        if failed or halted is None:
            raise HaltError(*failed)
        self.epoch += 1
        change = self._change(halted.halt_id, scope, Level.ACTIVE, reason, actor, via)
        self._open(change, kills)
        for name, decisions in self._clearance.decisions.items():
            try:
                decisions.start(scope)
            except Exception as error:
                self._logger.exception("%s could not be started", name)
                text = f"{name} could not be started after a resume: {error}"
                self.trip(scope, reason=text, actor=ITSELF, via=Via.SUPERVISOR)
                raise HaltError(f"{text}; the scope is halted again") from error
        return change

    async def wait_report(self, halt_id: int) -> HaltReport:
        """The report of a halt, complete; if the halt was asked for again meanwhile, the newest one.

        Raises:
            HaltError: there was no such halt since the start, or too many have come since.
        """
        return await self._clearance.wait_report(halt_id)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Carry out halts until cancelled: one at a time for each scope, scopes side by side."""
        await self._clearance.run(task_status=task_status)

    def _halt_of(self, scope: str) -> HaltChange | None:
        change = self._record.of(scope)
        return change if change is not None and change.level is Level.HALTED else None

    def _own_objections(self, scope: str, halted: HaltChange | None) -> list[str]:
        closed = self._kills_when_opened != self._kills
        if halted is None and scope == GLOBAL and closed:
            return ["a kill has just come and is being carried out: wait for its report"]
        if halted is None:
            return [f"expected a halted scope, found {scope} active: there is nothing to resume"]
        objections = []
        if self._clearance.is_under_way(halted.halt_id):
            objections.append(f"halt {halted.halt_id} is still being carried out: wait for its report")
        if scope != GLOBAL and closed:
            objections.append("the global scope is halted: resume it first")
        return objections

    def _change(
        self, halt_id: int, scope: str, level: Level, reason: str, actor: str, via: Via, *, at_ns: int | None = None
    ) -> HaltChange:
        return HaltChange(
            halt_id=halt_id,
            epoch=self.epoch,
            scope=scope,
            level=level,
            actor=clipped(actor, NAME.limit),
            via=via,
            reason=clipped(reason, SENTENCE.limit),
            at_ns=self._now_ns() if at_ns is None else at_ns,
        )

    def _open(self, change: HaltChange, kills: int) -> None:
        """Make ACTIVE durable, then effective. Raises HaltError and leaves the scope halted if it cannot.

        `kills` is how many had come when the caller looked whether it may.
        """
        try:
            self._write(self._latch_path, self._record.after(change))
            self._on_change(change)
        except Exception as error:
            self._logger.exception("%s stays halted", change.scope)
            self._take_back()
            raise HaltError(f"{change.scope} stays halted, as ACTIVE could not be recorded: {error}") from error
        self._record = self._record.after(change)
        if self.epoch != change.epoch or self._kills != kills:
            text = f"a kill came while {change.scope} was being made active"
            self.trip(change.scope, reason=text, actor=ITSELF, via=Via.SUPERVISOR)
            raise HaltError(f"{text}; it is halted")
        if change.scope == GLOBAL:
            self._kills_when_opened = kills

    def _take_back(self) -> None:
        """Put the latch back to what is in force: the disk must not say ACTIVE."""
        try:
            self._write(self._latch_path, self._record)
        except Exception:
            self._logger.critical("the latch may say ACTIVE although trading is halted", exc_info=True)

    def _latch(self, draft: ReportDraft) -> None:
        began_ns = self._clock_ns()
        try:
            self._write(self._latch_path, self._record)
        except Exception as error:
            self._logger.exception("halt %d is not on disk", draft.halt_id)
            draft.note(LATCH_ON_DISK, done=False, text=f"{error}; the halt holds, but not over a restart")
            return
        took_ns = self._clock_ns() - began_ns
        slow = took_ns > LATCH_BUDGET_NS
        text = f"written and synced in {took_ns // 1000} µs"
        draft.note(LATCH_ON_DISK, done=True, text=f"{text}, over the budget of 50 ms" if slow else text)

    def _tell(self, change: HaltChange, draft: ReportDraft) -> None:
        try:
            self._on_change(change)
        except Exception as error:
            self._logger.exception("halt %d was not journalled or published", change.halt_id)
            draft.problems.append(f"it was not journalled or published: {error}")


def _check_scope(scope: str) -> None:
    named = scope.startswith(STRATEGY_SCOPE) and len(scope) > len(STRATEGY_SCOPE)
    if scope != GLOBAL and not (named and len(scope.encode()) <= NAME.limit):
        raise HaltError(
            f"expected the scope `global` or `strategy:NAME` of at most {NAME.limit} bytes, found {scope!r}"
        )
