"""The gate: every check in its order, at its border, fail-closed, with its numbers."""

from __future__ import annotations

from typing import Any

import pytest

from alphapulse.data.execution import Check, ExecutionReport, Outcome, RiskDecision
from alphapulse.data.halts import Level
from alphapulse.data.risk import LimitOverride, Severity
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.rules.limits import traded_episodes
from alphapulse.rules.limits.limit_table import Place
from tests.execution.execution_fakes import Halts
from tests.execution.gate_bench import Chains, GateBench, flash
from tests.journal.journal_samples import DAY_NS, USDC, WETH, fill

NS_PER_S = 10**9
FLOOR = 500
CEILING = 10**9
GOOD = flash()
"""profit 700, flash fee 50, gas 90: net 560; size 10^9."""


def bench(**changes: Any) -> GateBench:
    """The gate's surroundings: a floor of 500 and a ceiling of 10^9."""
    ceiling = changes.pop("ceiling", CEILING)
    limits = {} if ceiling is None else {(Place.STRATEGY, "max_trade_value"): ceiling}
    settings: dict[str, Any] = {"floors": {USDC: FLOOR}, "limits": limits, "market_ns": GOOD.venue_time_ns}
    return GateBench(**settings | changes)


def changed(**changes: Any) -> ArbitrageSignal:
    return flash(**{"signal_id": 1, "episode": 1} | changes)


def verdict(one: ArbitrageSignal = GOOD, **surroundings: Any) -> RiskDecision:
    return bench(**surroundings).gate().check(one)


def found(decision: RiskDecision) -> tuple[Check | None, int | None, int | None, str, str]:
    return decision.failed, decision.value, decision.limit, decision.unit, decision.text


def test_a_good_signal_passes_and_its_verdict_says_whose_it_is() -> None:
    assert verdict() == RiskDecision(
        run=GOOD.run,
        signal_id=GOOD.signal_id,
        strategy="flash",
        profit_token=USDC,
        venue_time_ns=GOOD.venue_time_ns,
        failed=None,
        value=None,
        limit=None,
        unit="",
        text="every check passed",
        decided_ns=DAY_NS,
    )


@pytest.mark.parametrize("epoch", [0, 2])
def test_another_halt_epoch_is_refused(epoch: int) -> None:
    text = "a halt or a resume came after the signal was made"
    assert found(verdict(changed(halt_epoch=epoch))) == (Check.HALT_EPOCH, epoch, 1, "epoch", text)


def test_a_halted_strategy_is_refused() -> None:
    halts = Halts()
    halts.levels["flash"] = Level.HALTED
    expected = (Check.STRATEGY_ENABLED, Level.HALTED, Level.ACTIVE, "level", "flash is halted")
    assert found(verdict(halts=halts)) == expected


def test_a_strategy_without_limits_is_refused_and_not_a_crash() -> None:
    decision = verdict(changed(strategy="stranger"))
    assert (decision.failed, decision.value, decision.limit) == (Check.MIN_NET_PROFIT, 560, None)


@pytest.mark.parametrize("late_ns", [0, 60 * NS_PER_S])
def test_input_of_exactly_the_allowed_age_passes(late_ns: int) -> None:
    assert verdict(market_ns=GOOD.venue_time_ns + late_ns).approved


def test_older_input_is_refused() -> None:
    late_ns = 60 * NS_PER_S + 1
    text = "the state is 60000 ms old, at most 60000 ms are allowed"
    assert found(verdict(market_ns=GOOD.venue_time_ns + late_ns)) == (
        Check.INPUT_FRESH, late_ns, 60 * NS_PER_S, "ns", text
    )  # fmt: skip


def test_input_that_seems_to_come_from_the_future_has_no_age() -> None:
    assert verdict(market_ns=0).approved
    assert found(verdict(market_ns=None))[0] is Check.INPUT_FRESH


def test_trouble_with_the_stream_is_refused_in_its_words() -> None:
    expected = (Check.INPUT_FRESH, 0, 60 * NS_PER_S, "ns", "the stream day is stale: it stopped")
    assert found(verdict(chains=Chains("the stream day is stale: it stopped"))) == expected


@pytest.mark.parametrize("floor", [0, 1, 559, 560])
def test_a_net_profit_of_exactly_the_minimum_passes(floor: int) -> None:
    assert verdict(floors={USDC: floor}).approved


def test_a_net_profit_below_the_minimum_is_refused() -> None:
    expected = (Check.MIN_NET_PROFIT, 560, 561, "raw profit token", "net profit is below the minimum")
    assert found(verdict(floors={USDC: 561})) == expected


