"""Sliding windows: how much there was in the time just behind a moment, exact at both edges."""

from __future__ import annotations

from collections import deque

MOST_ENTRIES = 65_536
"""Entries that a window keeps apart. Beyond, the two oldest become one that leaves with the younger."""


class SteadyTime:
    """A clock's readings as time that never goes back: a step back counts as no time, a step ahead as time."""

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._ahead_ns = 0

    @property
    def now_ns(self) -> int:
        """The steady time of the last look; 0 before the first."""
        return 0 if self._last_ns is None else self._last_ns + self._ahead_ns

    def at(self, clock_ns: int) -> int:
        """The steady time, in ns, of a reading; each call counts as a look at the clock."""
        if self._last_ns is not None and clock_ns < self._last_ns:
            self._ahead_ns += self._last_ns - clock_ns
        self._last_ns = clock_ns
        return clock_ns + self._ahead_ns


class SlidingWindow:
    """The sum of what was added in the last `width_ns`: an entry at t counts at every moment before t + width_ns.

    Times are steady ones (`SteadyTime`), in ns; no call is of an earlier time than the one before it.
    """

    def __init__(self, width_ns: int) -> None:
        self.width_ns = width_ns
        self._entries: deque[tuple[int, int]] = deque()
        self._total = 0

    def total(self, now_ns: int) -> int:
        """What counts now."""
        if self._entries:
            self._drop(now_ns)
        return self._total

    def add(self, now_ns: int, amount: int = 1) -> None:
        """`amount` (not negative) happens now."""
        self._drop(now_ns)
        self._entries.append((now_ns, amount))
        self._total += amount
        if len(self._entries) > MOST_ENTRIES:
            _, first = self._entries.popleft()
            second_ns, second = self._entries.popleft()
            self._entries.appendleft((second_ns, first + second))

    def take_back(self, at_ns: int, amount: int = 1) -> None:
        """`amount` that was added at `at_ns` did not happen; nothing if that is no longer kept apart."""
        for place in range(len(self._entries) - 1, -1, -1):
            then_ns, there = self._entries[place]
            if then_ns < at_ns:
                return
            if then_ns == at_ns and there >= amount:
                self._entries[place] = then_ns, there - amount
                self._total -= amount
                return

    def _drop(self, now_ns: int) -> None:
        entries, over_ns = self._entries, now_ns - self.width_ns
        while entries and entries[0][0] <= over_ns:
            self._total -= entries.popleft()[1]
