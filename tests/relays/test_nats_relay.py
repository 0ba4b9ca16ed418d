"""Relays over a real nats-server: one order for everybody, nothing lost in silence, and a replay that waits for all."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import pytest
import trio

from alphapulse.data.links import LinkCondition
from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.data.wire import Domain
from alphapulse.relays import nats_inflow, nats_readers
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.rules.links.topics import NOTHING
from alphapulse.transport.nats_login import connect_nats
from tests.journal.journal_samples import fill, run_started, signal
from tests.relays.linked_processes import NOW_NS, Process
from tests.relays.nats_processes import join
from tests.rules.arbitrage.market_samples import completed, pool, swap
from tests.transport.nats_server import NatsServer, nats_server

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

LIMIT_S = 180.0
NS_PER_DAY = 86_400_000_000_000
PRICE = 1 << 96
MARKET, SIGNAL, EXECUTION = Domain.MARKET_DATA, Domain.SIGNAL, Domain.EXECUTION


def block(number: int) -> list[object]:
    return [swap(pool(1 + number % 5), (number, 0), PRICE + number), completed((number, 1))]


def blocks(first: int, last: int) -> list[object]:
    return [event for number in range(first, last + 1) for event in block(number)]


async def until(done: Callable[[], object]) -> None:
    while not done():  # noqa: ASYNC110 - what is waited for has no event
        await trio.lowlevel.checkpoint()


class Consumer:
    """Remembers what it is given, save what links say of themselves, and may answer each list."""

    def __init__(self, answer: Callable[[list[object]], None] | None = None) -> None:
        self.lists: list[list[object]] = []
        self.statuses: list[StreamState] = []
        self._answer = answer
        self._changed = trio.Event()

    @property
    def seen(self) -> list[object]:
        return [message for one in self.lists for message in one]

    async def run(self, relay: AnyRelay, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with relay.subscribe("consumer") as subscription:
            task_status.started()
            while True:
                self.take(await subscription.receive())

    def take(self, messages: list[object]) -> None:
        self.statuses += [message.state for message in messages if isinstance(message, StreamStatus)]
        given = [message for message in messages if not isinstance(message, StreamStatus)]
        if given:
            self.lists.append(given)
            if self._answer is not None:
                self._answer(given)
        self._changed.set()
        self._changed = trio.Event()

    async def has(self, count: int) -> None:
        await self.until(lambda one: len(one.seen) >= count)

    async def until(self, done: Callable[[Consumer], bool]) -> None:
        while not done(self):
            await self._changed.wait()


@contextlib.asynccontextmanager
async def world(folder: Path) -> AsyncIterator[tuple[NatsServer, trio.Nursery]]:
    with trio.fail_after(LIMIT_S):
        async with nats_server(folder) as server, trio.open_nursery() as nursery:
            yield server, nursery
            nursery.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def life() -> AsyncIterator[trio.Nursery]:
    """The tasks of one process, all of which end with it."""
    async with trio.open_nursery() as nursery:
        yield nursery
        nursery.cancel_scope.cancel()


async def test_a_replay_waits_for_what_comes_of_a_block_in_all_processes(tmp_path: Path) -> None:
    """Blocks lead to signals and signals to fills, each in another process; `wait_idle` means that all is done."""
    async with world(tmp_path) as (server, nursery):
        collector, strategy, execution = (
            Process("collector", 1, leads=True),
            Process("strategy", 2),
            Process("engine", 3),
        )
        readers = {MARKET: {"strategy", "engine"}, SIGNAL: {"engine"}, EXECUTION: {"strategy"}}
        for process in (execution, strategy, collector):
            for domain, names in readers.items():
                topics = {} if process.name in names else {"topics": NOTHING}
                await nursery.start(join(process, server, domain, consumers=names, **topics).run)  # type: ignore[arg-type]
        deciding = Consumer(lambda given: strategy.bus.signals.publish([signal(len(deciding.lists))]))
        filling = Consumer(lambda given: execution.bus.execution.publish([fill(len(filling.lists))]))
        booked = Consumer()
        await nursery.start(deciding.run, strategy.bus.market_data)
        await nursery.start(filling.run, execution.bus.signals)
        await nursery.start(booked.run, strategy.bus.execution)
        for number in range(1, 51):
            collector.bus.market_data.publish(block(number))
            await collector.bus.flow.wait_idle()
            assert [len(one.lists) for one in (deciding, filling, booked)] == [number] * 3
        assert deciding.lists == [block(number) for number in range(1, 51)]


async def test_everybody_sees_the_publishers_in_one_order(tmp_path: Path) -> None:
    async with world(tmp_path) as (server, nursery):
        processes = [Process(f"p{number}", number + 1) for number in range(3)]
        names = {process.name for process in processes}
        consumers = [Consumer() for _ in processes]
        for process, consumer in zip(processes, consumers, strict=True):
            await nursery.start(join(process, server, SIGNAL, consumers=names).run)
            await nursery.start(consumer.run, process.bus.signals)
        for number in range(1, 101):
            processes[number % 3].bus.signals.publish([signal(number)])
            if number % 7 == 0:
                await trio.lowlevel.checkpoint()
        for consumer in consumers:
            await consumer.until(lambda one: len(one.seen) == 100)
        assert consumers[0].seen == consumers[1].seen == consumers[2].seen


async def test_who_comes_later_starts_from_the_state_and_nobody_else_is_reset(tmp_path: Path) -> None:
    async with world(tmp_path) as (server, nursery):
        collector, early, late = Process("collector", 1), Process("early", 2), Process("late", 3)
        await nursery.start(join(collector, server, MARKET, consumers=(), topics=NOTHING).run)
        first, second = Consumer(), Consumer()
        await nursery.start(join(early, server, MARKET, consumers=()).run)
        await nursery.start(first.run, early.bus.market_data)
        collector.bus.market_data.publish(blocks(1, 20))
        await first.until(lambda one: len(one.seen) == 40)
        await nursery.start(join(late, server, MARKET, consumers=()).run)
        await nursery.start(second.run, late.bus.market_data)
        await second.until(lambda one: len(one.seen) >= 5)
        for number in range(21, 25):
            collector.bus.market_data.publish(block(number))
        await second.until(lambda one: one.seen[-8:] == blocks(21, 24))
        await first.until(lambda one: len(one.seen) == 48)
        assert first.seen == blocks(1, 24)
        assert StreamState.RESET not in first.statuses
        assert list(late.bus.market_snapshot()) == list(early.bus.market_snapshot())


async def test_a_publisher_that_starts_anew_resets_its_readers(tmp_path: Path) -> None:
    async with world(tmp_path) as (server, nursery):
        reader, consumer = Process("reader", 9), Consumer()
        await nursery.start(join(reader, server, MARKET, consumers=()).run)
        await nursery.start(consumer.run, reader.bus.market_data)
        for boot_id in (1, 2):
            collector = Process("collector", boot_id)
            async with life() as tasks:
                await tasks.start(join(collector, server, MARKET, consumers=(), topics=NOTHING).run)
                collector.bus.market_data.publish(blocks(boot_id, boot_id))
                await consumer.has(2 * boot_id)
        assert consumer.seen == blocks(1, 2)
        assert StreamState.RESET in consumer.statuses
        assert [one.condition for one in reader.notices].count(LinkCondition.RESET) == 1


async def test_a_list_larger_than_a_message_stays_one_list(tmp_path: Path) -> None:
    """The server takes a MiB at a time; what was published together is handed over together."""
    async with world(tmp_path) as (server, nursery):
        collector, reader, consumer = Process("collector", 1), Process("reader", 2), Consumer()
        await nursery.start(join(reader, server, MARKET, consumers=()).run)
        await nursery.start(consumer.run, reader.bus.market_data)
        await nursery.start(join(collector, server, MARKET, consumers=(), topics=NOTHING).run)
        large = [swap(pool(1), (1, index), PRICE + index) for index in range(7_000)]
        collector.bus.market_data.publish(large)
        collector.bus.market_data.publish(block(2))
        await consumer.until(lambda one: len(one.seen) == 7_002)
        assert consumer.lists[0][:7_000] == large
        assert consumer.seen[7_000:] == block(2)


async def test_a_killed_server_costs_nothing_but_time(tmp_path: Path) -> None:
    """What is published meanwhile comes when it is back, in order, each message once."""
    async with world(tmp_path) as (server, nursery):
        engine, books, consumer = Process("engine", 1), Process("books", 2), Consumer()
        published, reading = (
            join(process, server, EXECUTION, consumers={"books"}, durable={"books"}) for process in (engine, books)
        )
        nursery.start_soon(reading.run)
        await nursery.start(consumer.run, books.bus.execution)
        await nursery.start(published.run)
        for number in range(1, 61):
            engine.bus.execution.publish([fill(number)])
            if number in {20, 40}:
                await consumer.has(number - 10)
                server.kill()
                engine.bus.execution.publish([fill(1_000 + number)])
                await server.start()
            await trio.lowlevel.checkpoint()
        await published.wait_acknowledged()
        expected = [
            fill(n) for number in range(1, 61) for n in ([number, 1_000 + number] if number in {20, 40} else [number])
        ]
        assert consumer.seen == expected
        assert published.unacknowledged == 0


async def test_a_durable_reader_that_dies_gets_what_it_had_not_applied(tmp_path: Path) -> None:
    """The publisher is told that a message is acknowledged only when its durable reader has come back for more."""
    async with world(tmp_path) as (server, nursery):
        engine = Process("engine", 1)
        link = join(engine, server, EXECUTION, consumers={"books"}, durable={"books"}, topics=NOTHING)
        await nursery.start(link.run)
        engine.bus.execution.publish([fill(1), fill(2)])
        first_life, second_life = Process("books", 2), Process("books", 3)
        reading = join(first_life, server, EXECUTION, consumers={"books"}, durable={"books"})
        with first_life.bus.hubs[EXECUTION].subscribe("dies") as subscription:
            async with life() as tasks:
                await tasks.start(reading.run)
                assert await subscription.receive() == [fill(1), fill(2)]
                engine.bus.execution.publish([fill(3)])
                assert await subscription.receive() == [fill(3)]
                await until(lambda: link.unacknowledged == 1)
        engine.bus.execution.publish([fill(4)])
        consumer = Consumer()
        nursery.start_soon(join(second_life, server, EXECUTION, consumers={"books"}, durable={"books"}).run)
        await nursery.start(consumer.run, second_life.bus.hubs[EXECUTION])
        await link.wait_acknowledged()
        assert consumer.seen == [fill(3), fill(4)]


async def test_a_newcomer_on_execution_learns_the_run_and_the_halts(tmp_path: Path) -> None:
    async with world(tmp_path) as (server, nursery):
        engine, view = Process("engine", 1), Process("view", 2)
        await nursery.start(join(engine, server, EXECUTION, consumers=()).run)
        engine.bus.execution.publish([run_started(), fill(1)])
        seen = Consumer()
        await nursery.start(seen.run, engine.bus.execution)
        await nursery.start(join(view, server, EXECUTION, consumers=()).run)
        consumer = Consumer()
        await nursery.start(consumer.run, view.bus.execution)
        await consumer.until(lambda one: bool(one.seen))
        assert consumer.seen == [run_started()]


async def test_a_reader_that_is_gone_is_waited_for_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is one for long that was never there."""
    async with world(tmp_path) as (server, nursery):
        collector, reader = Process("collector", 1, leads=True), Process("reader", 2)
        names = {"reader", "never there"}
        link = join(collector, server, MARKET, consumers=names, topics=NOTHING)
        await nursery.start(link.run)
        async with life() as tasks:
            await tasks.start(join(reader, server, MARKET, consumers=names).run)
            consumer = Consumer()
            await tasks.start(consumer.run, reader.bus.market_data)
            collector.bus.market_data.publish(block(1))
            await consumer.has(2)
            monkeypatch.setattr(nats_readers, "PATIENCE_NS", 700_000_000)
            await collector.bus.flow.wait_idle()
            assert consumer.seen == block(1)
        monkeypatch.setattr(nats_readers, "SILENT_NS", 700_000_000)
        collector.bus.market_data.publish(block(2))
        await collector.bus.flow.wait_idle()
        assert link.report is not None
        assert [(one.service, one.connected) for one in link.report.consumers] == [
            ("never there", False),
            ("reader", False),
        ]


