"""Outcomes at a venue: whether too many of the last trades failed, and which are not known."""

from __future__ import annotations

from alphapulse.rules.limits.window import SlidingWindow, SteadyTime

PPM = 1_000_000
ROUNDS_THAT_DIFFER = 3


class FailureRatio:
    """Failures among all outcomes of a window. With fewer than `least` outcomes nothing is said."""

    def __init__(self, *, window_ns: int, least: int, limit_ppm: int) -> None:
        self._least = least
        self._limit_ppm = limit_ppm
        self._time = SteadyTime()
        self._all = SlidingWindow(window_ns)
        self._failed = SlidingWindow(window_ns)

    def take(self, clock_ns: int, *, failed: bool) -> int | None:
        """A trade's end was heard of; the share of failures in ppm, floored, if it is over the limit."""
        now_ns = self._time.at(clock_ns)
        self._all.add(now_ns)
        self._failed.add(now_ns, int(failed))
        count, failures = self._all.total(now_ns), self._failed.total(now_ns)
        share = failures * PPM // count
        return share if count >= self._least and failures * PPM > self._limit_ppm * count else None


class Reconciliation:
    """Rounds in which our books and a venue's were compared, and orders that the venue has not said the end of."""

    def __init__(self, most_unknown: int) -> None:
        self._most_unknown = most_unknown
        self._differing = 0
        self._unknown: set[int | bytes] = set()

    def round(self, *, equal: bool) -> str | None:
        """A comparison was made; the cause to trip, if it is one. A query that failed is no comparison."""
        self._differing = 0 if equal else self._differing + 1
        return f"{self._differing} rounds in a row found other books at the venue" if self._bad_rounds else None

    def order(self, name: int | bytes, *, known: bool) -> str | None:
        """An order's outcome is known, or is not; the cause to trip, if it is one. A transaction's name is its hash."""
        if known:
            self._unknown.discard(name)
        else:
            self._unknown.add(name)
        found = len(self._unknown)
        return f"{found} orders without a known outcome" if not known and found > self._most_unknown else None

    @property
    def clean(self) -> bool:
        """Whether the last round was equal and no more orders are unknown than may be."""
        return not self._differing and len(self._unknown) <= self._most_unknown

    @property
    def _bad_rounds(self) -> bool:
        return self._differing >= ROUNDS_THAT_DIFFER
