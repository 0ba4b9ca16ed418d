"""When a process of a topology ends by itself: the recording is over, and nobody needs its relays any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from alphapulse.composition.roads import Roads

LOOK_S = 0.1
"""A server says who is connected when it is asked: there is no event to wait for."""
PATIENCE_S = 30
"""How long relays that have been told of the end wait for those that still use them."""


class Departure:
    """Asks for the stop of this process once the recording is over; a relay is the last to leave.

    Who carries no market data does not hear of the end: `by_desertion` lets it take it from the others, who were all
    there once and have all gone.
    """

    def __init__(self, roads: Roads, request_stop: Callable[[str], None], *, by_desertion: bool) -> None:
        self._roads = roads
        self._request_stop = request_stop
        self._by_desertion = by_desertion
        self._over = trio.Event()

    def recording_over(self) -> None:
        """A recording that is to end its processes has ended."""
        self._over.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        task_status.started()
        if self._by_desertion:
            while self._roads.missing():  # noqa: ASYNC110
                await trio.sleep(LOOK_S)
            while not self._roads.deserted:  # noqa: ASYNC110
                await trio.sleep(LOOK_S)
        else:
            await self._over.wait()
            with trio.move_on_after(PATIENCE_S):
                while not self._roads.deserted:  # noqa: ASYNC110
                    await trio.sleep(LOOK_S)
        self._request_stop("the recording is over")
        await trio.sleep_forever()
