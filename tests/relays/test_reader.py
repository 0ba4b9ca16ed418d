"""The heartbeat of a service that reads a subscription: its own loop gives it, whenever it was asked."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from alphapulse.relays.flow import Flow
from alphapulse.relays.reader import Reader
from alphapulse.relays.subscription import AnySubscription, Subscription


async def test_the_loop_beats_when_it_comes_round_after_a_nudge_whether_or_not_there_are_messages(
    nursery: trio.Nursery,
) -> None:
    queue: AnySubscription = Subscription("reader", Flow())
    reader, beats, busy = Reader(), list[int](), trio.Event()
    reader.beat = lambda: beats.append(1)

    async def read() -> None:
        while True:
            if await reader.read(queue) == ["long work"]:
                await busy.wait()

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    queue.offer(["message"])
    await wait_all_tasks_blocked()
    assert len(beats) == 0
    reader.nudge()
    await wait_all_tasks_blocked()
    assert len(beats) == 1
    queue.offer(["long work"])
    await wait_all_tasks_blocked()
    reader.nudge()
    await wait_all_tasks_blocked()
    assert len(beats) == 1  # its loop does not come round
    busy.set()
    await wait_all_tasks_blocked()
    assert len(beats) == 2
    nursery.cancel_scope.cancel()
