"""How much is on its way: lets a replay wait until every consumer has dealt with what it was given."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import trio


class Flow:
    """Counts batches handed to consumers and not yet finished, over all relays that share it."""

    def __init__(self) -> None:
        self._pending = 0
        self._waiting: list[trio.lowlevel.Task] = []
        self._watchers: list[Callable[[], None]] = []

    @property
    def pending(self) -> int:
        """Batches not yet finished."""
        return self._pending

    def begin(self) -> None:
        """A batch was handed over."""
        self._pending += 1

    def finish(self, batches: int = 1) -> None:
        """A consumer is done with batches, or they were taken from it."""
        self._pending -= batches
        if not self._pending and self._waiting:
            waiting, self._waiting = self._waiting, []
            for task in waiting:
                trio.lowlevel.reschedule(task)
        for watcher in self._watchers:
            watcher()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have `watcher` called whenever a consumer is done with something: links tell others of it."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Do not call it any more."""
        self._watchers.remove(watcher)

    async def wait_idle(self) -> None:
        """Return as soon as nothing is on its way."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while self._pending:
            task = trio.lowlevel.current_task()
            self._waiting.append(task)
            await trio.lowlevel.wait_task_rescheduled(partial(self._give_up, task))

    def _give_up(self, task: trio.lowlevel.Task, _: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
        self._waiting.remove(task)
        return trio.lowlevel.Abort.SUCCEEDED
