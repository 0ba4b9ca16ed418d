"""What consumers and publishers see of a link that fails, a relay that starts anew, and a peer that is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.data.links import LinkCondition
from alphapulse.data.market import PoolState, PoolSwap, StreamState, StreamStatus
from alphapulse.data.wire import Domain
from alphapulse.errors import RelayError
from alphapulse.relays import lane_link, relay_server
from alphapulse.relays.link_events import is_link_stream
from alphapulse.relays.relay_link import RelayLink
from alphapulse.relays.served_link import ServedLink
from alphapulse.rules.links.delivery import EXECUTION
from alphapulse.rules.links.delivery import MARKET as MARKET_DELIVERY
from alphapulse.rules.links.topics import NOTHING
from alphapulse.transport.address import MemoryAddress
from alphapulse.transport.byte_link import ByteLink
from alphapulse.transport.endpoints import connect, listen
from alphapulse.transport.memory import MemoryListener
from tests.journal.journal_samples import halt, intent
from tests.relays.linked_processes import NOW_NS, Process, Recorder
from tests.rules.arbitrage.market_samples import completed, pool, status, swap
from tests.transport.conftest import Certify
from tests.transport.mediums import medium

ADDRESS = MemoryAddress("relay")
ONE = pool(1)
FAIR = 1 << 96
MARKET = Domain.MARKET_DATA


@attrs.define
class Relay:
    """A relay's process that can be ended."""

    process: Process
    listener: MemoryListener
    scope: trio.CancelScope


