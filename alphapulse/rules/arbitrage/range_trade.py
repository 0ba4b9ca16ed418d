"""The best trade between two ranges of concentrated liquidity, in pure Python; `core` is the compiled form.

Around the optimum of the continuous formulas the exact profit has small teeth, since the contracts round. So the
amounts beside it are tried at which rounding costs least, each by exact steps.
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import NamedTuple

from alphapulse.errors import AmmError
from alphapulse.rules.amm.sqrt_price_math import MAX_UINT256
from alphapulse.rules.amm.swap_math import SwapStep, compute_swap_step

PPM = 1_000_000
Q96_BITS = 96
_new = tuple.__new__
NO_LIMIT = 1 << 255
"""More than any pool can take: asks a step for all that the range holds."""


class Side(NamedTuple):
    """A pool as one leg sees it: its price and where its range ends in the leg's direction, both sqrt prices (X96)."""

    sqrt_price_x96: int
    bound: int
    liquidity: int
    fee_ppm: int
    zero_for_one: bool


class Trade(NamedTuple):
    """`size` buys `bought` in the opening pool, and that brings `brought` in the closing one; fees as they are paid in.

    `at_end` says that more would go in if one of the ranges did not end.
    """

    size: int
    bought: int
    brought: int
    opening_fee: int
    closing_fee: int
    at_end: bool


def best_trade(opening_side: Side, closing_side: Side, start: int) -> Trade:
    """The most profitable trade that stays in both ranges, where `start` is the optimum of the continuous formulas.

    One that cannot earn has only zeros.

    Raises:
        AmmError: a side of which no contract can speak: a price of zero, a fee of 100%.
    """
    opening, closing = ExactSide(opening_side), ExactSide(closing_side)
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
        inputs = _near(start, opening_side.fee_ppm, at_end=at_end)
    else:
        # The profit token is the finer one: several inputs pay the same, the least of them is the best.
        inputs = {opening.input_for(amount) for amount in _near(middle, closing_side.fee_ppm, at_end=at_end)}
    size, profit = start, brought - start if brought >= 0 else -1
    inputs.discard(start)
    for other in inputs:
        middle = opening.pays(other)
        brought = closing.pays(middle) if middle >= 0 else -1
        if brought >= 0 and (brought - other > profit or (brought - other == profit and other < size)):
            profit, size = brought - other, other
    if profit <= 0:
        size = 0
    opened = opening.step(size)
    closed = closing.step(opened.amount_out)
    amounts = size, opened.amount_out, closed.amount_out
    return _new(Trade, (*amounts, opened.fee_amount, closed.fee_amount, at_end))


class ExactSide:
    """A side with its exact step towards the end of its range."""

    __slots__ = ("_bound", "_end", "_fee_ppm", "_keep_ppm", "_liquidity", "_price", "_reserve", "pays")

    def __init__(self, side: Side) -> None:
        self._price, self._bound, self._liquidity, self._fee_ppm, zero_for_one = side
        if not self._price or self._fee_ppm >= PPM:
            found = f"sqrt price {self._price}, fee {self._fee_ppm} ppm"
            raise AmmError(f"expected a price above zero and a fee below {PPM} ppm, found {found}")
        self.pays: Callable[[int], int] = self._pays_for_token0 if zero_for_one else self._pays_for_token1
        """What an amount brings, -1 if the range cannot take all of it: a step without what is not asked here."""
        self._keep_ppm = PPM - self._fee_ppm
        self._reserve = self._liquidity << Q96_BITS
        self._end: SwapStep | None = None

    def step(self, amount: int) -> SwapStep:
        """Sells an amount if it is above zero, else buys the negated amount, as far as the range goes."""
        return compute_swap_step(self._price, self._bound, self._liquidity, amount, self._fee_ppm)

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
        price, reserve = self._price, self._reserve
        denominator = reserve + offered * self._keep_ppm // PPM * price
        if 0 < denominator <= MAX_UINT256:
            now = -(-reserve * price // denominator)
            if self._bound < now:
                return self._liquidity * (price - now) >> Q96_BITS
        return self._pays_at_end(offered)

    def _pays_for_token1(self, offered: int) -> int:
        price, liquidity = self._price, self._liquidity
        if liquidity:
            gone = (offered * self._keep_ppm // PPM << Q96_BITS) // liquidity
            now = price + gone
            if now < self._bound:
                return self._reserve * gone // (now * price)
        return self._pays_at_end(offered)

    def _pays_at_end(self, offered: int) -> int:
        most, end = self.most(), self._end
        if end is not None and offered * self._keep_ppm // PPM >= end.amount_in:
            return end.amount_out if offered == most else -1
        done = self.step(offered)  # what is rounded to the end's price without reaching it
        return done.amount_out if done.amount_in + done.fee_amount == offered else -1


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
