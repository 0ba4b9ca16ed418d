"""Who speaks over the network takes turns: however many come, trading waits for few of them at a time."""

from __future__ import annotations

import trio

AT_ONCE = 2
"""In each pass of the loop one connection is accepted. As more are heard than come, whoever comes is heard before the
newcomers behind him have taken his place."""


class Turnstile:
    """Lets two tasks through in each pass of the loop, first come, first served.

    Trio runs all tasks that can run before it runs any of them again. A hundred connections with a millisecond of work
    each would hold up every step of trading for a tenth of a second; two by two they hold it up for two milliseconds.
    """

    def __init__(self) -> None:
        self._waiting = trio.lowlevel.ParkingLot()
        self._somebody = trio.Event()

    async def turn(self) -> None:
        """Wait for one's turn. A checkpoint."""
        self._somebody.set()
        await self._waiting.park()

    async def run(self) -> None:
        """Runs until cancelled; as long as it does not run, nobody gets through."""
        while True:
            await self._somebody.wait()
            while self._waiting:
                self._waiting.unpark(count=AT_ONCE)
                await trio.lowlevel.checkpoint()
            self._somebody = trio.Event()
