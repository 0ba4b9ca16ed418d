"""The candidates of a strategy in the order in which it dropped them, each once, for whoever looks now and then."""

from __future__ import annotations

from alphapulse.rules.arbitrage.candidate import KEPT, Candidate, CandidateRing, Stage


class CandidateFeed:
    """Reads a strategy's ring. `forgotten` counts what the ring had dropped before it was read."""

    def __init__(self) -> None:
        self.forgotten = 0
        self._ring: CandidateRing | None = None
        self._read = 0

    def fresh(self, ring: CandidateRing) -> list[Candidate]:
        """Those that came since the last look, the oldest first; of another ring, that of another life, all."""
        if ring is not self._ring:
            self._ring, self._read = ring, 0
        added = sum(ring.totals.values()) - ring.totals[Stage.SIGNALLED]
        newest = ring.newest(min(added - self._read, KEPT)) if added > self._read else []
        self.forgotten += added - self._read - len(newest)
        self._read = added
        return newest[::-1]
