"""The bloom filter of a block's logs: 2,048 bits, three for each emitter and topic (Yellow Paper, 4.3.1)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from alphapulse.rules.evm.keccak import keccak256

BLOOM_BYTES = 256


@lru_cache(maxsize=16_384)
def bloom_bits(item: bytes) -> int:
    """The three bits that an address or a topic sets, in a number of 2,048 bits."""
    digest = keccak256(item)
    bits = 0
    for place in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[place : place + 2], "big") & 0x7FF)
    return bits


def bloom_of(logs: Iterable[tuple[bytes, Iterable[bytes]]]) -> bytes:
    """The bloom of logs, each an emitter and its topics."""
    bits = 0
    for emitter, topics in logs:
        bits |= bloom_bits(emitter)
        for topic in topics:
            bits |= bloom_bits(topic)
    return bits.to_bytes(BLOOM_BYTES, "big")


class Bloom:
    """A block's bloom, as its header gives it. Raises ValueError if it is not 256 bytes."""

    def __init__(self, raw: bytes) -> None:
        if len(raw) != BLOOM_BYTES:
            raise ValueError(f"expected a bloom of {BLOOM_BYTES} bytes, found {len(raw)}")
        self._bits = int.from_bytes(raw, "big")

    def may_hold(self, item: bytes) -> bool:
        """False if no log of the block has this emitter or topic; True says nothing for certain."""
        bits = bloom_bits(item)
        return self._bits & bits == bits

    @property
    def fill(self) -> int:
        """How many bits are set: the more, the less a True says."""
        return self._bits.bit_count()
