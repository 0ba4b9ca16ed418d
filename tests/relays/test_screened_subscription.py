"""A screened consumer's task is woken only for what the screen leaves."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from alphapulse.errors import RelayError
from alphapulse.relays.flow import Flow
from alphapulse.relays.screened_subscription import ScreenedSubscription


def evens(numbers: Sequence[int]) -> list[int]:
    return [number for number in numbers if number % 2 == 0]


async def test_what_the_screen_leaves_is_queued_and_of_the_rest_nobody_waits(nursery: trio.Nursery) -> None:
    flow = Flow()
    queue = ScreenedSubscription("evens", flow, evens)
    received: list[list[int]] = []

    async def read() -> None:
        while True:
            received.append(await queue.receive())

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    queue.offer([1, 3])
    assert flow.pending == 0
    queue.offer([1, 2, 4])
    assert flow.pending == 1
    await wait_all_tasks_blocked()
    assert received == [[2, 4]]
    assert flow.pending == 0
    nursery.cancel_scope.cancel()


async def test_who_has_left_is_not_asked() -> None:
    asked: list[Sequence[int]] = []

    def screen(numbers: Sequence[int]) -> Sequence[int]:
        asked.append(numbers)
        return numbers

    queue = ScreenedSubscription("gone", Flow(), screen)
    queue.offer([1])
    queue.close()
    queue.offer([2])
    assert asked == [[1]]
    with pytest.raises(RelayError, match="has left the relay"):
        await queue.receive()
