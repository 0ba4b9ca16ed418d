"""A consumer's queue: lists in order, never a wait for the publisher, and nobody waits for one who left."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import assert_checkpoints, wait_all_tasks_blocked

from alphapulse.errors import RelayError
from alphapulse.relays.flow import Flow
from alphapulse.relays.subscription import CAPACITY, Subscription


def subscription(capacity: int = 10) -> tuple[Subscription[int], Flow]:
    flow = Flow()
    return Subscription("consumer", flow, capacity=capacity), flow


async def test_all_that_waits_comes_as_one_list_in_order() -> None:
    queue, _ = subscription()
    queue.offer([1, 2])
    queue.offer([3])
    with assert_checkpoints():
        assert await queue.receive() == [1, 2, 3]


async def test_an_empty_queue_waits_for_the_next_list(nursery: trio.Nursery) -> None:
    queue, _ = subscription()
    received: list[list[int]] = []

    async def read() -> None:
        received.append(await queue.receive())

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    assert received == []
    queue.offer([1, 2])
    await wait_all_tasks_blocked()
    assert received == [[1, 2]]


async def test_the_publishers_list_is_not_shared() -> None:
    """What the publisher does with its list afterwards is its own business, and so is the reader's."""
    queue, _ = subscription()
    published = [1, 2]
    queue.offer(published)
    published.append(3)
    received = await queue.receive()
    received.clear()
    assert published == [1, 2, 3]


async def test_a_batch_is_on_its_way_until_its_reader_asks_for_the_next(nursery: trio.Nursery) -> None:
    """Only then has the reader dealt with it; two batches that were read together are finished together."""
    queue, flow = subscription()
    queue.offer([1])
    queue.offer([2])
    assert flow.pending == 2
    await queue.receive()
    assert flow.pending == 2
    queue.offer([3])
    assert flow.pending == 3
    await queue.receive()
    assert flow.pending == 1
    nursery.start_soon(queue.receive)
    await wait_all_tasks_blocked()
    assert flow.pending == 0
    nursery.cancel_scope.cancel()


async def test_a_queue_that_would_overflow_is_cut_off_and_the_publisher_goes_on() -> None:
    """Exactly the capacity fits; one more takes the whole queue away, and the reader is told at its next look."""
    queue, flow = subscription(capacity=3)
    queue.offer([1, 2])
    queue.offer([3])
    assert queue.statistics().cut_off is False
    queue.offer([4])
    statistics = queue.statistics()
    assert (statistics.cut_off, statistics.waiting, statistics.peak) == (True, 0, 3)
    assert flow.pending == 0
    for _ in range(2):
        with pytest.raises(RelayError, match="'consumer' fell more than 3 messages behind"):
            await queue.receive()
    queue.offer([5])
    assert flow.pending == 0


async def test_a_list_larger_than_the_queue_cuts_off_too() -> None:
    queue, flow = subscription(capacity=3)
    queue.offer([1, 2, 3, 4])
    assert queue.statistics().cut_off
    assert flow.pending == 0


async def test_a_snapshot_is_as_long_as_it_is_and_leaves_the_room_to_what_follows() -> None:
    """A thousand pools have more ticks than a queue holds; behind them the bound is what it was."""
    queue, _ = subscription(capacity=10)
    queue.offer(list(range(50)), snapshot=True)
    queue.offer(list(range(10)))
    assert len(await queue.receive()) == 60
    queue.offer(list(range(10)))
    assert queue.is_open
    queue.offer([1])
    assert not queue.is_open


async def test_a_reader_that_waits_is_woken_by_its_cut_off(nursery: trio.Nursery) -> None:
    queue, _ = subscription(capacity=3)
    errors: list[RelayError] = []

    async def read() -> None:
        try:
            await queue.receive()
        except RelayError as error:
            errors.append(error)

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    queue.offer([1, 2, 3, 4])
    await wait_all_tasks_blocked()
    assert len(errors) == 1


async def test_a_cut_off_between_waking_and_reading_is_told(nursery: trio.Nursery) -> None:
    """The list that woke the reader is lost with the rest."""
    queue, flow = subscription(capacity=3)
    errors: list[RelayError] = []

    async def read() -> None:
        try:
            await queue.receive()
        except RelayError as error:
            errors.append(error)

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    queue.offer([1])
    queue.offer([2, 3, 4])
    await wait_all_tasks_blocked()
    assert len(errors) == 1
    assert flow.pending == 0


