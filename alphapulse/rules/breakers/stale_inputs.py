"""Stale data: signals in a row that the gate refused for their input."""

from __future__ import annotations

from alphapulse.data.execution import Check, RiskDecision

DECISIONS_IN_ROW = 3
MOST_STRATEGIES = 1_024
"""Strategies that are counted at once; beyond, the one that was stale longest ago is counted anew."""


class StaleInputs:
    """Counts, for each strategy, decisions in a row that failed for the age or the trouble of their input."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}

    def take(self, decision: RiskDecision) -> str | None:
        """A verdict of the gate; the cause to trip, if it is one."""
        if decision.failed is not Check.INPUT_FRESH:
            self._rows.pop(decision.strategy, None)
            return None
        row = self._rows[decision.strategy] = self._rows.pop(decision.strategy, 0) + 1
        if len(self._rows) > MOST_STRATEGIES:
            del self._rows[next(iter(self._rows))]
        return f"{row} decisions in a row on stale input: {decision.text}" if row >= DECISIONS_IN_ROW else None

    def forget(self, strategy: str) -> None:
        """The breaker closed: count anew."""
        self._rows.pop(strategy, None)
