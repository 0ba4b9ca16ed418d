"""Addresses as people read and type them: with a checksum in the case of their letters (EIP-55)."""

from __future__ import annotations

import re

from alphapulse.rules.evm.keccak import keccak256

_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
HIGH_NIBBLE = 8


def checksum_address(address: bytes) -> str:
    """`0x` and 40 digits, a letter large where the hash of the small ones says so."""
    small = address.hex()
    digest = keccak256(small.encode()).hex()
    letters = zip(small, digest[: len(small)], strict=True)
    return "0x" + "".join(one.upper() if int(mark, 16) >= HIGH_NIBBLE else one for one, mark in letters)


def read_address(text: str) -> bytes:
    """The 20 bytes of an address in one case, or with the right checksum.

    Raises:
        ValueError: it is none, or its checksum is wrong: a letter may be another.
    """
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"expected an address such as 0x52908400098527886E0F7030069857D2E4169EE7, found {text[:60]!r}")
    address = bytes.fromhex(text[2:])
    digits = text[2:]
    if digits not in (digits.lower(), digits.upper()) and text != checksum_address(address):
        raise ValueError(
            f"expected the checksum of {text.lower()}, found {text}; look at each letter, then copy it anew"
        )
    return address
