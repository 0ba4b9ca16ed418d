"""How fresh what is handed over of a chain is, judged by data alone. Times are nanoseconds of a steady clock."""

from __future__ import annotations

NS_PER_MS = 1_000_000
FRESH_NS = 1_000_000_000
"""So long a block may still be fresh although newer ones are known, on chains with several blocks a second."""


class Freshness:
    """Knows when a head came last, and when the newest block was last handed over.

    `silent_ns` is after how long without either something is wrong; `lag_blocks` how many newer blocks may be known of
    while one is still fresh. `split` says who stands against whom while the nodes follow two branches.
    """

    def __init__(self, silent_ns: int, lag_blocks: int) -> None:
        self.split = ""
        self._silent_ns = silent_ns
        self._lag_blocks = lag_blocks
        self._heard_ns = self._whole_ns = 0

    def begin(self, now_ns: int) -> None:
        """The chain is followed from a snapshot on."""
        self._heard_ns = self._whole_ns = now_ns

    def heard(self, now_ns: int) -> None:
        """A subscription told of a head."""
        self._heard_ns = now_ns

    def whole(self, now_ns: int) -> None:
        """Everything that is known of has been handed over."""
        self._whole_ns = now_ns

    def is_fresh(self, newer: int, now_ns: int, *, was_fresh: bool) -> bool:
        """Whether a block is fresh that is handed over now, while so many newer ones are known of."""
        if self.split:
            return False
        if not newer:
            self.whole(now_ns)
            return True
        return was_fresh and newer <= self._lag_blocks and now_ns - self._whole_ns <= FRESH_NS

    def trouble(self, now_ns: int) -> str:
        """What makes the stream stale, empty if nothing does."""
        if self.split:
            return f"the nodes follow two branches: {self.split}"
        if now_ns - self._heard_ns > self._silent_ns:
            return f"no new block for {self._silent_ns // NS_PER_MS} ms"
        if now_ns - self._whole_ns > self._silent_ns:
            return f"blocks cannot be completed for {self._silent_ns // NS_PER_MS} ms"
        return ""
