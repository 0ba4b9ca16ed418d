"""Where on its chain, and when, something happened."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import HASH, U32, U64, Maybe, Record, record, wire

BLOCK_END = (1 << 32) - 1
"""A log index behind every real one: the end of a block."""


@record
class LogStamp:
    """Where on its chain, and when, a log was emitted and received.

    A state that was read at a block instead of told by a log stands behind all of the block's logs: both positions are
    `BLOCK_END`, and there is no transaction.
    """

    block_number: int = wire(U64, "block")
    log_index: int = wire(U32, "position of the log in its block; 2^32 - 1 at its end")
    transaction_index: int = wire(U32, "position of the transaction in its block; 2^32 - 1 at its end")
    transaction_hash: bytes | None = wire(Maybe(HASH), "transaction that emitted the log; absent at a block's end")
    block_hash: bytes | None = wire(Maybe(HASH), "block hash; absent where the source does not tell it")
    venue_time_ns: int = wire(U64, "block timestamp", unit="ns since 1970 UTC")
    received_ns: int = wire(U64, "wall clock at which the frame was received", unit="ns since 1970 UTC", eq=False)

    @property
    def position(self) -> tuple[int, int]:
        """(block number, log index): the order of logs on a chain."""
        return self.block_number, self.log_index


STAMP = Record(LogStamp)
POOL = Record(InstrumentId)
