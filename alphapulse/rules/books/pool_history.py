"""The states of pools at every position of the last blocks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import PoolCollect
from alphapulse.data.pair_events import PairBurn, PairMint, PairSwap
from alphapulse.data.pool_events import PoolFlash
from alphapulse.data.pools import Pool
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.books.pool_book import BlockLogs, PoolBook, Position

OTHER_LOGS: Final = (PoolCollect, PairSwap, PairMint, PairBurn, PoolFlash)
"""Logs of a pool that change nothing of its state."""


class PoolHistory(PoolBook):
    """A pool book that remembers what each pool's state was directly behind each log of the last 2,000 blocks."""

    _each_change = True

    def __init__(self, pools: Iterable[Pool] = ()) -> None:
        self._logs: dict[int, BlockLogs] = {}
        super().__init__(pools)

    def add(self, pool: Pool) -> None:
        """Follow a pool from now on; one that is followed already goes on as it is."""
        super().add(pool)
        self._slots[pool.id].logs = self._logs.setdefault(pool.id.chain_id or 0, BlockLogs())

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

    def _pass(self, event: object) -> None:
        if isinstance(event, OTHER_LOGS):
            slot = self._slots.get(event.pool)
            if slot is not None and slot.logs is not None:
                slot.logs.note(event.stamp)
        else:
            super()._pass(event)

    def _forget(self, venue: int) -> None:
        super()._forget(venue)
        for chain_id, chain in self._chains.items():
            if chain.newest < 0:
                self._logs[chain_id].roll_back(-1)
