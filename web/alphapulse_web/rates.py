"""How much somebody may ask in a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from alphapulse_web.instants import NS_PER_S

REQUESTS = 10
WINDOW_NS = NS_PER_S
MAX_CALLERS = 1_000


class RateLimit:
    """Ten requests of a caller in any second. Knows 1,000 callers; the one longest silent goes first.

    The clock is monotonic, in ns. A route that stops trading is not asked about here.
    """

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        self._callers: dict[str, deque[int]] = {}

    def admits(self, caller: str) -> bool:
        """Count a request; False if it is one too many, and then it does not count."""
        now = self._clock_ns()
        times = self._callers.pop(caller, None)
        if times is None:
            times = deque(maxlen=REQUESTS)
        self._callers[caller] = times
        while len(self._callers) > MAX_CALLERS:
            del self._callers[next(iter(self._callers))]
        if len(times) == REQUESTS and now - times[0] < WINDOW_NS:
            return False
        times.append(now)
        return True
