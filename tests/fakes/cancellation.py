"""Cancels a service at a chosen one of its checkpoints, so that a test can try them all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

LONG_S = 1e9


class _CancelAtStep(trio.abc.Instrument):
    """Cancels `scope` as `task` begins its `step`-th step: the next checkpoint of the task raises."""

    def __init__(self, step: int) -> None:
        self.task: trio.lowlevel.Task | None = None
        self.scope = trio.CancelScope()
        self._left = step

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self.task:
            self._left -= 1
            if self._left == 0:
                self.scope.cancel("the test's step is reached")


async def cancel_at_step(step: int, run: Callable[[], Awaitable[None]]) -> bool:
    """Run until the task has begun `step` steps, then cancel it. False if it took fewer. Needs an autojump clock."""
    instrument = _CancelAtStep(step)

    async def life() -> None:
        instrument.task = trio.lowlevel.current_task()
        with instrument.scope:
            await run()

    trio.lowlevel.add_instrument(instrument)
    try:
        with trio.move_on_after(LONG_S):
            await _alone(life)
    finally:
        trio.lowlevel.remove_instrument(instrument)
    return instrument.scope.cancel_called


async def _alone(life: Callable[[], Awaitable[None]]) -> None:
    """A nursery of its own, so that the task is not the one that waits."""
    async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - the new task is what it is for
        nursery.start_soon(life)
