"""How long data are when FastLZ (level 1) has compressed them: what chains of the OP stack charge by since Fjord.

Written anew from the algorithm of FastLZ (Ariya Hidayat, MIT); the length alone is counted, nothing is compressed.
"""

from __future__ import annotations

HASH_BITS = 13
HASH_FACTOR = 2_654_435_769
MOST_BACK = (1 << 13) - 1
"""How far back a match may lie."""
LONGEST_RUN = 32
"""Literals behind one control byte."""
LONGEST_MATCH = 262
SHORT_MATCH = 6
"""Matches shorter than that take two bytes, others three."""
TAIL = 13
"""In so many bytes at the end, and the one before, no match begins: op-geth's loop drops one that is found there."""
UNMATCHED = 4
"""Where a match ends at the latest, from the end."""


def fastlz_size(data: bytes) -> int:
    """The number of bytes that `data` take when compressed."""
    size, start, at = 0, 0, 2
    last = len(data) - TAIL - 1
    seen = [0] * (1 << HASH_BITS)
    while at < last:
        found = None
        while at < last:
            here = data[at : at + 3]
            slot = _slot(here)
            before, seen[slot] = seen[slot], at
            if at - before <= MOST_BACK and data[before : before + 3] == here:
                found = before
                break
            at += 1
        if found is None:
            break
        size += _literals(at - start)
        length = _matching(data, found + 3, at + 3, len(data) - UNMATCHED)
        size += _match(length)
        at += length
        for _ in range(2):
            seen[_slot(data[at : at + 3])] = at
            at += 1
        start = at
    return size + _literals(len(data) - start)


def _slot(three: bytes) -> int:
    return (HASH_FACTOR * int.from_bytes(three, "little") & 0xFFFFFFFF) >> (32 - HASH_BITS)


def _matching(data: bytes, before: int, at: int, end: int) -> int:
    """Bytes that are alike from both places on, and the one that ends them."""
    length = 0
    while at + length < end:
        length += 1
        if data[before + length - 1] != data[at + length - 1]:
            break
    return length


def _literals(count: int) -> int:
    runs, rest = divmod(count, LONGEST_RUN)
    return runs * (LONGEST_RUN + 1) + (rest + 1 if rest else 0)


def _match(length: int) -> int:
    runs, rest = divmod(length - 1, LONGEST_MATCH)
    return 3 * runs + (3 if rest >= SHORT_MATCH else 2)