async def test_a_reader_is_known_by_what_it_has_of_all_publishers(tmp_path: Path) -> None:
    """Also to a process that publishes nothing itself."""
    async with world(tmp_path) as (server, nursery):
        first, second, engine = Process("first", 1), Process("second", 2), Process("engine", 3)
        for strategy in (first, second):
            await nursery.start(join(strategy, server, SIGNAL, consumers={"engine"}, topics=NOTHING).run)
        link = join(engine, server, SIGNAL, consumers={"engine"})
        await nursery.start(link.run)

        def told() -> tuple[int, int, int]:
            assert link.report is not None
            [one] = link.report.consumers
            return one.sent, one.lag, link.report.next_sequence

        assert told() == (0, 0, 1)
        first.bus.signals.publish([signal(1), signal(2)])
        second.bus.signals.publish([signal(3)])
        await until(lambda: told() == (3, 0, 4))


async def test_signals_that_are_too_old_are_not_handed_on(tmp_path: Path) -> None:
    async with world(tmp_path) as (server, nursery):
        moment = [NOW_NS]
        strategy, engine = Process("strategy", 1), Process("engine", 2, clock=lambda: moment[0])
        await nursery.start(join(strategy, server, SIGNAL, consumers=(), topics=NOTHING).run)
        link = join(engine, server, SIGNAL, consumers=(), ttl_ns=1_000)
        await nursery.start(link.run)
        consumer = Consumer()
        await nursery.start(consumer.run, engine.bus.signals)
        strategy.bus.signals.publish([signal(1)])
        await consumer.until(lambda one: bool(one.seen))
        moment[0] += NS_PER_DAY
        strategy.bus.signals.publish([signal(2)])
        await until(lambda: link.expired)
        assert consumer.seen == [signal(1)]


