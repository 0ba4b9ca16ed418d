"""A second opinion on sizing: searches over exact swaps, a bound from exact rationals, and hostile states."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from math import isqrt

import attrs
from hypothesis import strategies as st

from alphapulse.data.pools import Pool
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.swap_math import compute_swap_step
from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from alphapulse.rules.arbitrage.pair import PPM, PoolPair
from tests.rules.arbitrage.market_samples import TOKEN_A, TOKEN_B, in_range, pool, stamp

Q96 = 1 << 96
FEES_PPM = (0, 1, 100, 500, 2500, 3000, 3001, 10_000, 500_000, 999_999)
SPACINGS = (1, 10, 60, 200, 887_272)


@attrs.frozen(slots=False)
class Half:
    """One pool of a cycle: what goes in, what comes out, and how far it may go."""

    pool: Pool
    state: ConcentratedState
    zero_for_one: bool

    @cached_property
    def target(self) -> int:
        spacing = self.pool.fixed_tick_spacing
        lower = self.state.tick // spacing * spacing
        return sqrt_ratio_at_tick(max(lower, MIN_TICK) if self.zero_for_one else min(lower + spacing, MAX_TICK))

    def swap(self, amount_in: int) -> int | None:
        """The exact amount out, None if the range cannot take all of it."""
        state = self.state
        step = compute_swap_step(state.sqrt_price_x96, self.target, state.liquidity, amount_in, self.pool.fixed_fee_ppm)
        return step.amount_out if step.amount_in + step.fee_amount == amount_in else None

    @cached_property
    def most(self) -> int:
        """The largest amount that the range takes."""
        state = self.state
        step = compute_swap_step(state.sqrt_price_x96, self.target, state.liquidity, 1 << 255, self.pool.fixed_fee_ppm)
        return step.amount_in + step.fee_amount

    @cached_property
    def granule(self) -> int:
        """Raw units of the token out between two neighbouring sqrt prices: how coarse a price is."""
        state = self.state
        exact = state.liquidity if self.zero_for_one else (state.liquidity << 192) // state.sqrt_price_x96**2
        return exact >> 96

    @cached_property
    def reserves(self) -> tuple[Fraction, Fraction]:
        """Virtual reserves of the token in and the token out."""
        token0 = Fraction(self.state.liquidity * Q96, self.state.sqrt_price_x96)
        token1 = Fraction(self.state.liquidity * self.state.sqrt_price_x96, Q96)
        return (token0, token1) if self.zero_for_one else (token1, token0)

    @cached_property
    def keep(self) -> Fraction:
        return Fraction(PPM - self.pool.fixed_fee_ppm, PPM)


@attrs.frozen(slots=False)
class Cycle:
    """The cycle that the issue defines: token0 sold in the hi pool, bought back in the lo pool, or mirrored."""

    opening: Half
    closing: Half

    @classmethod
    def of(cls, pair: PoolPair, first: ConcentratedState, second: ConcentratedState) -> Cycle:
        ordered = sorted(((first, pair.first), (second, pair.second)), key=lambda one: -one[0].sqrt_price_x96)
        (hi, hi_pool), (lo, lo_pool) = ordered
        sell, buy = Half(hi_pool, hi, True), Half(lo_pool, lo, False)
        return cls(sell, buy) if pair.profit_token == pair.first.token0.address else cls(buy, sell)

    def profit(self, size: int) -> int | None:
        """Exact profit of `size`, None if a price would leave its range."""
        middle = self.opening.swap(size)
        out = None if middle is None else self.closing.swap(middle)
        return None if out is None else out - size

    def best_of(self, sizes: Iterable[int]) -> int:
        return max((profit for size in sizes if (profit := self.profit(size)) is not None), default=0)

    @cached_property
    def greatest(self) -> int:
        """The greatest size that both ranges take, found by bisection."""
        low, high = 0, self.opening.most
        while low < high:
            between = (low + high + 1) // 2
            if self.profit(between) is None:
                high = between - 1
            else:
                low = between
        return low

    def searched(self) -> int:
        """The best profit that a ternary search finds, ends included; never below 0."""
        low, high = 0, self.greatest
        while high - low > 60:
            third = (high - low) // 3
            left, right = self.profit(low + third), self.profit(high - third)
            if left is None or (right is not None and left < right):
                low += third
            else:
                high -= third
        return self.best_of([0, self.greatest, *range(low, high + 1)])

    @cached_property
    def map(self) -> tuple[Fraction, Fraction, Fraction]:
        """A, B, C of out = A·x / (B + C·x), the two pools in a row without rounding and without ranges."""
        (in1, out1), (in2, out2) = self.opening.reserves, self.closing.reserves
        keep1, keep2 = self.opening.keep, self.closing.keep
        return out1 * keep1 * out2 * keep2, in1 * in2, keep1 * in2 + keep1 * out1 * keep2

    def continuous_bound(self) -> int:
        """No size earns more: (√A - √B)² / C, rounded up; the pools' roundings all go against us."""
        a, b, c = self.map
        if not c or a <= b:
            return 0
        product = a * b
        root = Fraction(isqrt((product.numerator << 512) // product.denominator), 1 << 256)
        return -((2 * root - a - b) // c)

    def tolerance(self) -> int:
        """How much a search may find beyond the closed form, in raw units of the profit token.

        What one unit more of the profit token brings at best, and one unit of the middle token; and twice as much as
        the two prices are coarse. In a real market that is 2 units and the worth of one middle unit.
        """
        price = self.closing.state.sqrt_price_x96
        worth = price * price >> 192 if self.closing.zero_for_one else (1 << 192) // (price * price)
        hi, lo = sorted((self.opening.state.sqrt_price_x96, price), reverse=True)
        coarse = self.closing.granule + self.opening.granule * max(worth, 1)
        return 1 + hi * hi // (lo * lo) + worth + 2 * coarse


@st.composite
def range_states(draw: st.DrawFn, near_tick: int, *, honest: bool) -> ConcentratedState:
    """A state near a tick, its price within the tick or on its borders; hostile ones reach every width."""
    spread = draw(st.sampled_from([0, 1, 100, 3000, 400_000] if not honest else [1, 100, 400]))
    tick = min(max(near_tick + draw(st.integers(-spread, spread)), MIN_TICK), MAX_TICK - 1)
    low, high = sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(tick + 1)
    price = draw(st.one_of(st.just(low), st.just(high), st.integers(low, high)))
    if honest:
        return in_range(price, draw(st.integers(10**15, 10**23)), tick, stamp())
    liquidity = draw(
        st.one_of(
            st.sampled_from([0, 1, 1 << 127, (1 << 128) - 1]),
            st.integers(1, 1000),
            st.integers(0, 127).map(lambda bits: 1 << bits),
            st.integers(1 << 50, 1 << 80),
        )
    )
    return in_range(price, liquidity, tick, stamp())


Market = tuple[PoolPair, ConcentratedState, ConcentratedState]


@st.composite
def markets(draw: st.DrawFn, *, honest: bool) -> Market:
    """Two pools of one pair and their states. Honest: a market such as the recorded one, with 6, 8 or 18 decimals."""
    fees = st.sampled_from((100, 500, 2500, 3000, 10_000)) if honest else st.sampled_from(FEES_PPM)
    spacings = st.sampled_from((10, 60, 200) if honest else SPACINGS)
    first, second = (pool(number, draw(fees), draw(spacings)) for number in (1, 2))
    pair = PoolPair(first, second, draw(st.sampled_from([TOKEN_A.address, TOKEN_B.address])))
    # Around these ticks lie pairs of equal worth with 6/18, 18/6, 8/18 and 18/18 decimals, and the recorded pair.
    ticks = st.sampled_from([276_324, -276_324, 230_270, 0, 199_059]) if honest else st.integers(MIN_TICK, MAX_TICK)
    near_tick = draw(ticks)
    here, there = (
        draw(range_states(near_tick, honest=honest))._replace(fee_ppm=of.fee_ppm, tick_spacing=of.fixed_tick_spacing)
        for of in (first, second)
    )
    return pair, here, there
