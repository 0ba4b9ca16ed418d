"""What a start finds on the disk, and whether it may trade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from alphapulse.data.execution import Mode
from alphapulse.data.halts import FlattenRecord, FlattenStage, HaltChange, Level
from alphapulse.errors import HaltError
from alphapulse.journal.journal import Journal
from alphapulse.journal.recovery import Recovery
from alphapulse.safety.flattening import ended_record
from alphapulse.safety.halt_book import HaltBook
from alphapulse.safety.halt_file import read_halt_file
from alphapulse.safety.latch import LatchRecord, read_latch, sweep_latch
from alphapulse.safety.start_rule import start_level


@attrs.frozen
class StartRecord:
    """The journal's end and the latch. `latch_found` is False if `latch` was folded from the journal instead."""

    recovery: Recovery
    latch: LatchRecord
    latch_found: bool
    latch_problem: str | None
    halts: HaltBook
    """Every halt of the journal, and what came of it."""
    halt_file: str | None
    """What the halt file says; None if there is none."""
    unsettled: int
    """How many intents the journal left open, before this start wrote anything."""

    def unrecorded(self) -> list[HaltChange]:
        """What the latch knows and the journal does not: the process was killed between the two.

        A halt that is asked for again keeps its id and is told once, so id and level decide.
        """
        told = {scope: (change.halt_id, change.level) for scope, change in self.recovery.halt_changes.items()}
        return [change for change in self.latch.changes if told.get(change.scope) != (change.halt_id, change.level)]

    def lost_flattens(self, now_ns: int) -> list[FlattenRecord]:
        """How flattens have ended that the last process did not live to see."""
        lost = []
        for entry in self.halts.newest_first():
            begun = entry.flatten
            if begun is None and entry.halted.halt_id in self.latch.flattened:
                halted = entry.halted
                reason = "latched, and the process ended before it was journalled"
                begun = FlattenRecord(
                    halt_id=halted.halt_id,
                    scope=halted.scope,
                    stage=FlattenStage.BEGUN,
                    actor=halted.actor,
                    via=halted.via,
                    reason=reason,
                    closed=0,
                    unknown=0,
                    text=reason,
                    at_ns=now_ns,
                )
            if begun is None or begun.halt_id != entry.halted.halt_id:
                continue  # of a halt whose place this one took
            if begun.stage is FlattenStage.BEGUN:
                text = "the process ended in between: look at the venues for what was sold"
                lost.append(ended_record(begun, FlattenStage.LOST, text=text, now_ns=now_ns))
        return lost

    def level(self, mode: Mode) -> tuple[Level, str]:
        """The level of the global scope at this start, and why."""
        return start_level(
            self.latch if self.latch_found else None,
            self.latch_problem,
            not self.recovery.records,
            mode,
            self.unsettled,
            halt_file=self.halt_file,
        )


def find_start(journal: Journal, latch_path: Path, halt_file: Path) -> StartRecord:
    """Read latch and halt file, and the journal from its beginning. Blocking."""
    halts = HaltBook()
    recovery = Recovery.of(_told(journal.recovered, halts))
    found = read_halt_file(halt_file)
    sweep_latch(latch_path)
    latch, problem = None, None
    try:
        latch = read_latch(latch_path)
    except HaltError as error:
        problem = str(error)
    if latch is not None:
        newest = _with_flattens(_with_newer(latch, recovery.halt_changes.values()), halts)
        return StartRecord(recovery, newest, True, None, halts, found, len(recovery.unsettled))
    folded = LatchRecord()
    for change in recovery.halt_changes.values():
        folded = folded.after(change)
    return StartRecord(recovery, _with_flattens(folded, halts), False, problem, halts, found, len(recovery.unsettled))


def _with_newer(latch: LatchRecord, changes: Iterable[HaltChange]) -> LatchRecord:
    """The latch with the halts that only the journal has kept, since the latch could not be written: they hold too.

    What the journal says of trading again is left to the latch, which a resume writes first.
    """
    for change in changes:
        known = latch.of(change.scope)
        if not change.level.trades and (known is None or known.epoch < change.epoch):
            latch = latch.after(change)
    return latch


def _with_flattens(record: LatchRecord, halts: HaltBook) -> LatchRecord:
    """The record with the flattens of its halts that the journal tells of: a latch that was lost knows none of them."""
    for change in record.changes:
        entry = halts.entry(change.halt_id) if change.level.stopped else None
        if entry is not None and entry.flatten is not None and change.halt_id not in record.flattened:
            record = record.with_flatten(change.halt_id)
    return record


def _told(records: Iterable[tuple[int, object]], halts: HaltBook) -> Iterator[tuple[int, object]]:
    for index, record in records:
        halts.take(record)
        yield index, record
