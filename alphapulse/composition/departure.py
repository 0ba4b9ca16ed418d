"""When a process of a topology ends by itself: the recording is over, and nobody needs its relays any more."""

from __future__ import annotations

from collections.abc import Callable

import trio

from alphapulse.composition.roads import Roads

LOOK_S = 0.1
PATIENCE_S = 30
"""How long relays that have been told of the end wait for those that still use them."""


class Departure:
    """Asks for the stop of this process once the recording is over; a relay is the last to leave."""

    def __init__(self, roads: Roads, request_stop: Callable[[str], None]) -> None:
        self._roads = roads
        self._request_stop = request_stop
        self._over = trio.Event()

    def recording_over(self) -> None:
        """A recording that is to end its processes has ended."""
        self._over.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        task_status.started()
        await self._over.wait()
        with trio.move_on_after(PATIENCE_S):
            while not self._roads.deserted:  # noqa: ASYNC110 - a server tells who is connected when it is asked
                await trio.sleep(LOOK_S)
        self._request_stop("the recording is over")
        await trio.sleep_forever()
