"""What differs between a pool as a book follows it and as its contract says it is."""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.data.pool_reserves import PoolTick
from alphapulse.data.pools import Trust
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.solidly import SolidlyState
from alphapulse.rules.chain.pool_calls import PoolHead


def difference(state: AmmState, head: PoolHead | None, ticks: Sequence[PoolTick] | None) -> str:
    """The first difference in words, empty if there is none. `ticks` are None where they were not read."""
    if head is None:
        return "its contract has no state"
    if isinstance(state, ConstantProductState | SolidlyState):
        return _differs("reserves", (state.reserve0, state.reserve1), (head.first, head.second))
    if not isinstance(state, ConcentratedState):
        return ""
    followed = state.sqrt_price_x96, state.liquidity, state.tick
    found = _differs("price, liquidity and tick", followed, (head.first, head.second, head.tick))
    if not found and head.fee_ppm is not None and state.fee_ppm is not None:
        found = _differs("fee", (state.fee_ppm,), (head.fee_ppm,))
    if not found and ticks is not None and state.trust is Trust.PROVEN and state.ticks is not None:
        told = {tick.tick: (tick.liquidity_gross, tick.liquidity_net) for tick in ticks}
        kept = {tick: (gross, net) for tick, gross, net in state.ticks}
        wrong = sorted(tick for tick in told.keys() | kept.keys() if told.get(tick) != kept.get(tick))
        if wrong:
            tick = wrong[0]
            found = _differs(f"liquidity at tick {tick}", kept.get(tick, (0, 0)), told.get(tick, (0, 0)))
    return found


def _differs(what: str, followed: tuple[int, ...], told: tuple[int, ...]) -> str:
    if followed == told:
        return ""
    return f"{what}: {_shown(followed)} by its events, {_shown(told)} by its contract"


def _shown(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))
