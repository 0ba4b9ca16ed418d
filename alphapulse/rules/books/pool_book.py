"""The newest state of every pool: a replica that each consumer keeps for itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import (
    BlockCompleted,
    LogStamp,
    MarketEvent,
    PoolBurn,
    PoolMint,
    PoolState,
    PoolSwap,
    StreamState,
    StreamStatus,
)

Position = tuple[int, int]
"""(block number, log index): where a state holds from."""


class RangeState(NamedTuple):
    """A pool's price and liquidity in the range that holds its tick, and the event after which they hold."""

    sqrt_price_x96: int
    liquidity: int
    tick: int
    stamp: LogStamp


_new_state = tuple.__new__  # a third of the constructor's time, for each swap in each book


class PoolBook:
    """The pools' newest states, fed with events in chain order.

    A state is known from a pool's first swap (or snapshot) on. Its liquidity is that of the last swap, corrected by
    each later mint or burn whose range holds the tick (Uniswap V3 core, `_modifyPosition`).
    """

    def __init__(self) -> None:
        self._states: dict[InstrumentId, RangeState] = {}

    def apply(self, event: MarketEvent) -> PoolSwap | None:
        """Take one event in. Returns it if it was a swap: the moment at which an opportunity can open."""
        if isinstance(event, PoolSwap):
            self._states[event.pool] = _new_state(
                RangeState, (event.sqrt_price_x96, event.liquidity, event.tick, event.stamp)
            )
            return event
        if isinstance(event, BlockCompleted):
            return None
        if isinstance(event, PoolMint):
            self._shift(event, event.liquidity)
        elif isinstance(event, PoolBurn):
            self._shift(event, -event.liquidity)
        elif isinstance(event, PoolState):
            self._states[event.pool] = RangeState(event.sqrt_price_x96, event.liquidity, event.tick, event.stamp)
        elif isinstance(event, StreamStatus) and event.state is StreamState.RESET:
            self._states.clear()
        return None

    def state(self, pool: InstrumentId) -> RangeState | None:
        """The newest state of a pool, None while it is unknown."""
        return self._states.get(pool)

    def snapshot(self) -> Iterator[PoolState]:
        """Every known pool's newest state, as the messages from which another book can start."""
        for pool, state in self._states.items():
            yield PoolState(state.stamp, pool, state.sqrt_price_x96, state.liquidity, state.tick)

    def _shift(self, event: PoolMint | PoolBurn, liquidity: int) -> None:
        state = self._states.get(event.pool)
        if state is not None and event.tick_lower <= state.tick < event.tick_upper:
            # Liquidity below zero would say that an event is missing; none is invented to make it up.
            changed = max(0, state.liquidity + liquidity)
            self._states[event.pool] = RangeState(state.sqrt_price_x96, changed, state.tick, event.stamp)