async def test_what_a_cut_off_reader_still_works_on_is_waited_for() -> None:
    """Its last list is finished when it comes back, to be told."""
    queue, flow = subscription(capacity=3)
    queue.offer([1])
    await queue.receive()
    queue.offer([2, 3, 4, 5])
    assert flow.pending == 1
    with pytest.raises(RelayError):
        await queue.receive()
    assert flow.pending == 0


async def test_a_consumer_that_leaves_gives_everything_back() -> None:
    """What it was working on and what still waited; later lists are nobody's. Leaving twice is leaving once."""
    queue, flow = subscription()
    left: list[str] = []
    queue.on_close(lambda: left.append("one relay"))
    queue.on_close(lambda: left.append("another"))
    with queue:
        queue.offer([1])
        await queue.receive()
        queue.offer([2])
        queue.offer([3])
        assert flow.pending == 3
    assert flow.pending == 0
    queue.offer([4])
    queue.close()
    assert (flow.pending, queue.statistics().waiting) == (0, 0)
    assert left == ["one relay", "another"]


async def test_an_error_in_the_consumer_gives_everything_back() -> None:
    queue, flow = subscription()
    queue.offer([1])

    async def fail() -> None:
        with queue:
            await queue.receive()
            queue.offer([2])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert flow.pending == 0


async def test_a_cancelled_wait_loses_nothing() -> None:
    """Neither while nothing is there, nor while something is."""
    queue, flow = subscription()
    with trio.CancelScope() as waiting:
        waiting.cancel()
        await queue.receive()
    assert waiting.cancelled_caught
    queue.offer([1])
    with trio.CancelScope() as reading:
        reading.cancel()
        await queue.receive()
    assert reading.cancelled_caught
    assert flow.pending == 1
    assert await queue.receive() == [1]


async def test_a_wait_that_is_cancelled_in_the_moment_of_an_offer_loses_nothing(nursery: trio.Nursery) -> None:
    queue, flow = subscription()
    received: list[list[int]] = []
    scope = trio.CancelScope()

    async def read() -> None:
        with scope:
            received.append(await queue.receive())

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    queue.offer([1])
    scope.cancel()
    await wait_all_tasks_blocked()
    rest = [] if received else [await queue.receive()]
    assert received + rest == [[1]]
    assert flow.pending == 1


async def test_statistics_count_what_was_given() -> None:
    queue, _ = subscription()
    queue.offer([1, 2])
    await queue.receive()
    queue.offer([3])
    queue.offer([4, 5, 6])
    statistics = queue.statistics()
    assert (statistics.name, statistics.delivered, statistics.waiting) == ("consumer", 2, 4)
    assert (statistics.peak, statistics.cut_off) == (4, False)
    await queue.receive()
    queue.offer([7])
    statistics = queue.statistics()
    assert (statistics.delivered, statistics.waiting, statistics.peak) == (6, 1, 4)


def test_a_stuck_consumer_has_room_for_many_blocks() -> None:
    """Any block of today's chains is far smaller than the queue."""
    assert CAPACITY >= 50_000


@given(st.lists(st.one_of(st.lists(st.integers(), min_size=1, max_size=4), st.none()), max_size=30))
def test_nothing_is_lost_doubled_or_put_in_another_order(script: list[list[int] | None]) -> None:
    """Lists are offered, None is a read; at the end the flow is at rest."""

    async def play() -> None:
        queue, flow = subscription(capacity=1000)
        offered: list[int] = []
        received: list[int] = []
        for step in script:
            if step is not None:
                queue.offer(step)
                offered += step
            elif queue.statistics().waiting:
                received += await queue.receive()
        if queue.statistics().waiting:
            received += await queue.receive()
        assert received == offered
        queue.close()
        assert flow.pending == 0

    trio.run(play)


async def test_a_nudge_has_the_reader_come_round_once_without_a_message(nursery: trio.Nursery) -> None:
    queue, flow = subscription()
    received: list[list[int]] = []

    async def read() -> None:
        while True:
            received.append(await queue.receive())

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    queue.nudge()
    queue.nudge()
    await wait_all_tasks_blocked()
    assert received == [[]]
    queue.offer([1])
    queue.nudge()
    await wait_all_tasks_blocked()
    assert received == [[], [1]]
    assert flow.pending == 0
    nursery.cancel_scope.cancel()


async def test_a_nudge_of_a_busy_reader_is_kept_for_it() -> None:
    queue, _ = subscription()
    queue.nudge()
    with assert_checkpoints():
        assert await queue.receive() == []
    queue.nudge()
    queue.offer([1])
    assert await queue.receive() == [1]
