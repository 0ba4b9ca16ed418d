"""The seeded scheduler: the canary for the two private names of Trio, and what they are good for."""

from __future__ import annotations

import trio
from trio._core import _run as trio_run

from tests.simulation.scheduler import run_seeded


async def finishing_order() -> list[int]:
    order: list[int] = []

    async def work(number: int) -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(12):
            nursery.start_soon(work, number)
    return order


def test_trio_still_knows_what_makes_its_scheduler_repeatable() -> None:
    """A new Trio without them would shuffle by its own chance, and no seed would mean anything."""
    assert trio_run._ALLOW_DETERMINISTIC_SCHEDULING in (True, False)
    assert trio_run._r.getstate()
    source = trio_run.unrolled_run.__code__.co_names
    assert "_ALLOW_DETERMINISTIC_SCHEDULING" in source
    assert "_r" in source


def test_a_seed_gives_one_order_and_seeds_give_different_ones() -> None:
    orders = {seed: run_seeded(seed, finishing_order) for seed in range(8)}
    assert orders == {seed: run_seeded(seed, finishing_order) for seed in reversed(range(8))}
    assert len({tuple(order) for order in orders.values()}) > 4


def test_simulated_time_costs_no_real_time_and_leaves_trio_as_it_was() -> None:
    async def wait() -> float:
        began = trio.current_time()
        await trio.sleep(80_000)
        return trio.current_time() - began

    before = trio_run._ALLOW_DETERMINISTIC_SCHEDULING, trio_run._r.getstate()
    assert run_seeded(1, wait) == 80_000
    assert (trio_run._ALLOW_DETERMINISTIC_SCHEDULING, trio_run._r.getstate()) == before
