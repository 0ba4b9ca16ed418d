"""How a live chain is collected."""

from __future__ import annotations

import attrs

from alphapulse.rules.chain.finality import FinalityRule


@attrs.frozen
class EvmTerms:
    """One chain as one collector follows it. `name` is the collector's, and the stream's.

    `verify_ppm` is the chance, for each block, that pools are compared with their contracts at its end. With `pending`
    transactions that are not mined yet are simulated.
    """

    name: str
    chain_id: int
    block_time_ms: int
    finality: FinalityRule
    verify_ppm: int
    pending: bool = False

    @property
    def silent_ns(self) -> int:
        """After so long without a block the stream is stale."""
        return SILENT_BLOCKS * self.block_time_ms * 1_000_000

    @property
    def lag_blocks(self) -> int:
        """How far behind the newest head a block may be and still be fresh: less than a second's worth."""
        return 999 // self.block_time_ms


SILENT_BLOCKS = 3
"""Block times without a block after which a stream is stale."""
