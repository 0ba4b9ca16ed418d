"""The levels of all scopes, in memory and on the disk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from alphapulse.data.halts import HaltChange, Level, Via
from alphapulse.data.wire import NAME, SENTENCE
from alphapulse.safety.clipped import clipped
from alphapulse.safety.latch import LatchRecord
from alphapulse.safety.report_draft import LATCH_ON_DISK, ReportDraft

LATCH_BUDGET_NS = 50_000_000


class LevelBook:
    """The newest change of each scope. `restricted` holds the levels of all scopes that are not ACTIVE.

    Args:
        path: the latch.
        record: what a start found there.
        write: puts a record on the disk; raises if it cannot.
        now_ns: wall clock, ns.
        clock_ns: monotonic clock, ns.
        logger: takes what went wrong.
    """

    def __init__(
        self,
        path: Path,
        record: LatchRecord,
        write: Callable[[Path, LatchRecord], None],
        now_ns: Callable[[], int],
        clock_ns: Callable[[], int],
        logger: logging.Logger,
    ) -> None:
        self._path = path
        self._write = write
        self._now_ns = now_ns
        self._clock_ns = clock_ns
        self._logger = logger
        self._on_disk = LatchRecord()
        self.keep(record)

    def keep(self, record: LatchRecord) -> None:
        """This is in force from now on."""
        self.record = record
        self.restricted = {one.scope: one.level for one in record.changes if one.level is not Level.ACTIVE}

    def level_of(self, scope: str) -> Level:
        """The level of one scope."""
        return self.restricted.get(scope, Level.ACTIVE)

    def restraint_of(self, scope: str) -> HaltChange | None:
        """The change by which a scope is REDUCING, HALTED or LOCKED; None if it trades."""
        change = self.record.of(scope)
        return change if change is not None and not change.level.trades else None

    def halt_of(self, scope: str) -> HaltChange | None:
        """The change by which a scope is HALTED or LOCKED; None if it is neither."""
        change = self.record.of(scope)
        return change if change is not None and change.level.stopped else None

    def change(
        self, halt_id: int, epoch: int, scope: str, level: Level, *, reason: str, actor: str, via: Via
    ) -> HaltChange:
        """A change of now, its texts cut to what a record takes. It is not in force yet."""
        return HaltChange(
            halt_id=halt_id,
            epoch=epoch,
            scope=scope,
            level=level,
            actor=clipped(actor, NAME.limit),
            via=via,
            reason=clipped(reason, SENTENCE.limit),
            at_ns=self._now_ns(),
        )

    def again(self, change: HaltChange, epoch: int) -> HaltChange:
        """A change that is in force already, under a new epoch; it keeps its number, actor, reason and time."""
        return HaltChange(
            halt_id=change.halt_id,
            epoch=epoch,
            scope=change.scope,
            level=change.level,
            actor=change.actor,
            via=change.via,
            reason=change.reason,
            at_ns=change.at_ns,
        )

    def put(self, record: LatchRecord) -> None:
        """Put a record on the disk, without it being in force. Raises what the disk says."""
        self._write(self._path, record)
        self._on_disk = record

    def put_halt(self, draft: ReportDraft) -> None:
        """Put what is in force on the disk, and take down in the draft how that went."""
        began_ns = self._clock_ns()
        try:
            self.put(self.record)
        except Exception as error:
            self._logger.exception("halt %d is not on disk", draft.halt_id)
            before = self._on_disk.of(draft.scope)
            latched = before is not None and before.level.rank <= draft.change.level.rank
            restart = "over a restart too, by the latch of before" if latched else "but not over a restart"
            draft.note(LATCH_ON_DISK, done=False, text=f"{error}; the halt holds, {restart}")
            return
        took_ns = self._clock_ns() - began_ns
        slow = took_ns > LATCH_BUDGET_NS
        text = f"written and synced in {took_ns // 1000} µs"
        draft.note(LATCH_ON_DISK, done=True, text=f"{text}, over the budget of 50 ms" if slow else text)

    def take_back(self) -> None:
        """Put the latch back to what is in force: the disk must not say ACTIVE."""
        try:
            self.put(self.record)
        except Exception:
            self._logger.critical("the latch may say ACTIVE although trading is halted", exc_info=True)
