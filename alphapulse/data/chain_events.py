"""What a chain itself does: new heads, and blocks that it takes back."""

from __future__ import annotations

from alphapulse.data.wire import HASH, NAME, U64, U256, Domain, Maybe, message, wire


@message(type=213, domain=Domain.MARKET_DATA)
class ChainReorganised:
    """The chain took blocks back: everything behind the ancestor is undone; the new blocks' events follow."""

    stream: str = wire(NAME, "the collector's name")
    chain_id: int = wire(U64, "EVM chain")
    ancestor_number: int = wire(U64, "newest block that the old and the new chain share")
    ancestor_hash: bytes = wire(HASH)
    old_head_number: int = wire(U64, "newest block that was taken back")
    old_head_hash: bytes = wire(HASH)
    new_head_number: int = wire(U64, "newest block of the new chain")
    new_head_hash: bytes = wire(HASH)
    venue_time_ns: int = wire(U64, "timestamp of the new head", unit="ns since 1970 UTC")


@message(type=215, domain=Domain.MARKET_DATA)
class ChainHead:
    """A node told of a new newest block. Its logs may not be here yet: `BlockCompleted` says when they are."""

    stream: str = wire(NAME, "the collector's name")
    chain_id: int = wire(U64, "EVM chain")
    number: int = wire(U64, "block")
    hash: bytes = wire(HASH)
    parent_hash: bytes = wire(HASH)
    venue_time_ns: int = wire(U64, "block timestamp", unit="ns since 1970 UTC")
    received_ns: int = wire(U64, "wall clock at which the head was received", unit="ns since 1970 UTC", eq=False)
    base_fee_wei: int | None = wire(Maybe(U256), "absent before EIP-1559", unit="wei per gas")
    safe_number: int | None = wire(Maybe(U64), "newest block that the node calls safe; absent where it does not")
    settled_number: int | None = wire(Maybe(U64), "newest block that is final by the chain's rule; absent: unknown")
    provider: str = wire(NAME, "label of the node that told it, never its URL")
