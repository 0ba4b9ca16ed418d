"""The states of pools at every position of the last blocks."""

from __future__ import annotations

from bisect import bisect_right

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import (
    BlockCompleted,
    LogStamp,
    MarketEvent,
    PoolBurn,
    PoolCollect,
    PoolMint,
    PoolState,
    PoolSwap,
    StreamState,
)
from alphapulse.rules.books.pool_book import PoolBook, Position, RangeState

HISTORY_BLOCKS = 64
"""Blocks whose states stay readable; a fill is priced at most a few blocks behind the newest."""

PRUNE_AT = 256
"""States of one pool after which old ones are looked for: rarely, so that an event costs the same on average."""

POOL_EVENTS = (PoolSwap, PoolMint, PoolBurn, PoolCollect)


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


class PoolHistory:
    """A pool book that remembers what each pool's state was directly behind each log of the last 64 blocks."""

    def __init__(self) -> None:
        self.book = PoolBook()
        self._tracks: dict[InstrumentId, _Track] = {}
        self._logs: dict[int, list[int]] = {}

    def apply(self, event: MarketEvent) -> PoolSwap | None:
        """Take one event in, in chain order. Returns it if it was a swap, as the book does."""
        if isinstance(event, BlockCompleted):
            return None
        swap = self.book.apply(event)
        if isinstance(event, POOL_EVENTS):
            self._note(event.stamp)
            state = self.book.state(event.pool)
            if state is not None and state.stamp is event.stamp:
                self._track(event.pool).put(state)
        elif isinstance(event, PoolState):
            if (state := self.book.state(event.pool)) is not None:
                self._track(event.pool).put(state)
        elif event.state is StreamState.RESET:
            self._tracks.clear()
            self._logs.clear()
        return swap

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

    def _track(self, pool: InstrumentId) -> _Track:
        track = self._tracks.get(pool)
        if track is None:
            track = self._tracks[pool] = _Track()
        return track

    def _note(self, stamp: LogStamp) -> None:
        logs = self._logs.get(stamp.block_number)
        if logs is None:
            self._logs[stamp.block_number] = [stamp.log_index]
            while (oldest := next(iter(self._logs))) < stamp.block_number - HISTORY_BLOCKS:
                del self._logs[oldest]
        else:
            logs.append(stamp.log_index)
