"""Relays carry one domain, hand over synchronously, and start newcomers from a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from alphapulse.data.market import PoolMint, PoolState, PoolSwap
from alphapulse.data.market import StreamState as State
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.wire import Domain
from alphapulse.errors import RelayError
from alphapulse.relays.bus import Bus
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay import Relay
from tests.journal.journal_samples import audit, decision, fill, run_started, signal
from tests.rules.arbitrage.market_samples import completed, mint, pool, stamp, status, swap

ONE, TWO = pool(1), pool(2)
FAIR = 1 << 96
EVENTS = [swap(ONE, (1, 0), FAIR), mint(TWO, (1, 1), (-60, 60), 5), completed((1, 1))]


def market_relay(
    *, keep: Callable[[Sequence[object]], None] | None = None, snapshot: Sequence[object] | None = None
) -> Relay:
    given = None if snapshot is None else lambda: snapshot
    return Relay(Domain.MARKET_DATA, Flow(), keep=keep, snapshot=given)


async def test_every_subscriber_has_the_list_when_publish_returns() -> None:
    relay = market_relay()
    with relay.subscribe("one") as one, relay.subscribe("two") as two:
        relay.publish(EVENTS)
        relay.publish(EVENTS[:1])
        assert await one.receive() == EVENTS + EVENTS[:1]
        assert await two.receive() == EVENTS + EVENTS[:1]


@pytest.mark.parametrize(
    ("domain", "own", "foreign"),
    [
        (Domain.MARKET_DATA, EVENTS[0], signal()),
        (Domain.SIGNAL, signal(), fill()),
        (Domain.EXECUTION, decision(), EVENTS[0]),
        (Domain.EXECUTION, fill(), audit()),
        (Domain.SIGNAL, signal(), run_started()),
        (Domain.MARKET_DATA, status(State.FRESH), "a text"),
    ],
)
def test_a_list_with_one_foreign_message_is_refused_as_a_whole(domain: Domain, own: object, foreign: object) -> None:
    """Nothing of it is handed over or kept; the refusal is counted and names what was found."""
    kept: list[object] = []
    relay = Relay(domain, Flow(), keep=kept.extend)
    with relay.subscribe("one") as one:
        with pytest.raises(RelayError, match=f"the {domain.name} relay was given {type(foreign).__name__}"):
            relay.publish([own, foreign, own])
        assert one.statistics().waiting == 0
        assert kept == []
        relay.publish([own])
        statistics = relay.statistics()
        assert (statistics.published, statistics.refused) == (1, 1)
        assert one.statistics().waiting == 1


async def test_a_subclass_is_not_the_message_that_it_looks_like() -> None:
    """Types are compared exactly, as the wire does."""

    class Disguised(PoolSwap):
        pass

    event = swap(ONE, (1, 0), FAIR)
    disguised = Disguised(stamp(), ONE.id, 1, -1, event.sqrt_price_x96, event.liquidity, event.tick)
    with pytest.raises(RelayError):
        market_relay().publish([disguised])


async def test_filters_pick_types_and_instruments() -> None:
    """A message about no pool passes every filter of pools; what nobody wants wakes nobody."""
    relay = market_relay()
    with (
        relay.subscribe("mints", types=[PoolMint]) as mints,
        relay.subscribe("pool one", instruments=[ONE.id]) as about_one,
        relay.subscribe("mints of one", types=[PoolMint], instruments=[ONE.id]) as neither,
        relay.subscribe("nothing", types=[]) as nothing,
    ):
        relay.publish(EVENTS)
        assert await mints.receive() == [EVENTS[1]]
        assert await about_one.receive() == [EVENTS[0], EVENTS[2]]
        assert neither.statistics().waiting == nothing.statistics().waiting == 0
        assert relay.flow.pending == 2


async def test_a_subscriber_starts_from_the_snapshot_as_far_as_it_wants_it() -> None:
    states = [PoolState(stamp(), one.id, FAIR, 5, 0) for one in (ONE, TWO)]
    relay = market_relay(snapshot=states)
    with relay.subscribe("all") as everything, relay.subscribe("two", instruments=[TWO.id]) as about_two:
        relay.publish(EVENTS[2:])
        assert await everything.receive() == [*states, EVENTS[2]]
        assert await about_two.receive() == [states[1], EVENTS[2]]
    with relay.subscribe("swaps", types=[PoolSwap]) as swaps:
        assert swaps.statistics().waiting == 0
        assert relay.flow.pending == 0


async def test_what_is_kept_is_told_before_the_subscribers_are() -> None:
    """So that a snapshot taken by whoever reads the list already holds it."""
    order: list[str] = []
    relay = market_relay(
        keep=lambda messages: order.append(f"kept {len(messages)}, waiting {one.statistics().waiting}")
    )
    with relay.subscribe("one") as one:
        relay.publish(EVENTS)
        assert order == ["kept 3, waiting 0"]


async def test_several_relays_feed_one_subscription_in_the_order_of_publishing() -> None:
    bus = Bus()
    with bus.subscribe_to_all("page") as page:
        bus.signals.publish([signal(1)])
        bus.market_data.publish(EVENTS)
        bus.execution.publish([decision(1), fill(1)])
        bus.signals.publish([signal(2)])
        assert await page.receive() == [signal(1), *EVENTS, decision(1), fill(1), signal(2)]
        assert bus.flow.pending == 4
    assert bus.flow.pending == 0
    assert not any(relay.statistics().subscribers for relay in (bus.market_data, bus.signals, bus.execution))


async def test_filters_hold_for_each_relay_that_feeds_a_subscription() -> None:
    bus = Bus()
    with bus.market_data.subscribe("mixed", types=[PoolMint]) as mixed:
        bus.signals.feed(mixed, types=[ArbitrageSignal])
        bus.market_data.publish(EVENTS)
        bus.signals.publish([signal(1)])
        assert await mixed.receive() == [EVENTS[1], signal(1)]


async def test_a_bus_starts_newcomers_from_the_newest_pool_states() -> None:
    """After a reset there is nothing to start from."""
    bus = Bus()
    bus.market_data.publish(
        [swap(ONE, (1, 0), FAIR, 7), swap(ONE, (1, 1), 2 * FAIR, 9), mint(ONE, (1, 2), (0, 20_000), 3)]
    )
    with bus.market_data.subscribe("late") as late:
        assert await late.receive() == [PoolState(stamp((1, 2)), ONE.id, 2 * FAIR, 12, 13_863)]
    bus.market_data.publish([status(State.RESET)])
    with bus.market_data.subscribe("later") as later:
        assert later.statistics().waiting == 0


@pytest.mark.parametrize("state", State)
def test_a_stream_is_whole_while_it_is_fresh_or_quiet(state: State) -> None:
    """Every other state is told in words; a chain without any stream too."""
    bus = Bus()
    venue = status(state).venue
    assert bus.stream_trouble(venue) == "no stream of this chain has begun"
    bus.market_data.publish([status(state)])
    expected = (
        None if state in (State.FRESH, State.QUIET) else f"the stream day is {state.name.lower()}: as the test wants it"
    )
    assert bus.stream_trouble(venue) == expected
    assert bus.stream_trouble(venue + 1) == "no stream of this chain has begun"


def test_one_whole_stream_of_a_chain_is_enough() -> None:
    """The newest status of each stream counts."""
    bus = Bus()
    bus.market_data.publish([status(State.FRESH, "one"), status(State.GAP, "two")])
    assert bus.stream_trouble(status(State.GAP).venue) is None
    bus.market_data.publish([status(State.STALE, "one")])
    assert bus.stream_trouble(status(State.GAP).venue) == "the stream one is stale: as the test wants it"
