"""The start rule: may a daemon trade right after its start? Pure."""

from __future__ import annotations

from alphapulse.data.execution import Mode
from alphapulse.data.halts import GLOBAL, Level
from alphapulse.safety.latch import LatchRecord


def start_level(
    latch: LatchRecord | None,
    latch_problem: str | None,
    books_new: bool,
    mode: Mode,
    unsettled: int,
    *,
    halt_file: str | None = None,
) -> tuple[Level, str]:
    """The level of the global scope at a start, and why.

    ACTIVE only if the last durable record says ACTIVE and every intent is settled, or if there is no record, the books
    are new and the mode is paper. A record that says REDUCING or PROBATION stays what it was, under the same
    conditions. LOCKED stays LOCKED. Everything else, and every contradiction, is HALTED.

    Args:
        latch: the latch's record; None if there is no latch, or none that can be believed.
        latch_problem: why the latch cannot be believed; None if it can, or if there is none.
        books_new: the journal holds nothing yet.
        mode: whose money is at stake.
        unsettled: intents in the journal that have neither a fill nor a report.
        halt_file: what the halt file says; None if there is none.
    """
    change = latch.of(GLOBAL) if latch is not None else None
    objection = _objection(latch, latch_problem, books_new, mode, unsettled, halt_file)
    if objection is not None:
        locked = change is not None and change.level is Level.LOCKED and latch_problem is None
        return Level.LOCKED if locked else Level.HALTED, objection
    if change is not None:
        return change.level, f"the last durable record says {change.level.name} and every intent is settled"
    return Level.ACTIVE, "the books are new and the mode is paper"


def _objection(
    latch: LatchRecord | None,
    latch_problem: str | None,
    books_new: bool,
    mode: Mode,
    unsettled: int,
    halt_file: str | None,
) -> str | None:
    change = latch.of(GLOBAL) if latch is not None else None
    objection = None
    if latch_problem is not None:
        objection = latch_problem
    elif change is not None and change.level.stopped:
        objection = f"halt {change.halt_id} of {change.actor} is still in force: {change.reason}"
    elif halt_file is not None:
        objection = halt_file
    elif unsettled:
        objection = f"{unsettled} intents of an earlier run were not settled; find out what came of them"
    elif change is None and not books_new:
        objection = "there are books but no durable record that says ACTIVE; check them, then resume"
    elif change is None and mode is not Mode.PAPER:
        objection = f"the books are new and the mode is {mode.name.lower()}; resume when you mean to begin"
    return objection
