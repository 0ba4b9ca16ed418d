"""The start rule: may a daemon trade right after its start? Pure."""

from __future__ import annotations

from alphapulse.data.execution import Mode
from alphapulse.data.halts import GLOBAL, Level
from alphapulse.safety.latch import LatchRecord


def start_level(
    latch: LatchRecord | None, latch_problem: str | None, books_new: bool, mode: Mode, unsettled: int
) -> tuple[Level, str]:
    """The level of the global scope at a start, and why.

    ACTIVE only if the last durable record says ACTIVE and every intent is settled, or if there is no record, the books
    are new and the mode is paper. Everything else, and every contradiction, is HALTED.

    Args:
        latch: the latch's record; None if there is no latch, or none that can be believed.
        latch_problem: why the latch cannot be believed; None if it can, or if there is none.
        books_new: the journal holds nothing yet.
        mode: whose money is at stake.
        unsettled: intents in the journal that have neither a fill nor a report.
    """
    objection = _objection(latch, latch_problem, books_new, mode, unsettled)
    if objection is not None:
        return Level.HALTED, objection
    if latch is not None and latch.of(GLOBAL) is not None:
        return Level.ACTIVE, "the last durable record says ACTIVE and every intent is settled"
    return Level.ACTIVE, "the books are new and the mode is paper"


def _objection(
    latch: LatchRecord | None, latch_problem: str | None, books_new: bool, mode: Mode, unsettled: int
) -> str | None:
    change = latch.of(GLOBAL) if latch is not None else None
    objection = None
    if latch_problem is not None:
        objection = latch_problem
    elif change is not None and change.level is Level.HALTED:
        objection = f"halt {change.halt_id} of {change.actor} is still in force: {change.reason}"
    elif unsettled:
        objection = f"{unsettled} intents of an earlier run were not settled; find out what came of them"
    elif change is None and not books_new:
        objection = "there are books but no durable record that says ACTIVE; check them, then resume"
    elif change is None and mode is not Mode.PAPER:
        objection = f"the books are new and the mode is {mode.name.lower()}; resume when you mean to begin"
    return objection
