"""Turns: two in each pass of the loop, first come, first served."""

from __future__ import annotations

from collections import Counter

import trio
import trio.testing

from alphapulse_web.turnstile import AT_ONCE, Turnstile

MANY = 20


async def test_two_go_through_in_each_pass_in_the_order_in_which_they_came() -> None:
    turnstile, passes, went = Turnstile(), Passes(), list[tuple[int, int]]()

    async def go(number: int) -> None:
        await turnstile.turn()
        went.append((number, passes.count))

    async with trio.open_nursery() as nursery:
        for number in range(MANY):
            nursery.start_soon(go, number)
            await trio.testing.wait_all_tasks_blocked()
        assert went == [], "nobody lets them through yet"
        trio.lowlevel.add_instrument(passes)
        nursery.start_soon(turnstile.run)
        while len(went) < MANY:
            await trio.testing.wait_all_tasks_blocked()
        trio.lowlevel.remove_instrument(passes)
        nursery.cancel_scope.cancel()
    assert [number // AT_ONCE for number, _ in went] == [number // AT_ONCE for number in range(MANY)]
    assert set(Counter(count for _, count in went).values()) == {AT_ONCE}


async def test_who_waits_can_be_cancelled_and_is_passed_over() -> None:
    turnstile = Turnstile()
    with trio.move_on_after(0) as scope:
        await turnstile.turn()
    assert scope.cancelled_caught
    async with trio.open_nursery() as nursery:
        nursery.start_soon(turnstile.run)
        await turnstile.turn()
        await trio.testing.wait_all_tasks_blocked()
        await turnstile.turn()
        nursery.cancel_scope.cancel()


class Passes(trio.abc.Instrument):
    """Counts the passes of the loop."""

    def __init__(self) -> None:
        self.count = 0

    def before_io_wait(self, timeout: float) -> None:
        self.count += 1
