"""A replay in one process waits until every other process has dealt with what came of a block."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from trio.testing import MockClock

from alphapulse.data.execution import OrderRequest
from alphapulse.data.market import PoolSwap
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.wire import Domain
from alphapulse.relays.engagement import Engagement
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay_link import RelayLink
from alphapulse.rules.links.topics import ALL, NOTHING
from alphapulse.transport.address import MemoryAddress
from alphapulse.transport.endpoints import connect, listen
from tests.journal.journal_samples import fill, intent, signal
from tests.relays.linked_processes import Process
from tests.rules.arbitrage.market_samples import pool, swap

MARKET, SIGNAL, EXECUTION = MemoryAddress("market"), MemoryAddress("signal"), MemoryAddress("execution")
ADDRESSES = {Domain.MARKET_DATA: MARKET, Domain.SIGNAL: SIGNAL, Domain.EXECUTION: EXECUTION}
BLOCKS = 20


def event(block: int) -> PoolSwap:
    return swap(pool(1), (block, 0), 1 << 96)


class Desk:
    """Four processes: relays; collector; strategy; engine and books. Everybody takes time for what he does."""

    def __init__(self) -> None:
        self.relays = Process("relays", 100)
        self.collector = Process("collector", 1, leads=True)
        self.strategy = Process("strategy", 2)
        self.engine = Process("engine", 3)
        self.booked: list[int] = []
        self.decided: list[int] = []

    async def run(self, *, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        async with trio.open_nursery() as nursery:
            for domain, address in ADDRESSES.items():
                await nursery.start(listen(address).serve, self.relays.serve(domain).serve)
            links = [
                self._link(self.collector, Domain.MARKET_DATA, publishes_only=True),
                self._link(self.strategy, Domain.MARKET_DATA),
                self._link(self.strategy, Domain.SIGNAL, publishes_only=True),
                self._link(self.engine, Domain.SIGNAL),
                self._link(self.engine, Domain.EXECUTION),
            ]
            for service in (self._decide, self._trade, self._book):
                await nursery.start(service)
            for link in links:
                await nursery.start(link.run)
            task_status.started(nursery.cancel_scope)

    def _link(self, process: Process, domain: Domain, *, publishes_only: bool = False) -> RelayLink:
        topics = NOTHING if publishes_only else ALL
        return process.link(domain, partial(connect, ADDRESSES[domain]), topics=topics)

    async def _decide(self, *, task_status: trio.TaskStatus[None]) -> None:
        bus = self.strategy.bus
        with bus.market_data.subscribe("strategy", types=[PoolSwap]) as subscription:
            task_status.started()
            while True:
                for one in await subscription.receive():
                    await trio.sleep(0.3)
                    bus.signals.publish([signal(one.stamp.block_number)])

    async def _trade(self, *, task_status: trio.TaskStatus[None]) -> None:
        bus = self.engine.bus
        with bus.signals.subscribe("engine", types=[ArbitrageSignal]) as subscription:
            task_status.started()
            while True:
                for one in await subscription.receive():
                    await trio.sleep(0.2)
                    self.decided.append(one.signal_id)
                    bus.execution.publish([intent(one.signal_id)])
                    bus.execution.publish([fill(one.signal_id)])

    async def _book(self, *, task_status: trio.TaskStatus[None]) -> None:
        with self.engine.bus.execution.subscribe("books", types=[OrderRequest]) as subscription:
            task_status.started()
            while True:
                for one in await subscription.receive():
                    await trio.sleep(0.4)
                    self.booked.append(one.intent_id)


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    async with trio.open_nursery() as nursery:
        await nursery.start(made.run)
        yield made
        nursery.cancel_scope.cancel()


@pytest.mark.slow
async def test_a_block_is_dealt_with_by_all_processes_when_the_wait_is_over(autojump_clock: MockClock) -> None:
    """From the collector over strategy and engine to the books, which hear of the intent by the relay's way back."""
    async with desk() as all_of_them:
        for block in range(1, BLOCKS + 1):
            all_of_them.collector.bus.market_data.publish([event(block)])
            await all_of_them.collector.bus.flow.wait_idle()
            assert all_of_them.booked == all_of_them.decided == list(range(1, block + 1))
        for process in (all_of_them.relays, all_of_them.strategy, all_of_them.engine):
            assert process.bus.flow.pending == 0


