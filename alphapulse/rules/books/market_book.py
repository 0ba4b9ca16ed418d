"""The book of a relay: the newest state of every pool that events tell of, for those who come late."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from alphapulse.data.market import PoolState, PoolSwap
from alphapulse.data.pool_events import PoolInitialized
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.rules.amm.algebra import AlgebraState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.books.pool_book import PoolBook, Slot


class ToldState(AlgebraState):
    """A concentrated state of a pool of which only its events are known: its fee, if it is told, is passed on."""

    __slots__ = ()

    @classmethod
    def first_fee(cls, fee_ppm: int | None) -> int | None:
        """Unknown: whether the pool has a fee of its own is not told by its beginning."""
        return fee_ppm


Beginning = tuple[Callable[[object], AmmState | None], type]
"""How a state begins, and the event that says all that moves in a trade."""

_PAIR: Beginning = (partial(ConstantProductState.told, fee_ppm=None), PoolSync)
_TOLD: Beginning = (partial(ToldState.told, fee_ppm=None, spacing=1), PoolSwap)

BEGINNINGS: dict[type, Beginning] = {PoolSync: _PAIR, PoolSwap: _TOLD, PoolState: _TOLD, PoolInitialized: _TOLD}
"""By the event that is heard first of a pool that nobody registered."""


class MarketBook(PoolBook):
    """A pool book that takes every pool in. It quotes nothing: fees and spacings are not in the events."""

    def _adopted(self, event: Any) -> Slot | None:
        beginning = BEGINNINGS.get(type(event))
        return None if beginning is None else self._place(event.pool, *beginning)
