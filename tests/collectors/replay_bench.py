"""A recorded collector with its surroundings: a bus, a consumer that keeps everything, and clocks of the test's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import trio

from alphapulse.collectors.recorded.collector import RecordedCollector, ReplayTerms
from alphapulse.collectors.recorded.recording import Recording
from alphapulse.data.market import BlockCompleted, PoolEvent, StreamState, StreamStatus
from alphapulse.data.pools import Pool
from alphapulse.errors import RecordingError
from alphapulse.journal.blocking import RunBlocking
from alphapulse.observe.market_clock import MarketClock
from alphapulse.relays.bus import Bus
from tests.fakes.inline_blocking import run_inline
from tests.rules.events.recorded_day import pools as day_pools

FULL_SPEED = ReplayTerms("day", 0, None, None, "stop")


class ReplayBench:
    """`heard` is what a consumer was handed, with Trio's time; `runs` why runs began; `ends` how passes ended."""

    def __init__(
        self,
        paths: Sequence[Path],
        terms: ReplayTerms = FULL_SPEED,
        *,
        pools: Sequence[Pool] | None = None,
        run_blocking: RunBlocking = run_inline,
    ) -> None:
        self.bus = Bus()
        self.heard: list[tuple[float, object]] = []
        self.runs: list[str] = []
        self.ends: list[RecordingError | None] = []
        self.ended = trio.Event()
        self.clock = MarketClock(lambda: round(trio.current_time() * 10**9))
        self.collector = RecordedCollector(
            Recording(paths),
            pools or day_pools(),
            terms,
            self.bus.market_data,
            self.clock,
            begin_run=self._begin_run,
            on_end=self._end,
            run_blocking=run_blocking,
            now_ns=lambda: 7,
        )

    async def run_to_end(self) -> None:
        """Replay until the recording is over, then stop the collector."""
        await self.run_until(self.ended.wait)

    async def run_for(self, seconds: float) -> None:
        """Replay for a time."""
        await self.run_until(partial(trio.sleep, seconds))

    async def run_until(self, event: Callable[[], Awaitable[None]]) -> None:
        """Replay until `event` has happened."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.listen)
            await nursery.start(self.collector.run)
            await event()
            nursery.cancel_scope.cancel()

    async def listen(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with self.bus.market_data.subscribe("listener") as subscription:
            task_status.started()
            while True:
                for message in await subscription.receive():
                    self.heard.append((trio.current_time(), message))

    @property
    def messages(self) -> list[object]:
        return [message for _, message in self.heard]

    @property
    def events(self) -> list[PoolEvent]:
        return [message for message in self.messages if isinstance(message, PoolEvent)]

    @property
    def completed(self) -> list[BlockCompleted]:
        return [message for message in self.messages if isinstance(message, BlockCompleted)]

    @property
    def states(self) -> list[tuple[StreamState, str]]:
        return [(message.state, message.reason) for message in self.messages if isinstance(message, StreamStatus)]

    async def _begin_run(self, reason: str) -> None:
        await trio.lowlevel.checkpoint()
        self.runs.append(reason)

    def _end(self, problem: RecordingError | None) -> None:
        self.ends.append(problem)
        self.ended.set()


def terms(**changes: Any) -> ReplayTerms:
    """Full speed, to the end, with changes."""
    return attrs.evolve(FULL_SPEED, **changes)
