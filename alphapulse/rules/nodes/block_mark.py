"""What a node says of a block, as far as it tells whether nodes agree. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from alphapulse.errors import LogRefused
from alphapulse.rules.events.hex_text import read_block_hash, read_block_number

GENESIS: Final = "0x0"
LATEST: Final = "latest"


class RpcBlock(msgspec.Struct, frozen=True, rename="camel"):
    """A block's header in JSON; what else a node tells is not looked at."""

    number: str
    hash: str
    parent_hash: str
    timestamp: str


class BlockMark(NamedTuple):
    """A block by its number, its hash and its parent's."""

    number: int
    block_hash: bytes
    parent_hash: bytes
    time_s: int


def read_block(block: RpcBlock) -> BlockMark | None:
    """The block; None if its texts are not what they must be."""
    try:
        return BlockMark(
            read_block_number(block.number),
            read_block_hash(block.hash),
            read_block_hash(block.parent_hash),
            read_block_number(block.timestamp),
        )
    except LogRefused:
        return None
