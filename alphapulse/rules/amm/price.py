"""Prices for people, and the gap between two prices: exact integers, no float."""

from __future__ import annotations

from alphapulse.errors import AmmError
from alphapulse.rules.amm.swap_math import PPM


def price_text(sqrt_price_x96: int, decimals0: int, decimals1: int, *, inverted: bool, places: int = 6) -> str:
    """The price as decimal text: whole token1 for one whole token0, or the other way round if `inverted`.

    Rounded half up at `places` digits behind the point.

    Raises:
        AmmError: the price is not above zero.
    """
    if sqrt_price_x96 <= 0:
        raise AmmError(f"a price is above zero, this was the square root {sqrt_price_x96}")
    numerator = sqrt_price_x96 * sqrt_price_x96 * 10**decimals0
    denominator = (1 << 192) * 10**decimals1
    if inverted:
        numerator, denominator = denominator, numerator
    digits = str((2 * numerator * 10**places + denominator) // (2 * denominator))
    if places == 0:
        return digits
    digits = digits.rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def gap_ppm(hi_sqrt: int, lo_sqrt: int) -> int:
    """How far the higher price lies above the lower one, in parts per million, floored: hi² / lo² - 1.

    Both are square roots of prices as Q64.96. Negative if they are given in the wrong order.

    Raises:
        AmmError: the lower price is not above zero.
    """
    if lo_sqrt <= 0:
        raise AmmError(f"a price is above zero, this was the square root {lo_sqrt}")
    return hi_sqrt * hi_sqrt * PPM // (lo_sqrt * lo_sqrt) - PPM
