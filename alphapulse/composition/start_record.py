"""What a start finds on the disk, and whether it may trade."""

from __future__ import annotations

from pathlib import Path

import attrs

from alphapulse.data.execution import Mode
from alphapulse.data.halts import HaltChange, Level
from alphapulse.errors import HaltError
from alphapulse.journal.journal import Journal
from alphapulse.journal.recovery import Recovery
from alphapulse.safety.latch import LatchRecord, read_latch
from alphapulse.safety.start_rule import start_level


@attrs.frozen
class StartRecord:
    """The journal's end and the latch. `latch_found` is False if `latch` was folded from the journal instead."""

    recovery: Recovery
    latch: LatchRecord
    latch_found: bool
    latch_problem: str | None

    def unrecorded(self) -> list[HaltChange]:
        """What the latch knows and the journal does not: the process was killed between the two.

        A halt that is asked for again keeps its id and is told once, so id and level decide.
        """
        told = {scope: (change.halt_id, change.level) for scope, change in self.recovery.halt_changes.items()}
        return [change for change in self.latch.changes if told.get(change.scope) != (change.halt_id, change.level)]

    def level(self, mode: Mode) -> tuple[Level, str]:
        """The level of the global scope at this start, and why."""
        return start_level(
            self.latch if self.latch_found else None,
            self.latch_problem,
            not self.recovery.records,
            mode,
            len(self.recovery.unsettled),
        )


def find_start(journal: Journal, latch_path: Path) -> StartRecord:
    """Read the latch, and the journal from its beginning. Blocking."""
    recovery = Recovery.of(journal.recovered)
    latch, problem = None, None
    try:
        latch = read_latch(latch_path)
    except HaltError as error:
        problem = str(error)
    if latch is not None:
        return StartRecord(recovery, latch, True, None)
    folded = LatchRecord()
    for change in recovery.halt_changes.values():
        folded = folded.after(change)
    return StartRecord(recovery, folded, False, problem)
