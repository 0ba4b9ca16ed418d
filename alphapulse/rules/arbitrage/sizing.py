"""How much to trade between two V3 pools: closed form on virtual reserves, checked exactly.

In its current range a V3 pool trades like a constant-product pool with reserves L/√P and L·√P (Uniswap V3 white paper,
6.1). Two such pools in a row compose into one Möbius map out = A·x / (B + C·x), whose best input is (√(AB) - B) / C.
"""

from __future__ import annotations

from functools import partial
from math import gcd
from typing import NamedTuple

from alphapulse.data.pools import Pool
from alphapulse.data.signals import Leg
from alphapulse.rules.amm.swap_math import compute_swap_step
from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from alphapulse.rules.arbitrage.pair import PPM, ROOT_BITS, PoolPair
from alphapulse.rules.books.pool_book import RangeState

Q96_BITS = 96
NO_LIMIT = 1 << 255
"""More than any pool can take: asks a step for all that the range holds."""


class PathStep(NamedTuple):
    """One exact swap of a path: amounts in raw units, the fee in raw units of the token sold."""

    pool: Pool
    zero_for_one: bool
    amount_in: int
    amount_out: int
    fee_amount: int
    sqrt_price_x96: int

    def as_leg(self) -> Leg:
        """The step as it travels in signals and fills."""
        token0, token1 = self.pool.pair
        token_in, token_out = (token0, token1) if self.zero_for_one else (token1, token0)
        return Leg(
            self.pool.id, token_in, token_out, self.amount_in, self.amount_out, self.fee_amount, self.sqrt_price_x96
        )


class SizedPath(NamedTuple):
    """The best trade found: `profit` = last amount out - first amount in, in raw units of the profit token."""

    size: int
    profit: int
    steps: tuple[PathStep, PathStep]


class _Side(NamedTuple):
    """A pool as one leg sees it: direction, state and the price at which its range ends."""

    pool: Pool
    state: RangeState
    zero_for_one: bool
    bound: int

    def swap(self, amount_in: int) -> PathStep:
        state = self.state
        step = compute_swap_step(state.sqrt_price_x96, self.bound, state.liquidity, amount_in, self.pool.fee_ppm)
        return PathStep(self.pool, self.zero_for_one, amount_in, step.amount_out, step.fee_amount, state.sqrt_price_x96)

    def output(self, amount_in: int) -> int:
        state = self.state
        return compute_swap_step(
            state.sqrt_price_x96, self.bound, state.liquidity, amount_in, self.pool.fee_ppm
        ).amount_out

    def most(self) -> int:
        """The input that brings the price exactly to the range's end, fee included."""
        state = self.state
        step = compute_swap_step(state.sqrt_price_x96, self.bound, state.liquidity, NO_LIMIT, self.pool.fee_ppm)
        return step.amount_in + step.fee_amount

    def input_for(self, amount_out: int) -> int:
        """The input that pays at least `amount_out`, or all that the range can pay."""
        state = self.state
        step = compute_swap_step(state.sqrt_price_x96, self.bound, state.liquidity, -amount_out, self.pool.fee_ppm)
        return step.amount_in + step.fee_amount


def range_bounds(tick: int, tick_spacing: int) -> tuple[int, int]:
    """The sqrt prices (X96) at which the range that holds `tick` begins and ends, within the contract's limits."""
    lower = tick - tick % tick_spacing
    return sqrt_ratio_at_tick(max(lower, MIN_TICK)), sqrt_ratio_at_tick(min(lower + tick_spacing, MAX_TICK))


def size_path(pair: PoolPair, first: RangeState, second: RangeState) -> SizedPath:
    """The most profitable input of the cycle between the pair's pools at these states, staying in both ranges.

    token0 is sold where it is dear and bought back where it is cheap; if the profit token is token1 the cycle starts
    at the cheap pool. A cycle that cannot earn has size and profit 0 at the best.
    """
    hi, lo = (
        ((pair.first, first), (pair.second, second))
        if first.sqrt_price_x96 >= second.sqrt_price_x96
        else ((pair.second, second), (pair.first, first))
    )
    sell = _side(*hi, zero_for_one=True)
    buy = _side(*lo, zero_for_one=False)
    opening, closing = (sell, buy) if pair.sells_token0 else (buy, sell)
    most = opening.most()
    start = min(best_input(pair, sell.pool, hi[1], buy.pool, lo[1]), most)
    closing_most = closing.most()
    middle = min(opening.swap(start).amount_out, closing_most)
    if start <= middle:
        inputs = set(_near(start, opening.pool.fee_ppm))
        if middle == closing_most:
            needed = opening.input_for(middle)
            inputs |= {needed, max(needed - 1, 0)}
    else:
        inputs = {opening.input_for(amount) for amount in _near(middle, closing.pool.fee_ppm)}
    return _path(opening, closing, max((min(size, most) for size in inputs), key=partial(_profit, opening, closing)))


def best_input(pair: PoolPair, hi: Pool, hi_state: RangeState, lo: Pool, lo_state: RangeState) -> int:
    """The continuous optimum, floored, in raw units of the profit token; 0 if the gap does not beat the fees."""
    s_hi, l_hi = hi_state.sqrt_price_x96, hi_state.liquidity
    s_lo, l_lo = lo_state.sqrt_price_x96, lo_state.liquidity
    keep_hi, keep_lo = PPM - hi.fee_ppm, PPM - lo.fee_ppm
    # √(γ_hi γ_lo) - √(P_lo / P_hi), times s_hi · PPM · 2^ROOT_BITS
    edge = pair.fee_root * s_hi - (s_lo * PPM << ROOT_BITS)
    if edge <= 0 or not l_hi or not l_lo:
        return 0
    if pair.sells_token0:
        reach = s_hi * keep_hi * (l_lo * s_lo * PPM + keep_lo * l_hi * s_hi)
        return (l_hi * l_lo * edge * PPM << Q96_BITS) // (reach << ROOT_BITS)
    reach = keep_lo * (l_hi * s_lo * PPM + keep_hi * l_lo * s_hi)
    return l_hi * l_lo * edge * PPM * s_lo // (reach << (ROOT_BITS + Q96_BITS))


def _side(pool: Pool, state: RangeState, *, zero_for_one: bool) -> _Side:
    lower, upper = range_bounds(state.tick, pool.tick_spacing)
    return _Side(pool, state, zero_for_one, lower if zero_for_one else upper)


def _near(amount: int, fee_ppm: int) -> tuple[int, ...]:
    """Amounts beside the continuous optimum at which rounding costs least.

    A pool keeps amount · (10⁶ - fee) / 10⁶ rounded down: a multiple of 10⁶ / gcd(10⁶, fee) loses nothing. Where units
    are coarse, or at the end of a range, the best may be the amount itself or a neighbour.
    """
    period = PPM // gcd(PPM, fee_ppm)
    lower = amount - amount % period
    return tuple(near for near in (amount - 1, amount, amount + 1, lower, lower + period) if near >= 0)


def _profit(opening: _Side, closing: _Side, size: int) -> int:
    return closing.output(opening.output(size)) - size


def _path(opening: _Side, closing: _Side, size: int) -> SizedPath:
    opened = opening.swap(size)
    closed = closing.swap(opened.amount_out)
    if closed.amount_out <= size:
        return SizedPath(0, 0, (opening.swap(0), closing.swap(0)))
    return SizedPath(size, closed.amount_out - size, (opened, closed))
