"""Episodes: runs of states in which a gap stands open, with what a reorganisation needs to undo them. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from alphapulse.data.signals import INHERITED_EPISODE

K = TypeVar("K", bound=Hashable)

UNDOABLE_BLOCKS = 2_000
"""Blocks behind the newest whose changes can still be undone; a deeper reorganisation ends in a fresh start."""


class Episodes(Generic[K]):
    """The open episodes of one chain, each known by a number; `K` names what the gap is between.

    Blocks come in order. `roll_back` brings back what stood open at the end of a block, with its numbers.
    """

    def __init__(self) -> None:
        self._open: dict[K, int] = {}
        self._undo: deque[tuple[int, K, int | None]] = deque()

    def number(self, key: K) -> int | None:
        """The number of the episode that stands open; None if none does."""
        return self._open.get(key)

    def open(self, key: K, block_number: int, number: int) -> None:
        """A gap has opened: a new episode with that number."""
        self._note(block_number, key)
        self._open[key] = number

    def inherit(self, key: K) -> None:
        """A snapshot shows a gap that had opened before: it was there at every block that can be gone back to."""
        self._open.setdefault(key, INHERITED_EPISODE)

    def close(self, key: K, block_number: int) -> None:
        """The gap has closed; nothing happens if none was open."""
        if key in self._open:
            self._note(block_number, key)
            del self._open[key]

    def roll_back(self, ancestor: int) -> None:
        """Blocks behind `ancestor` are undone."""
        while self._undo and self._undo[-1][0] > ancestor:
            _, key, before = self._undo.pop()
            if before is None:
                self._open.pop(key, None)
            else:
                self._open[key] = before

    def forget(self) -> None:
        """The stream begins anew."""
        self._open.clear()
        self._undo.clear()

    def _note(self, block_number: int, key: K) -> None:
        undo = self._undo
        undo.append((block_number, key, self._open.get(key)))
        while undo[0][0] < block_number - UNDOABLE_BLOCKS:
            undo.popleft()
