"""Amounts between people and contracts: whole tokens as decimal text, raw units as integers."""

from __future__ import annotations

import re

_DECIMAL = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


def raw_units(text: str, decimals: int) -> int:
    """The raw units in a decimal text of whole tokens: `"25.00"` with 6 decimals is 25000000.

    Raises:
        ValueError: it is no plain decimal number, or finer than the token's decimals.
    """
    match = _DECIMAL.fullmatch(text.replace("_", ""))
    if match is None:
        raise ValueError(f"expected a decimal number such as 25.00, found {text!r}")
    whole, fraction = match[1], match[2] or ""
    if len(fraction.rstrip("0")) > decimals:
        raise ValueError(f"expected at most {decimals} decimals, found {text!r}")
    return int(whole + fraction[:decimals].ljust(decimals, "0"))


def decimal_text(raw: int, decimals: int) -> str:
    """Raw units as whole tokens with all decimals: 25000000 with 6 decimals is `25.000000`."""
    digits = str(abs(raw)).rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    return ("-" if raw < 0 else "") + (f"{whole}.{fraction}" if fraction else whole)
