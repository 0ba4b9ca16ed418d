"""Reads Recursive Length Prefix, and nothing that is not the one encoding of what it says."""

from __future__ import annotations

from alphapulse.rules.evm.rlp import SHORT

MOST_DEPTH = 4
"""Lists in lists. A transaction with an access list has three."""
Rlp = bytes | list["Rlp"]


def read_rlp(data: bytes) -> Rlp:
    """The string or list that `data` encodes, all of it.

    Raises:
        ValueError: bytes are missing or left over, lists are too deep, or it could be said in fewer bytes.
    """
    item, end = _item(data, 0, 0)
    if end != len(data):
        raise ValueError(f"expected the end at byte {end}, found {len(data) - end} bytes more")
    return item


def read_number(item: Rlp) -> int:
    """The natural number that a string stands for.

    Raises:
        ValueError: it is a list, or has leading zeros.
    """
    if isinstance(item, list):
        raise ValueError("expected a number, found a list")  # noqa: TRY004 - of the bytes, not of the caller's types
    if item[:1] == b"\0":
        raise ValueError("expected a number without leading zeros, found one with them")
    return int.from_bytes(item, "big")


def _item(data: bytes, at: int, depth: int) -> tuple[Rlp, int]:
    """The item at byte `at`, and where it ends."""
    first = _taken(data, at, 1)[0]
    if first < 0x80:
        return data[at : at + 1], at + 1
    is_list = first >= 0xC0
    start, size = _extent(data, at, first - (0xC0 if is_list else 0x80))
    content = _taken(data, start, size)
    end = start + size
    if not is_list:
        if size == 1 and content[0] < 0x80:
            raise ValueError(f"expected a single byte below 128 as itself at byte {at}, found a prefix before it")
        return content, end
    if depth == MOST_DEPTH:
        raise ValueError(f"expected at most {MOST_DEPTH} lists in lists, found more at byte {at}")
    items: list[Rlp] = []
    while start < end:
        item, start = _item(data[:end], start, depth + 1)
        items.append(item)
    return items, end


def _extent(data: bytes, at: int, short: int) -> tuple[int, int]:
    """Where the content of the item at `at` begins, and its bytes. `short`: its prefix without the kind."""
    if short <= SHORT:
        return at + 1, short
    length = _taken(data, at + 1, short - SHORT)
    size = int.from_bytes(length, "big")
    if length[0] == 0 or size <= SHORT:
        raise ValueError(f"expected the shortest form of a length at byte {at}, found a longer one")
    return at + 1 + len(length), size


def _taken(data: bytes, at: int, size: int) -> bytes:
    taken = data[at : at + size]
    if len(taken) != size:
        raise ValueError(f"expected {size} bytes at byte {at}, found {len(taken)}")
    return taken
