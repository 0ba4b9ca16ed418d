"""How much to trade between two V3 pools: closed form on virtual reserves, checked exactly.

In its current range a V3 pool trades like a constant-product pool with reserves L/√P and L·√P (Uniswap V3 white paper,
6.1). Two such pools in a row compose into one Möbius map out = A·x / (B + C·x), whose best input is (√(AB) - B) / C.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import gcd
from typing import NamedTuple

from alphapulse.data.pools import Pool
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.sqrt_price_math import MAX_UINT256
from alphapulse.rules.amm.swap_math import SwapStep, compute_swap_step
from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from alphapulse.rules.arbitrage.pair import PPM, ROOT_BITS, PoolPair
from alphapulse.rules.arbitrage.path import PathStep, SizedPath

Q96_BITS = 96
_new = tuple.__new__
NO_LIMIT = 1 << 255
"""More than any pool can take: asks a step for all that the range holds."""


class _Side:
    """A pool as one leg sees it: direction, price, where its range ends, and its exact step towards that end."""

    __slots__ = (
        "_end",
        "_keep_ppm",
        "_reserve",
        "bound",
        "fee_ppm",
        "liquidity",
        "pays",
        "pool",
        "sqrt_price_x96",
        "zero_for_one",
    )

    def __init__(self, pool: Pool, state: ConcentratedState, *, zero_for_one: bool) -> None:
        self.pool = pool
        self.zero_for_one = zero_for_one
        self.sqrt_price_x96 = state.sqrt_price_x96
        self.liquidity = state.liquidity
        self.fee_ppm = pool.fixed_fee_ppm
        self.bound = range_end(pool, state, zero_for_one=zero_for_one)
        self.pays: Callable[[int], int] = self._pays_for_token0 if zero_for_one else self._pays_for_token1
        """What an amount brings, -1 if the range cannot take all of it: a step without what is not asked here."""
        self._keep_ppm = PPM - self.fee_ppm
        self._reserve = self.liquidity << Q96_BITS
        self._end: SwapStep | None = None

    def step(self, amount: int) -> SwapStep:
        """Sells an amount if it is above zero, else buys the negated amount, as far as the range goes."""
        return compute_swap_step(self.sqrt_price_x96, self.bound, self.liquidity, amount, self.fee_ppm)

    def most(self) -> int:
        """The input that brings the price exactly to the range's end, fee included."""
        end = self._end
        if end is None:
            end = self._end = self.step(NO_LIMIT)
        return end.amount_in + end.fee_amount

    def output(self, offered: int) -> int:
        """What an amount brings, as far as the range goes."""
        paid = self.pays(offered)
        return paid if paid >= 0 else self.step(offered).amount_out

    def input_for(self, amount_out: int) -> int:
        """The input that pays at least `amount_out`, or all that the range can pay."""
        step = self.step(-amount_out)
        return step.amount_in + step.fee_amount

    def most_within(self, amount_out: int) -> int:
        """The greatest input that pays no more than `amount_out`."""
        too_much = self.input_for(amount_out + 1)
        stride = 1
        while self.output(max(0, too_much - stride)) > amount_out:
            stride *= 2
        enough, too_much = max(0, too_much - stride), too_much - stride // 2
        while too_much - enough > 1:
            between = (enough + too_much) // 2
            if self.output(between) > amount_out:
                too_much = between
            else:
                enough = between
        return enough

    def _pays_for_token0(self, offered: int) -> int:
        price, reserve = self.sqrt_price_x96, self._reserve
        denominator = reserve + offered * self._keep_ppm // PPM * price
        if 0 < denominator <= MAX_UINT256:
            now = -(-reserve * price // denominator)
            if self.bound < now:
                return self.liquidity * (price - now) >> Q96_BITS
        return self._pays_at_end(offered)

    def _pays_for_token1(self, offered: int) -> int:
        price, liquidity = self.sqrt_price_x96, self.liquidity
        if liquidity:
            gone = (offered * self._keep_ppm // PPM << Q96_BITS) // liquidity
            now = price + gone
            if now < self.bound:
                return self._reserve * gone // (now * price)
        return self._pays_at_end(offered)

    def _pays_at_end(self, offered: int) -> int:
        most, end = self.most(), self._end
        if end is not None and offered * self._keep_ppm // PPM >= end.amount_in:
            return end.amount_out if offered == most else -1
        done = self.step(offered)  # what is rounded to the end's price without reaching it
        return done.amount_out if done.amount_in + done.fee_amount == offered else -1


class _Trade(NamedTuple):
    """What a size brings, step by step."""

    profit: int
    opened: SwapStep
    closed: SwapStep


def range_end(pool: Pool, state: ConcentratedState, *, zero_for_one: bool) -> int:
    """The sqrt price (X96) up to which a swap in that direction stays in the range that holds the state's tick.

    Where tick and price contradict each other nothing is known of any range: it is the price itself, and no amount
    can be swapped.
    """
    spacing, price = pool.fixed_tick_spacing, state.sqrt_price_x96
    lower, upper = _range_ends(state.tick // spacing, spacing)
    if not lower <= price <= upper:
        return price
    return lower if zero_for_one else upper


@lru_cache(maxsize=16_384)
def _range_ends(number: int, spacing: int) -> tuple[int, int]:
    """The sqrt prices (X96) between which the range of that number lies, counted in spacings from tick 0."""
    lower_tick = number * spacing
    return sqrt_ratio_at_tick(max(lower_tick, MIN_TICK)), sqrt_ratio_at_tick(min(lower_tick + spacing, MAX_TICK))


def size_path(pair: PoolPair, first: ConcentratedState, second: ConcentratedState) -> SizedPath:
    """The most profitable input of the cycle between the pair's pools at these states, staying in both ranges.

    token0 is sold where it is dear and bought back where it is cheap; if the profit token is token1 the cycle starts
    at the cheap pool. A cycle that cannot earn has size and profit 0 at the best.
    """
    hi, lo = (
        ((pair.first, first), (pair.second, second))
        if first.sqrt_price_x96 >= second.sqrt_price_x96
        else ((pair.second, second), (pair.first, first))
    )
    sell = _Side(*hi, zero_for_one=True)
    buy = _Side(*lo, zero_for_one=False)
    opening, closing = (sell, buy) if pair.sells_token0 else (buy, sell)
    start = best_input(pair, sell.pool, hi[1], buy.pool, lo[1])
    middle = opening.pays(start)
    brought = closing.pays(middle) if middle >= 0 else -1
    at_end = brought < 0
    if at_end:
        start = min(start, opening.most())
        closing_most = closing.most()
        middle = opening.output(start)
        if middle > closing_most:
            start = opening.most_within(closing_most)
            middle = opening.output(start)
        brought = closing.pays(middle)
    if start <= middle:
        inputs = _near(start, opening.pool.fixed_fee_ppm, at_end=at_end)
    else:
        # The profit token is the finer one: several inputs pay the same, the least of them is the best.
        inputs = {opening.input_for(amount) for amount in _near(middle, closing.pool.fixed_fee_ppm, at_end=at_end)}
    size, profit = start, brought - start if brought >= 0 else -1
    inputs.discard(start)
    for other in inputs:
        middle = opening.pays(other)
        brought = closing.pays(middle) if middle >= 0 else -1
        if brought >= 0 and (brought - other > profit or (brought - other == profit and other < size)):
            profit, size = brought - other, other
    size = size if profit > 0 else 0
    best = _trade(opening, closing, size)
    steps = _path_step(opening, size, best.opened), _path_step(closing, best.opened.amount_out, best.closed)
    return _new(SizedPath, (size, best.profit, steps, at_end))


def best_input(pair: PoolPair, hi: Pool, hi_state: ConcentratedState, lo: Pool, lo_state: ConcentratedState) -> int:
    """The continuous optimum, floored, in raw units of the profit token; 0 if the gap does not beat the fees."""
    s_hi, l_hi = hi_state.sqrt_price_x96, hi_state.liquidity
    s_lo, l_lo = lo_state.sqrt_price_x96, lo_state.liquidity
    keep_hi, keep_lo = PPM - hi.fixed_fee_ppm, PPM - lo.fixed_fee_ppm
    # √(γ_hi γ_lo) - √(P_lo / P_hi), times s_hi · PPM · 2^ROOT_BITS
    edge = pair.fee_root * s_hi - (s_lo * PPM << ROOT_BITS)
    if edge <= 0 or not l_hi or not l_lo:
        return 0
    if pair.sells_token0:
        reach = s_hi * keep_hi * (l_lo * s_lo * PPM + keep_lo * l_hi * s_hi)
        return (l_hi * l_lo * edge * PPM << Q96_BITS) // (reach << ROOT_BITS)
    reach = keep_lo * (l_hi * s_lo * PPM + keep_hi * l_lo * s_hi)
    return l_hi * l_lo * edge * PPM * s_lo // (reach << (ROOT_BITS + Q96_BITS))


def _near(amount: int, fee_ppm: int, *, at_end: bool) -> set[int]:
    """Amounts beside the continuous optimum at which rounding costs least; none above it `at_end` of a range.

    A pool keeps amount · (10⁶ - fee) / 10⁶ rounded down: a multiple of 10⁶ / gcd(10⁶, fee) loses nothing. Where the
    amount is below such a multiple, or at the end of a range, a nearer amount that loses little may be the best.
    """
    period = PPM // gcd(PPM, fee_ppm)
    lower = amount - amount % period
    if at_end:
        return {amount, lower, max(amount - 1, 0), _thrifty(amount, fee_ppm)}
    return {amount, lower, lower + period} if lower else {amount, amount + 1, period}


def _thrifty(amount: int, fee_ppm: int) -> int:
    """The greatest amount up to `amount` of which rounding takes less than a fee's worth of one unit.

    The least amount of which `kept` units are kept is kept · 10⁶ / (10⁶ - fee) rounded up. What the rounding adds
    grows by a fee's worth with each unit kept less, until it starts at nothing again.
    """
    keep = PPM - fee_ppm
    kept = amount * keep // PPM
    beyond = kept * PPM % keep
    if beyond and fee_ppm:
        kept = max(0, kept - beyond // fee_ppm - 1)
    return -(-kept * PPM // keep)


def _trade(opening: _Side, closing: _Side, size: int) -> _Trade:
    """What `size` brings; a loss if one of the ranges cannot take all of it."""
    opened = opening.step(size)
    closed = closing.step(opened.amount_out)
    fits = opened.amount_in + opened.fee_amount == size and closed.amount_in + closed.fee_amount == opened.amount_out
    return _Trade(closed.amount_out - size if fits else -1, opened, closed)


def _path_step(side: _Side, amount_in: int, step: SwapStep) -> PathStep:
    token_in, token_out = (0, 1) if side.zero_for_one else (1, 0)
    amounts = amount_in, step.amount_out, step.fee_amount
    return _new(PathStep, (side.pool, token_in, token_out, *amounts, side.sqrt_price_x96))
