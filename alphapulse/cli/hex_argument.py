"""Bytes that somebody types or pastes as hex."""

from __future__ import annotations

import string

from alphapulse.errors import InvalidValue

_DIGITS = frozenset(string.hexdigits)


def read_hex(text: str) -> bytes:
    """The bytes of hex digits, between which white space may stand, and `0x` before any run of them.

    Raises:
        InvalidValue: another character, or a digit without its second; `offset` is that of the byte it belongs to.
    """
    digits = "".join(word[2:] if word[:2] in {"0x", "0X"} else word for word in text.split())
    for index, digit in enumerate(digits):
        if digit not in _DIGITS:
            raise _not_hex(repr(digit), index // 2, "give the bytes as 00 to ff; white space and 0x may stand between")
    if len(digits) % 2:
        raise _not_hex(f"{len(digits)} digits", len(digits) // 2, "each byte has two digits, the last one has only one")
    return bytes.fromhex(digits)


def _not_hex(found: str, offset: int, hint: str) -> InvalidValue:
    return InvalidValue("hex text", expected="pairs of hexadecimal digits", found=found, offset=offset, hint=hint)
