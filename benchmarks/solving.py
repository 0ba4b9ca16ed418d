"""The mathematics: swap step, ticks, sizing."""

from __future__ import annotations

from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.swap_math import compute_swap_step
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio
from alphapulse.rules.arbitrage.pair import PoolPair, pairs_of
from alphapulse.rules.arbitrage.sizing import size_path
from alphapulse.rules.books.pool_book import PoolBook
from benchmarks.day import Day
from benchmarks.figures import Figure, microseconds

Sizing = tuple[PoolPair, ConcentratedState, ConcentratedState]


def measure(day: Day) -> list[Figure]:
    """Every swap of the day from its price to the end of its tick; every opportunity of the day."""
    swaps = day.swaps()
    steps = [(swap.sqrt_price_x96, sqrt_ratio_at_tick(swap.tick), swap.liquidity) for swap in swaps]
    sizings = opportunities(day)

    def step() -> int:
        for price, target, liquidity in steps:
            compute_swap_step(price, target, liquidity, 1_000_000_000, 500)
        return len(steps)

    def ratio() -> int:
        for swap in swaps:
            sqrt_ratio_at_tick.__wrapped__(swap.tick)
        return len(swaps)

    def tick() -> int:
        for swap in swaps:
            tick_at_sqrt_ratio.__wrapped__(swap.sqrt_price_x96)
        return len(swaps)

    def size() -> int:
        for pair, first, second in sizings:
            size_path(pair, first, second)
        return len(sizings)

    return [
        microseconds("exact swap step", step),
        microseconds("tick -> sqrt price, not cached", ratio),
        microseconds("sqrt price -> tick, not cached", tick),
        microseconds("sizing of an opportunity", size),
    ]


def opportunities(day: Day) -> list[Sizing]:
    """Pair and both pools' states at each opportunity of the day."""
    (pair,) = pairs_of(day.pools, ())
    book, found = PoolBook(day.pools), list[Sizing]()
    opened = {index for _, index in day.states()[1]}
    for index, event in enumerate(day.events):
        book.apply(event)
        first, second = book.state(pair.first.id), book.state(pair.second.id)
        if index in opened and isinstance(first, ConcentratedState) and isinstance(second, ConcentratedState):
            found.append((pair, first, second))
    return found
