"""About how much an open cycle earns: enough to look at the best of many first, and for nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from typing import Final

from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.cycle import Cycle

PPM: Final = 1_000_000


def estimated_profit(cycle: Cycle, states: Sequence[AmmState]) -> float:
    """Profit in raw units of the profit token while each pool stays in its present range; 0 if none is to be had.

    Pools without a constant-product form count as endlessly deep at their price.
    """
    gain, base, slope, most = 1.0, 1.0, 0.0, inf
    for (_, token_in, token_out), state in zip(cycle.hops, states, strict=True):
        reserves = state.virtual_reserves(token_in, token_out)
        if reserves is None:
            out, into = state.price(token_in, token_out)
            gain *= out / into * (1 - (state.fee_ppm or 0) / PPM) if into else 0.0
            continue
        most = min(most, _input_for(_most_in(state, token_in, token_out), gain, base, slope))
        keep = reserves.keep_ppm / PPM
        paid, held = reserves.reserve_out / reserves.scale, reserves.reserve_in / reserves.scale
        gain, base, slope = gain * paid * keep, base * held, held * slope + keep * gain
    if gain <= base:
        return 0.0
    size = min(most, (sqrt(gain) * sqrt(base) - base) / slope if slope else inf)
    return gain * size / (base + slope * size) - size if size < inf else inf


def _most_in(state: AmmState, token_in: int, token_out: int) -> float:
    try:
        most = state.most_in(token_in, token_out)
    except QuoteRefused:
        return 0.0
    return inf if most is None else float(most)


def _input_for(amount: float, gain: float, base: float, slope: float) -> float:
    """What must go in so that `amount` comes out of a map; any input if it never pays so much."""
    left = gain - slope * amount if amount < inf else 0.0
    return base * amount / left if left > 0 else inf
