"""Balancer V2's weighted pools of two or more tokens, to the last unit of what `onSwap` says.

The fee is taken before amounts are scaled to 18 decimals. Powers carry the contract's own margin of error, always in
the pool's favour. No swap may put in, or take out, more than 30% of a balance.
"""

from __future__ import annotations

from alphapulse.errors import AmmError, QuoteRefused
from alphapulse.rules.amm.fixed_exponent import ONE, power
from alphapulse.rules.amm.held_balances import HeldBalances
from alphapulse.rules.amm.pool_state import Quote, VirtualReserves
from alphapulse.rules.amm.swap_math import PPM

POWER_ERROR = 10_000
"""The relative error of a power that is allowed for, with 18 digits."""
MOST_RATIO = 3 * 10**17
"""Of a balance, with 18 digits: 30%."""
SHORT_FORMS = (ONE, 2 * ONE, 4 * ONE)
"""Exponents that the second generation computes by multiplying."""


class BalancerWeightedState(HeldBalances):
    """Fee and weights are the pool's registered ones."""

    __slots__ = ()

    def quote_in(self, token_in: int, token_out: int, amount_in: int) -> Quote:
        """What the pool pays for `amount_in` (GIVEN_IN)."""
        rate = self._usable_rate()
        if amount_in <= 0:
            raise QuoteRefused("reverts", f"an input is above zero, this was {amount_in}")
        fee = _product_up(amount_in, rate)
        balance_in, balance_out = self._scaled(token_in), self._scaled(token_out)
        amount = (amount_in - fee) * self.factor(token_in)
        if amount > balance_in * MOST_RATIO // ONE:
            raise QuoteRefused("reverts", f"at most 30% of a balance goes in, {amount_in} is more")
        weight_in, weight_out = self._weights(token_in, token_out)
        remains = self._power_up(_ratio_up(balance_in, balance_in + amount), weight_in * ONE // weight_out)
        taken = balance_out * max(0, ONE - remains) // ONE // self.factor(token_out)
        return Quote(amount_in, taken, fee, 0, self.traded(token_in, token_out, amount_in, taken))

    def quote_out(self, token_in: int, token_out: int, amount_out: int) -> Quote:
        """What the pool takes for `amount_out` (GIVEN_OUT)."""
        rate = self._usable_rate()
        if amount_out <= 0:
            raise QuoteRefused("reverts", f"an output is above zero, this was {amount_out}")
        balance_in, balance_out = self._scaled(token_in), self._scaled(token_out)
        amount = amount_out * self.factor(token_out)
        if amount > balance_out * MOST_RATIO // ONE:
            raise QuoteRefused("reverts", f"at most 30% of a balance comes out, {amount_out} is more")
        weight_in, weight_out = self._weights(token_in, token_out)
        grows = self._power_up(_ratio_up(balance_out, balance_out - amount), _ratio_up(weight_out, weight_in))
        scaled = _product_up(balance_in, grows - ONE)
        net = -(-scaled // self.factor(token_in))
        paid = _ratio_up(net, ONE - rate)
        return Quote(paid, amount_out, paid - net, 0, self.traded(token_in, token_out, paid, amount_out))

    def price(self, token_in: int, token_out: int) -> tuple[int, int]:
        """Raw units out per raw unit in for a trade of no size, before the fee: (numerator, denominator)."""
        weight_in, weight_out = self._weights(token_in, token_out)
        return self.balances[token_out] * weight_in, self.balances[token_in] * weight_out

    def virtual_reserves(self, token_in: int, token_out: int) -> VirtualReserves | None:
        """The balances where both weights are equal; else None."""
        weight_in, weight_out = self._weights(token_in, token_out)
        balance_in, balance_out = self.balances[token_in], self.balances[token_out]
        if weight_in != weight_out or self.fee_ppm is None or not balance_in or not balance_out:
            return None
        return VirtualReserves(balance_in, balance_out, 1, PPM - self.fee_ppm)

    def most_in(self, token_in: int, token_out: int) -> int | None:
        """The greatest input of which no more than 30% of the balance is left after the fee."""
        rate, factor = self._usable_rate(), self.factor(token_in)
        most = self._scaled(token_in) * MOST_RATIO // ONE // factor
        paid = most * ONE // (ONE - rate)
        return paid + 1 if paid + 1 - _product_up(paid + 1, rate) <= most else paid

    def _usable_rate(self) -> int:
        """The fee with 18 digits."""
        registered = len(self.pool.weights) == len(self.balances)
        return self.usable_fee_ppm("its weights", registered=registered) * ONE // PPM

    def _weights(self, token_in: int, token_out: int) -> tuple[int, int]:
        return self.pool.weights[token_in], self.pool.weights[token_out]

    def _scaled(self, token: int) -> int:
        return self.balances[token] * self.factor(token)

    def _power_up(self, base: int, exponent: int) -> int:
        if self.pool.generation > 1 and exponent in SHORT_FORMS:
            for _ in range(SHORT_FORMS.index(exponent)):
                base = _product_up(base, base)
            return base
        try:
            raw = power(base, exponent)
        except AmmError as error:
            raise QuoteRefused("reverts", str(error)) from None
        return raw + _product_up(raw, POWER_ERROR) + 1


def _product_up(one: int, other: int) -> int:
    return -(-one * other // ONE)


def _ratio_up(numerator: int, denominator: int) -> int:
    return -(-numerator * ONE // denominator)
