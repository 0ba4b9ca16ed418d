"""Snapshots: the state that a consumer starts from, in chunks."""

from __future__ import annotations

from alphapulse.data.wire import U16, U32, U64, Blob, Choice, Domain, message, wire

CHUNK_SIZE = 60_000
"""Bytes of a snapshot that one message holds at most."""


@message(type=101, domain=Domain.SYSTEM)
class Snapshot:
    """One chunk of a snapshot. The chunks' data in order are TLVs of the domain, as they stand in a frame's payload."""

    domain: Domain = wire(Choice(Domain))
    boot_id: int = wire(U64, "the relay's start")
    next_sequence: int = wire(U64, "first link sequence that the snapshot does not include")
    snapshot_id: int = wire(U32, "the same for all chunks")
    chunk: int = wire(U16, "number of this chunk, counted from 0")
    chunks: int = wire(U16, "chunks in all")
    size: int = wire(U64, "of all chunks' data", unit="bytes")
    checksum: int = wire(U32, "CRC-32 of all chunks' data")
    taken_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")
    data: bytes = wire(Blob(CHUNK_SIZE))
