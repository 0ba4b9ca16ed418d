"""The start rule, in full."""

from __future__ import annotations

from itertools import product

import pytest

from alphapulse.data.execution import Mode
from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.safety.latch import LatchRecord
from alphapulse.safety.start_rule import start_level


def record(scope: str, level: Level) -> LatchRecord:
    return LatchRecord().after(HaltChange(3, 7, scope, level, "dana", Via.DASHBOARD, "odd prices", 1))


LATCHES: dict[str, LatchRecord | None] = {
    "none": None,
    "empty": LatchRecord(),
    "strategy halted": record("strategy:flash", Level.HALTED),
    "active": record(GLOBAL, Level.ACTIVE),
    "halted": record(GLOBAL, Level.HALTED),
    "locked": record(GLOBAL, Level.LOCKED),
    "reducing": record(GLOBAL, Level.REDUCING),
    "probation": record(GLOBAL, Level.PROBATION),
}
PROBLEM = "the latch cannot be believed"
IN_FORCE = "halt 3 of dana is still in force: odd prices"
UNSETTLED = "2 intents of an earlier run were not settled; find out what came of them"
NO_RECORD = "there are books but no durable record that says ACTIVE; check them, then resume"
NEW_LIVE = "the books are new and the mode is live; resume when you mean to begin"
NEW_PAPER = "the books are new and the mode is paper"
SETTLED = "the last durable record says {} and every intent is settled"
HALT_FILE = "the file data/HALT is there; remove it, then resume"

WITHOUT_CHANGE = {
    # books new, mode, unsettled: what follows
    (True, Mode.PAPER, 0): (Level.ACTIVE, NEW_PAPER),
    (True, Mode.PAPER, 2): (Level.HALTED, UNSETTLED),
    (True, Mode.LIVE, 0): (Level.HALTED, NEW_LIVE),
    (True, Mode.LIVE, 2): (Level.HALTED, UNSETTLED),
    (False, Mode.PAPER, 0): (Level.HALTED, NO_RECORD),
    (False, Mode.PAPER, 2): (Level.HALTED, UNSETTLED),
    (False, Mode.LIVE, 0): (Level.HALTED, NO_RECORD),
    (False, Mode.LIVE, 2): (Level.HALTED, UNSETTLED),
}
"""For a latch that is missing, empty, or knows other scopes only."""


def expected(latch: str, problem: str | None, case: tuple[bool, Mode, int], halt_file: str | None) -> tuple[Level, str]:
    stopped = Level.LOCKED if latch == "locked" else Level.HALTED
    if problem:
        return Level.HALTED, problem
    if latch in {"halted", "locked"}:
        return stopped, IN_FORCE
    if halt_file:
        return Level.HALTED, halt_file
    if latch in {"active", "reducing", "probation"}:
        level = Level[latch.upper()]
        return (Level.HALTED, UNSETTLED) if case[2] else (level, SETTLED.format(level.name))
    return WITHOUT_CHANGE[case]


@pytest.mark.parametrize("halt_file", [None, HALT_FILE])
@pytest.mark.parametrize(("latch", "problem", "case"), list(product(LATCHES, [None, PROBLEM], WITHOUT_CHANGE)))
def test_start_rule(latch: str, problem: str | None, case: tuple[bool, Mode, int], halt_file: str | None) -> None:
    """All 256 rows: only a durable level that trades with settled intents, or new books on paper, may trade."""
    found = start_level(LATCHES[latch], problem, *case, halt_file=halt_file)
    assert found == expected(latch, problem, case, halt_file)
