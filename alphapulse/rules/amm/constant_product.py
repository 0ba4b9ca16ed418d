"""Constant product of two tokens: Uniswap V2 and its forks, each with its pool's real fee.

`amount_out` and `amount_in` are UniswapV2Library's getAmountOut and getAmountIn, with any fee; `keeps_product` is the
pair's own check (Uniswap v2-core, UniswapV2Pair.swap), which a router's amounts always pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Self

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, MarketEvent
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.pool_state import Quote, VirtualReserves, told_again
from alphapulse.rules.amm.swap_math import PPM

MAX_RESERVE = (1 << 112) - 1
"""What the pair can hold of a token; it refuses to take more."""

ROUTER_UNIT = 1_000
"""Routers count in thousandths where we count in millionths."""
WORD_BITS = 256

_new = tuple.__new__


def amount_out(amount_in: int, reserve_in: int, reserve_out: int, fee_ppm: int) -> int:
    """What a router expects for `amount_in`, rounded down. Reserves are above zero."""
    kept = amount_in * (PPM - fee_ppm)
    return kept * reserve_out // (reserve_in * PPM + kept)


def amount_in(amount_out: int, reserve_in: int, reserve_out: int, fee_ppm: int) -> int:
    """What a router pays in for `amount_out`, which is below `reserve_out`: one more than the quotient, as it does."""
    return reserve_in * amount_out * PPM // ((reserve_out - amount_out) * (PPM - fee_ppm)) + 1


def keeps_product(reserve_in: int, reserve_out: int, paid: int, taken: int, fee_ppm: int) -> bool:
    """True if the pair lets `taken` out for `paid`: the product after the fee is not less than before."""
    after = ((reserve_in + paid) * PPM - paid * fee_ppm) * (reserve_out - taken) * PPM
    return after >= reserve_in * reserve_out * PPM * PPM


class ConstantProductState(NamedTuple):
    """The reserves of a pair, in raw units. They are all that there is: a state that is known is proven.

    Quotes are a router's. It does not look whether the pair can hold so much: `most_in` says up to where it can.
    """

    reserve0: int
    reserve1: int
    stamp: LogStamp
    trust: Trust
    fee_ppm: int | None

    @classmethod
    def begun(cls, pool: Pool, event: object) -> Self | None:
        """The state behind a pair's first `Sync`; None for any other event."""
        return cls.told(event, pool.fee_ppm)

    @classmethod
    def told(cls, event: object, fee_ppm: int | None) -> Self | None:
        """The state that an event tells, of a pair with that fee; None if it tells none."""
        if isinstance(event, PoolSync):
            return cls(event.reserve0, event.reserve1, event.stamp, Trust.PROVEN, fee_ppm)
        return None

    def quote_in(self, token_in: int, token_out: int, amount_in: int) -> Quote:
        """What a router expects for `amount_in` (getAmountsOut)."""
        reserve_in, reserve_out, fee_ppm = self._usable(token_in, token_out)
        kept = amount_in * (PPM - fee_ppm)
        if amount_in <= 0 or kept // ROUTER_UNIT * reserve_out >> WORD_BITS:
            raise QuoteRefused("reverts", f"an input is above zero and fits a router, this was {amount_in}")
        return self._quoted(token_in, token_out, amount_in, kept * reserve_out // (reserve_in * PPM + kept), kept)

    def quote_out(self, token_in: int, token_out: int, amount_out: int) -> Quote:
        """What a router pays in for `amount_out` (getAmountsIn)."""
        reserve_in, reserve_out, fee_ppm = self._usable(token_in, token_out)
        if not 0 < amount_out < reserve_out or reserve_in * amount_out * ROUTER_UNIT >> WORD_BITS:
            raise QuoteRefused("reverts", f"an output is above zero and below {reserve_out}, this was {amount_out}")
        paid = amount_in(amount_out, reserve_in, reserve_out, fee_ppm)
        return self._quoted(token_in, token_out, paid, amount_out, paid * (PPM - fee_ppm))

    def price(self, token_in: int, token_out: int) -> tuple[int, int]:
        """Raw units out per raw unit in for a trade of no size, before the fee: (numerator, denominator)."""
        return (self.reserve1, self.reserve0) if token_in < token_out else (self.reserve0, self.reserve1)

    def virtual_reserves(self, token_in: int, token_out: int) -> VirtualReserves | None:
        """The reserves themselves; None if one is empty."""
        if not self.reserve0 or not self.reserve1 or self.fee_ppm is None:
            return None
        reserve_in, reserve_out = self.reserve0, self.reserve1
        if token_in > token_out:
            reserve_in, reserve_out = reserve_out, reserve_in
        return VirtualReserves(reserve_in, reserve_out, 1, PPM - self.fee_ppm)

    def most_in(self, token_in: int, token_out: int) -> int | None:
        """What the pair can still hold of the token paid in."""
        return MAX_RESERVE - (self.reserve0 if token_in < token_out else self.reserve1)

    def applied(self, event: object) -> Self:
        """The state behind an event of this pair; itself if the event changes nothing."""
        if isinstance(event, PoolSync):
            return _new(type(self), (event.reserve0, event.reserve1, event.stamp, self.trust, self.fee_ppm))
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

    def _usable(self, token_in: int, token_out: int) -> tuple[int, int, int]:
        if self.trust is Trust.DIVERGENT:
            raise QuoteRefused("divergent", "the pool is quarantined")
        if self.fee_ppm is None:
            raise QuoteRefused("fee_unknown", "the pair's fee is not known")
        if not self.reserve0 or not self.reserve1:
            raise QuoteRefused("no_liquidity", "the pair is empty")
        if token_in < token_out:
            return self.reserve0, self.reserve1, self.fee_ppm
        return self.reserve1, self.reserve0, self.fee_ppm

    def _quoted(self, token_in: int, token_out: int, paid: int, taken: int, kept: int) -> Quote:
        reserve0, reserve1, stamp, trust, fee_ppm = self
        change0, change1 = (paid, -taken) if token_in < token_out else (-taken, paid)
        after = _new(type(self), (reserve0 + change0, reserve1 + change1, stamp, trust, fee_ppm))
        return _new(Quote, (paid, taken, paid - kept // PPM, 0, after))
