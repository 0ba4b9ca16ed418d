"""How many blocks a provider is asked for at once: fewer when it refuses, carefully more when it does not."""

from __future__ import annotations

GROW_AFTER = 8
"""Answers in a row after which a larger range is tried."""


class RangePlan:
    """The width of the next range of `eth_getLogs`, in blocks; `most` is where it starts and what it never exceeds."""

    def __init__(self, most: int) -> None:
        self._most = max(1, most)
        self.width = self._most
        self._in_a_row = 0
        self._refused: int | None = None

    def accepted(self, blocks: int) -> None:
        """A range of `blocks` was answered. A width that was refused once is not tried again."""
        if blocks < self.width:
            return
        self._in_a_row += 1
        if self._in_a_row >= GROW_AFTER and self.width < self._most:
            ceiling = self._most if self._refused is None else self._refused - 1
            self.width = max(self.width, min(self._most, ceiling, self.width * 2))
            self._in_a_row = 0

    def too_wide(self, blocks: int) -> None:
        """A range of `blocks` was refused as too wide: half of it next. One block is not asked for in less."""
        self._in_a_row = 0
        self._refused = blocks if self._refused is None else min(self._refused, blocks)
        self.width = max(1, min(self.width, blocks // 2))
