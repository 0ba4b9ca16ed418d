"""Recursive Length Prefix, the encoding that Ethereum hashes and signs (Yellow Paper, appendix B)."""

from __future__ import annotations

from collections.abc import Iterable

SHORT = 55
"""Bytes of content up to which the prefix tells the length itself."""


def rlp_bytes(value: bytes) -> bytes:
    """A string of bytes; numbers are given big-endian without leading zeros."""
    if len(value) == 1 and value[0] < 0x80:
        return value
    return _prefix(len(value), 0x80) + value


def rlp_list(items: Iterable[bytes]) -> bytes:
    """A list of strings of bytes."""
    return rlp_joined(map(rlp_bytes, items))


def rlp_joined(encoded: Iterable[bytes]) -> bytes:
    """A list of items that are encoded already: strings, or lists of their own."""
    content = b"".join(encoded)
    return _prefix(len(content), 0xC0) + content


def rlp_number(value: int) -> bytes:
    """A natural number: big-endian, without leading zeros; 0 is the empty string."""
    return rlp_bytes(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _prefix(size: int, offset: int) -> bytes:
    if size <= SHORT:
        return bytes((offset + size,))
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((offset + SHORT + len(length),)) + length