async def test_another_build_is_refused_on_execution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path) as (server, nursery):
        engine, books, consumer = Process("engine", 1), Process("books", 2), Consumer()
        await nursery.start(join(engine, server, EXECUTION, consumers=(), topics=NOTHING).run)
        monkeypatch.setattr(nats_inflow, "BUILD", "0123456789abcdef")
        await nursery.start(join(books, server, EXECUTION, consumers=()).run)
        await nursery.start(consumer.run, books.bus.execution)
        engine.bus.execution.publish([fill(1)])
        await until(lambda: any(one.condition is LinkCondition.REFUSED for one in books.notices))
        assert not consumer.seen
        [refusal] = [one for one in books.notices if one.condition is LinkCondition.REFUSED]
        assert "all processes that trade must be of one build" in refusal.text


async def test_a_stranger_on_the_links_subjects_is_not_listened_to(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Bytes that are no batch end nothing."""
    async with world(tmp_path) as (server, nursery):
        collector, reader, consumer = Process("collector", 1), Process("reader", 2), Consumer()
        await nursery.start(join(collector, server, MARKET, consumers=(), topics=NOTHING).run)
        await nursery.start(join(reader, server, MARKET, consumers=()).run)
        await nursery.start(consumer.run, reader.bus.market_data)
        stranger = await connect_nats(server.address, name="stranger", random=Random())
        nursery.start_soon(stranger.run)
        for word in ("beat.x", "told.collector.x", "ask.collector", "who", "in.x.y.s", "in.x.y.m"):
            await stranger.publish(f"alphapulse.market_data.data.{word}", b"nonsense" * 20)
        collector.bus.market_data.publish(block(1))
        await consumer.until(lambda one: len(one.seen) == 2)
        await until(lambda: "cannot be read" in caplog.text)
        collector.bus.market_data.publish(block(2))
        await consumer.until(lambda one: len(one.seen) == 4)
