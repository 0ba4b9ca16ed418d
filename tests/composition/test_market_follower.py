"""What a process knows of the market from its relays: the time, the position, and how a replay stands."""

from __future__ import annotations

import attrs
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.composition.market_follower import PATIENCE_S, MarketFollower
from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import Venue
from alphapulse.data.market import BlockCompleted, StreamState, StreamStatus
from alphapulse.observe.market_clock import MarketClock
from tests.journal.journal_samples import signal

CHAIN = signal(1).chain_id
BLOCK, LOG = signal(1).position


@attrs.define
class Seen:
    """A follower, its clock, and what it told of ends."""

    time_ns: int = 0
    ends: list[StreamStatus] = attrs.field(factory=list)
    clock: MarketClock = attrs.field(init=False)
    follower: MarketFollower = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.clock = MarketClock(lambda: self.time_ns)
        self.follower = MarketFollower(self.clock, 60_000_000, on_end=self.ends.append)


def block(number: int, *, chain_id: int = CHAIN) -> BlockCompleted:
    return BlockCompleted(chain_id, number, 9, number * 12, 3, None, None)


def status(state: StreamState, stream: str = "day") -> StreamStatus:
    return StreamStatus(stream, Venue.ETHEREUM, state, "", 0, 0, True)


def test_the_clock_runs_from_the_newest_block_at_the_configured_speed_and_stands_at_the_end() -> None:
    seen = Seen()
    seen.follower.take([block(10)])
    seen.time_ns = 2
    assert seen.clock.now_ns() == 120 + 2 * 60
    seen.follower.take([status(StreamState.ENDED)])
    assert (seen.clock.now_ns(), seen.follower.finished, len(seen.ends)) == (120, True, 1)


def test_where_a_collector_leads_the_clock_it_is_left_alone() -> None:
    follower = MarketFollower(None, 0, on_end=lambda _: None)
    follower.take([block(10), status(StreamState.ENDED)])
    assert follower.last_event_ns == 120


def test_a_reset_begins_the_count_anew_and_a_links_does_not() -> None:
    seen = Seen()
    seen.follower.take([block(10), status(StreamState.RESET, "link market_data")])
    assert (seen.follower.counts.blocks, seen.follower.counts.logs) == (1, 3)
    seen.follower.take([status(StreamState.RESET)])
    assert seen.follower.counts.blocks == 0


async def test_a_signal_waits_until_its_market_data_is_there(autojump_clock: MockClock) -> None:
    seen, passed = Seen(), trio.Event()

    async def wait() -> None:
        await seen.follower.wait_for([signal(1)])
        passed.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        seen.follower.take([block(BLOCK - 1)])
        seen.follower.take([block(BLOCK, chain_id=CHAIN + 1)])
        await wait_all_tasks_blocked()
        assert not passed.is_set()
        seen.follower.take([block(BLOCK)])
        await passed.wait()
    assert (trio.current_time(), seen.follower.late) == (0, 0)


async def test_a_signal_of_a_new_branch_waits_for_the_blocks_of_that_branch(autojump_clock: MockClock) -> None:
    """Blocks of the old one have the same numbers, and say nothing of the new one's."""
    follower = Seen().follower
    back = ChainReorganised("day", CHAIN, BLOCK - 1, bytes(32), BLOCK + 3, bytes(32), BLOCK + 4, bytes(32), 0)
    follower.take([block(BLOCK + 3), back])
    arrived: list[int] = []

    async def hand_on() -> None:
        await follower.wait_for([signal(1)])
        arrived.append(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hand_on)
        await wait_all_tasks_blocked()
        assert arrived == []
        follower.take([block(BLOCK)])
        await wait_all_tasks_blocked()
        assert arrived == [1]


async def test_it_is_handed_on_late_and_counted_if_they_do_not_come(autojump_clock: MockClock) -> None:
    seen = Seen()
    await seen.follower.wait_for([signal(1), signal(2)])
    assert (trio.current_time(), seen.follower.late) == (PATIENCE_S, 2)


async def test_what_is_no_signal_waits_for_nothing(autojump_clock: MockClock) -> None:
    await Seen().follower.wait_for([block(7)])
    assert trio.current_time() == 0
