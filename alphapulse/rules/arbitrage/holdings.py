"""What a pool holds as far as it is known: how much a floor can count on."""

from __future__ import annotations

from alphapulse.data.pools import Trust
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.sqrt_price_math import amount0_delta, amount1_delta


def holdings(state: AmmState, tokens: int) -> tuple[int, ...]:
    """Raw units of each of the pool's tokens, rounded down.

    Of concentrated liquidity only what lies in the range around the price counts: what is behind it costs another
    price, and of a state that is known in range only nobody knows it. So it is never more than the contract holds.
    """
    if isinstance(state, ConcentratedState):
        return _in_range(state)
    balances: tuple[int, ...] | None = getattr(state, "balances", None)
    if balances is not None:
        return balances
    reserve0: int = getattr(state, "reserve0", 0)
    reserve1: int = getattr(state, "reserve1", 0)
    return (reserve0, reserve1) if tokens == 2 else (0,) * tokens


def _in_range(state: ConcentratedState) -> tuple[int, int]:
    if not state.liquidity or not state.sqrt_price_x96 or state.trust is Trust.DIVERGENT:
        return 0, 0
    lower, upper = state.range_end(zero_for_one=True), state.range_end(zero_for_one=False)
    return (
        amount0_delta(state.sqrt_price_x96, upper, state.liquidity, round_up=False),
        amount1_delta(lower, state.sqrt_price_x96, state.liquidity, round_up=False),
    )
