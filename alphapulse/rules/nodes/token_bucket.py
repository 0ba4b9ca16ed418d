"""A provider's published rate, kept to: tokens that come at a steady pace. Pure; time is an argument."""

from __future__ import annotations

NS_PER_S = 1_000_000_000


class TokenBucket:
    """`per_s` tokens a second, and at most `burst` at once.

    Nothing is reserved: who wants few tokens does not wait behind somebody who wants many. One who wants more than
    `burst` gets them when the bucket is full, and the next ones wait the longer.
    """

    def __init__(self, per_s: int, burst: int | None = None) -> None:
        if per_s < 1 or (burst is not None and burst < 1):
            raise ValueError(f"expected at least one token a second and at once, found {per_s} and {burst}")
        self._per_s = per_s
        self._burst = burst or per_s
        self._parts = self._burst * NS_PER_S
        self._parts_ns: int | None = None
        self._paused_until_ns: int | None = None

    def wait_ns(self, now_ns: int, tokens: int = 1) -> int:
        """How long until `tokens` can be taken, if nobody takes any before; 0: now."""
        missing = min(tokens, self._burst) * NS_PER_S - self._level(now_ns)
        return max(-(-missing // self._per_s), self.pause_ns(now_ns), 0)

    def take(self, now_ns: int, tokens: int = 1) -> bool:
        """Take `tokens`; False if they are not there yet: wait, and try again."""
        if self.wait_ns(now_ns, tokens):
            return False
        self._parts = self._level(now_ns) - tokens * NS_PER_S
        self._parts_ns = now_ns
        return True

    def borrow(self, now_ns: int) -> bool:
        """Take a token even if none is there, of those that are to come; False in a pause, or if a burst is owed.

        For what cannot wait behind others: they wait the longer.
        """
        level = self._level(now_ns) - NS_PER_S
        if self.pause_ns(now_ns) or level < -self._burst * NS_PER_S:
            return False
        self._parts = level
        self._parts_ns = now_ns
        return True

    def pause_ns(self, now_ns: int) -> int:
        """How long the provider still wants to be left alone."""
        return 0 if self._paused_until_ns is None else max(self._paused_until_ns - now_ns, 0)

    def pause(self, until_ns: int) -> None:
        """The provider wants to be left alone until then. A pause that is already longer stays."""
        if self._paused_until_ns is None or until_ns > self._paused_until_ns:
            self._paused_until_ns = until_ns

    def _level(self, now_ns: int) -> int:
        """What is in the bucket, in billionths of a token; negative after more than `burst` were taken."""
        since_ns = 0 if self._parts_ns is None else max(now_ns - self._parts_ns, 0)
        return min(self._burst * NS_PER_S, self._parts + since_ns * self._per_s)
