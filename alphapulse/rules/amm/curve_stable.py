"""Curve's StableSwap of two or more tokens: `get_dy` by integer Newton steps, to the last unit.

Two generations: 3pool's contract takes the fee from what it pays in the token's own units; the later template counts A
in hundredths and takes the fee before it scales. There is no `get_dx`: what is quoted for an output is the least input
that pays it.
"""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.held_balances import HeldBalances
from alphapulse.rules.amm.least_input import least_input
from alphapulse.rules.amm.pool_state import Quote, VirtualReserves
from alphapulse.rules.amm.swap_math import PPM

FEE_UNITS_PER_PPM = 10_000
FEE_DENOMINATOR = 10**10
ROUNDS = 255


class CurveStableState(HeldBalances):
    """Fee and A are the pool's registered ones."""

    __slots__ = ()

    def quote_in(self, token_in: int, token_out: int, amount_in: int) -> Quote:
        """What the pool pays for `amount_in` (get_dy). The fee is in units of the token paid out."""
        self._usable_fee_ppm()
        if amount_in <= 0:
            raise QuoteRefused("reverts", f"an input is above zero, this was {amount_in}")
        return self._quoted(token_in, token_out, amount_in)

    def quote_out(self, token_in: int, token_out: int, amount_out: int) -> Quote:
        """The least input that pays `amount_out`, and what it pays, which may be more."""
        fee_ppm = self._usable_fee_ppm()
        if not 0 < amount_out < self.balances[token_out]:
            raise QuoteRefused("reverts", f"an output is above zero and below the balance, this was {amount_out}")
        scaled = self._scaled()
        # Where the curve is without the fee, plus a fee's worth: a few steps from the answer.
        gross = amount_out * PPM // (PPM - fee_ppm) * self.factor(token_out)
        left = max(1, scaled[token_out] - gross)
        guess = (self._balance_for(token_out, token_in, left, scaled) - scaled[token_in]) // self.factor(token_in)
        paid = least_input(lambda amount: self._pays(token_in, token_out, amount)[0], amount_out, guess)
        return self._quoted(token_in, token_out, paid)

    def price(self, token_in: int, token_out: int) -> tuple[int, int]:
        """Raw units out per raw unit in for a trade of no size, before the fee: (numerator, denominator)."""
        scaled = self._scaled()
        product = total = self._total(scaled)
        for one in scaled:
            product = product * total // (one * len(scaled))
        ann, precision = self._ann()
        x, y = scaled[token_in], scaled[token_out]
        return (
            y * (ann * x + product * precision) * self.factor(token_in),
            x * (ann * y + product * precision) * self.factor(token_out),
        )

    def virtual_reserves(self, token_in: int, token_out: int) -> VirtualReserves | None:
        """None: the curve is not a constant product anywhere."""
        return None

    def most_in(self, token_in: int, token_out: int) -> int | None:
        """None: there is no end."""
        return None

    def _usable_fee_ppm(self) -> int:
        return self.usable_fee_ppm("its A", registered=bool(self.pool.amplification))

    def _scaled(self) -> list[int]:
        return [balance * self.factor(token) for token, balance in enumerate(self.balances)]

    def _ann(self) -> tuple[int, int]:
        """A · n as the contract holds it, and the precision in which it does."""
        precision = 1 if self.pool.generation == 1 else 100
        return (self.pool.amplification or 0) * precision * len(self.balances), precision

    def _pays(self, token_in: int, token_out: int, amount_in: int) -> tuple[int, int]:
        """What is paid for an input, and the fee that was taken from it, in raw units."""
        scaled, factor = self._scaled(), self.factor(token_out)
        left = self._balance_for(token_in, token_out, scaled[token_in] + amount_in * self.factor(token_in), scaled)
        gross = scaled[token_out] - left - 1
        if gross < 0:
            raise QuoteRefused("reverts", "the curve's rounding gives less than nothing")
        rate = (self.fee_ppm or 0) * FEE_UNITS_PER_PPM
        if self.pool.generation == 1:
            gross //= factor
            fee = rate * gross // FEE_DENOMINATOR
            return gross - fee, fee
        fee = rate * gross // FEE_DENOMINATOR
        return (gross - fee) // factor, fee // factor

    def _quoted(self, token_in: int, token_out: int, paid: int) -> Quote:
        taken, fee = self._pays(token_in, token_out, paid)
        return Quote(paid, taken, fee, 0, self.traded(token_in, token_out, paid, taken))

    def _total(self, scaled: Sequence[int]) -> int:
        """The invariant D: what all balances would sum up to if they were equal."""
        count, total, (ann, precision) = len(scaled), sum(scaled), self._ann()
        found = total
        for _ in range(ROUNDS):
            product = found
            for one in scaled:
                product = product * found // (one * count)
            before = found
            numerator = (ann * total // precision + product * count) * found
            found = numerator // ((ann - precision) * found // precision + (count + 1) * product)
            if abs(found - before) <= 1:
                break
        return found

    def _balance_for(self, known: int, wanted: int, balance: int, scaled: Sequence[int]) -> int:
        """The balance of `wanted` if that of `known` is `balance`, and the others as they are."""
        count, total, (ann, precision) = len(scaled), self._total(scaled), self._ann()
        product, others = total, 0
        for token, one in enumerate(scaled):
            if token != wanted:
                here = balance if token == known else one
                others += here
                product = product * total // (here * count)
        product = product * total * precision // (ann * count)
        slope = others + total * precision // ann - total
        found = total
        for _ in range(ROUNDS):
            before = found
            found = (found * found + product) // (2 * found + slope)
            if abs(found - before) <= 1:
                return found
        raise QuoteRefused("reverts", "the curve has no such point")
