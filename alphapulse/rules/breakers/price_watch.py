"""Price jumps: how far a pool's price has moved within the time just behind a moment."""

from __future__ import annotations

from collections import deque

from alphapulse.data.instruments import InstrumentId
from alphapulse.rules.limits.window import SteadyTime

PPM = 1_000_000
MOST_PRICES = 4_096
"""Prices kept for each end of a pool's range; beyond, the oldest goes, and the move is seen from the next one."""


class PriceRange:
    """The least and the greatest root price (X96) that held within the last `width_ns`; a price holds until the next.

    So a pool that was quiet for hours jumps like any other: its last price held until now.
    """

    def __init__(self, width_ns: int) -> None:
        self._width_ns = width_ns
        self._time = SteadyTime()
        # Each price with the time until which it held; of the newest that is the time at which it came.
        self._falling: deque[tuple[int, int]] = deque(maxlen=MOST_PRICES)  # greatest first
        self._rising: deque[tuple[int, int]] = deque(maxlen=MOST_PRICES)  # least first

    def add(self, clock_ns: int, root: int) -> tuple[int, int]:
        """A new price; returns the least and the greatest of the window, this one included."""
        now_ns = self._time.at(clock_ns)
        falling, rising, over_ns = self._falling, self._rising, now_ns - self._width_ns
        if falling:
            falling[-1] = now_ns, falling[-1][1]
            rising[-1] = now_ns, rising[-1][1]
        while falling and falling[-1][1] <= root:
            falling.pop()
        while rising and rising[-1][1] >= root:
            rising.pop()
        falling.append((now_ns, root))
        rising.append((now_ns, root))
        while falling[0][0] <= over_ns:
            falling.popleft()
        while rising[0][0] <= over_ns:
            rising.popleft()
        return rising[0][1], falling[0][1]


class PriceWatch:
    """The ranges of all pools. `limit_ppm` is how far the greatest price may lie above the least."""

    def __init__(self, limit_ppm: int, width_ns: int) -> None:
        self._limit_ppm = limit_ppm
        self._width_ns = width_ns
        self._ranges: dict[InstrumentId, PriceRange] = {}

    def take(self, pool: InstrumentId, root: int, clock_ns: int) -> int | None:
        """A pool's new root price (X96); the move in ppm, floored, if it is over the limit."""
        found = self._ranges.get(pool)
        if found is None:
            found = self._ranges[pool] = PriceRange(self._width_ns)
        low, high = found.add(clock_ns, root)
        low *= low
        rise = high * high - low
        if not low:
            return None
        return rise * PPM // low if rise * PPM > self._limit_ppm * low else None

    def forget(self, chain_id: int | None = None) -> None:
        """The streams begin anew, or one chain has taken prices back."""
        for pool in [pool for pool in self._ranges if chain_id is None or pool.chain_id == chain_id]:
            del self._ranges[pool]