@pytest.mark.parametrize("profit", [140, 139, 0, -5])
def test_without_a_minimum_a_trade_must_still_earn_something(profit: int) -> None:
    decision = verdict(changed(profit=profit), floors={USDC: 0})
    assert (decision.failed, decision.value) == (Check.MIN_NET_PROFIT, profit - 140)


@pytest.mark.parametrize("floor", [None, 0, -(10**9)])
def test_gas_that_cannot_be_valued_is_refused_whatever_the_minimum(floor: int | None) -> None:
    decision = verdict(changed(gas_cost=None, profit=10**30), floors={} if floor is None else {USDC: floor})
    text = "gas could not be valued in the profit token"
    assert found(decision) == (Check.MIN_NET_PROFIT, None, floor, "raw profit token", text)


def test_a_profit_token_without_a_minimum_is_refused() -> None:
    text = "no minimum is configured for this profit token"
    decision = verdict(changed(profit_token=WETH))
    assert found(decision) == (Check.MIN_NET_PROFIT, 560, None, "raw profit token", text)


def test_a_trade_of_exactly_the_maximum_passes_and_a_larger_one_is_refused() -> None:
    assert verdict(changed(size=CEILING)).approved
    text = "the trade would be over its limit"
    expected = (Check.MAX_TRADE_VALUE, CEILING + 1, CEILING, "raw profit token", text)
    assert found(verdict(changed(size=CEILING + 1))) == expected
    assert verdict(changed(size=1 << 250), ceiling=None).approved
    assert verdict(ceiling=0).failed is Check.MAX_TRADE_VALUE


def test_a_pair_is_traded_once_in_an_episode() -> None:
    gate = bench().gate()
    assert gate.check(GOOD).approved
    again = gate.check(changed(signal_id=2))
    text = "this gap has been traded once already"
    assert found(again) == (Check.DUPLICATE, 2, 1, "trades per episode", text)
    assert gate.check(changed(signal_id=3, episode=2)).approved
    assert gate.check(changed(signal_id=4)).failed is Check.DUPLICATE


def test_a_refused_signal_does_not_use_up_its_episode() -> None:
    chains = Chains("stale")
    surroundings = bench(chains=chains)
    gate = surroundings.gate()
    assert not gate.check(GOOD).approved
    chains.stream_trouble = None
    assert gate.check(changed(signal_id=2)).approved


def test_a_new_run_forgets_what_was_traded() -> None:
    gate = bench().gate()
    assert gate.check(GOOD).approved
    gate.forget_run()
    assert gate.check(changed(run=2)).approved


def test_a_number_is_judged_once_in_a_run() -> None:
    """Also if it was refused: a message that is handed over twice is one signal."""
    gate = bench().gate()
    assert gate.check(GOOD).approved
    again = gate.check(changed(episode=9))
    text = f"signal 1 of run {GOOD.run} has been judged before"
    assert found(again) == (Check.UNIQUE_ID, 2, 1, "signals", text)


def test_old_episodes_and_numbers_are_forgotten_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traded_episodes, "REMEMBERED", 3)
    gate = bench().gate()
    assert all(gate.check(flash(number)).approved for number in range(1, 6))
    assert [gate.check(flash(number + 10, episode=number)).approved for number in (5, 4, 3)] == [False] * 3
    assert gate.check(flash(1)).approved


def test_the_epoch_is_read_anew_each_time() -> None:
    halts = Halts()
    gate = bench(halts=halts).gate()
    halts.epoch = 7
    assert gate.epoch == 7
    assert gate.check(GOOD).failed is Check.HALT_EPOCH


def test_the_floor_of_an_approved_signal_is_its_tokens() -> None:
    gate = bench().gate()
    assert (gate.floor(GOOD), gate.ceiling("flash", USDC)) == (FLOOR, CEILING)


def test_an_approved_signal_counts_as_in_flight_before_the_next_is_judged() -> None:
    """Two in one list must not each find the whole limit."""
    one = bench(limits={(Place.LIMITS, "max_gross_exposure"): 15 * 10**8})
    gate = one.gate()
    assert gate.check(flash(1)).approved
    text = "the gross exposure would be over its limit"
    assert found(gate.check(flash(2))) == (Check.GROSS_EXPOSURE, 2 * 10**9, 15 * 10**8, "raw profit token", text)
    gate.settle([fill(1)])
    assert gate.check(flash(3)).approved


