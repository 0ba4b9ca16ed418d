"""Prices, liquidity and amounts that a pool can have."""

from __future__ import annotations

from hypothesis import strategies as st

from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MAX_TICK, MIN_SQRT_RATIO, MIN_TICK, sqrt_ratio_at_tick

TICKS = st.integers(MIN_TICK, MAX_TICK)
PRICES = st.one_of(
    st.integers(MIN_TICK, MAX_TICK - 1).map(sqrt_ratio_at_tick),
    st.integers(MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1),
    st.integers(32, 159)
    .flatmap(lambda bits: st.integers(max(MIN_SQRT_RATIO, 1 << bits), (2 << bits) - 1))
    .filter(lambda price: price < MAX_SQRT_RATIO),
)
LIQUIDITY = st.integers(0, 127).flatmap(lambda bits: st.integers(1 << bits, (2 << bits) - 1))
AMOUNTS = st.integers(0, 254).flatmap(lambda bits: st.integers((1 << bits) - 1, (2 << bits) - 1))
FEES_PPM = st.sampled_from([0, 1, 100, 500, 2500, 3000, 10_000, 999_999])
