"""How much is on its way: lets a replay wait until every consumer has dealt with what it was given."""

from __future__ import annotations

import trio


class Flow:
    """Counts batches handed to consumers and not yet finished, over all relays that share it."""

    def __init__(self) -> None:
        self._pending = 0
        self._idle: trio.Event | None = None

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
        if not self._pending and self._idle is not None:
            self._idle.set()
            self._idle = None

    async def wait_idle(self) -> None:
        """Return as soon as nothing is on its way."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while self._pending:
            if self._idle is None:
                self._idle = trio.Event()
            await self._idle.wait()
