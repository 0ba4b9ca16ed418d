"""Many calls in one: `aggregate3` of Multicall3, which returns what each call returned, or that it failed."""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.errors import AnswerRefused
from alphapulse.rules.evm.keccak import keccak256

MULTICALL3 = bytes.fromhex("ca11bde05977b3631167028862be2a173976ca11")
"""Its address on nearly every chain (https://www.multicall3.com)."""

AGGREGATE3 = keccak256(b"aggregate3((address,bool,bytes)[])")[:4]
WORD = 32

ContractCall = tuple[bytes, bytes]
"""The contract's address, and the call data."""


def aggregate_data(calls: Sequence[ContractCall]) -> bytes:
    """The call data of `aggregate3` with these calls, each of which may fail without the others."""
    heads: list[bytes] = []
    bodies: list[bytes] = []
    offset = WORD * len(calls)
    for address, data in calls:
        heads.append(_word(offset))
        padded = data + bytes(-len(data) % WORD)
        body = bytes(12) + address + _word(1) + _word(3 * WORD) + _word(len(data)) + padded
        bodies.append(body)
        offset += len(body)
    return AGGREGATE3 + _word(WORD) + _word(len(calls)) + b"".join(heads) + b"".join(bodies)


def aggregate_results(answer: bytes, count: int) -> list[bytes | None]:
    """What each of `count` calls returned, None where it failed.

    Raises:
        AnswerRefused: the bytes are not what `aggregate3` returns for so many calls.
    """
    start = _number(answer, 0)
    if _number(answer, start) != count:
        raise AnswerRefused("multicall", f"expected {count} results, found {_number(answer, start)}")
    base = start + WORD
    results: list[bytes | None] = []
    for place in range(count):
        at = base + _number(answer, base + place * WORD)
        data_at = at + _number(answer, at + WORD)
        size = _number(answer, data_at)
        data = answer[data_at + WORD : data_at + WORD + size]
        if len(data) != size:
            raise AnswerRefused("multicall", f"expected {size} bytes of result {place}, found {len(data)}")
        results.append(data if _number(answer, at) else None)
    return results


def _word(number: int) -> bytes:
    return number.to_bytes(WORD, "big")


def _number(data: bytes, at: int) -> int:
    word = data[at : at + WORD]
    if len(word) != WORD:
        raise AnswerRefused("multicall", f"expected a word at byte {at}, found the end of {len(data)} bytes")
    return int.from_bytes(word, "big")