@pytest.mark.slow
async def test_what_another_process_does_of_its_own_accord_holds_up_no_replay(autojump_clock: MockClock) -> None:
    """It is not waited for, and does not make the wait end too early either."""
    async with desk() as all_of_them, trio.open_nursery() as nursery:

        async def chatter() -> None:
            for number in range(1_000, 1_400):
                all_of_them.engine.bus.execution.publish([fill(number)])
                await trio.sleep(0.05)

        nursery.start_soon(chatter)
        for block in range(1, BLOCKS + 1):
            all_of_them.collector.bus.market_data.publish([event(block)])
            await all_of_them.collector.bus.flow.wait_idle()
            assert all_of_them.booked == list(range(1, block + 1))


async def test_a_process_that_is_lost_is_not_waited_for(autojump_clock: MockClock) -> None:
    """The relay gives up what it had sent there, and so the collector's wait ends."""
    async with trio.open_nursery() as nursery:
        relays, collector, strategy = (
            Process("relays", 100),
            Process("collector", 1, leads=True),
            Process("strategy", 2),
        )
        listener = listen(MARKET)
        await nursery.start(listener.serve, relays.serve(Domain.MARKET_DATA).serve)
        links = [
            collector.link(Domain.MARKET_DATA, partial(connect, MARKET), topics=NOTHING),
            strategy.link(Domain.MARKET_DATA, partial(connect, MARKET)),
        ]
        await nursery.start(links[0].run)
        scope = await nursery.start(_cancellable, links[1].run)
        with strategy.bus.market_data.subscribe("stuck"):
            collector.bus.market_data.publish([event(1)])
            waiting = trio.current_time()
            with trio.move_on_after(5):
                await collector.bus.flow.wait_idle()
            assert trio.current_time() == waiting + 5
            scope.cancel()
            await collector.bus.flow.wait_idle()
        nursery.cancel_scope.cancel()


def test_a_process_works_for_one_at_a_time_and_returns_the_work_when_it_rests() -> None:
    released: list[str] = []

    class Link:
        def __init__(self, name: str) -> None:
            self.name = name

        def release(self) -> None:
            released.append(self.name)

    flow = Flow()
    engagement = Engagement(flow)
    counted = [engagement.counts]
    flow.begin()
    assert engagement.engage(Link("first"))
    assert not engagement.engage(Link("second"))
    counted.append(engagement.counts)
    engagement.settle()
    assert released == []
    flow.finish()
    assert released == ["first"]
    counted.append(engagement.counts)
    assert counted == [False, True, False]


@pytest.mark.parametrize("leave_first", [True, False])
def test_a_link_that_is_gone_is_worked_for_no_longer(leave_first: bool) -> None:
    released: list[str] = []

    class Link:
        def release(self) -> None:
            released.append("released")

    engagement, link = Engagement(Flow()), Link()
    engagement.engage(link)
    if leave_first:
        engagement.leave(link)
    engagement.settle()
    assert released == ([] if leave_first else ["released"])


def test_who_leads_works_for_nobody_and_counts_all_that_it_sends() -> None:
    class Link:
        def release(self) -> None:
            raise AssertionError("nothing was held")

    engagement = Engagement(Flow(), leads=True)
    assert engagement.counts
    assert not engagement.engage(Link())
    engagement.settle()


async def _cancellable(run: Callable[..., object], *, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            await nursery.start(run)  # type: ignore[arg-type]
            task_status.started(scope)
