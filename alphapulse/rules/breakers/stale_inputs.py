"""Stale data: signals in a row that the gate refused for their input."""

from __future__ import annotations

from alphapulse.data.execution import Check, RiskDecision

DECISIONS_IN_ROW = 3


class StaleInputs:
    """Counts, for each strategy, decisions in a row that failed for the age or the trouble of their input."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}

    def take(self, decision: RiskDecision) -> str | None:
        """A verdict of the gate; the cause to trip, if it is one."""
        if decision.failed is not Check.INPUT_FRESH:
            self._rows.pop(decision.strategy, None)
            return None
        row = self._rows[decision.strategy] = self._rows.get(decision.strategy, 0) + 1
        return f"{row} decisions in a row on stale input: {decision.text}" if row >= DECISIONS_IN_ROW else None

    def forget(self, strategy: str) -> None:
        """The breaker closed: count anew."""
        self._rows.pop(strategy, None)
