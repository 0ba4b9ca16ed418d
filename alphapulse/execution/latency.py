"""How long after the seen state a paper trade is included, and where that is in the recording."""

from __future__ import annotations

import attrs

from alphapulse.data.market import BLOCK_END
from alphapulse.rules.books.pool_book import Position
from alphapulse.rules.books.pool_history import PoolHistory


@attrs.frozen
class LogLatency:
    """Included behind `logs` further logs of admitted pools in the same block, or at its end if fewer remain."""

    logs: int

    def position(self, chain_id: int, seen: Position, history: PoolHistory, complete_through: int) -> Position | None:
        """Where the trade is included, None while that is not known yet."""
        if not self.logs:
            return seen
        later = history.logs_after(chain_id, seen)
        if len(later) >= self.logs:
            return seen[0], later[self.logs - 1]
        return (seen[0], BLOCK_END) if complete_through >= seen[0] else None

    def describe(self) -> str:
        """The assumption in words, as it stands on every fill and on the page."""
        if not self.logs:
            return "filled directly behind the opening swap, before any other log"
        return f"filled behind {self.logs} further log(s) of the watched pools, at block end if fewer follow"


@attrs.frozen
class BlockLatency:
    """Included at the end of the block that comes `blocks` after the seen one."""

    blocks: int

    def position(self, chain_id: int, seen: Position, history: PoolHistory, complete_through: int) -> Position | None:
        """Where the trade is included, None while that block is not complete."""
        block_number = seen[0] + self.blocks
        return (block_number, BLOCK_END) if complete_through >= block_number else None

    def describe(self) -> str:
        """The assumption in words, as it stands on every fill and on the page."""
        if not self.blocks:
            return "filled at the end of the seen block"
        return f"filled at the end of the block {self.blocks} after the seen one"


Latency = LogLatency | BlockLatency
