"""The health of a chain: heads that come, reorganisations that are not deep, finality that moves, nodes that agree."""

from __future__ import annotations

from typing import Final

SECOND_NS: Final = 1_000_000_000
MS_NS: Final = 1_000_000
NO_HEAD_NS, NO_HEAD_BLOCKS = 6 * SECOND_NS, 3
"""So long without a block, in time or in block times, whichever is longer."""
FINALITY_NS, FINALITY_BLOCKS = 360 * SECOND_NS, 100
"""So long without a newer final block. Ethereum has one in an epoch of 32 blocks, 384 s."""
DEEP_REORG: Final = 32
"""Blocks; a deeper reorganisation needs a person."""
CLEAN_BLOCKS: Final = 64


class ChainHealth:
    """One chain. `look` gives the cause to trip, or to stay open until enough clean blocks have come; None if well.

    Times are of a steady clock in ns; `block_time_ms` is what usually lies between two blocks. What was never told is
    not held against it.
    """

    def __init__(self, block_time_ms: int) -> None:
        self._most_silent_ns = max(NO_HEAD_NS, NO_HEAD_BLOCKS * block_time_ms * MS_NS)
        self._most_unsettled_ns = max(FINALITY_NS, FINALITY_BLOCKS * block_time_ms * MS_NS)
        self._head_ns: int | None = None
        self._final: tuple[int, int] | None = None
        self._quorum = True
        self._clean = CLEAN_BLOCKS
        self._deepest = 0

    def head(self, now_ns: int) -> None:
        """A block has come."""
        late = self._head_ns is not None and now_ns - self._head_ns > self._most_silent_ns
        self._head_ns = now_ns
        self._clean = 0 if late else self._clean + 1

    def reorganised(self, depth: int) -> None:
        """So many blocks were replaced."""
        if depth > DEEP_REORG:
            self._clean = 0
            self._deepest = max(self._deepest, depth)

    def finalised(self, block_number: int, now_ns: int) -> None:
        """The newest final block."""
        if self._final is None or block_number > self._final[0]:
            self._final = block_number, now_ns

    def agree(self, *, quorum: bool) -> None:
        """Whether enough nodes say the same."""
        self._quorum = quorum

    def look(self, now_ns: int) -> str | None:
        """What is wrong, in words."""
        problem = self._problem(now_ns)
        if problem is not None:
            self._clean = 0
        elif self._clean < CLEAN_BLOCKS:
            return f"{self._clean} of {CLEAN_BLOCKS} clean blocks have come since"
        return problem

    def forgive(self) -> None:
        """A person has seen it."""
        self._deepest = 0

    def _problem(self, now_ns: int) -> str | None:
        if self._head_ns is not None and now_ns - self._head_ns > self._most_silent_ns:
            return f"no block for {(now_ns - self._head_ns) // SECOND_NS} s"
        if self._final is not None and now_ns - self._final[1] > self._most_unsettled_ns:
            return f"finality has stood at block {self._final[0]} for {(now_ns - self._final[1]) // SECOND_NS} s"
        if not self._quorum:
            return "the nodes do not agree"
        return f"{self._deepest} blocks were reorganised" if self._deepest else None