def test_what_was_not_settled_stays_in_flight_over_a_new_run() -> None:
    """UNKNOWN is open: neither time nor fresh books end it."""
    one = bench(limits={(Place.STRATEGY, "capital"): 10**9})
    gate = one.gate()
    assert gate.check(flash(1)).approved
    gate.forget_run()
    one.market_ns = one.now_ns = DAY_NS + 86_400 * NS_PER_S
    late = flash(1, run=2, venue_time_ns=one.market_ns, received_ns=one.now_ns)
    assert gate.check(late).failed is Check.CAPITAL


def test_probation_leaves_a_tenth_of_the_limits_of_size() -> None:
    halts = Halts()
    halts.factor = 100_000
    assert found(verdict(halts=halts))[:3] == (Check.MAX_TRADE_VALUE, CEILING, CEILING // 10)
    assert verdict(changed(size=CEILING // 10), halts=halts).approved


def test_a_count_is_never_cut_to_nothing_by_probation() -> None:
    halts = Halts()
    halts.factor = 100_000
    gate = bench(halts=halts, limits={(Place.LIMITS, "max_intents"): 3}).gate()
    assert gate.check(flash(1)).approved
    assert found(gate.check(flash(2)))[:3] == (Check.GLOBAL_THROTTLE, 2, 1)


def test_probation_is_a_level_that_trades_and_reducing_is_not() -> None:
    halts = Halts()
    halts.levels["flash"] = Level.PROBATION
    assert verdict(halts=halts).approved
    halts.levels["flash"] = Level.REDUCING
    assert verdict(halts=halts).text == "flash is reducing"


def test_a_check_near_its_limit_says_so_once_a_minute() -> None:
    one = bench(ceiling=1_250_000_000)
    gate = one.gate()
    assert gate.check(flash(1)).approved
    assert gate.check(flash(2)).approved
    (alert,) = gate.take_alerts()
    assert (alert.severity, alert.scope, alert.rule) == (Severity.WARNING, "strategy:flash", "max_trade_value")
    assert (alert.value, alert.limit, alert.text) == (10**9, 1_250_000_000, "the trade would be at 80% of its limit")
    assert gate.take_alerts() == []
    one.now_ns += 60 * NS_PER_S
    assert gate.check(flash(3, received_ns=one.now_ns)).approved
    assert len(gate.take_alerts()) == 1


def test_below_80_percent_nothing_is_said() -> None:
    gate = bench(ceiling=1_250_000_001).gate()
    assert gate.check(GOOD).approved
    assert gate.take_alerts() == []


def test_an_override_that_the_relay_carries_holds_until_it_expires() -> None:
    """In the process of the engine, whoever set it elsewhere."""
    one = bench()
    gate = one.gate()
    name = "strategies.flash.max_trade_value.USDC"
    end_ns = DAY_NS + 5 * NS_PER_S
    override = LimitOverride(name, 2 * CEILING, CEILING, "raw profit token", "operator", "a test", DAY_NS, end_ns)
    gate.settle([override])
    assert gate.check(flash(1, size=2 * CEILING)).approved
    one.now_ns = end_ns
    assert gate.check(flash(2, size=2 * CEILING)).failed is Check.MAX_TRADE_VALUE


def test_a_reverted_trade_frees_its_stake_and_counts_its_gas() -> None:
    one = bench(limits={(Place.LIMITS, "max_hourly_gas_wei"): 10**16})
    gate = one.gate()
    assert gate.check(flash(1)).approved
    assert one.record.exposure.gas_wei == 4 * 10**15
    gate.settle([reverted(1)])
    assert (one.record.exposure.gas_wei, one.record.gas_wei.total(DAY_NS)) == (0, 4 * 10**15)
    assert gate.check(flash(2)).approved
    assert found(gate.check(flash(3)))[:3] == (Check.GAS_BUDGET, 12 * 10**15, 10**16)


def reverted(signal_id: int) -> ExecutionReport:
    """The trade of that signal was reverted: gas 90, 4 * 10^15 wei."""
    return ExecutionReport(
        run=GOOD.run,
        intent_id=signal_id,
        signal_id=signal_id,
        strategy="flash",
        outcome=Outcome.REVERTED,
        chain_id=1,
        block_number=101,
        log_index=0,
        venue_time_ns=DAY_NS,
        profit_token=USDC,
        profit_found=-5,
        minimum_profit=0,
        gas_wei=4 * 10**15,
        gas_cost=90,
        text="the gap was taken",
        reported_ns=DAY_NS,
    )
