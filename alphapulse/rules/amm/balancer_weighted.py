"""Balancer V2's weighted pools of two or more tokens, to the last unit of what `onSwap` says.

The fee is taken before amounts are scaled to 18 decimals. Powers carry the contract's own margin of error, always in
the pool's favour. No swap may put in, or take out, more than 30% of a balance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Self

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, MarketEvent
from alphapulse.data.pool_reserves import PoolLiquidity, TokenReserve
from alphapulse.data.pools import Pool, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import AmmError, QuoteRefused
from alphapulse.rules.amm.fixed_exponent import ONE, power
from alphapulse.rules.amm.pool_state import Quote, VirtualReserves
from alphapulse.rules.amm.swap_math import PPM

DECIMALS = 18
POWER_ERROR = 10_000
"""The relative error of a power that is allowed for, with 18 digits."""
MOST_RATIO = 3 * 10**17
"""Of a balance, with 18 digits: 30%."""
SHORT_FORMS = (ONE, 2 * ONE, 4 * ONE)
"""Exponents that the second generation computes by multiplying."""


class BalancerWeightedState(NamedTuple):
    """Balances in raw units, in the order of `pool.tokens`. Fee and weights are the pool's registered ones."""

    balances: tuple[int, ...]
    stamp: LogStamp
    trust: Trust
    fee_ppm: int | None
    pool: Pool

    @classmethod
    def begun(cls, pool: Pool, event: object) -> Self | None:
        """The state that a snapshot of the balances tells; None for any other event.

        None also for a token of more than 18 decimals: no such contract computes with one.
        """
        if isinstance(event, PoolLiquidity) and all(token.decimals <= DECIMALS for token in pool.tokens):
            balances = tuple(one.reserve for one in event.reserves)
            return cls(balances, event.stamp, Trust.PROVEN, pool.fee_ppm, pool)
        return None

    def quote_in(self, token_in: int, token_out: int, amount_in: int) -> Quote:
        """What the pool pays for `amount_in` (GIVEN_IN)."""
        rate = self._usable_rate()
        if amount_in <= 0:
            raise QuoteRefused("reverts", f"an input is above zero, this was {amount_in}")
        fee = _product_up(amount_in, rate)
        balance_in, balance_out = self._scaled(token_in), self._scaled(token_out)
        amount = (amount_in - fee) * self._factor(token_in)
        if amount > balance_in * MOST_RATIO // ONE:
            raise QuoteRefused("reverts", f"at most 30% of a balance goes in, {amount_in} is more")
        weight_in, weight_out = self._weights(token_in, token_out)
        remains = self._power_up(_ratio_up(balance_in, balance_in + amount), weight_in * ONE // weight_out)
        taken = balance_out * max(0, ONE - remains) // ONE // self._factor(token_out)
        return self._quoted(token_in, token_out, amount_in, taken, fee)

    def quote_out(self, token_in: int, token_out: int, amount_out: int) -> Quote:
        """What the pool takes for `amount_out` (GIVEN_OUT)."""
        rate = self._usable_rate()
        if amount_out <= 0:
            raise QuoteRefused("reverts", f"an output is above zero, this was {amount_out}")
        balance_in, balance_out = self._scaled(token_in), self._scaled(token_out)
        amount = amount_out * self._factor(token_out)
        if amount > balance_out * MOST_RATIO // ONE:
            raise QuoteRefused("reverts", f"at most 30% of a balance comes out, {amount_out} is more")
        weight_in, weight_out = self._weights(token_in, token_out)
        grows = self._power_up(_ratio_up(balance_out, balance_out - amount), _ratio_up(weight_out, weight_in))
        scaled = _product_up(balance_in, grows - ONE)
        net = -(-scaled // self._factor(token_in))
        paid = _ratio_up(net, ONE - rate)
        return self._quoted(token_in, token_out, paid, amount_out, paid - net)

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
        rate, factor = self._usable_rate(), self._factor(token_in)
        most = self._scaled(token_in) * MOST_RATIO // ONE // factor
        paid = most * ONE // (ONE - rate)
        return paid + 1 if paid + 1 - _product_up(paid + 1, rate) <= most else paid

    def applied(self, event: object) -> Self:
        """The state behind an event of this pool; itself if the event changes nothing."""
        if isinstance(event, PoolLiquidity):
            return self._replace(balances=tuple(one.reserve for one in event.reserves), stamp=event.stamp)
        if isinstance(event, PoolTrustChanged) and event.trust is not self.trust:
            return self._replace(trust=event.trust)
        return self

    def messages(self, pool: InstrumentId) -> Iterator[MarketEvent]:
        """The balances, and the word that they are not to be used, if so."""
        pairs = zip(self.pool.tokens, self.balances, strict=True)
        yield PoolLiquidity(self.stamp, pool, tuple(TokenReserve(token.address, balance) for token, balance in pairs))
        if self.trust is not Trust.PROVEN:
            yield PoolTrustChanged(pool, self.trust, "as it stood", self.stamp.block_number)

    def _usable_rate(self) -> int:
        """The fee with 18 digits."""
        if self.trust is Trust.DIVERGENT:
            raise QuoteRefused("divergent", "the pool is quarantined")
        if self.fee_ppm is None or len(self.pool.weights) != len(self.balances):
            raise QuoteRefused("fee_unknown", "the pool's fee and its weights have to be registered")
        if not all(self.balances):
            raise QuoteRefused("no_liquidity", "the pool lacks a token")
        return self.fee_ppm * ONE // PPM

    def _weights(self, token_in: int, token_out: int) -> tuple[int, int]:
        return self.pool.weights[token_in], self.pool.weights[token_out]

    def _factor(self, token: int) -> int:
        digits: int = DECIMALS - self.pool.tokens[token].decimals
        return 10**digits  # type: ignore[no-any-return]  # no token has more than 18 decimals

    def _scaled(self, token: int) -> int:
        return self.balances[token] * self._factor(token)

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

    def _quoted(self, token_in: int, token_out: int, paid: int, taken: int, fee: int) -> Quote:
        balances = list(self.balances)
        balances[token_in] += paid
        balances[token_out] -= taken
        return Quote(paid, taken, fee, 0, self._replace(balances=tuple(balances)))


def _product_up(one: int, other: int) -> int:
    return -(-one * other // ONE)


def _ratio_up(numerator: int, denominator: int) -> int:
    return -(-numerator * ONE // denominator)
