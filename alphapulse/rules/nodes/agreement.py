"""Whether enough nodes say the same, for reads on which money is spent; and whether they follow one branch. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from alphapulse.errors import CallReverted, RpcError

ROUNDS: Final = 2
"""So many looks in a row must show another hash: for one block nodes may differ without anything being wrong."""


class Tally:
    """Counts equal answers until `needed` nodes have given one."""

    def __init__(self, needed: int) -> None:
        self._needed = needed
        self._groups: list[tuple[Any, list[str]]] = []

    def add(self, node: str, answer: Any) -> bool:
        """Count an answer; True once enough are equal. That a call reverts is an answer; other errors are none."""
        if isinstance(answer, RpcError) and not isinstance(answer, CallReverted):
            return False
        for value, nodes in self._groups:
            if _equal(value, answer):
                nodes.append(node)
                return len(nodes) >= self._needed
        self._groups.append((answer, [node]))
        return self._needed <= 1

    @property
    def agreed(self) -> tuple[Any, tuple[str, ...]] | None:
        """The answer of enough nodes and who gave it; None so far."""
        for value, nodes in self._groups:
            if len(nodes) >= self._needed:
                return value, tuple(nodes)
        return None

    @property
    def dissenters(self) -> tuple[str, ...]:
        """Who gave another answer than enough others."""
        agreed = self.agreed
        if agreed is None:
            return ()
        return tuple(node for _, nodes in self._groups for node in nodes if node not in agreed[1])

    def __str__(self) -> str:
        """Who said the same, such as `a, b against c`."""
        return " against ".join(", ".join(nodes) for _, nodes in self._groups) or "no answer"


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, CallReverted) or isinstance(other, CallReverted):
        return isinstance(one, CallReverted) and isinstance(other, CallReverted) and one.data == other.data
    return bool(type(one) is type(other) and one == other)


class BranchView(NamedTuple):
    """Who follows another branch than most, and whether there is no most."""

    forked: frozenset[str]
    split: str
    """Who stands against whom, if neither are more; empty if all is well."""
    most: tuple[int, bytes] | None = None
    """The block that was compared, and its hash as most have it."""


class BranchWatch:
    """Compares the hashes that nodes give for one height, look after look."""

    def __init__(self) -> None:
        self._alone: dict[str, int] = {}
        self._splits = 0

    def look(self, blocks: Mapping[str, Mapping[int, bytes]]) -> BranchView:
        """Compare what each node says (number -> hash) at the highest block that two of them have."""
        height = _common(blocks)
        if height is None:
            return BranchView(frozenset(), "")
        groups: dict[bytes, list[str]] = {}
        for node, known in blocks.items():
            if height in known:
                groups.setdefault(known[height], []).append(node)
        sizes = sorted((len(nodes) for nodes in groups.values()), reverse=True)
        split = len(sizes) > 1 and sizes[0] == sizes[1]
        self._splits = self._splits + 1 if split else 0
        for nodes in groups.values():
            for node in nodes:
                minority = not split and len(nodes) < sizes[0]
                self._alone[node] = self._alone.get(node, 0) + 1 if minority else 0
        forked = frozenset(node for node, looks in self._alone.items() if looks >= ROUNDS)
        most = None if split else (height, max(groups, key=lambda block_hash: len(groups[block_hash])))
        words = " against ".join(", ".join(sorted(nodes)) for nodes in groups.values())
        return BranchView(forked, f"at block {height}: {words}" if self._splits >= ROUNDS else "", most)

    def forget(self, node: str) -> None:
        """The node is not asked for now; it begins anew."""
        self._alone.pop(node, None)


def outvoted(node: str, blocks: Mapping[str, Mapping[int, bytes]]) -> int | None:
    """The highest block of which a node has another hash than more of the others do; None if there is none."""
    mine = blocks[node]
    others = [known for label, known in blocks.items() if label != node]
    for height in sorted(mine, reverse=True):
        votes: dict[bytes, int] = {mine[height]: 1}
        for known in others:
            if height in known:
                votes[known[height]] = votes.get(known[height], 0) + 1
        if max(votes.values()) > votes[mine[height]]:
            return height
    return None


def _common(blocks: Mapping[str, Mapping[int, bytes]]) -> int | None:
    """The highest number that at least two nodes have."""
    seen: set[int] = set()
    shared: set[int] = set()
    for known in blocks.values():
        shared |= seen & known.keys()
        seen |= known.keys()
    return max(shared, default=None)