async def start(
    nursery: trio.Nursery,
    boot: int,
    domain: Domain = MARKET,
    clock: Callable[[], int] = lambda: NOW_NS,
    **terms: object,
) -> Relay:
    process, listener = Process("relays", boot, clock=clock), listen(ADDRESS)
    assert isinstance(listener, MemoryListener)
    server = process.serve(domain, **terms)  # type: ignore[arg-type]

    async def run(*, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as inner:
                await inner.start(listener.serve, server.serve)
                task_status.started(scope)

    return Relay(process, listener, await nursery.start(run))


@asynccontextmanager
async def strategy_linked(nursery: trio.Nursery) -> AsyncIterator[tuple[Process, Recorder]]:
    process, recorder = Process("strategy", 2), Recorder()
    await nursery.start(recorder.run, process, MARKET)
    await nursery.start(process.link(MARKET, partial(connect, ADDRESS)).run)
    yield process, recorder


def link_states(recorder: Recorder) -> list[StreamState]:
    return [one.state for one in recorder.seen if isinstance(one, StreamStatus) and is_link_stream(one)]


async def test_a_link_that_falls_silent_is_stale_and_closes_the_gate_until_it_is_heard_again(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Every venue is in trouble then, whatever its own stream says."""
    relay = await start(nursery, 100)
    async with strategy_linked(nursery) as (process, recorder):
        relay.process.bus.market_data.publish([status(StreamState.FRESH)])
        await trio.sleep(1)
        venue, troubles = status(StreamState.FRESH).venue, []
        troubles.append(process.bus.stream_trouble(venue))
        relay.listener.cables[0].stall()
        await trio.sleep(2.5)
        troubles.append(process.bus.stream_trouble(venue))
        relay.listener.cables[0].resume()
        await trio.sleep(0.5)
        troubles.append(process.bus.stream_trouble(venue))
        assert link_states(recorder) == [StreamState.FRESH, StreamState.STALE, StreamState.FRESH]
        assert (troubles[0], troubles[2]) == (None, None)
        assert str(troubles[1]).startswith("the stream link market_data is stale: nothing was heard for 1")
    nursery.cancel_scope.cancel()


async def test_a_cable_that_breaks_costs_nothing_that_the_ring_still_holds(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Strategies see neither a gap nor a reset: the link goes on from where it was."""
    relay = await start(nursery, 100)
    async with strategy_linked(nursery) as (_, recorder):
        for block in range(20):
            relay.process.bus.market_data.publish([swap(ONE, (block, 0), FAIR + block)])
            if block % 5 == 4:
                relay.listener.cables[-1].cut()
            await trio.sleep(0.3)
        blocks = [one.stamp.block_number for one in recorder.seen if isinstance(one, PoolSwap)]
        assert blocks == list(range(20))
        assert set(link_states(recorder)) == {StreamState.FRESH}
    nursery.cancel_scope.cancel()


async def test_a_relay_that_starts_anew_is_a_reset_and_gets_the_publishers_state(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """What was published while it was away is in that state; the strategy's book is whole again."""
    relay = await start(nursery, 100)
    collector = Process("collector", 1)
    await nursery.start(collector.link(MARKET, partial(connect, ADDRESS), topics=NOTHING).run)
    async with strategy_linked(nursery) as (process, recorder):
        collector.bus.market_data.publish([status(StreamState.FRESH), swap(ONE, (1, 0), FAIR), completed((1, 0))])
        await trio.sleep(0.5)
        relay.scope.cancel()
        await trio.sleep(0.2)
        collector.bus.market_data.publish([swap(ONE, (2, 0), FAIR + 7)])
        await start(nursery, 101)
        await trio.sleep(6)
        assert StreamState.RESET in link_states(recorder)
        assert link_states(recorder)[-1] is StreamState.FRESH
        states = {one.pool: one.sqrt_price_x96 for one in process.bus.market_snapshot() if isinstance(one, PoolState)}
        assert states == {ONE.id: FAIR + 7}
        assert process.bus.streams["day"].state is StreamState.FRESH
    nursery.cancel_scope.cancel()


async def test_the_streams_of_a_publisher_that_leaves_are_stale_until_it_is_back(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    relay = await start(nursery, 100)
    collector = Process("collector", 1)
    await nursery.start(collector.link(MARKET, partial(connect, ADDRESS), topics=NOTHING).run)
    async with strategy_linked(nursery) as (_, recorder):
        collector.bus.market_data.publish([status(StreamState.FRESH)])
        await trio.sleep(0.5)
        relay.listener.cables[0].cut()
        await trio.sleep(1)
        own = [one for one in recorder.seen if isinstance(one, StreamStatus) and not is_link_stream(one)]
        assert [one.state for one in own] == [StreamState.FRESH, StreamState.STALE, StreamState.FRESH]
        assert own[1].reason == "collector has left the relay market_data"
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("other", [{"registry_hash": lambda: bytes(32)}, {"__version__": "9.9.9"}])
@pytest.mark.parametrize("server_side", [True, False])
async def test_processes_of_different_builds_do_not_trade_with_each_other(
    server_side: bool,
    other: dict[str, object],
    autojump_clock: MockClock,
    nursery: trio.Nursery,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Refused on execution with words that say why; market data may be read."""
    for name, value in other.items():
        monkeypatch.setattr(relay_server if server_side else lane_link, name, value)
    relay = await start(nursery, 100, Domain.EXECUTION)
    process = Process("engine", 3)
    nursery.start_soon(process.link(Domain.EXECUTION, partial(connect, ADDRESS)).run)
    await trio.sleep(1)
    assert {one.condition for one in process.notices} == {LinkCondition.REFUSED}
    assert "must be of one build" in process.notices[0].text
    assert {one.condition for one in relay.process.notices} == {LinkCondition.REFUSED}
    assert not process.links[Domain.EXECUTION].connected
    nursery.cancel_scope.cancel()


async def test_a_durable_consumer_that_nobody_waits_for_is_refused(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Otherwise it would believe that what it lacks is kept for it."""
    await start(nursery, 100, Domain.EXECUTION, durable=("books",))
    process = Process("stranger", 3)
    link = process.link(Domain.EXECUTION, partial(connect, ADDRESS), durable=True)
    nursery.start_soon(link.run)
    with process.bus.execution.subscribe("stranger"):
        await trio.sleep(1)
        assert "stranger is not one of the durable consumers" in process.notices[0].text
    nursery.cancel_scope.cancel()


@pytest.mark.real_io
async def test_who_says_that_it_is_another_than_its_certificate_does_is_refused(
    nursery: trio.Nursery, tmp_path: Path, certify: Certify
) -> None:
    """Else a strategy's machine could take the place of the books, and acknowledge in their name."""
    books = Process("books", 3)
    by = medium("tcp", tmp_path, certify)
    async with by.serving(Process("relays", 1).serve(MARKET).serve) as address:
        nursery.start_soon(books.link(MARKET, partial(by.connect, address)).run)
        with trio.fail_after(60):
            while not books.notices:  # noqa: ASYNC110 - nothing else tells
                await trio.sleep(0.01)
        assert books.notices[0].condition is LinkCondition.REFUSED
        assert "it says that it is books, and its certificate that of strategy.test" in books.notices[0].text
        nursery.cancel_scope.cancel()


async def test_a_relay_goes_on_to_report_when_the_wall_clock_is_put_back(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Reports come by the clock that nobody sets."""
    wall = [NOW_NS]
    relay = await start(nursery, 100, clock=lambda: wall[0])
    process = Process("strategy", 2)
    link = process.link(MARKET, partial(connect, ADDRESS))
    await nursery.start(link.run)
    await trio.sleep(2)
    wall[0] -= 3_600_000_000_000
    relay.process.bus.market_data.publish([status(StreamState.FRESH)])
    await trio.sleep(2)
    assert link.report is not None
    assert link.report.published == 1
    nursery.cancel_scope.cancel()


async def test_a_relay_that_does_not_take_what_is_published_is_told_of_with_what_was_left_out(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Nobody else could: the relay has never seen it."""
    relay, collector = await start(nursery, 100), Process("collector", 1)
    await nursery.start(collector.link(MARKET, partial(connect, ADDRESS), topics=NOTHING).run)
    relay.listener.cables[0].stall()
    half = MARKET_DELIVERY.queue_messages // 2
    collector.bus.market_data.publish([swap(ONE, (block, 0), FAIR) for block in range(half + 1)])
    [notice] = [one for one in collector.notices if one.condition is LinkCondition.SLOW]
    assert notice.dropped == half
    assert notice.text == "its queue was half full, and 1 messages wait in it now"
    nursery.cancel_scope.cancel()


async def test_a_relay_cannot_have_applied_what_was_not_published_yet(
    autojump_clock: MockClock, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it says, what is published later is kept until it is acknowledged."""
    monkeypatch.setattr(ServedLink, "applied", lambda served, end: 2**64 - 1)
    await start(nursery, 100, Domain.EXECUTION)
    engine, unacknowledged = Process("engine", 1), []
    up = engine.link(Domain.EXECUTION, partial(connect, ADDRESS), topics=NOTHING)
    await nursery.start(up.run)
    for number in (1, 2):
        engine.bus.execution.publish([intent(number)])
        unacknowledged.append(up.unacknowledged)
        await trio.sleep(1)
    assert unacknowledged == [1, 1]
    nursery.cancel_scope.cancel()


async def test_an_intent_is_acknowledged_once_every_durable_consumer_has_come_back_for_more(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Also of those that were not there when it was published."""
    relay = await start(nursery, 100, Domain.EXECUTION, durable=("books", "ledger"))
    engine, books, ledger = Process("engine", 1), Process("books", 2), Process("ledger", 3)
    up = engine.link(Domain.EXECUTION, partial(connect, ADDRESS), topics=NOTHING)
    await nursery.start(up.run)
    engine.bus.execution.publish([intent(1)])
    seen = []
    for process in (books, ledger):
        link = process.link(Domain.EXECUTION, partial(connect, ADDRESS), durable=True)
        with process.bus.execution.subscribe(process.name) as subscription:
            async with trio.open_nursery() as inner:
                await inner.start(link.run)
                assert await subscription.receive() == [intent(1)]
                await trio.sleep(1)
                seen.append(up.unacknowledged)
                with trio.move_on_after(1):
                    await subscription.receive()
                seen.append(up.unacknowledged)
                inner.cancel_scope.cancel()
    assert seen == [1, 1, 1, 0]
    assert relay.process.server is not None
    waited = {(one.service, one.connected, one.unapplied) for one in relay.process.server.report().consumers}
    assert {("books", False, 0), ("ledger", False, 0)} <= waited
    nursery.cancel_scope.cancel()


async def test_a_consumer_that_dies_before_it_has_applied_gets_it_again_in_its_next_life(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """And what it had applied does not come again."""
    relay = await start(nursery, 100, Domain.EXECUTION, durable=("books",))
    books = Process("books", 2)
    link = books.link(Domain.EXECUTION, partial(connect, ADDRESS), durable=True)
    with trio.fail_after(20), books.bus.execution.subscribe("first life") as subscription:
        await nursery.start(link.run)
        relay.process.bus.execution.publish([intent(1)])
        assert await subscription.receive() == [intent(1)]
        relay.process.bus.execution.publish([intent(2)])
        assert await subscription.receive() == [intent(2)]
    with trio.fail_after(20), books.bus.execution.subscribe("second life") as subscription:
        assert await subscription.receive() == [intent(2)]
        relay.process.bus.execution.publish([intent(3)])
        assert await subscription.receive() == [intent(3)]
    nursery.cancel_scope.cancel()


async def test_what_cannot_be_kept_until_it_is_acknowledged_is_refused_at_once(nursery: trio.Nursery) -> None:
    """The publisher learns of it where it publishes, and nothing is forgotten behind its back."""
    process = Process("engine", 1)
    process.link(Domain.EXECUTION, partial(connect, ADDRESS), topics=NOTHING)
    publish = process.bus.execution.publish
    many = [intent(number) for number in range(256)]
    for _ in range(EXECUTION.ring_messages // 256):
        publish(many)
    with pytest.raises(RelayError, match="are not acknowledged"):
        publish([intent(1)])
    assert process.links[Domain.EXECUTION].unacknowledged == EXECUTION.ring_messages


async def test_a_halt_is_acted_on_before_it_queues_behind_data(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    relay = await start(nursery, 100, Domain.EXECUTION)
    process, acted = Process("engine", 3), list[object]()
    link = process.link(Domain.EXECUTION, partial(connect, ADDRESS))
    acting = RelayLink(
        process.bus.hubs[Domain.EXECUTION],
        partial(connect, ADDRESS),
        attrs.evolve(link.terms, on_control=acted.extend),
    )
    await nursery.start(acting.run)
    with process.bus.hubs[Domain.EXECUTION].subscribe("nobody reads"):
        relay.process.bus.execution.publish([intent(1), halt(1), intent(2)])
        await wait_all_tasks_blocked()
        assert acted == [halt(1)]
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("damaged", [1, 2, 5])
async def test_a_frame_that_was_damaged_on_its_way_ends_the_connection_and_comes_again(
    damaged: int, autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Nobody is handed what its checksum does not vouch for, and nothing is missing in the end."""
    relay = await start(nursery, 100)
    process, recorder, pieces = Process("strategy", 2), Recorder(), count()

    class Noisy:
        """Turns one bit of the last byte of the piece with that number."""

        def __init__(self, inner: ByteLink) -> None:
            self.peer, self.send_all, self.aclose = inner.peer, inner.send_all, inner.aclose
            self._inner = inner

        async def receive_some(self, max_bytes: int) -> bytes:
            data = await self._inner.receive_some(max_bytes)
            if len(data) > 100 and next(pieces) == damaged:
                return data[:-1] + bytes([data[-1] ^ 1])
            return data

    async def connect_noisy() -> ByteLink:
        return Noisy(await connect(ADDRESS))

    await nursery.start(recorder.run, process, MARKET)
    await nursery.start(process.link(MARKET, connect_noisy).run)
    for block in range(10):
        relay.process.bus.market_data.publish([swap(ONE, (block, 0), FAIR + block)])
        await trio.sleep(0.5)
    assert [one.stamp.block_number for one in recorder.seen if isinstance(one, PoolSwap)] == list(range(10))
    assert LinkCondition.LOST in {one.condition for one in process.notices}
    nursery.cancel_scope.cancel()
