"""What was split by venue comes back as it was: whole blocks, in order, however the shards arrive."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import BlockCompleted, LogStamp, PoolState, PoolSwap, StreamState, StreamStatus
from alphapulse.rules.books.block_merge import MAX_BLOCKS, BlockMerge

SHARDS = {"one": Venue.UNISWAP_V3, "two": Venue.SUSHISWAP, "three": Venue.UNISWAP_V2}
CHAIN = 1


def pool_of(shard: str) -> InstrumentId:
    return InstrumentId.from_pool_address(bytes(19) + b"\1", SHARDS[shard])


def stamp(block: int, log: int) -> LogStamp:
    return LogStamp(block, log, 0, bytes(32), None, block * 12, 0)


def swap(shard: str, block: int, log: int) -> PoolSwap:
    return PoolSwap(stamp(block, log), pool_of(shard), 1, -1, 1 << 96, 1, 0)


def completed(block: int, events: Sequence[PoolSwap]) -> BlockCompleted:
    last = max((event.stamp.log_index for event in events), default=0)
    return BlockCompleted(CHAIN, block, last, block * 12, len(events), None, None)


def status(state: StreamState, sequence: int = 0, stream: str = "day") -> StreamStatus:
    return StreamStatus(stream, Venue.ETHEREUM, state, "", 0, sequence, True)


def merge(*names: str) -> BlockMerge:
    return BlockMerge({name: [CHAIN] for name in names or SHARDS})


blocks = st.lists(st.lists(st.sampled_from(sorted(SHARDS)), min_size=1, max_size=5), min_size=1, max_size=12).map(
    lambda all_shards: [
        [swap(shard, number, log) for log, shard in enumerate(shards)] for number, shards in enumerate(all_shards, 100)
    ]
)


@given(blocks, st.randoms(use_true_random=False))
def test_one_publishers_blocks_come_back_as_they_were(whole: list[list[PoolSwap]], chance: Random) -> None:
    """Each block's completion goes to all shards, as one collector publishes it."""
    roads: dict[str, list[object]] = {}
    for name in SHARDS:
        roads[name] = [status(StreamState.RESET), status(StreamState.FRESH)]
        for events in whole:
            roads[name] += [event for event in events if event.pool == pool_of(name)]
            roads[name].append(completed(events[0].stamp.block_number, events))
        roads[name].append(status(StreamState.ENDED, 9))
    told = arrive(merge(), roads, chance)
    expected = [[*events, completed(events[0].stamp.block_number, events)] for events in whole]
    assert [list(one) for one in told if isinstance(one[-1], BlockCompleted)] == expected
    assert [one.state.name for each in told for one in each if isinstance(one, StreamStatus)] == [
        "RESET", "FRESH", "ENDED",
    ]  # fmt: skip


@given(blocks, st.randoms(use_true_random=False))
def test_several_publishers_blocks_are_joined_by_number(whole: list[list[PoolSwap]], chance: Random) -> None:
    """Each shard tells only the blocks in which it has logs, and counts only its own."""
    roads: dict[str, list[object]] = {name: [status(StreamState.FRESH, stream=name)] for name in SHARDS}
    for events in whole:
        for name, some in groupby(sorted(events, key=lambda one: (one.pool.venue, one.stamp.position)), key=shard_of):
            own = list(some)
            roads[name] += [*own, completed(own[0].stamp.block_number, own)]
    for name, road in roads.items():
        road.append(status(StreamState.ENDED, stream=name))
    merger = merge()
    told = arrive(merger, roads, chance)
    expected = [[*events, completed(events[0].stamp.block_number, events)] for events in whole]
    assert [list(one) for one in told if isinstance(one[-1], BlockCompleted)] == expected
    assert not merger.holds


def shard_of(event: PoolSwap) -> str:
    return next(name for name, venue in SHARDS.items() if venue == event.pool.venue)


def arrive(merger: BlockMerge, roads: dict[str, list[object]], chance: Random) -> list[Sequence[object]]:
    """Let the shards' messages arrive in pieces, each shard's in order; returns what was handed on."""
    told: list[Sequence[object]] = []
    rest = {name: list(road) for name, road in roads.items() if road}
    while rest:
        name = chance.choice(sorted(rest))
        size = chance.randint(1, len(rest[name]))
        told += merger.take(name, rest[name][:size])
        rest[name] = rest[name][size:]
        if not rest[name]:
            del rest[name]
    return told


def test_a_block_waits_for_a_live_shard() -> None:
    merger = merge("one", "two")
    events = [swap("one", 7, 3)]
    assert merger.take("one", [*events, completed(7, events)]) == []
    assert merger.holds
    assert merger.take("two", [completed(7, events)]) == [(*events, completed(7, events))]
    assert not merger.holds


def test_a_shard_that_is_not_heard_any_more_holds_up_nobody() -> None:
    merger = merge("one", "two")
    events = [swap("one", 7, 3)]
    assert merger.take("one", [*events, completed(7, events)]) == []
    told = merger.take("two", [status(StreamState.STALE, stream="link two")])
    assert told[-1] == (*events, completed(7, events))
    merger.take("two", [status(StreamState.FRESH, stream="link two")])
    assert merger.take("one", [completed(8, [])]) == []


def test_who_waited_long_enough_goes_on_and_is_counted() -> None:
    merger = merge("one", "two")
    events = [swap("one", 7, 3)]
    merger.take("one", [*events, completed(7, events)])
    assert merger.hurry() == [(*events, completed(7, events))]
    assert merger.hurried == 1


def test_what_is_held_is_bounded() -> None:
    merger = merge("one", "two")
    told = [one for number in range(MAX_BLOCKS + 5) for one in merger.take("one", [completed(number, [])])]
    assert len(told) == MAX_BLOCKS + 1
    assert merger.hurried > 0


def test_chains_do_not_wait_for_each_other() -> None:
    merger = BlockMerge({"one": [1], "two": [137]})
    events = [swap("one", 7, 3)]
    assert merger.take("one", [*events, completed(7, events)]) == [(*events, completed(7, events))]


def test_states_of_a_snapshot_are_handed_on_at_once() -> None:
    merger = merge("one", "two")
    state = PoolState(stamp(5, 0), pool_of("one"), 1 << 96, 1, 0)
    assert merger.take("one", [state]) == [(state,)]


def test_a_reset_forgets_the_block_that_was_not_complete() -> None:
    merger = merge("one")
    merger.take("one", [swap("one", 7, 3), status(StreamState.RESET)])
    assert merger.take("one", [completed(8, [])])[-1] == (completed(8, []),)


def test_the_same_status_twice_by_one_shard_is_told_twice() -> None:
    merger = merge("one", "two")
    assert merger.take("one", [status(StreamState.RESET)]) == [(status(StreamState.RESET),)]
    assert merger.take("two", [status(StreamState.RESET)]) == []
    assert merger.take("one", [status(StreamState.RESET)]) == [(status(StreamState.RESET),)]
