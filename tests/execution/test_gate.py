"""The gate: every check in its order, at its border, fail-closed, with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.execution import Check, RiskDecision
from alphapulse.data.halts import Level
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.execution import gate as gate_module
from alphapulse.execution.gate import Gate, StrategyLimits
from tests.execution.execution_fakes import Halts, evolved
from tests.journal.journal_samples import DAY_NS, USDC, WETH, signal

NS_PER_S = 10**9
FLOOR = 500
CEILING = 10**9
GOOD = signal(gross=1_000, gas_cost=90)
"""profit 700, flash fee 50, gas 90: net 560; size 10^9."""


@attrs.define
class Bench:
    """A gate whose surroundings a test may change."""

    halts: Halts = attrs.field(factory=Halts)
    floors: dict[bytes, int] = attrs.field(factory=lambda: {USDC: FLOOR})
    ceiling: int | None = CEILING
    market_ns: int | None = GOOD.venue_time_ns
    trouble: str | None = None

    def gate(self) -> Gate:
        return Gate(
            self.halts,
            {"flash": StrategyLimits(self.floors.get, lambda _: self.ceiling)},
            max_input_age_ns=60 * NS_PER_S,
            market_ns=lambda: self.market_ns,
            now_ns=lambda: DAY_NS,
            stream_trouble=lambda chain_id: self.trouble if chain_id == 1 else "another chain",
        )


def changed(**changes: Any) -> ArbitrageSignal:
    return evolved(GOOD, **changes)


def verdict(one: ArbitrageSignal = GOOD, **surroundings: Any) -> RiskDecision:
    return Bench(**surroundings).gate().check(one)


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
    assert found(verdict(trouble="the stream day is stale: it stopped")) == expected
    assert verdict(changed(chain_id=137)).text == "another chain"


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
    text = "the trade is larger than the maximum"
    expected = (Check.MAX_TRADE_VALUE, CEILING + 1, CEILING, "raw profit token", text)
    assert found(verdict(changed(size=CEILING + 1))) == expected
    assert verdict(changed(size=1 << 255), ceiling=None).approved
    assert verdict(ceiling=0).failed is Check.MAX_TRADE_VALUE


def test_a_pair_is_traded_once_in_an_episode() -> None:
    gate = Bench().gate()
    assert gate.check(GOOD).approved
    again = gate.check(changed(signal_id=2))
    text = "this gap has been traded once already"
    assert found(again) == (Check.DUPLICATE, 2, 1, "trades per episode", text)
    assert gate.check(changed(signal_id=3, episode=2)).approved
    assert gate.check(changed(signal_id=4)).failed is Check.DUPLICATE


def test_a_refused_signal_does_not_use_up_its_episode() -> None:
    bench = Bench(trouble="stale")
    gate = bench.gate()
    assert not gate.check(GOOD).approved
    bench.trouble = None
    assert gate.check(changed(signal_id=2)).approved


def test_a_new_run_forgets_what_was_traded() -> None:
    gate = Bench().gate()
    assert gate.check(GOOD).approved
    gate.forget_run()
    assert gate.check(GOOD).approved


def test_old_episodes_are_forgotten_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "REMEMBERED_EPISODES", 3)
    gate = Bench().gate()
    assert all(gate.check(changed(episode=number)).approved for number in range(1, 6))
    assert [gate.check(changed(episode=number)).approved for number in (5, 4, 3)] == [False] * 3
    assert gate.check(changed(episode=1)).approved


def test_the_epoch_is_read_anew_each_time() -> None:
    halts = Halts()
    gate = Bench(halts).gate()
    halts.epoch = 7
    assert gate.epoch == 7
    assert gate.check(GOOD).failed is Check.HALT_EPOCH


def test_the_floor_of_an_approved_signal_is_its_tokens() -> None:
    gate = Bench().gate()
    assert (gate.floor(GOOD), gate.ceiling("flash", USDC)) == (FLOOR, CEILING)


def halt(bench: Bench) -> None:
    bench.halts.levels["flash"] = Level.HALTED


def stop_stream(bench: Bench) -> None:
    bench.trouble = "stale"


BREAKS: dict[Check, Callable[[Bench], None] | dict[str, Any]] = {
    Check.HALT_EPOCH: {"halt_epoch": 0},
    Check.STRATEGY_ENABLED: halt,
    Check.INPUT_FRESH: stop_stream,
    Check.MIN_NET_PROFIT: {"gas_cost": None},
    Check.MAX_TRADE_VALUE: {"size": CEILING + 1},
    Check.DUPLICATE: {"episode": 99},
}


def test_every_check_is_among_those_broken() -> None:
    assert list(BREAKS) == list(Check)


@given(broken=st.sets(st.sampled_from(list(Check)), min_size=1))
def test_the_first_check_in_order_that_fails_is_the_reason(broken: set[Check]) -> None:
    bench = Bench()
    gate = bench.gate()
    assert gate.check(changed(episode=99)).approved
    changes: dict[str, Any] = {}
    for check in broken:
        match BREAKS[check]:
            case dict() as fields:
                changes |= fields
            case act:
                act(bench)
    assert gate.check(changed(**changes)).failed is min(broken)
