"""A circuit breaker: closed, open, or half open with one probe; time is an argument."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable
from typing import Final

import attrs

from alphapulse.data.halts import Level
from alphapulse.data.risk import BreakerAction

HOUR_NS: Final = 3_600_000_000_000
TRIPS_FOR_A_PERSON: Final = 3
"""A breaker that resets itself stays open, until a person ends it, when it has tripped so often within an hour."""


class Phase(enum.Enum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@attrs.frozen
class ResetRule:
    """How an open breaker closes.

    `clean_ns` None: a person alone. Else after so long without its cause; with `probe` it then opens half, and one
    trade, in a tenth of the limits, decides.
    """

    clean_ns: int | None = None
    probe: bool = False


PERSON: Final = ResetRule()


class Breaker:
    """One rule in one scope. Each method returns the action that it leads to, None if nothing changes."""

    def __init__(self, level: Level, reset: ResetRule) -> None:
        self.level = level
        self.reset = reset
        self.phase = Phase.CLOSED
        self.since_ns: int | None = None
        self.reason = ""
        self.trips = 0
        self.needs_person = False
        self.probe: tuple[int, int] | None = None
        """The trade (run, signal id) that decides while the breaker is half open; None until one is sent."""
        self._recent: deque[int] = deque(maxlen=TRIPS_FOR_A_PERSON)
        self._clean_since_ns = 0

    def trip(self, now_ns: int, reason: str) -> BreakerAction | None:
        """The cause is there. An open breaker stays open and counts its clean time anew."""
        self._clean_since_ns = now_ns
        if self.phase is Phase.OPEN:
            return None
        self.phase, self.since_ns, self.reason, self.probe = Phase.OPEN, now_ns, reason, None
        self.trips += 1
        self._recent.append(now_ns)
        self.needs_person = self.reset.clean_ns is None or self._often
        return BreakerAction.PAUSE if self.level.stopped else BreakerAction.REDUCE

    def look(self, now_ns: int) -> BreakerAction | None:
        """Time has passed; a step back of the clock lets the clean time begin anew."""
        self._clean_since_ns = min(self._clean_since_ns, now_ns)
        clean_ns = self.reset.clean_ns
        if self.phase is not Phase.OPEN or self.needs_person or clean_ns is None:
            return None
        if now_ns - self._clean_since_ns < clean_ns:
            return None
        if not self.reset.probe:
            return self._close(now_ns)
        self.phase, self.since_ns = Phase.HALF_OPEN, now_ns
        return BreakerAction.PROBE

    def send_probe(self, trade: tuple[int, int]) -> None:
        """A trade was approved while the breaker was half open: it is the one that decides."""
        if self.phase is Phase.HALF_OPEN and self.probe is None:
            self.probe = trade

    def end_probe(self, trade: tuple[int, int], now_ns: int, *, filled: bool, reason: str) -> BreakerAction | None:
        """A trade ended; if it was the probe, a fill closes the breaker and anything else opens it again."""
        if self.phase is not Phase.HALF_OPEN or self.probe != trade:
            return None
        return self._close(now_ns) if filled else self.trip(now_ns, f"the probe failed: {reason}")

    def resume(self, now_ns: int) -> BreakerAction | None:
        """A person lets the scope go on."""
        if self.phase is Phase.CLOSED:
            return None
        self._recent.clear()
        return self._close(now_ns)

    def remember(self, trips_ns: Iterable[int]) -> None:
        """A journal said at the start when it last tripped: a restart lets nobody count anew."""
        self._recent.extend(trips_ns)

    def restore(self, since_ns: int, reason: str) -> None:
        """A journal said at the start that it is open: only a person, or its own rule from now on, ends it."""
        self.phase, self.since_ns, self.reason, self._clean_since_ns = Phase.OPEN, since_ns, reason, since_ns
        self.needs_person = self.reset.clean_ns is None or self._often

    @property
    def _often(self) -> bool:
        recent = self._recent
        return len(recent) == TRIPS_FOR_A_PERSON and recent[-1] - recent[0] < HOUR_NS

    def _close(self, now_ns: int) -> BreakerAction:
        self.phase, self.since_ns, self.reason = Phase.CLOSED, now_ns, ""
        self.needs_person, self.probe = False, None
        return BreakerAction.RESUME
