"""Prices and amounts of exchanges: integers at 10^-8 in 64 bits, read from decimal text and written back exactly."""

from __future__ import annotations

import re

from alphapulse.errors import FixedPointError

DECIMALS = 8
ONE_Q8 = 10**DECIMALS
"""1 at 10^-8."""

MIN_Q8 = -(1 << 63)
MAX_Q8 = (1 << 63) - 1
"""92,233,720,368.54775807: the most that 64 bits hold."""

_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?")
_LONGEST_TEXT = 400


def parse_q8(text: str) -> int:
    """The integer at 10^-8 of a decimal number as JSON writes it: `45000.5` is 4_500_050_000_000.

    Nothing is rounded. An exponent is read as well, since exchanges write small numbers so (`1e-8`).

    Raises:
        FixedPointError: no decimal number, finer than 10^-8, or more than 64 bits hold.
    """
    found = _DECIMAL.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if found is None:
        raise FixedPointError("a decimal number such as -45000.5", text)
    sign, whole, fraction, exponent = found.groups(default="")
    shift = DECIMALS + int(exponent or 0) - len(fraction)
    value, finer = divmod(int(whole + fraction) * _power_of_ten(shift), _power_of_ten(-shift))
    if finer:
        raise FixedPointError(f"at most {DECIMALS} decimals", text)
    value = -value if sign else value
    if not MIN_Q8 <= value <= MAX_Q8:
        raise FixedPointError(f"a number from {format_q8(MIN_Q8)} to {format_q8(MAX_Q8)}", text)
    return value


def format_q8(value_q8: int) -> str:
    """The shortest decimal text of an integer at 10^-8: `4_500_050_000_000` is `45000.5`.

    Raises:
        FixedPointError: the integer does not fit 64 bits.
    """
    if not MIN_Q8 <= value_q8 <= MAX_Q8:
        raise FixedPointError("a signed integer of 64 bits", str(value_q8))
    whole, fraction = divmod(abs(value_q8), ONE_Q8)
    sign = "-" if value_q8 < 0 else ""
    return f"{sign}{whole}.{fraction:0{DECIMALS}}".rstrip("0").rstrip(".")


def _power_of_ten(exponent: int) -> int:
    """10^exponent, 1 where the exponent is negative."""
    return int(10**exponent) if exponent > 0 else 1
