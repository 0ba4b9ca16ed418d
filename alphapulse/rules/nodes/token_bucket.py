"""A provider's published rate, kept to: tokens that come at a steady pace. Pure; time is an argument."""

from __future__ import annotations

NS_PER_S = 1_000_000_000


class TokenBucket:
    """`per_s` tokens a second, and at most `burst` at once.

    It counts in time: each token is worth a second divided by the rate, and who takes what is not there yet is told
    how long to wait. What is taken is taken, so those who wait get their turn in order.
    """

    def __init__(self, per_s: int, burst: int | None = None) -> None:
        if per_s < 1 or (burst is not None and burst < 1):
            raise ValueError(f"expected at least one token a second and at once, found {per_s} and {burst}")
        self._per_s = per_s
        self._burst = burst or per_s
        self._spent_ns: int | None = None
        self._spent_parts = 0
        self._paused_until_ns: int | None = None

    def wait_ns(self, now_ns: int, tokens: int = 1) -> int:
        """How long somebody who takes `tokens` now has to wait. More than `burst` at once wait for the rest."""
        level = self._level(now_ns) - tokens * NS_PER_S
        wait_ns = -(level // self._per_s) if level < 0 else 0
        pause_ns = 0 if self._paused_until_ns is None else self._paused_until_ns - now_ns
        return max(wait_ns, pause_ns, 0)

    def take(self, now_ns: int, tokens: int = 1) -> int:
        """Take `tokens`, and learn how long to wait before they may be used, in ns."""
        wait_ns = self.wait_ns(now_ns, tokens)
        self._spent_parts = self._level(now_ns) - tokens * NS_PER_S
        self._spent_ns = now_ns
        return wait_ns

    def pause(self, until_ns: int) -> None:
        """The provider wants to be left alone until then. A pause that is already longer stays."""
        if self._paused_until_ns is None or until_ns > self._paused_until_ns:
            self._paused_until_ns = until_ns

    def _level(self, now_ns: int) -> int:
        """What is in the bucket, in billionths of a token; negative while somebody waits."""
        full = self._burst * NS_PER_S
        if self._spent_ns is None:
            return full
        return min(full, self._spent_parts + max(now_ns - self._spent_ns, 0) * self._per_s)
