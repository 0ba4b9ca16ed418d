"""The blocks of a chain as the books have taken them in: their hashes and times, and which one is complete. Pure."""

from __future__ import annotations

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.instruments import CHAIN_OF_VENUE
from alphapulse.data.market import BlockCompleted, StreamState, StreamStatus

BLOCKS_KEPT = 4_096
"""More than a reorganisation may take back; the oldest are forgotten first."""

TRUSTED = (StreamState.FRESH, StreamState.QUIET)


class BlockClock:
    """Fed with the market data of one chain."""

    def __init__(self, chain_id: int) -> None:
        self.chain_id = chain_id
        self.head: ChainHead | None = None
        """The newest that a node told of."""
        self.complete_through = -1
        self.follows = False
        """Whether the stream is whole, so that a block that is not there yet will come."""
        self._blocks: dict[int, BlockCompleted] = {}

    def take(self, message: object) -> None:
        """Fold one message; those of other chains are passed over."""
        match message:
            case ChainHead() if message.chain_id == self.chain_id:
                self.head = message
            case BlockCompleted() if message.chain_id == self.chain_id:
                self._blocks[message.block_number] = message
                self.complete_through = message.block_number
                while len(self._blocks) > BLOCKS_KEPT:
                    del self._blocks[next(iter(self._blocks))]
            case ChainReorganised() if message.chain_id == self.chain_id:
                for number in [number for number in self._blocks if number > message.ancestor_number]:
                    del self._blocks[number]
                self.complete_through = min(self.complete_through, message.ancestor_number)
            case StreamStatus() if CHAIN_OF_VENUE.get(message.venue) == self.chain_id:  # type: ignore[call-overload]
                self.follows = message.state in TRUSTED
                if message.state is StreamState.RESET:
                    self._blocks.clear()
                    self.complete_through = -1

    def awaits(self, number: int, block_hash: bytes) -> bool:
        """Whether that block is still to come: it is not complete yet, or another one stands in its place."""
        known = self._blocks.get(number)
        if known is not None:
            return known.block_hash not in (None, block_hash)
        return self.follows and number > self.complete_through

    def time_ns(self, number: int) -> int | None:
        """A block's time, ns since 1970; None if it is not known any more."""
        known = self._blocks.get(number)
        return None if known is None else known.venue_time_ns
