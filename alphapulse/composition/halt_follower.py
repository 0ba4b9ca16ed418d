"""Halts and runs in a process of strategies: what the books' process says on the execution relay is done here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import trio

from alphapulse.composition.decision_scopes import DecisionScopes
from alphapulse.data.halts import HaltChange
from alphapulse.data.runs import RunStarted
from alphapulse.relays.bus import Bus

logger = logging.getLogger(__name__)


class HaltFollower:
    """Follows the run and the halt epoch, and stops and starts the strategies of this process as halts say.

    `stop_now` is called by the link before anything queues up. `run` comes back for more only when what was stopped is
    gone: that is what the link acknowledges, and what a halt's report in the books' process waits for.
    """

    def __init__(self, bus: Bus, *, on_run: Callable[[RunStarted], None]) -> None:
        self.run_number = 0
        self.epoch = 0
        self._bus = bus
        self._on_run = on_run
        self._scopes: DecisionScopes | None = None
        self._stopped: set[str] = set()

    def lead(self, scopes: DecisionScopes) -> None:
        """Stop and start these from now on."""
        self._scopes = scopes

    def stop_now(self, messages: Sequence[object]) -> None:
        """Cancel what halts among `messages` stop, and note the epoch; returns at once."""
        for change in messages:
            if isinstance(change, HaltChange):
                self.epoch = max(self.epoch, change.epoch)
                if change.level.stopped and self._scopes is not None and self._scopes.holds(change.scope):
                    self._stopped.add(change.scope)
                    self._scopes.stop(change.scope, f"halt {change.halt_id} by {change.actor}: {change.reason}")

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        with self._bus.execution.subscribe("halts and runs", types=(HaltChange, RunStarted)) as subscription:
            task_status.started()
            while True:
                messages = await subscription.receive()
                self.stop_now(messages)
                for message in messages:
                    if isinstance(message, RunStarted) and message.run != self.run_number:
                        self.run_number = message.run
                        self._on_run(message)
                    elif isinstance(message, HaltChange):
                        await self._carry_out(message)

    async def _carry_out(self, change: HaltChange) -> None:
        scopes = self._scopes
        if scopes is None or not scopes.holds(change.scope):
            return
        if change.level.stopped:
            await scopes.wait_stopped(change.scope)
        elif change.scope in self._stopped:
            self._stopped.discard(change.scope)
            scopes.start(change.scope)
        logger.info("%s is %s by halt %d", change.scope, change.level.name.lower(), change.halt_id)
