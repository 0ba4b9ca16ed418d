"""Which logs are wanted: by topic, and by emitter where these are few."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from alphapulse.rules.evm.bloom import bloom_bits

MOST_ADDRESSES = 256
"""Emitters that a filter names; with more of them it asks for the topics alone."""


class LogFilter:
    """A filter of `eth_subscribe` and `eth_getLogs`: first topics of 32 bytes, and emitters (none: all)."""

    def __init__(
        self,
        topics: Iterable[bytes],
        addresses: Iterable[bytes] = (),
    ) -> None:
        self.topics = tuple(topics)
        self.addresses = tuple(addresses)
        if len(self.addresses) > MOST_ADDRESSES:
            self.addresses = ()
        self._topic_bits = [bloom_bits(topic) for topic in self.topics]
        self._address_bits = [bloom_bits(address) for address in self.addresses]

    def parameters(self) -> dict[str, Any]:
        """As it stands in JSON-RPC."""
        wanted: dict[str, Any] = {"topics": [[_hex(topic) for topic in self.topics]]} if self.topics else {}
        if self.addresses:
            wanted["address"] = [_hex(address) for address in self.addresses]
        return wanted

    def may_match(self, bloom: bytes) -> bool:
        """False if no log of a block with this bloom can pass; True says nothing for certain."""
        set_bits = int.from_bytes(bloom, "big")
        return _any_in(self._topic_bits, set_bits) and _any_in(self._address_bits, set_bits)

    def lets_through(self, emitter: bytes, topics: Sequence[bytes]) -> bool:
        """Whether a log of that emitter with these topics passes."""
        by_topic = not self.topics or (len(topics) > 0 and topics[0] in self.topics)
        return by_topic and (not self.addresses or emitter in self.addresses)

    def may_hold(self, bloom: bytes, emitter: bytes, topics: Iterable[bytes]) -> bool:
        """False if no log of that emitter with these topics is in a block with this bloom."""
        set_bits = int.from_bytes(bloom, "big")
        return all(set_bits & bits == bits for bits in map(bloom_bits, (emitter, *topics)))


def _any_in(wanted: list[int], set_bits: int) -> bool:
    return not wanted or any(set_bits & bits == bits for bits in wanted)


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"
