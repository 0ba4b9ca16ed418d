"""Pools of the Solidly family (Aerodrome, Velodrome V2): volatile x·y and stable x³y + xy³, the fee taken out first.

Equal to `getAmountOut` of Aerodrome's Pool.sol. Reserves and amounts are raw units; the stable curve computes with both
tokens at 18 decimals. There is no `getAmountIn`: what is quoted for an output is the least input that pays it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Self

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, MarketEvent
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool, PoolKind, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.least_input import least_input
from alphapulse.rules.amm.pool_state import Quote, VirtualReserves, told_again
from alphapulse.rules.amm.swap_math import PPM

ONE = 10**18
ROUNDS = 255
WORD_BITS = 256


class SolidlyState(NamedTuple):
    """The reserves of a pool of two tokens; `units` are one whole token of each in raw units."""

    reserve0: int
    reserve1: int
    stamp: LogStamp
    trust: Trust
    fee_ppm: int | None
    units: tuple[int, int]
    stable: bool

    @classmethod
    def begun(cls, pool: Pool, event: object) -> Self | None:
        """The state behind a pool's first `Sync`; None for any other event."""
        if not isinstance(event, PoolSync):
            return None
        units = 10**pool.token0.decimals, 10**pool.token1.decimals
        stable = pool.kind is PoolKind.SOLIDLY_STABLE
        return cls(event.reserve0, event.reserve1, event.stamp, Trust.PROVEN, pool.fee_ppm, units, stable)

    def quote_in(self, token_in: int, token_out: int, amount_in: int) -> Quote:
        """What the pool pays for `amount_in` (getAmountOut)."""
        self._check()
        if amount_in <= 0:
            raise QuoteRefused("reverts", f"an input is above zero, this was {amount_in}")
        return self._quoted(token_in, amount_in, self._pays(token_in, amount_in))

    def quote_out(self, token_in: int, token_out: int, amount_out: int) -> Quote:
        """The least input that pays `amount_out`, and what it pays, which may be more."""
        self._check()
        reserve_in, reserve_out = self._sides(token_in)
        if not 0 < amount_out < reserve_out:
            raise QuoteRefused("reverts", f"an output is above zero and below {reserve_out}, this was {amount_out}")
        guess = reserve_in * amount_out // (reserve_out - amount_out)
        if self.stable:
            guess = min(guess, amount_out * self.units[token_in] // self.units[token_out])
        paid = least_input(lambda amount: self._pays(token_in, amount), amount_out, guess)
        return self._quoted(token_in, paid, self._pays(token_in, paid))

    def price(self, token_in: int, token_out: int) -> tuple[int, int]:
        """Raw units out per raw unit in for a trade of no size, before the fee: (numerator, denominator)."""
        reserve_in, reserve_out = self._sides(token_in)
        if not self.stable:
            return reserve_out, reserve_in
        x, y = reserve_in * self.units[token_out], reserve_out * self.units[token_in]
        return (
            (3 * x * x * y + y * y * y) * self.units[token_out],
            (x * x * x + 3 * x * y * y) * self.units[token_in],
        )

    def virtual_reserves(self, token_in: int, token_out: int) -> VirtualReserves | None:
        """The reserves of a volatile pool; None for a stable or an empty one."""
        reserve_in, reserve_out = self._sides(token_in)
        if self.stable or not reserve_in or not reserve_out or self.fee_ppm is None:
            return None
        return VirtualReserves(reserve_in, reserve_out, 1, PPM - self.fee_ppm)

    def most_in(self, token_in: int, token_out: int) -> int | None:
        """None: there is no end."""
        return None

    def applied(self, event: object) -> Self:
        """The state behind an event of this pool; itself if the event changes nothing."""
        if isinstance(event, PoolSync):
            return self._replace(reserve0=event.reserve0, reserve1=event.reserve1, stamp=event.stamp)
        if isinstance(event, PoolTrustChanged) and event.trust is not self.trust:
            return self._replace(trust=event.trust)
        return self

    def messages(self, pool: InstrumentId) -> Iterator[MarketEvent]:
        """The reserves, and the word that they are not to be used, if so.

        Without a transaction: it is told anew, and did not happen again.
        """
        yield PoolSync(told_again(self.stamp), pool, self.reserve0, self.reserve1)
        if self.trust is not Trust.PROVEN:
            yield PoolTrustChanged(pool, self.trust, "as it stood", self.stamp.block_number)

    def _check(self) -> None:
        if self.trust is Trust.DIVERGENT:
            raise QuoteRefused("divergent", "the pool is quarantined")
        if self.fee_ppm is None:
            raise QuoteRefused("fee_unknown", "the pool's fee is not known")
        if not self.reserve0 or not self.reserve1:
            raise QuoteRefused("no_liquidity", "the pool is empty")

    def _sides(self, token_in: int) -> tuple[int, int]:
        return (self.reserve1, self.reserve0) if token_in else (self.reserve0, self.reserve1)

    def _pays(self, token_in: int, amount_in: int) -> int:
        amount = amount_in - amount_in * (self.fee_ppm or 0) // PPM
        reserve_in, reserve_out = self._sides(token_in)
        if not self.stable:
            return amount * reserve_out // (reserve_in + amount)
        unit_in, unit_out = self.units[token_in], self.units[1 - token_in]
        x, y = reserve_in * ONE // unit_in, reserve_out * ONE // unit_out
        left = stable_reserve(x + amount * ONE // unit_in, _product(x, y), y, self.units)
        if left > y:
            raise QuoteRefused("reverts", "the curve's rounding gives less than nothing")
        return (y - left) * unit_out // ONE

    def _quoted(self, token_in: int, paid: int, taken: int) -> Quote:
        fee = paid * (self.fee_ppm or 0) // PPM
        reserve_in, reserve_out = self._sides(token_in)
        if taken >= reserve_out:
            raise QuoteRefused("reverts", f"an output is below the reserve of {reserve_out}, this was {taken}")
        reserve_in, reserve_out = reserve_in + paid - fee, reserve_out - taken
        reserve0, reserve1 = (reserve_out, reserve_in) if token_in else (reserve_in, reserve_out)
        return Quote(paid, taken, fee, 0, self._replace(reserve0=reserve0, reserve1=reserve1))


def stable_reserve(x: int, product: int, y: int, units: tuple[int, int] = (ONE, ONE)) -> int:
    """The reserve that goes with `x` on the curve, by Newton's method from `y`, rounded as the contract rounds it.

    One comparison of the contract scales by the tokens' `units` what is scaled already; where they are not 18 decimals
    it ends the search a step earlier.

    Raises:
        QuoteRefused: it is not found within 255 rounds, or a number leaves 256 bits.
    """
    for _ in range(ROUNDS):
        found, slope = _product(x, y), 3 * x * (y * y // ONE) // ONE + x * x // ONE * x // ONE
        if not slope:
            break
        missing = product - found
        step = abs(missing) * ONE // slope
        if missing > 0:
            if not step:
                if _product(x * ONE // units[0], (y + 1) * ONE // units[1]) > product:
                    return y + 1
                step = 1
            y += step
        else:
            if not step:
                if not missing or _product(x, y - 1) < product:
                    return y
                step = 1
            y -= step
            if y < 0:
                break
    raise QuoteRefused("reverts", "the curve has no such point")


def _product(x: int, y: int) -> int:
    """x³y + xy³ with 18 decimals, each division rounded down."""
    straight, squares = x * y, x * x // ONE + y * y // ONE
    product = straight // ONE * squares
    if max(straight, x * x, y * y, product) >> WORD_BITS:
        raise QuoteRefused("reverts", f"reserves that leave 256 bits: {x} and {y}")
    return product // ONE
