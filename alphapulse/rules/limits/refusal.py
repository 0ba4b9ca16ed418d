"""What a check says that does not simply pass: a refusal, or a caution that the limit is near."""

from __future__ import annotations

from typing import Final, NamedTuple

from alphapulse.data.execution import Check, Mode

SOFT_PERCENT: Final = 80
"""From this part of a limit on, a check that passes says so."""


class Refusal(NamedTuple):
    """Why a signal may not be traded. `value` and `limit` are in `unit`; None where the check has no number."""

    check: Check
    value: int | None
    limit: int | None
    unit: str
    text: str


class Caution(NamedTuple):
    """A check that passed at 80% of its limit or more. `value` and `limit` are in `unit`."""

    check: Check
    value: int
    limit: int
    unit: str
    text: str


Finding = Refusal | Caution | None


def within(check: Check, mode: Mode, value: int, limit: int | None, unit: str, text: str) -> Finding:
    """`value`, this trade included, is at most `limit`; `text` says what the value is."""
    if limit is None:
        return _unlimited(check, mode, value, unit, text)
    if value > limit:
        return Refusal(check, value, limit, unit, f"{text} would be over its limit")
    if value * 100 >= limit * SOFT_PERCENT and value:
        return Caution(check, value, limit, unit, f"{text} would be at {value * 100 // limit}% of its limit")
    return None


def below(check: Check, mode: Mode, value: int, limit: int | None, unit: str, text: str) -> Finding:
    """`value`, as it is before this trade, has not reached `limit`; `text` says what the value is."""
    if limit is None:
        return _unlimited(check, mode, value, unit, text)
    if value >= limit:
        return Refusal(check, value, limit, unit, f"{text} has reached its limit")
    if value * 100 >= limit * SOFT_PERCENT:
        return Caution(check, value, limit, unit, f"{text} is at {value * 100 // limit}% of its limit")
    return None


def _unlimited(check: Check, mode: Mode, value: int, unit: str, text: str) -> Refusal | None:
    """On paper a limit may be left out; with real money a guard that is not set is a guard that refuses."""
    if mode is Mode.PAPER:
        return None
    return Refusal(check, value, None, unit, f"{text} has no limit in the configuration, and live trading needs one")
