"""What a path pays when its first amount is sold into other states than the ones it was made for."""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.data.pools import Pool, Trust
from alphapulse.data.signals import Leg
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.swap_math import compute_swap_step
from alphapulse.rules.arbitrage.cycle import Hop
from alphapulse.rules.arbitrage.path import PathStep, step_of


def reprice(legs: Sequence[tuple[Pool, AmmState, Leg]], size: int) -> tuple[PathStep, ...] | None:
    """Each leg swapped exactly at its pool's given state, each selling what the one before bought.

    None if a pool refuses, cannot take all of it, or leaves what is known of it: nothing is guessed.
    """
    steps: list[PathStep] = []
    amount = size
    for pool, state, leg in legs:
        hop = hop_of(pool, leg)
        if isinstance(state, ConcentratedState) and state.trust is Trust.IN_RANGE:
            step = _step_in_range(hop, state, amount)
        else:
            step = _quoted_step(hop, state, amount)
        if step is None:
            return None
        steps.append(step)
        amount = step.amount_out
    return tuple(steps)


def _step_in_range(hop: Hop, state: ConcentratedState, amount: int) -> PathStep | None:
    """One swap up to the end of the range that is known, the end itself included."""
    fee_ppm = state.fee_ppm
    if fee_ppm is None:
        return None
    end = state.range_end(zero_for_one=hop.token_in < hop.token_out)
    swap = compute_swap_step(state.sqrt_price_x96, end, state.liquidity, amount, fee_ppm)
    if swap.amount_in + swap.fee_amount < amount:
        return None
    return PathStep(*hop, amount, swap.amount_out, swap.fee_amount, state.sqrt_price_x96)


def _quoted_step(hop: Hop, state: AmmState, amount: int) -> PathStep | None:
    try:
        quote = state.quote_in(hop.token_in, hop.token_out, amount)
    except QuoteRefused:
        return None
    return step_of(hop, state, quote) if quote.amount_in == amount else None


def hop_of(pool: Pool, leg: Leg) -> Hop:
    """The hop of a leg. Raises ValueError if the pool does not hold its tokens."""
    addresses = [token.address for token in pool.tokens]
    return Hop(pool, addresses.index(leg.token_in), addresses.index(leg.token_out))
