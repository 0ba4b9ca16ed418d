"""When a process that cannot go on makes room for the next: trading is halted, and only a fresh start can mend it."""

from __future__ import annotations

from collections.abc import Callable

import trio

from alphapulse.errors import LifecycleError

LOOK_S = 0.1
PATIENCE_S = 60
"""How long orders whose outcome is not known are waited for."""


class Leaving:
    """Stops the process once nothing is on its way any more, at the latest after 60 s. `failure` is then why.

    `ask` is only for a process that a service manager starts anew: it comes up HALTED, as the latch says.
    """

    def __init__(self, *, settled: Callable[[], bool], request_stop: Callable[[str], None]) -> None:
        self.failure: LifecycleError | None = None
        self._settled = settled
        self._request_stop = request_stop
        self._asked = trio.Event()

    def ask(self, reason: str) -> None:
        """A task has failed that this process cannot replace."""
        if self.failure is None:
            self.failure = LifecycleError(f"{reason}; trading is halted, and only a new process can go on")
            self._asked.set()

    def end(self, reason: str) -> None:
        """The process was never ready: nothing is on its way, and the next start needs nobody's leave."""
        self.failure = LifecycleError(reason)
        self._request_stop(reason)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        task_status.started()
        await self._asked.wait()
        with trio.move_on_after(PATIENCE_S):
            while not self._settled():  # noqa: ASYNC110 - a gateway tells what is open when it is asked
                await trio.sleep(LOOK_S)
        self._request_stop(str(self.failure))
        await trio.sleep_forever()
