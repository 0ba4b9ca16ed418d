"""What a path pays when its first amount is sold into other states than the ones it was made for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool
from alphapulse.data.signals import Leg
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.swap_math import compute_swap_step
from alphapulse.rules.arbitrage.sizing import PathStep, SizedPath, range_end


def reprice(legs: Sequence[tuple[Pool, AmmState, Leg]], size: int) -> tuple[PathStep, ...] | None:
    """Each leg swapped exactly at its pool's given state, each selling what the one before bought.

    None if a leg leaves the pool's current range: what lies behind it is not known, and nothing is guessed.
    """
    steps: list[PathStep] = []
    amount = size
    for pool, state, leg in legs:
        if not isinstance(state, ConcentratedState):
            return None
        zero_for_one = leg.token_in == pool.token0.address
        bound = range_end(pool, state, zero_for_one=zero_for_one)
        step = compute_swap_step(state.sqrt_price_x96, bound, state.liquidity, amount, pool.fixed_fee_ppm)
        if step.amount_in + step.fee_amount < amount:
            return None
        steps.append(PathStep(pool, zero_for_one, amount, step.amount_out, step.fee_amount, state.sqrt_price_x96))
        amount = step.amount_out
    return tuple(steps)


def resize(path: SizedPath, size: int, state: Callable[[InstrumentId], AmmState | None]) -> SizedPath:
    """The path with another first amount, evaluated exactly at the pools' states; less is always within their ranges.

    Raises:
        ValueError: `size` is larger than the path's, or one of its pools has no state.
    """
    legs = []
    for step in path.steps:
        found = state(step.pool.id)
        if found is None:
            raise ValueError(f"expected a state of pool {step.pool.id.name}, found none")
        legs.append((step.pool, found, step.as_leg()))
    steps = reprice(legs, size)
    if size > path.size or steps is None:
        raise ValueError(f"expected at most {path.size}, which stays in both ranges, found {size}")
    opening, closing = steps
    return SizedPath(size, closing.amount_out - size, (opening, closing))
