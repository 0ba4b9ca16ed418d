"""The book of a relay: the newest state of every pool that events tell of, for those who come late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, Self

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, MarketEvent, PoolState, PoolSwap
from alphapulse.data.pool_events import PoolInitialized
from alphapulse.data.pool_reserves import PoolLiquidity, PoolSync, TokenReserve
from alphapulse.data.pools import Pool, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.algebra import AlgebraState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState, Quote, VirtualReserves
from alphapulse.rules.books.pool_book import PoolBook, Slot


class ToldState(AlgebraState):
    """A concentrated state of a pool of which only its events are known: its fee, if it is told, is passed on."""

    __slots__ = ()

    @classmethod
    def first_fee(cls, fee_ppm: int | None) -> int | None:
        """Unknown: whether the pool has a fee of its own is not told by its beginning."""
        return fee_ppm


class ToldReserves(NamedTuple):
    """What a pool of two or more tokens holds, of which only that is known: it is passed on, and not quoted."""

    reserves: tuple[TokenReserve, ...]
    stamp: LogStamp
    trust: Trust = Trust.PROVEN
    fee_ppm: int | None = None

    @classmethod
    def told(cls, event: object) -> Self | None:
        """The state that a snapshot tells; None for any other event."""
        return cls(event.reserves, event.stamp) if isinstance(event, PoolLiquidity) else None

    def quote_in(self, token_in: int, token_out: int, amount_in: int) -> Quote:
        """None: whose mathematics it is is not known."""
        raise QuoteRefused("fee_unknown", "nobody registered the pool")

    def quote_out(self, token_in: int, token_out: int, amount_out: int) -> Quote:
        """None, as above."""
        raise QuoteRefused("fee_unknown", "nobody registered the pool")

    def price(self, token_in: int, token_out: int) -> tuple[int, int]:
        """Unknown: nothing over nothing."""
        return 0, 0

    def virtual_reserves(self, token_in: int, token_out: int) -> VirtualReserves | None:
        """Unknown."""
        return None

    def most_in(self, token_in: int, token_out: int) -> int | None:
        """Unknown."""
        return None

    def applied(self, event: object) -> Self:
        """The state behind an event of this pool; itself if the event changes nothing."""
        if isinstance(event, PoolLiquidity):
            return self._replace(reserves=event.reserves, stamp=event.stamp)
        if isinstance(event, PoolTrustChanged) and event.trust is not self.trust:
            return self._replace(trust=event.trust)
        return self

    def messages(self, pool: InstrumentId) -> Iterator[MarketEvent]:
        """What was told."""
        yield PoolLiquidity(self.stamp, pool, self.reserves)
        if self.trust is not Trust.PROVEN:
            yield PoolTrustChanged(pool, self.trust, "as it stood", self.stamp.block_number)


Beginning = tuple[Callable[[object], AmmState | None], type]
"""How a state begins, and the event that says all that moves in a trade."""

_PAIR: Beginning = (partial(ConstantProductState.told, fee_ppm=None), PoolSync)
_TOLD: Beginning = (partial(ToldState.told, fee_ppm=None, spacing=1), PoolSwap)

BEGINNINGS: dict[type, Beginning] = {
    PoolSync: _PAIR,
    PoolSwap: _TOLD,
    PoolState: _TOLD,
    PoolInitialized: _TOLD,
    PoolLiquidity: (ToldReserves.told, PoolLiquidity),
}
"""By the event that is heard first of a pool that nobody registered."""


class MarketBook(PoolBook):
    """A pool book that takes every pool in. It quotes nothing: fees and spacings are not in the events."""

    def add(self, pool: Pool) -> None:
        """Nothing: a pool's place is made by the first event of it."""

    def _adopted(self, event: Any) -> Slot | None:
        beginning = BEGINNINGS.get(type(event))
        return None if beginning is None else self._place(event.pool, *beginning)
