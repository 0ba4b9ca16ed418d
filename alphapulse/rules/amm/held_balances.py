"""What pools of two or more tokens have in common that are known by what they hold: Curve's and Balancer's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Self

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, MarketEvent
from alphapulse.data.pool_reserves import PoolLiquidity, TokenReserve
from alphapulse.data.pools import Pool, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import QuoteRefused

DECIMALS = 18
"""To which the contracts scale every balance."""


class HeldBalances(NamedTuple):
    """Balances in raw units, in the order of `pool.tokens`. What else a kind needs is registered with the pool."""

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

    def usable_fee_ppm(self, what: str, *, registered: bool) -> int:
        """The fee of a pool that can be asked. `what` has to be `registered` with it too.

        Raises:
            QuoteRefused: it is quarantined, not all of it is registered, or it lacks a token.
        """
        if self.trust is Trust.DIVERGENT:
            raise QuoteRefused("divergent", "the pool is quarantined")
        if self.fee_ppm is None or not registered:
            raise QuoteRefused("fee_unknown", f"the pool's fee and {what} have to be registered")
        if not all(self.balances):
            raise QuoteRefused("no_liquidity", "the pool lacks a token")
        return self.fee_ppm

    def factor(self, token: int) -> int:
        """By which a token's raw units are scaled to 18 decimals."""
        digits: int = DECIMALS - self.pool.tokens[token].decimals
        return 10**digits  # type: ignore[no-any-return]  # no token has more than 18 decimals

    def traded(self, token_in: int, token_out: int, paid: int, taken: int) -> Self:
        """The state behind a trade."""
        balances = list(self.balances)
        balances[token_in] += paid
        balances[token_out] -= taken
        return self._replace(balances=tuple(balances))
