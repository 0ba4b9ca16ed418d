"""What a pool gives both ways, as the screen adds it up: logarithms in integers, rounded up.

The screen says what a rate is, and why the margin.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, log
from typing import Final

from alphapulse.data.pools import Trust
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.token_graph import UNKNOWN

PPM: Final = 1_000_000
SCALE: Final = 2.0**40
MARGIN: Final = 3
"""Added to each rate, 2.7e-12 in all: cut off is less than one, and two logarithms of up to 355 (a price of 512 bits)
and their difference are off by 1e-13, a tenth of one."""


def pool_rates(state: AmmState, low: int, high: int) -> tuple[int, int]:
    """The rates between two tokens of a pool; UNKNOWN where nothing is known to be had.

    In a range without liquidity a pool is, each way, as good as where the known ticks end the range.
    """
    if getattr(state, "liquidity", 1) <= 0:
        if not isinstance(state, ConcentratedState) or state.trust is not Trust.PROVEN:
            return UNKNOWN, UNKNOWN
        lower, upper = (state._replace(sqrt_price_x96=state.range_end(zero_for_one=way)) for way in (True, False))
        return (
            price_rates(*lower.price(low, high), state.fee_ppm)[0],
            price_rates(*upper.price(low, high), state.fee_ppm)[1],
        )
    try:
        numerator, denominator = state.price(low, high)
    except (QuoteRefused, ZeroDivisionError):  # an empty pool of some kinds has no price
        return UNKNOWN, UNKNOWN
    return price_rates(numerator, denominator, state.fee_ppm)


def price_rates(numerator: int, denominator: int, fee_ppm: int | None) -> tuple[int, int]:
    """The rates at a price, sold for `numerator / denominator` and bought back; UNKNOWN if price or fee are."""
    keep = None if fee_ppm is None else keep_rate(fee_ppm)
    if keep is None or numerator <= 0 or denominator <= 0:
        return UNKNOWN, UNKNOWN
    price = int((log(numerator) - log(denominator)) * SCALE)
    return keep + price + MARGIN, keep - price + MARGIN


@lru_cache(maxsize=4096)
def keep_rate(fee_ppm: int) -> int | None:
    """The logarithm of what a fee leaves, None if it leaves nothing."""
    return ceil(log((PPM - fee_ppm) / PPM) * SCALE) + 1 if fee_ppm < PPM else None
