"""What every relay does, whether its consumers are in the same process or at the end of a link of any kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from alphapulse.data.halts import HaltChange
from alphapulse.data.instruments import Venue
from alphapulse.data.market import BlockCompleted, PoolMint, PoolState, PoolSwap
from alphapulse.data.runs import RunStarted
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.wire import Domain
from alphapulse.errors import RelayError
from alphapulse.rules.links.topics import Topics
from tests.journal.journal_samples import audit, decision, fill, halt, intent, report, run_started, signal
from tests.relays.linked_processes import Process
from tests.relays.relay_mediums import LINKS, MEDIUMS, NATS, Certify, receive, world
from tests.rules.arbitrage.market_samples import burn, collect, completed, mint, pool, swap
from tests.transport.nats_server import nats_server_binary

pytestmark = pytest.mark.real_io

ONE, TWO = pool(1), pool(2)
FAIR = 1 << 96
MARKET, SIGNAL, EXECUTION = Domain.MARKET_DATA, Domain.SIGNAL, Domain.EXECUTION
EVENTS = [swap(ONE, (1, 0), FAIR), mint(TWO, (1, 1), (-60, 60), 5), burn(TWO, (1, 2), (-60, 60), 5), completed((1, 2))]
SAMPLES: dict[Domain, list[object]] = {
    MARKET: [*EVENTS, collect(ONE, (1, 3))],
    SIGNAL: [signal(1), signal(2)],
    EXECUTION: [run_started(1), decision(1), intent(1), fill(1), report(2)],
}
medium_names = pytest.mark.parametrize("medium", MEDIUMS)
link_names = pytest.mark.parametrize("medium", LINKS)


@pytest.fixture(autouse=True)
def nats_is_here(request: pytest.FixtureRequest) -> None:
    callspec = getattr(request.node, "callspec", None)
    if callspec is not None and callspec.params.get("medium") == NATS:
        nats_server_binary()


@medium_names
@pytest.mark.parametrize("domain", SAMPLES)
async def test_values_arrive_as_they_were_published(
    medium: str, domain: Domain, tmp_path: Path, certify: Certify
) -> None:
    """Equal, of the same classes, in order, each once: typed values and their frames say the same."""
    samples = SAMPLES[domain]
    async with world(medium, domain, tmp_path, certify) as joined:
        with joined.into.subscribe("consumer") as subscription:
            joined.out.publish(samples)
            joined.out.publish(samples[:0])
            received = await receive(subscription, len(samples))
            assert received == samples
            assert [type(one) for one in received] == [type(one) for one in samples]


@medium_names
async def test_long_lists_arrive_whole_and_in_order(medium: str, tmp_path: Path, certify: Certify) -> None:
    events = [swap(ONE, (block, 0), FAIR + block) for block in range(5_000)]
    async with world(medium, MARKET, tmp_path, certify) as joined:
        with joined.into.subscribe("consumer") as subscription:
            joined.out.publish(events)
            assert await receive(subscription, len(events)) == events


@medium_names
@pytest.mark.parametrize(
    ("domain", "foreign"), [(MARKET, signal()), (SIGNAL, fill()), (EXECUTION, EVENTS[0]), (EXECUTION, audit())]
)
async def test_a_list_with_a_foreign_message_is_refused_as_a_whole(
    medium: str, domain: Domain, foreign: object, tmp_path: Path, certify: Certify
) -> None:
    """It is refused where it is published, whoever would have got it."""
    own = SAMPLES[domain][0]
    async with world(medium, domain, tmp_path, certify) as joined:
        with joined.into.subscribe("consumer") as subscription:
            with pytest.raises(RelayError, match=type(foreign).__name__):
                joined.out.publish([own, foreign])
            joined.out.publish([own])
            assert await receive(subscription, 1) == [own]


@medium_names
async def test_subscriptions_filter_by_type_instrument_and_venue(medium: str, tmp_path: Path, certify: Certify) -> None:
    """A message about no instrument passes every choice of them; a chain's own messages go with its pools."""
    async with world(medium, MARKET, tmp_path, certify) as joined:
        relay = joined.into
        with (
            relay.subscribe("mints", types=[PoolMint]) as mints,
            relay.subscribe("one", types=[PoolSwap, PoolMint, BlockCompleted], instruments=[ONE.id]) as about_one,
            relay.subscribe("here", types=[PoolSwap, BlockCompleted], venues=[Venue.UNISWAP_V3]) as here,
            relay.subscribe("chain", types=[PoolSwap, BlockCompleted], venues=[Venue.ETHEREUM]) as on_chain,
            relay.subscribe("elsewhere", types=[PoolSwap, BlockCompleted], venues=[Venue.QUICKSWAP]) as elsewhere,
        ):
            joined.out.publish(EVENTS)
            assert await receive(mints, 1) == [EVENTS[1]]
            assert await receive(about_one, 2) == [EVENTS[0], EVENTS[3]]
            assert await receive(here, 2) == await receive(on_chain, 2) == [EVENTS[0], EVENTS[3]]
            assert elsewhere.statistics().delivered == elsewhere.statistics().waiting == 0


