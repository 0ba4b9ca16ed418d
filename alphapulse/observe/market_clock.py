"""The market clock: what time it is where the data come from."""

from __future__ import annotations

from collections.abc import Callable


class MarketClock:
    """Live it is the wall clock; in a replay it is the recorded time, at full speed that of the last event.

    Between two calls of `run_from` it never goes back. A call sets it, back too: to a new run's start, or by what a
    late hand-over let it run ahead of the data. All times are ns since 1970 UTC.
    """

    def __init__(self, monotonic_ns: Callable[[], int]) -> None:
        self._monotonic_ns = monotonic_ns
        self._at_ns: int | None = None
        self._since_ns = 0
        self._speed_ppm = 0
        self._limit_ns: int | None = None

    def now_ns(self) -> int | None:
        """The market time, None before the first event."""
        if self._at_ns is None:
            return None
        passed = (self._monotonic_ns() - self._since_ns) * self._speed_ppm // 1_000_000
        now = self._at_ns + passed
        return now if self._limit_ns is None else min(now, max(self._limit_ns, self._at_ns))

    def run_from(self, at_ns: int, speed_ppm: int, until_ns: int | None = None) -> None:
        """Time runs from `at_ns` at `speed_ppm` millionths of real time (0: it stands), at most to `until_ns`."""
        self._at_ns = at_ns
        self._since_ns = self._monotonic_ns()
        self._speed_ppm = speed_ppm
        self._limit_ns = until_ns
