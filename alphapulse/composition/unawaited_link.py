"""A link that holds up no start."""

from __future__ import annotations

import trio

from alphapulse.relays.relay_link import AnyLink


class UnawaitedLink:
    """A link that a process can do without: it holds up no start."""

    def __init__(self, link: AnyLink) -> None:
        self._link = link

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        task_status.started()
        await self._link.run()
