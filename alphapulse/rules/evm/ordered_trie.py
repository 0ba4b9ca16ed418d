"""The root over a block's receipts: a Merkle Patricia trie by their places (Yellow Paper, appendix D)."""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.evm.rlp import rlp_bytes, rlp_joined, rlp_list, rlp_number

HASH_BYTES = 32
"""A node whose encoding is shorter stands in its parent itself, any other by its hash."""

_EMPTY = rlp_bytes(b"")
_Leaf = tuple[bytes, bytes]
"""A key as half-bytes, one in each byte, and its value."""


def ordered_root(values: Sequence[bytes]) -> bytes:
    """The root, 32 bytes, of a trie in which each value stands under its place in the sequence."""
    if not values:
        return keccak256(_EMPTY)
    leaves = sorted((_half_bytes(rlp_number(place)), value) for place, value in enumerate(values))
    return keccak256(_node(leaves, 0))


def _node(leaves: Sequence[_Leaf], depth: int) -> bytes:
    """The encoding of what stands below a key's first `depth` half-bytes, which all these have in common."""
    first, last = leaves[0][0], leaves[-1][0]
    if len(leaves) == 1:
        return rlp_list((_packed(first[depth:], leaf=True), leaves[0][1]))
    shared = depth
    while first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        below = _reference(_node(leaves, shared))
        return rlp_joined((rlp_bytes(_packed(first[depth:shared], leaf=False)), below))
    children: list[list[_Leaf]] = [[] for _ in range(16)]
    for leaf in leaves:
        children[leaf[0][depth]].append(leaf)
    return rlp_joined([*(_reference(_node(child, depth + 1)) if child else _EMPTY for child in children), _EMPTY])


def _reference(encoded: bytes) -> bytes:
    return encoded if len(encoded) < HASH_BYTES else rlp_bytes(keccak256(encoded))


def _half_bytes(key: bytes) -> bytes:
    return bytes(half for byte in key for half in (byte >> 4, byte & 15))


def _packed(halves: bytes, *, leaf: bool) -> bytes:
    """Half-bytes in bytes, behind a flag that says what follows and whether they are odd in number."""
    odd = len(halves) % 2
    flagged = bytes((2 * leaf + odd,)) + (b"" if odd else b"\0") + halves
    return bytes(flagged[at] << 4 | flagged[at + 1] for at in range(0, len(flagged), 2))
