"""Tells the gate what became of trades, and of limits and breakers, as the execution relay carries it."""

from __future__ import annotations

import trio

from alphapulse.data.execution import ExecutionReport, Fill
from alphapulse.data.orphans import BlocksOrphaned, SettlementRevoked
from alphapulse.data.risk import CircuitBreaker, LimitOverride
from alphapulse.execution.gate import Gate
from alphapulse.journal.journal import Journal
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.reader import Reader

TYPES = (Fill, ExecutionReport, SettlementRevoked, BlocksOrphaned, CircuitBreaker, LimitOverride)


class SettlementFeed(Reader):
    """Belongs to the foundation: a halt cancels trades while no engine runs, and the gate must hear of it.

    What the gate takes back of its alerts, after a reorganisation, is journalled and published.
    """

    def __init__(self, gate: Gate, journal: Journal, execution: AnyRelay) -> None:
        self._gate = gate
        self._journal = journal
        self._execution = execution

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        with self._execution.subscribe("gate", types=TYPES) as subscription:
            task_status.started()
            while True:
                revoked = self._gate.settle(await self.read(subscription))
                if revoked and self._journal.failure is None:
                    self._journal.append_now(revoked)
                    self._execution.publish(revoked)