@medium_names
async def test_every_consumer_gets_everything(medium: str, tmp_path: Path, certify: Certify) -> None:
    async with world(medium, SIGNAL, tmp_path, certify) as joined:
        with joined.into.subscribe("one") as one, joined.into.subscribe("two") as two:
            for number in range(1, 51):
                joined.out.publish([signal(number)])
            assert await receive(one, 50) == await receive(two, 50) == [signal(number) for number in range(1, 51)]


@medium_names
async def test_market_data_starts_from_the_newest_states(medium: str, tmp_path: Path, certify: Certify) -> None:
    """Who comes late learns of every pool that was traded before."""
    early = swap(ONE, (1, 0), FAIR + 5, 7)

    def publish_early(publisher: Process) -> None:
        publisher.bus.market_data.publish([swap(ONE, (0, 0), FAIR, 3), early])

    async with world(medium, MARKET, tmp_path, certify, before=publish_early) as joined:
        with joined.into.subscribe("late") as late:
            (state,) = await receive(late, 1)
            assert isinstance(state, PoolState)
            assert (state.pool, state.sqrt_price_x96, state.liquidity) == (ONE.id, FAIR + 5, 7)
            assert state.stamp == early.stamp


@medium_names
async def test_a_wait_ends_when_the_consumer_has_come_back_for_more(
    medium: str, tmp_path: Path, certify: Certify
) -> None:
    """The publisher's flow is at rest exactly when nothing is on its way anywhere."""
    done: list[object] = []

    async with world(medium, MARKET, tmp_path, certify) as joined, trio.open_nursery() as nursery:
        hold = trio.Event()

        async def consume(*, task_status: trio.TaskStatus[None]) -> None:
            with joined.into.subscribe("slow", types=[PoolSwap]) as subscription:
                task_status.started()
                while True:
                    taken = await subscription.receive()
                    await hold.wait()
                    done.extend(taken)

        await nursery.start(consume)
        joined.out.publish(EVENTS)
        with trio.move_on_after(0.3) as patience:
            await joined.out.flow.wait_idle()
        assert patience.cancelled_caught
        hold.set()
        await joined.out.flow.wait_idle()
        assert done == EVENTS[:1]
        nursery.cancel_scope.cancel()


@medium_names
async def test_halts_and_runs_travel_on_the_execution_relay(medium: str, tmp_path: Path, certify: Certify) -> None:
    """Both have come when all has; a halt may overtake."""
    async with world(medium, EXECUTION, tmp_path, certify) as joined:
        with joined.into.subscribe("consumer") as subscription:
            joined.out.publish([run_started(3), intent(1), halt(2)])
            received = await receive(subscription, 3)
            assert {type(one): one for one in received} == {
                RunStarted: run_started(3), type(intent(1)): intent(1), HaltChange: halt(2),
            }  # fmt: skip


@link_names
async def test_a_process_learns_the_run_and_the_halts_when_it_is_linked(
    medium: str, tmp_path: Path, certify: Certify
) -> None:
    """The newest of each: they were published before it was there."""

    def publish_early(publisher: Process) -> None:
        publisher.bus.execution.publish([run_started(1), halt(1), run_started(2), halt(2)])

    async with world(medium, EXECUTION, tmp_path, certify, before=publish_early) as joined:
        # Over NATS a process is ready before it has heard of everybody.
        while len(snapshot := list(joined.consumer.bus.execution_snapshot())) < 2:  # noqa: ASYNC110
            await trio.sleep(0.01)
        assert sorted(map(repr, snapshot)) == sorted(map(repr, [run_started(2), halt(2)]))


@link_names
async def test_a_link_brings_only_what_it_wants(medium: str, tmp_path: Path, certify: Certify) -> None:
    """Not even the local hub hears of the rest."""
    wanted = Topics.of(types=[PoolMint, BlockCompleted], instruments=[TWO.id])
    async with world(medium, MARKET, tmp_path, certify, topics=wanted) as joined:
        with joined.into.subscribe("all") as everything:
            joined.out.publish(EVENTS)
            joined.out.publish(EVENTS[:1])
            joined.out.publish(EVENTS[3:])
            assert await receive(everything, 3) == [EVENTS[1], EVENTS[3], EVENTS[3]]


@medium_names
async def test_a_relay_counts_what_it_carries(medium: str, tmp_path: Path, certify: Certify) -> None:
    async with world(medium, SIGNAL, tmp_path, certify) as joined:
        with joined.into.subscribe("engine", types=[ArbitrageSignal]) as subscription:
            joined.out.publish([signal(1), signal(2)])
            await receive(subscription, 2)
            statistics = joined.into.statistics()
            assert (statistics.domain, statistics.published, statistics.refused) == (SIGNAL, 2, 0)
            assert [(one.name, one.delivered, one.cut_off) for one in statistics.subscribers] == [("engine", 2, False)]
