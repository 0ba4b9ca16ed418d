"""Begins the runs of the books in a process whose collectors run elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import trio

from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.relays.bus import Bus
from alphapulse.relays.link_events import is_link_stream
from alphapulse.relays.reader import Reader

UNDER_WAY = (StreamState.FRESH, StreamState.QUIET, StreamState.GAP)


class RunOpener(Reader):
    """Opens fresh books whenever a collector begins anew, and at once if one was under way before these books were."""

    def __init__(self, bus: Bus, *, begin_run: Callable[[str], Awaitable[None]], has_run: Callable[[], bool]) -> None:
        self._bus = bus
        self._begin_run = begin_run
        self._has_run = has_run

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled. Raises JournalError if a run cannot be recorded."""
        with self._bus.market_data.subscribe("runs", types=(StreamStatus,)) as subscription:
            task_status.started()
            await self._heed(list(self._bus.streams.values()))
            while True:
                await self._heed(await self.read(subscription))

    async def _heed(self, statuses: Sequence[StreamStatus]) -> None:
        for status in statuses:
            if is_link_stream(status):
                continue
            if status.state is StreamState.RESET:
                await self._begin_run(status.reason)
            elif status.state in UNDER_WAY and not self._has_run():
                await self._begin_run(f"the stream {status.stream} was under way")
