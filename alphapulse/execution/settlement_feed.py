"""Tells the gate what became of trades: fills, reports, overrides and breakers, as the execution relay carries them."""

from __future__ import annotations

import trio

from alphapulse.data.execution import ExecutionReport, Fill
from alphapulse.data.risk import CircuitBreaker, LimitOverride
from alphapulse.execution.gate import Gate
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.reader import Reader

TYPES = (Fill, ExecutionReport, CircuitBreaker, LimitOverride)


class SettlementFeed(Reader):
    """Belongs to the foundation: a halt cancels trades while no engine runs, and the gate must hear of it."""

    def __init__(self, gate: Gate, execution: AnyRelay) -> None:
        self._gate = gate
        self._execution = execution

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        with self._execution.subscribe("gate", types=TYPES) as subscription:
            task_status.started()
            while True:
                self._gate.settle(await self.read(subscription))
