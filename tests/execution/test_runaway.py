"""A loop that runs away stops by itself: the gate refuses, the breaker halts, what was spent stays below its cap."""

from __future__ import annotations

import random

import pytest

from alphapulse.data.execution import Check
from alphapulse.rules.breakers.board import BreakerBoard
from alphapulse.rules.limits.limit_book import LimitBook
from alphapulse.rules.limits.limit_table import Place
from alphapulse.rules.limits.trading_record import TradingRecord
from alphapulse.safety.scopes import scope_holds
from alphapulse.safety.trade_causes import TradeCauses
from tests.execution.gate_bench import GateBench, flash
from tests.execution.test_gate import reverted
from tests.journal.journal_samples import DAY_NS

SECOND = 10**9
MOST = 25
FEW, LOOPS = 500, 10_000


@pytest.mark.parametrize("seed", range(2))
def test_a_loop_without_a_fill_ends_at_exactly_the_limit(seed: int) -> None:
    run_away(seed, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_ten_thousand_loops_without_a_fill_end_at_exactly_the_limit(seed: int) -> None:
    run_away(seed, LOOPS)


def run_away(seed: int, loops: int) -> None:
    """Fills are hidden from the strategy, which tries one path again and again; some reverts are told, some not."""
    chance = random.Random(seed)
    bench = GateBench(limits={(Place.STRATEGY, "max_unfilled_repeats"): MOST})
    gate = bench.gate()
    causes = TradeCauses(
        LimitBook(), TradingRecord(), max_failure_ppm=1_000_000, least_outcomes=10_000, max_unknown_orders=0
    )
    board = BreakerBoard(scope_holds)
    approved, tripped = 0, []
    for number in range(1, loops + 1):
        bench.market_ns = bench.now_ns = DAY_NS + number * chance.randrange(1, 3 * SECOND)
        verdict = gate.check(flash(number, received_ns=bench.now_ns, venue_time_ns=bench.market_ns))
        approved += verdict.approved
        for cause in causes.take(verdict, bench.market_ns, bench.now_ns):
            tripped += [(number, event.scope) for event in board.trip(cause.rule, cause.scope, 0, cause.reason)]
        if verdict.approved and chance.random() < 0.5:
            gate.settle([reverted(number)])
        elif not verdict.approved:
            assert verdict.failed is Check.REPEATED
    assert approved == MOST
    assert tripped == [(MOST + 1, "strategy:flash")]


def test_what_a_runaway_may_spend_on_gas_is_its_budget() -> None:
    """Without a limit on repeats the hour's gas is the cap, and it holds for what is in flight too."""
    bench = GateBench(limits={(Place.LIMITS, "max_hourly_gas_wei"): 40 * 10**15})
    gate = bench.gate()
    spent = 0
    for number in range(1, 1_001):
        if gate.check(flash(number)).approved and number % 2:
            gate.settle([reverted(number)])
        spent = bench.record.gas_wei.total(DAY_NS) + bench.record.exposure.gas_wei
        assert spent <= 40 * 10**15
    assert spent == 40 * 10**15
