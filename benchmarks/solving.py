"""The mathematics and the solver: swap step, ticks, quotes, sizing, and decisions among up to 10,000 pools."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Sequence
from itertools import count
from time import perf_counter_ns

from alphapulse.rules.amm.swap_math import compute_swap_step
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio
from alphapulse.rules.arbitrage.cycle_sizing import size_cycle
from alphapulse.rules.arbitrage.open_cycle import OpenCycle
from alphapulse.rules.arbitrage.open_sizing import OpenSizing
from alphapulse.rules.arbitrage.scanner import CycleScanner
from alphapulse.strategies.flash_arbitrage import FlashArbitrage, FlashArbitrageTerms
from benchmarks.day import Day
from benchmarks.degenbot import degenbot_figures, quotes
from benchmarks.figures import ROUNDS, Budget, Figure, microseconds, millions_a_second, quantile
from benchmarks.pool_market import PoolMarket, cycles_by_kind

SIZES = (100, 1_000, 10_000)
EVENTS = 2_000
P99_BUDGETS = {1_000: Budget(50), 10_000: Budget(150)}


def measure(day: Day) -> list[Figure]:
    """Every swap of the day from its price to the end of its tick; every opportunity; markets of many pools."""
    return [*_mathematics(day), *_sizing(day), *_decisions()]


def _mathematics(day: Day) -> list[Figure]:
    swaps = day.swaps()
    steps = [(swap.sqrt_price_x96, sqrt_ratio_at_tick(swap.tick), swap.liquidity) for swap in swaps]
    state, asked = quotes()

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

    def quote() -> int:
        for token_in, amount in asked:
            state.quote_in(token_in, 1 - token_in, amount)
        return len(asked)

    ours = [
        millions_a_second("exact swap step", step),
        millions_a_second("tick -> sqrt price, not cached", ratio),
        millions_a_second("sqrt price -> tick, not cached", tick),
        millions_a_second("exact V3 quote across ticks, WBTC/WETH", quote),
    ]
    return [*ours, *degenbot_figures(swaps)]


def _sizing(day: Day) -> list[Figure]:
    recorded = opportunities(day)
    sizing = OpenSizing()

    def size_recorded() -> int:
        for opened in recorded:
            sizing.best(opened)
        return len(recorded)

    figures = [microseconds("sizing: two V3 in range, recorded day", size_recorded)]
    for kind, (cycle, states) in cycles_by_kind().items():

        def size() -> int:
            size_cycle(cycle, states)  # noqa: B023  # measured before the next one comes
            return 1

        figures.append(microseconds(f"sizing: {kind}", size))
    return figures


def _decisions() -> list[Figure]:
    figures = []
    for number in SIZES:
        market = PoolMarket(number)
        strategy = _strategy(market)
        strategy.on_events(market.opening)
        medians, tails, rates = [], [], []
        for round_ in range(ROUNDS):
            taken = _decide(strategy, market.quiet_events(EVENTS, round_))
            medians.append(quantile(taken, 0.5) / 1e3)
            tails.append(quantile(taken, 0.99) / 1e3)
            rates.append(len(taken) * 1e6 / sum(taken))
        name = f"event -> decision, screened out, {number:,} pools"
        figures += [
            Figure(f"{name}, p50", "µs", tuple(medians)),
            Figure(f"{name}, p99", "µs", tuple(tails), P99_BUDGETS.get(number)),
            Figure(f"events with {number:,} pools", "k/s", tuple(rates)),
        ]
        gc.collect()
    return [*figures, _memory()]


def _decide(strategy: FlashArbitrage, events: Sequence[object]) -> list[int]:
    taken = []
    for event in events:
        began = perf_counter_ns()
        signals = strategy.on_events((event,))
        taken.append(perf_counter_ns() - began)
        if signals:
            raise RuntimeError("a quiet event gave a signal: the measurement would lie")
    return taken


def _memory() -> Figure:
    """What pools, states, index and rates take, each edge looked at once."""
    market = PoolMarket(10_000)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    strategy = _strategy(market)
    strategy.on_events(market.opening)
    strategy.on_events(market.quiet_events(10_000, 0))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Figure("memory per 1,000 pools, of 10,000", "MB", ((after - before) / 10e6,))


def _strategy(market: PoolMarket) -> FlashArbitrage:
    ids = count(1)
    terms = FlashArbitrageTerms("log", market.base_tokens, market.base_tokens[0])
    return FlashArbitrage("solver", terms, market.pools, next_signal_id=lambda: next(ids), run=int, halt_epoch=int)


def opportunities(day: Day) -> list[OpenCycle]:
    """What stood open on the day, with both pools' states."""
    scanner = CycleScanner(day.pools, (), per_block=False)
    return [opened for moment in scanner.scan(day.events) for opened in moment.cycles]
