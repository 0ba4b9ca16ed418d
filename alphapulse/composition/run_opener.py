"""Begins the runs of the books in a process whose collectors run elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.link_events import is_link_stream

UNDER_WAY = (StreamState.FRESH, StreamState.QUIET, StreamState.GAP)


class RunOpener:
    """Opens fresh books whenever a collector begins anew, and at once if one was under way before these books were."""

    def __init__(
        self, market_data: AnyRelay, *, begin_run: Callable[[str], Awaitable[None]], has_run: Callable[[], bool]
    ) -> None:
        self._market_data = market_data
        self._begin_run = begin_run
        self._has_run = has_run

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled. Raises JournalError if a run cannot be recorded."""
        with self._market_data.subscribe("runs", types=(StreamStatus,)) as subscription:
            task_status.started()
            while True:
                for status in await subscription.receive():
                    if is_link_stream(status):
                        continue
                    if status.state is StreamState.RESET:
                        await self._begin_run(status.reason)
                    elif status.state in UNDER_WAY and not self._has_run():
                        await self._begin_run(f"the stream {status.stream} was under way")
