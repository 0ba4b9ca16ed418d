"""What pools and tokens are asked, and how their answers are read: strictly, since anybody can write a contract."""

from __future__ import annotations

from alphapulse.rules.evm.keccak import keccak256

WORD = 32
MAX_SYMBOL_BYTES = 32
"""What a `PoolInfo` holds; longer symbols are cut, as they prove nothing."""

MAX_DECIMALS = 77
"""10^77 is the largest power of ten that 256 bits hold."""


def call_data(signature: str, *words: int | bytes) -> bytes:
    """The call of a function, such as `balanceOf(address)`, with addresses and whole numbers."""
    data = keccak256(signature.encode())[:4]
    for word in words:
        data += word.rjust(WORD, b"\0") if isinstance(word, bytes) else word.to_bytes(WORD, "big")
    return data


def number_in(answer: bytes | None, bits: int = 256) -> int | None:
    """The number in an answer of one word; None if there is none, or it is wider than `bits`."""
    if answer is None or len(answer) != WORD:
        return None
    number = int.from_bytes(answer, "big")
    return None if number >> bits else number


def address_in(answer: bytes | None) -> bytes | None:
    """The address in an answer of one word; None if there is none, or zero."""
    number = number_in(answer, 160)
    return number.to_bytes(20, "big") if number else None


def symbol_in(answer: bytes | None) -> str:
    """The symbol in an answer: text as the ABI writes it, or 32 bytes as old tokens do. Empty if it cannot be read.

    Only printable characters count, since people will see them.
    """
    if answer is None:
        return ""
    if len(answer) == WORD:
        raw = answer.rstrip(b"\0")
    else:
        start, size = _number_at(answer, 0), 0
        if start is not None and (told := _number_at(answer, start)) is not None:
            start, size = start + WORD, told
        if start is None or not 0 < size <= len(answer) - start:
            return ""
        raw = answer[start : start + size]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    if not text.isprintable():
        return ""
    return text.encode()[:MAX_SYMBOL_BYTES].decode("utf-8", "ignore")


def _number_at(answer: bytes, at: int) -> int | None:
    return int.from_bytes(answer[at : at + WORD], "big") if at + WORD <= len(answer) else None
