"""The halt switch: closes the gate at once, keeps it closed over restarts, and proves what came of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import trio

from alphapulse.data.halts import GLOBAL, FlattenRecord, HaltChange, KillReport, Level, Via, strictest
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.roles import Role
from alphapulse.errors import HaltError
from alphapulse.rules.limits.limit_table import PPM, PROBATION_PPM
from alphapulse.safety.clearance import Clearance
from alphapulse.safety.flattening import Flattening
from alphapulse.safety.latch import MOST_SCOPES, LatchRecord, write_latch
from alphapulse.safety.level_book import LevelBook
from alphapulse.safety.own_answers import own_answers
from alphapulse.safety.parties import Decisions, Gateway
from alphapulse.safety.probation import Probations
from alphapulse.safety.rearm import Answer, objections
from alphapulse.safety.reducers import Reducers
from alphapulse.safety.report_draft import GATE_CLOSED, GATE_NARROWED, ReportDraft
from alphapulse.safety.scopes import check_scope, scopes_of

ITSELF = "alphapulse"
"""The actor of what no person did."""


class HaltSwitch:
    """Levels of the scopes (`alphapulse.safety.scopes`), and the way between them.

    It begins with the gate closed; `start` opens it if the start rule allows. `trip`, `resume` and `restore` are
    synchronous and belong in the Trio thread; `close_gate` may be called from a signal handler or another thread too.
    `run` carries out what takes longer, and is a `Service` outside the decisions.

    Args:
        latch_path: the latch; a resume is refused if it cannot be written.
        record: what the latch said at the start; for a lost latch, the fold of the journal's changes.
        now_ns: wall clock, ns.
        clock_ns: monotonic clock, ns, for the steps of a report and for probation.
        market_ns: market clock, ns; None while it is not known.
        on_change: journals and publishes a change of level; a halt goes on without it, a resume does not.
        on_flatten: journals and publishes how far a flatten has come.
        kept_running: names what runs on, asked when a halt is through.
        on_report: journals and publishes a report when it is complete. Its error is logged.
        logger: takes what went wrong.
        probation_ns: how long a scope runs with a tenth of its limits after a halt; 0: not at all.
        write: puts the record on the disk.
    """

    def __init__(
        self,
        *,
        latch_path: Path,
        record: LatchRecord,
        now_ns: Callable[[], int],
        clock_ns: Callable[[], int],
        market_ns: Callable[[], int | None],
        on_change: Callable[[HaltChange], None],
        on_flatten: Callable[[FlattenRecord], None],
        kept_running: Callable[[], Sequence[str]],
        on_report: Callable[[KillReport], None],
        logger: logging.Logger,
        probation_ns: int,
        write: Callable[[Path, LatchRecord], None] = write_latch,
    ) -> None:
        self.epoch = record.epoch + 1
        """Bumped by every halt and resume; an approval of an older epoch is void."""
        self._clock_ns = clock_ns
        self._market_ns = market_ns
        self._on_change = on_change
        self._logger = logger
        self._book = LevelBook(latch_path, record, write, now_ns, clock_ns, logger)
        self._clearance = Clearance(kept_running, on_report, logger)
        self._flattening = Flattening(self._book, self._clearance.gateways, now_ns, on_flatten, logger)
        self._probations = Probations(probation_ns, clock_ns)
        self._tripped_ns: dict[str, int] = {}
        self._before_reducing: dict[str, Level] = {}
        self._reducers = Reducers()
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
        return {change.scope: change for change in self._book.record.changes}

    @property
    def report(self) -> KillReport | None:
        """The report of the present or last global halt, as far as it has come; None if there was none."""
        return self._global_draft.report() if self._global_draft is not None else None

    def level(self, strategy: str, instruments: Iterable[InstrumentId] = ()) -> Level:
        """The strictest of the levels of all scopes that hold a strategy's trade in these instruments."""
        level = Level.HALTED if self._closed else Level.ACTIVE
        if not self._book.restricted:
            return level
        held = self._book.restricted.keys() & scopes_of(strategy, instruments)
        return strictest((level, *(self._book.restricted[scope] for scope in held)))

    def factor_ppm(self, strategy: str, instruments: Iterable[InstrumentId] = ()) -> int:
        """What every limit is multiplied by, in parts per million: a tenth on probation."""
        on_probation = self._book.restricted and self.level(strategy, instruments) is Level.PROBATION
        return PROBATION_PPM if on_probation else PPM

    def level_of(self, scope: str) -> Level:
        """The level of one scope, as last recorded."""
        return self._book.level_of(scope)

    def probation_left_ns(self, scope: str) -> int | None:
        """Time of clean running that the scope still misses; None if it is not on probation."""
        return self._probations.left_ns(scope)

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
        record = self._book.record
        halted = record.of(GLOBAL)
        if halted is None or not halted.level.stopped:
            record = record.after(self._change(record.next_halt_id, GLOBAL, Level.HALTED, reason, actor, via))
        self._book.put(record)

    def start(self, level: Level, reason: str) -> HaltChange:
        """Come up as the start rule said (`start_rule.start_level`), once decisions and gateways are registered.

        A scope that is stopped is tripped like any halt, so that orders left over are cancelled; a halt that is in
        force keeps its id, actor and reason. Anything else is put on the disk first. A probation begins anew: what ran
        before is not known to have been clean. A kill that came before wins.
        """
        for change in self._book.record.changes:
            if change.scope != GLOBAL and change.level.stopped:
                self.trip(change.scope, reason=reason, actor=ITSELF, via=Via.START_RULE)
            elif change.level is Level.PROBATION:
                self._probations.begin(change.scope)
        before = self._book.record.of(GLOBAL)
        if self._kills:
            level, reason = Level.HALTED, "a kill came during the start"
        held = self._book.halt_of(GLOBAL)
        if held is not None:  # nothing changes, so nobody else will say so
            self._logger.warning("%s stays %s: %s", GLOBAL, held.level.name.lower(), reason)
        if level.stopped or held is not None:
            return self.trip(GLOBAL, reason=reason, actor=ITSELF, via=Via.START_RULE)
        if before is not None and before.level is Level.REDUCING:
            change = self._book.again(before, self.epoch)
        else:
            halt_id = before.halt_id if before is not None else 0
            change = self._change(halt_id, GLOBAL, level, reason, ITSELF, Via.START_RULE)
        try:
            self._open(change, 0)
        except HaltError as error:
            return self.trip(GLOBAL, reason=str(error), actor=ITSELF, via=Via.START_RULE)
        return change

    def trip(self, scope: str, *, reason: str, actor: str, via: Via, level: Level = Level.HALTED) -> HaltChange:
        """Make a scope stricter. When it returns the gate is closed, the latch written and the decisions cancelled.

        The rest, and the report, come from `run`. While the scope is halted, a further trip keeps the halt with its id
        and its reason, and cancels and verifies anew; one to REDUCING changes nothing there, but takes over what only
        breakers have reduced. Only a scope that cannot exist is refused; whatever else fails stands in the report.
        Beyond 256 scopes the global one is tripped instead.

        `level` is HALTED, REDUCING (tasks and orders stay, nothing new is risked) or LOCKED (no resume ends it).

        Raises:
            HaltError: the scope cannot exist.
        """
        began_ns = self._clock_ns()
        check_scope(scope)
        if scope not in self._book.restricted and len(self._book.restricted) >= MOST_SCOPES - 1:
            scope, reason = GLOBAL, f"too many scopes are held for {scope} too: {reason}"
        present = self._book.restraint_of(scope)
        if present is not None and level is Level.REDUCING and self._reducers.join(present, actor, via):
            return present
        if scope == GLOBAL and level.stopped:
            self.close_gate()
        else:
            self.epoch += 1
        again = ""
        if present is not None and level is not Level.REDUCING and present.level.rank <= level.rank:
            change = self._book.again(present, self.epoch)
            again = f"; it was halted before, {actor} asked again: {reason}"
        else:
            change = self._change(self._book.record.next_halt_id, scope, level, reason, actor, via)
            self._before_reducing[scope] = self.level_of(scope)
            self._tripped_ns[scope] = began_ns
            self._reducers.take(change)
        self._book.keep(self._book.record.after(change))
        draft = ReportDraft(change, self._market_ns(), began_ns, self._clock_ns)
        step = GATE_CLOSED if change.level.stopped else GATE_NARROWED
        draft.note(step, done=True, text=f"epoch {change.epoch}{again}")
        self._book.put_halt(draft)
        self._probations.end(scope)
        self._probations.begin_anew()
        if change.level.stopped:
            self._clearance.stop_decisions(draft)
        if not again:
            self._clearance.tell_change(self._on_change, draft)
        if scope == GLOBAL:
            self._global_draft = draft
        if change.level.stopped:
            self._clearance.hand_over(draft)
        else:
            self._clearance.close(draft)
        return change

    def resume(
        self, scope: str, *, reason: str, actor: str, via: Via, role: Role, answers: Mapping[str, Answer]
    ) -> HaltChange:
        """End a halt: new epoch, latch, journal, level, decisions, in this order. The scope is then on probation.

        `answers` holds what the caller found, by the names of `rearm.PRECONDITIONS`; `role` is the actor's.

        Raises:
            HaltError: it is not allowed, the scope stays halted; each argument is one failed precondition.
        """
        check_scope(scope)
        kills = self._kills
        held = self._book.restraint_of(scope)
        closed = scope == GLOBAL and self._closed
        level = strictest((self.level_of(scope), *((Level.HALTED,) if closed else ())))
        failed = objections(role, level, {**answers, **self.answers(scope)})
        if failed or held is None:
            raise HaltError(*failed)
        self.epoch += 1
        change = self._change(held.halt_id, scope, self._probations.level_after_halt, reason, actor, via)
        self._open(change, kills)
        if held.level.stopped and (problem := self._clearance.start_decisions(scope)) is not None:
            self.trip(scope, reason=problem, actor=ITSELF, via=Via.SUPERVISOR)
            raise HaltError(f"{problem}; the scope is halted again")
        return change

    def restore(self, scope: str, *, reason: str, actor: str, via: Via) -> HaltChange:
        """End a REDUCING by itself: for what set it, once the written condition for that is met. HALTED takes a person.

        Raises:
            HaltError: the scope is not reducing, or another made it so or still wants it.
        """
        check_scope(scope)
        kills = self._kills
        closed = scope == GLOBAL and self._closed
        held = self._reducers.leave(scope, self._book.restraint_of(scope), actor, closed=closed)
        self.epoch += 1
        level = self._before_reducing.get(scope, self._probations.level_after_halt)
        change = self._change(held.halt_id, scope, level, reason, actor, via)
        self._open(change, kills)
        return change

    def flatten(self, scope: str, *, reason: str, actor: str, via: Via) -> FlattenRecord:
        """Sell what a halted scope holds. When it returns it is latched, and `run` goes on; see `wait_flattened`.

        Raises:
            HaltError: the scope is not halted, its orders are not cleared yet, this halt or the global one had its
                flatten, or it cannot be made durable. Nothing is sold.
        """
        return self._flattening.begin(scope, self._clearance.is_under_way, reason=reason, actor=actor, via=via)

    async def wait_flattened(self, halt_id: int) -> FlattenRecord | None:
        """How the flatten of a halt ended; None if none was begun since the start."""
        return await self._flattening.wait_ended(halt_id)

    async def wait_report(self, halt_id: int) -> KillReport:
        """The report of a halt, complete; if the halt was asked for again meanwhile, the newest one.

        Raises:
            HaltError: there was no such halt since the start, or too many have come since.
        """
        return await self._clearance.wait_report(halt_id)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Carry out halts until cancelled: one at a time for each scope, scopes side by side."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._probations.run, self._end_probation, name="probation")
            await nursery.start(self._flattening.run, name="flatten")
            await self._clearance.run(task_status=task_status)

    def answers(self, scope: str) -> dict[str, Answer]:
        """The preconditions of a resume that the switch itself can answer."""
        held, tripped_ns = self._book.restraint_of(scope), self._tripped_ns.get(scope)
        return own_answers(
            held,
            scope,
            gate_closed=self._closed,
            under_way=held is not None and self._clearance.is_under_way(held.halt_id),
            flattening=self._flattening.under_way,
            age_ns=None if tripped_ns is None else self._clock_ns() - tripped_ns,
        )

    @property
    def _closed(self) -> bool:
        return self._kills_when_opened != self._kills

    def _change(self, halt_id: int, scope: str, level: Level, reason: str, actor: str, via: Via) -> HaltChange:
        return self._book.change(halt_id, self.epoch, scope, level, reason=reason, actor=actor, via=via)

    def _open(self, change: HaltChange, kills: int) -> None:
        """Make a level that lets something through durable, then effective.

        `kills` is how many had come when the caller looked whether it may. Raises HaltError and leaves the scope as it
        was if it cannot.
        """
        try:
            self._book.put(self._book.record.after(change))
            self._on_change(change)
        except Exception as error:
            self._logger.exception("%s stays as it was", change.scope)
            self._book.take_back()
            name = change.level.name
            raise HaltError(f"{change.scope} stays halted, as {name} could not be recorded: {error}") from error
        self._book.keep(self._book.record.after(change))
        if self.epoch != change.epoch or self._kills != kills:
            text = f"a kill came while {change.scope} was being made {change.level.name.lower()}"
            self.trip(change.scope, reason=text, actor=ITSELF, via=Via.SUPERVISOR)
            raise HaltError(f"{text}; it is halted")
        self._reducers.take(change)
        if change.scope == GLOBAL:
            self._kills_when_opened = kills
        if change.level is Level.PROBATION:
            self._probations.begin(change.scope)

    def _end_probation(self, scope: str) -> None:
        kills = self._kills  # before the look at the gate: a kill that comes behind it is seen by `_open`
        halted = self._book.record.of(scope)
        if halted is not None and not self._closed:
            change = self._change(halted.halt_id, scope, Level.ACTIVE, self._probations.passed, ITSELF, Via.PROBATION)
            self._open(change, kills)
