"""The states of pools at every position of the last blocks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, Final

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, PoolBurn, PoolCollect, PoolMint, PoolSwap
from alphapulse.data.pair_events import PairBurn, PairMint, PairSwap
from alphapulse.data.pool_events import PoolFeeChanged, PoolFlash, PoolInitialized
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.books.pool_book import HISTORY_BLOCKS, PoolBook, Position

LOGS: Final = frozenset(
    (
        PoolSwap,
        PoolMint,
        PoolBurn,
        PoolCollect,
        PoolSync,
        PairSwap,
        PairMint,
        PairBurn,
        PoolInitialized,
        PoolFlash,
        PoolFeeChanged,
    )
)
"""Events that are logs of a pool, whether they change its state or not."""


class PoolHistory(PoolBook):
    """A pool book that remembers what each pool's state was directly behind each log of the last 2,000 blocks."""

    _each_change = True

    def __init__(self, pools: Iterable[Pool] = ()) -> None:
        self._logs: dict[int, _Logs] = {}
        self._logs_of: dict[InstrumentId, _Logs] = {}
        super().__init__(pools)

    def add(self, pool: Pool) -> None:
        """Follow a pool from now on; one that is followed already goes on as it is."""
        super().add(pool)
        self._logs_of[pool.id] = self._logs.setdefault(pool.id.chain_id or 0, _Logs())

    def remove(self, pool: InstrumentId) -> None:
        """Forget a pool; nothing happens if it was not followed."""
        super().remove(pool)
        self._logs_of.pop(pool, None)

    def apply(self, event: Any) -> Any | None:
        """Take one event in, in chain order; returns what the book returns."""
        if type(event) in LOGS and (logs := self._logs_of.get(event.pool)) is not None:
            logs.note(event.stamp)
        return super().apply(event)

    def state_at(self, pool: InstrumentId, position: Position) -> AmmState | None:
        """The state directly behind `position`, None if it is unknown or no longer kept."""
        slot = self._slots.get(pool)
        if slot is None:
            return None
        state = slot.current()
        if state is None or state.stamp.position <= position:
            return state
        for _, other, before, latest in reversed(slot.chain.undo):
            newest = latest or before
            if other is slot and (newest is None or newest.stamp.position <= position):
                return before if before is None or latest is None else before.applied(latest)
        return None

    def logs_after(self, chain_id: int, position: Position) -> list[int]:
        """Log indices of the pools' logs behind `position` in the same block, in order."""
        block_number, log_index = position
        chain = self._logs.get(chain_id)
        logs = [] if chain is None else chain.blocks.get(block_number, [])
        return logs[bisect_right(logs, log_index) :]

    def roll_back(self, chain_id: int, block_number: int) -> None:
        """Take a chain back to the end of a block, its logs too."""
        super().roll_back(chain_id, block_number)
        if (logs := self._logs.get(chain_id)) is not None:
            logs.roll_back(block_number)

    def _forget(self, venue: int) -> None:
        super()._forget(venue)
        for chain_id, chain in self._chains.items():
            if chain.newest < 0:
                self._logs[chain_id].roll_back(-1)


class _Logs:
    """The log indices of one chain's newest blocks."""

    __slots__ = ("blocks", "in_block", "newest")

    def __init__(self) -> None:
        self.blocks: dict[int, list[int]] = {}
        self.newest = -1
        self.in_block: list[int] = []

    def note(self, stamp: LogStamp) -> None:
        block_number = stamp.block_number
        if block_number != self.newest:
            self.newest = block_number
            self.in_block = self.blocks.setdefault(block_number, [])
            while (oldest := next(iter(self.blocks))) < block_number - HISTORY_BLOCKS:
                del self.blocks[oldest]
        self.in_block.append(stamp.log_index)

    def roll_back(self, block_number: int) -> None:
        self.newest = -1
        for number in [number for number in self.blocks if number > block_number]:
            del self.blocks[number]
