"""The state of pools after each of their events, readable at any position of the last blocks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import (
    LogStamp,
    MarketEvent,
    PoolBurn,
    PoolCollect,
    PoolMint,
    PoolState,
    PoolSwap,
    StreamState,
    StreamStatus,
)

HISTORY_BLOCKS = 64
"""Blocks whose states stay readable; a fill is priced at most a few blocks behind the newest."""

PRUNE_AT = 256
"""States of one pool after which old ones are looked for: rarely, so that an event costs the same on average."""

Position = tuple[int, int]
BLOCK_END = (1 << 32) - 1
"""A log index behind every real one: the end of a block."""


class RangeState(NamedTuple):
    """A pool's price and liquidity in the range that holds its tick, and the event after which they hold."""

    sqrt_price_x96: int
    liquidity: int
    tick: int
    stamp: LogStamp


class _Track:
    """One pool: parallel lists of positions and the states behind them, oldest first."""

    __slots__ = ("positions", "states")

    def __init__(self) -> None:
        self.positions: list[Position] = []
        self.states: list[RangeState] = []

    def put(self, state: RangeState) -> None:
        self.positions.append(state.stamp.position)
        self.states.append(state)
        if len(self.positions) > PRUNE_AT:
            self._forget_before(state.stamp.block_number - HISTORY_BLOCKS)

    def _forget_before(self, block_number: int) -> None:
        """Drop states that no position from `block_number` on can see; the one in force there stays."""
        keep = bisect_right(self.positions, (block_number, -1)) - 1
        if keep > 0:
            del self.positions[:keep]
            del self.states[:keep]


class PoolBook:
    """A replica of all pools' states, fed with events in chain order.

    A state is known from a pool's first swap (or snapshot) on. Its liquidity is that of the last swap, corrected by
    each later mint or burn whose range holds the tick (Uniswap V3 core, `_modifyPosition`).
    """

    def __init__(self) -> None:
        self._tracks: dict[InstrumentId, _Track] = {}
        self._logs: dict[int, list[int]] = {}

    def apply(self, event: MarketEvent) -> PoolSwap | None:
        """Take one event in. Returns it if it was a swap: the moment at which an opportunity can open."""
        if isinstance(event, PoolSwap):
            stamp = event.stamp
            self._track(event.pool).put(RangeState(event.sqrt_price_x96, event.liquidity, event.tick, stamp))
            self._note(stamp)
            return event
        if isinstance(event, PoolMint | PoolBurn):
            self._note(event.stamp)
            self._shift(event, event.liquidity if isinstance(event, PoolMint) else -event.liquidity)
        elif isinstance(event, PoolCollect):
            self._note(event.stamp)
        elif isinstance(event, PoolState):
            self._track(event.pool).put(
                RangeState(event.sqrt_price_x96, event.liquidity, event.tick, event.stamp),
            )
        elif isinstance(event, StreamStatus) and event.state is StreamState.RESET:
            self._tracks.clear()
            self._logs.clear()
        return None

    def state(self, pool: InstrumentId) -> RangeState | None:
        """The newest state of a pool, None while it is unknown."""
        track = self._tracks.get(pool)
        return track.states[-1] if track is not None else None

    def state_at(self, pool: InstrumentId, position: Position) -> RangeState | None:
        """The state directly behind `position`, None if it is unknown or no longer kept."""
        track = self._tracks.get(pool)
        if track is None:
            return None
        found = bisect_right(track.positions, position)
        return track.states[found - 1] if found else None

    def logs_after(self, position: Position) -> list[int]:
        """Log indices of admitted logs behind `position` in the same block, in order."""
        block_number, log_index = position
        logs = self._logs.get(block_number, [])
        return logs[bisect_right(logs, log_index) :]

    def snapshot(self) -> Iterator[PoolState]:
        """Every known pool's newest state, as the messages from which another book can start."""
        for pool, track in self._tracks.items():
            state = track.states[-1]
            yield PoolState(state.stamp, pool, state.sqrt_price_x96, state.liquidity, state.tick)

    def _track(self, pool: InstrumentId) -> _Track:
        track = self._tracks.get(pool)
        if track is None:
            track = self._tracks[pool] = _Track()
        return track

    def _shift(self, event: PoolMint | PoolBurn, liquidity: int) -> None:
        state = self.state(event.pool)
        if state is not None and event.tick_lower <= state.tick < event.tick_upper:
            changed = max(0, state.liquidity + liquidity)
            self._tracks[event.pool].put(
                RangeState(state.sqrt_price_x96, changed, state.tick, event.stamp),
            )

    def _note(self, stamp: LogStamp) -> None:
        logs = self._logs.get(stamp.block_number)
        if logs is None:
            self._logs[stamp.block_number] = [stamp.log_index]
            while (oldest := next(iter(self._logs))) < stamp.block_number - HISTORY_BLOCKS:
                del self._logs[oldest]
        else:
            logs.append(stamp.log_index)
