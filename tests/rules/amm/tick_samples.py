"""Pools with positions, and a swap as the contract's source reads, one word of the bitmap at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from alphapulse.data.pools import Trust
from alphapulse.rules.amm.algebra import AlgebraState
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.sqrt_price_math import (
    amount0_delta,
    amount1_delta,
    next_sqrt_price_from_input,
    next_sqrt_price_from_output,
)
from alphapulse.rules.amm.tick_map import TickMap
from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick, tick_at_sqrt_ratio
from tests.rules.amm.vector_files import STAMP

PPM = 1_000_000


def plain_step(price: int, target: int, liquidity: int, remaining: int, fee_ppm: int) -> tuple[int, int, int, int]:
    """SwapMath.computeSwapStep in the order of its source, on the plain functions of SqrtPriceMath."""
    down, selling = price >= target, remaining >= 0
    into, out_of = (amount0_delta, amount1_delta) if down else (amount1_delta, amount0_delta)
    if selling:
        net = remaining * (PPM - fee_ppm) // PPM
        reached = net >= into(target, price, liquidity, round_up=True)
        after = target if reached else next_sqrt_price_from_input(price, liquidity, net, zero_for_one=down)
    else:
        reached = -remaining >= out_of(target, price, liquidity, round_up=False)
        after = target if reached else next_sqrt_price_from_output(price, liquidity, -remaining, zero_for_one=down)
    paid = into(after, price, liquidity, round_up=True)
    taken = out_of(after, price, liquidity, round_up=False)
    if not selling:
        taken = min(taken, -remaining)
    if selling and after != target:
        return after, paid, taken, remaining - paid
    return after, paid, taken, -(-paid * fee_ppm // (PPM - fee_ppm))


def plain_swap(
    state: ConcentratedState, nets: Mapping[int, int], amount: int, limit: int, *, down: bool
) -> tuple[int, ...]:
    """UniswapV3Pool.swap: (paid in, paid out, price, liquidity, tick, ticks crossed)."""
    price, liquidity, tick, spacing = state.sqrt_price_x96, state.liquidity, state.tick, state.tick_spacing
    fee_ppm = state.fee_ppm or 0
    remaining, paid_in, paid_out, crossed = amount, 0, 0, 0
    while remaining and price != limit:
        here = tick // spacing
        word = range(here - here % 256, here + 1)[::-1] if down else range(here + 1, (here + 1) // 256 * 256 + 256)
        following = next((at for at in word if at * spacing in nets), word[-1]) * spacing
        following = min(max(following, MIN_TICK), MAX_TICK)
        end, before = sqrt_ratio_at_tick(following), price
        target = max(end, limit) if down else min(end, limit)
        price, paid, taken, fee = plain_step(price, target, liquidity, remaining, fee_ppm)
        remaining += taken if amount < 0 else -paid - fee
        paid_in, paid_out = paid_in + paid + fee, paid_out + taken
        if price == end:
            if following in nets:
                liquidity += -nets[following] if down else nets[following]
                crossed += 1
            tick = following - 1 if down else following
        elif price != before:
            tick = tick_at_sqrt_ratio(price)
    return paid_in, paid_out, price, liquidity, tick, crossed


@st.composite
def tick_pools(draw: st.DrawFn) -> tuple[ConcentratedState, dict[int, int]]:
    """A pool of a few positions, near and far, with its net liquidity by tick."""
    cls, spacing = draw(st.sampled_from([(ConcentratedState, 1), (ConcentratedState, 10), (AlgebraState, 60)]))
    ticks: Any = TickMap(spacing)
    bounds = st.integers(MIN_TICK // spacing + 1, MAX_TICK // spacing - 1)
    near = draw(st.integers(-3000, 3000))
    bounds = st.one_of(st.integers(near - 20, near + 20), st.integers(near - 600, near + 600), bounds)
    nets: dict[int, int] = {}
    for _ in range(draw(st.integers(0, 5))):
        lower, upper = sorted(draw(st.lists(bounds, min_size=2, max_size=2, unique=True)))
        liquidity = draw(st.integers(1, 10 ** draw(st.integers(1, 26))))
        ticks = ticks.with_position(lower * spacing, upper * spacing, liquidity)
        nets[lower * spacing] = nets.get(lower * spacing, 0) + liquidity
        nets[upper * spacing] = nets.get(upper * spacing, 0) - liquidity
    tick = min(max(draw(st.integers(near - 20, near + 20)) * spacing + draw(st.integers(0, 9)), MIN_TICK), MAX_TICK - 1)
    low, high = sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(tick + 1)
    price = draw(st.one_of(st.just(low), st.integers(low, high - 1)))
    if price == low and tick % spacing == 0 and draw(st.booleans()):
        tick -= 1  # where a swap ended exactly at a tick downwards
    inside = sum(net for at, net in nets.items() if at <= tick)
    fee_ppm = draw(st.sampled_from([0, 100, 500, 3000, 10_000, 65_535]))
    nets = {at: net for at, net in nets.items() if ticks.at(at)[0]}
    return cls(price, inside, tick, STAMP, Trust.PROVEN, fee_ppm, spacing, ticks), nets
