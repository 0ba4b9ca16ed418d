"""How fresh what is handed over of a chain is, judged by data alone. Times are seconds of a steady clock."""

from __future__ import annotations

FRESH_S = 1.0
"""So long a block may still be fresh although newer ones are known, on chains with several blocks a second."""


class Freshness:
    """Knows when a head came last, and when the newest block was last handed over.

    `silent_s` is after how long without either something is wrong; `lag_blocks` how many newer blocks may be known of
    while one is still fresh. `split` says who stands against whom while the nodes follow two branches.
    """

    def __init__(self, silent_s: float, lag_blocks: int) -> None:
        self.split = ""
        self._silent_s = silent_s
        self._lag_blocks = lag_blocks
        self._heard_at = self._whole_at = 0.0

    def begin(self, now: float) -> None:
        """The chain is followed from a snapshot on."""
        self._heard_at = self._whole_at = now

    def heard(self, now: float) -> None:
        """A subscription told of a head."""
        self._heard_at = now

    def whole(self, now: float) -> None:
        """Everything that is known of has been handed over."""
        self._whole_at = now

    def is_fresh(self, newer: int, now: float, *, was_fresh: bool) -> bool:
        """Whether a block is fresh that is handed over now, while so many newer ones are known of."""
        if self.split:
            return False
        if not newer:
            self.whole(now)
            return True
        return was_fresh and newer <= self._lag_blocks and now - self._whole_at <= FRESH_S

    def trouble(self, now: float) -> str:
        """What makes the stream stale, empty if nothing does."""
        if self.split:
            return f"the nodes follow two branches: {self.split}"
        if now - self._heard_at > self._silent_s:
            return f"no new block for {self._silent_s:g} s"
        if now - self._whole_at > self._silent_s:
            return f"blocks cannot be completed for {self._silent_s:g} s"
        return ""
