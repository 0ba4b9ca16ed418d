"""Events of two pools of one pair with round numbers, and a paper executor among its surroundings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import attrs
import trio
from trio.testing import wait_all_tasks_blocked

from alphapulse.data.execution import ExecutionReport, Fill, Mode, OrderRequest
from alphapulse.data.instruments import Venue
from alphapulse.data.market import (
    BlockCompleted,
    LogStamp,
    MarketEvent,
    PoolCollect,
    PoolSwap,
    StreamState,
    StreamStatus,
)
from alphapulse.data.pools import Pool
from alphapulse.execution.latency import Latency
from alphapulse.execution.paper import PaperExecutor
from alphapulse.journal.journal import Journal
from alphapulse.relays.bus import Bus
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick
from alphapulse.rules.arbitrage.pair import PoolPair
from alphapulse.rules.arbitrage.path import SizedPath
from alphapulse.rules.arbitrage.sizing import size_path
from alphapulse.rules.books.pool_book import PoolBook
from tests.execution.execution_fakes import Disk, open_journal
from tests.rules.events.recorded_day import pools

CHEAP, DEAR = pools()
"""0.05% with spacing 10, and 0.30% with spacing 60."""
PAIR = PoolPair(CHEAP, DEAR, CHEAP.token0.address)
LIQUIDITY = 10**20
TIME_NS = 1_704_412_800_000_000_000


def stamp(block: int, log: int) -> LogStamp:
    return LogStamp(block, log, log, bytes(32), None, TIME_NS + block * 12 * 10**9, 0)


def swap(pool: Pool, block: int, log: int, tick: int, *, liquidity: int = LIQUIDITY) -> PoolSwap:
    """A swap behind which the pool's price is that of `tick`."""
    return PoolSwap(stamp(block, log), pool.id, 1, -1, sqrt_ratio_at_tick(tick), liquidity, tick)


def collect(pool: Pool, block: int, log: int) -> PoolCollect:
    return PoolCollect(stamp(block, log), pool.id, -60, 60, 0, 0)


def completed(block: int, last_log: int = 99) -> BlockCompleted:
    return BlockCompleted(1, block, last_log, TIME_NS + block * 12 * 10**9, 1, None, None)


def status(state: StreamState) -> StreamStatus:
    return StreamStatus("day", Venue.ETHEREUM, state, "a test", 0, 0, recorded=True)


OPENING = [swap(DEAR, 100, 1, 1), swap(CHEAP, 100, 5, 59)]
"""The cheap pool's price is 58 ticks above the dear one's: the gap beats both fees."""


def best_path(events: Sequence[MarketEvent] = OPENING) -> SizedPath:
    """The best trade at the state behind the events."""
    book = PoolBook((CHEAP, DEAR))
    for event in events:
        book.apply(event)
    first, second = book.state(CHEAP.id), book.state(DEAR.id)
    assert isinstance(first, ConcentratedState)
    assert isinstance(second, ConcentratedState)
    return size_path(PAIR, first, second)


def intent(
    intent_id: int = 1, *, strategy: str = "flash", block: int = 100, log: int = 5, minimum_profit: int = 0
) -> OrderRequest:
    """The best trade at the opening state. Costs: flash fee 7, gas 11."""
    path = best_path()
    return OrderRequest(
        run=1,
        intent_id=intent_id,
        signal_id=intent_id,
        strategy=strategy,
        mode=Mode.PAPER,
        halt_epoch=1,
        chain_id=1,
        block_number=block,
        log_index=log,
        venue_time_ns=TIME_NS,
        legs=tuple(step.as_leg() for step in path.steps),
        profit_token=PAIR.profit_token,
        size=path.size,
        minimum_profit=minimum_profit,
        flash_fee=7,
        gas_wei=1000,
        gas_cost=11,
        expected_net=path.profit - 18,
        created_ns=3,
    )


@attrs.define
class PaperBench:
    """A running paper executor; `settled` is what it published, in order."""

    nursery: trio.Nursery
    bus: Bus
    journal: Journal
    disk: Disk
    executor: PaperExecutor
    settled: list[Fill | ExecutionReport] = attrs.field(factory=list)
    life: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    async def start(self) -> None:
        """Let the executor run."""
        await self.nursery.start(self._run)

    async def stop(self) -> None:
        """Cancel the executor's task."""
        self.life.cancel("a test")
        await wait_all_tasks_blocked()

    async def _run(self, *, task_status: trio.TaskStatus[None]) -> None:
        with trio.CancelScope() as self.life:
            await self.executor.run(task_status=task_status)

    async def market(self, *events: MarketEvent) -> None:
        """Hand over events and let everybody deal with them."""
        self.bus.market_data.publish(events)
        await wait_all_tasks_blocked()

    async def submit(self, *intents: OrderRequest) -> None:
        self.executor.submit(list(intents))
        await wait_all_tasks_blocked()

    async def listen(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with self.bus.execution.subscribe("listener") as subscription:
            task_status.started()
            while True:
                self.settled += await subscription.receive()


@asynccontextmanager
async def paper_executor(
    folder: Path, latency: Latency, watched: Sequence[Pool] = (CHEAP, DEAR)
) -> AsyncIterator[PaperBench]:
    """A paper executor that runs and has seen nothing yet; it is stopped at the end."""
    ticks = count(1)
    bus, disk = Bus(), Disk()
    async with open_journal(folder, disk) as journal:
        executor = PaperExecutor(
            watched, latency, journal, bus.market_data, bus.execution, run=lambda: 1, now_ns=lambda: next(ticks)
        )
        async with trio.open_nursery() as nursery:
            bench = PaperBench(nursery, bus, journal, disk, executor)
            await nursery.start(bench.listen)
            await bench.start()
            yield bench
            await bench.stop()
            nursery.cancel_scope.cancel("the test is over")
