"""What the engine needs of an executor, and what a halt needs of a gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import trio

from alphapulse.data.execution import OrderRequest
from alphapulse.safety.parties import Gateway


class Executor(Protocol):
    """Takes intents that are durable in the journal. The engine is its only caller."""

    def submit(self, intents: list[OrderRequest]) -> None:
        """Take intents over, in order. Never waits; every intent ends in a fill or an execution report."""
        ...


class TradingExecutor(Executor, Gateway, Protocol):
    """An executor as the daemon runs it: a service, and the gateway of halts. `name` is that of its task."""

    name: str

    @property
    def pending(self) -> Sequence[OrderRequest]:
        """Intents taken over and not settled yet, oldest first."""
        ...

    def cancel_pending(self, strategy: str | None, reason: str) -> int:
        """Cancel what can still be taken back at once, of one strategy or of all; returns how many."""
        ...

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        ...
