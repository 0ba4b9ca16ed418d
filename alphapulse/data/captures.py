"""What was received, as it was received."""

from __future__ import annotations

from alphapulse.data.wire import NAME, U16, U64, Blob, Domain, message, wire

CHUNK_SIZE = 60_000
"""Bytes of one input that a RawInput holds at most; a longer input is several."""


@message(type=116, domain=Domain.SYSTEM)
class RawInput:
    """Bytes that a source received: a whole input, or one chunk of a longer one."""

    source: str = wire(NAME, "the collector's name and connection")
    received_ns: int = wire(U64, "wall clock; the same for all chunks of an input", unit="ns since 1970 UTC")
    chunk: int = wire(U16, "number of this chunk, counted from 0")
    chunks: int = wire(U16, "chunks of the input; 1 if it is whole")
    data: bytes = wire(Blob(CHUNK_SIZE), "as received")
