"""Prices for people, and the gap between two prices: exact integers, no float."""

from __future__ import annotations

from alphapulse.errors import AmmError
from alphapulse.rules.amm.swap_math import PPM

Ratio = tuple[int, int]
"""Numerator and denominator."""


def price_text(sqrt_price_x96: int, decimals0: int, decimals1: int, *, inverted: bool, places: int = 6) -> str:
    """The price as decimal text: whole token1 for one whole token0, or the other way round if `inverted`.

    Rounded half up at `places` digits behind the point.

    Raises:
        AmmError: the price is not above zero.
    """
    return ratio_text(
        (sqrt_price_x96 * sqrt_price_x96, 1 << 192), decimals0, decimals1, inverted=inverted, places=places
    )


def ratio_text(price: Ratio, decimals0: int, decimals1: int, *, inverted: bool, places: int = 6) -> str:
    """As `price_text`, of raw token1 for raw token0 as numerator and denominator.

    Raises:
        AmmError: the price is not above zero.
    """
    if min(price) <= 0:
        raise AmmError(f"a price is above zero, this was {price[0]} to {price[1]}")
    numerator, denominator = price[0] * 10**decimals0, price[1] * 10**decimals1
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
    return ratio_gap_ppm((hi_sqrt * hi_sqrt, 1), (lo_sqrt * lo_sqrt, 1))


def ratio_gap_ppm(hi: Ratio, lo: Ratio) -> int:
    """As `gap_ppm`, of prices as numerator and denominator.

    Raises:
        AmmError: the lower price is not above zero.
    """
    if lo[0] <= 0 or hi[1] <= 0:
        raise AmmError(f"a price is above zero, these were {hi[0]} to {hi[1]} and {lo[0]} to {lo[1]}")
    return hi[0] * lo[1] * PPM // (hi[1] * lo[0]) - PPM
