"""A replay waits until every consumer has dealt with what it was given, and no longer."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from alphapulse.data.wire import Domain
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay import Relay
from tests.rules.arbitrage.market_samples import pool, swap

EVENT = swap(pool(1), (1, 0), 1 << 96)


async def test_an_idle_flow_lets_through_at_once() -> None:
    await Flow().wait_idle()


async def test_everybody_who_waits_goes_on_when_the_last_batch_is_finished(nursery: trio.Nursery) -> None:
    flow = Flow()
    passed: list[int] = []

    async def wait(number: int) -> None:
        await flow.wait_idle()
        passed.append(number)

    flow.begin()
    flow.begin()
    for number in range(3):
        nursery.start_soon(wait, number)
    await wait_all_tasks_blocked()
    flow.finish()
    await wait_all_tasks_blocked()
    assert passed == []
    flow.finish()
    await wait_all_tasks_blocked()
    assert sorted(passed) == [0, 1, 2]


async def test_a_batch_that_begins_before_the_waiter_wakes_is_waited_for(nursery: trio.Nursery) -> None:
    """At rest for a moment is not at rest: the consumer's own publishing counts."""
    flow = Flow()
    passed: list[str] = []

    async def wait() -> None:
        await flow.wait_idle()
        passed.append("idle")

    flow.begin()
    nursery.start_soon(wait)
    await wait_all_tasks_blocked()
    flow.finish()
    flow.begin()
    await wait_all_tasks_blocked()
    assert passed == []
    flow.finish()
    await wait_all_tasks_blocked()
    assert passed == ["idle"]


async def test_a_cancelled_wait_ends_and_disturbs_nobody(nursery: trio.Nursery) -> None:
    """Neither the batch, nor others who wait, nor a later wait of the same task."""
    flow = Flow()
    passed: list[str] = []

    async def wait() -> None:
        await flow.wait_idle()
        passed.append("idle")

    flow.begin()
    nursery.start_soon(wait)
    with trio.CancelScope() as scope:
        nursery.start_soon(_cancel_later, scope)
        await flow.wait_idle()
    assert scope.cancelled_caught
    assert flow.pending == 1
    flow.finish()
    await flow.wait_idle()
    await wait_all_tasks_blocked()
    assert passed == ["idle"]


async def test_a_wait_in_a_cancelled_scope_is_cancelled_even_at_rest() -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await Flow().wait_idle()
    assert scope.cancelled_caught


async def test_a_chain_of_consumers_is_waited_for_to_its_end(nursery: trio.Nursery) -> None:
    """The second gets its batch before the first is finished, so that the flow is never at rest between them."""
    flow = Flow()
    first, second = Relay(Domain.MARKET_DATA, flow), Relay(Domain.MARKET_DATA, flow)
    seen: list[object] = []

    async def pass_on() -> None:
        with first.subscribe("first") as subscription:
            while True:
                second.publish(await subscription.receive())

    async def collect() -> None:
        with second.subscribe("second") as subscription:
            while True:
                seen.extend(await subscription.receive())

    nursery.start_soon(pass_on)
    nursery.start_soon(collect)
    await wait_all_tasks_blocked()
    for count in range(1, 50):
        first.publish([EVENT])
        await flow.wait_idle()
        assert len(seen) == count
    nursery.cancel_scope.cancel()


async def test_a_consumer_that_dies_is_not_waited_for(nursery: trio.Nursery) -> None:
    flow = Flow()
    relay = Relay(Domain.MARKET_DATA, flow)

    async def stuck(*, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        with trio.CancelScope() as scope, relay.subscribe("stuck") as subscription:
            task_status.started(scope)
            await subscription.receive()
            await trio.sleep_forever()

    scope = await nursery.start(stuck)
    relay.publish([EVENT])
    relay.publish([EVENT])
    await wait_all_tasks_blocked()
    assert flow.pending > 0
    scope.cancel()
    await flow.wait_idle()
    assert relay.statistics().subscribers == ()


async def _cancel_later(scope: trio.CancelScope) -> None:
    await wait_all_tasks_blocked()
    scope.cancel()
