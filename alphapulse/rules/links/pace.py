"""How fast a count grows, over the last seconds."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

NS_PER_S = 1_000_000_000
WINDOW_NS = 5 * NS_PER_S
MAX_SAMPLES = 64


class Rate(NamedTuple):
    """So many in so many ns."""

    grown: int
    over_ns: int

    @property
    def tenths_per_s(self) -> int:
        """Tenths of a message a second, rounded down."""
        return self.grown * 10 * NS_PER_S // self.over_ns


class Pace:
    """Samples of a count that only grows. One that shrinks, or a clock that goes back, begins anew."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=MAX_SAMPLES)

    def sample(self, at_ns: int, count: int) -> None:
        """The count was `count` at `at_ns`. The same moment again changes nothing."""
        if self._samples:
            newest_ns, before = self._samples[-1]
            if at_ns == newest_ns:
                return
            if at_ns < newest_ns or count < before:
                self._samples.clear()
        self._samples.append((at_ns, count))
        while len(self._samples) > 2 and self._samples[1][0] <= at_ns - WINDOW_NS:
            self._samples.popleft()

    def rate(self) -> Rate | None:
        """The growth over the last five seconds, or over what is known of them; None until there are two samples."""
        if len(self._samples) < 2:
            return None
        (first_ns, first), (last_ns, last) = self._samples[0], self._samples[-1]
        return Rate(last - first, last_ns - first_ns)
