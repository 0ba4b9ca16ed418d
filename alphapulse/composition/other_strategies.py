"""The strategies of other processes, as a halt in the books' process sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable


class OtherStrategies:
    """A party of each halt. The change that is published stops and starts what it speaks for.

    `wait_applied` returns when every process of strategies has applied all halts that were published so far; each does
    so when its own tasks are gone.
    """

    def __init__(self, wait_applied: Callable[[], Awaitable[None]]) -> None:
        self._wait_applied = wait_applied

    def stop(self, scope: str, reason: str) -> None:
        """The change does it."""

    def start(self, scope: str) -> None:
        """The change does it."""

    async def wait_stopped(self, scope: str) -> None:
        """Return when none of the scope's tasks runs any more in any process."""
        await self._wait_applied()
