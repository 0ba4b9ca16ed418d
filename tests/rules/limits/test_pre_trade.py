"""Each pre-trade check at its exact border, with the numbers that it tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.execution import Check
from alphapulse.data.halts import Level
from alphapulse.data.signals import INHERITED_EPISODE, ArbitrageSignal
from alphapulse.rules.limits import pre_trade
from alphapulse.rules.limits.pre_trade import Refusal
from tests.journal.journal_samples import DAY_NS, signal
from tests.rules.arbitrage.market_samples import changed

SECOND = 1_000_000_000
BORN_NS = DAY_NS + 1


def earning(net: int) -> ArbitrageSignal:
    """A signal whose net is exactly that: profit 1000, flash fee 50, the rest gas."""
    return changed(signal(gross=1_300), gas_cost=1_000 - 50 - net)


def test_the_halt_epoch_must_be_the_one_in_force() -> None:
    """Both a halt and a resume make an older signal worthless."""
    assert pre_trade.halt_epoch(signal(), 1) is None
    for epoch in (0, 2):
        refusal = pre_trade.halt_epoch(signal(), epoch)
        assert refusal is not None
        assert refusal[:4] == (Check.HALT_EPOCH, 1, epoch, "epoch")


def test_only_an_active_strategy_may_trade() -> None:
    assert pre_trade.strategy_enabled(signal(), Level.ACTIVE) is None
    expected = (Check.STRATEGY_ENABLED, Level.HALTED, Level.ACTIVE, "level", "flash is halted")
    assert pre_trade.strategy_enabled(signal(), Level.HALTED) == expected


@pytest.mark.parametrize(("age_ns", "passes"), [(-5, True), (0, True), (SECOND, True), (SECOND + 1, False)])
def test_the_seen_state_may_be_as_old_as_the_limit(age_ns: int, passes: bool) -> None:
    refusal = pre_trade.input_fresh(signal(), BORN_NS + age_ns, SECOND, None)
    assert (refusal is None) is passes
    if refusal is not None:
        text = "the state is 1000 ms old, at most 1000 ms are allowed"
        assert refusal == (Check.INPUT_FRESH, SECOND + 1, SECOND, "ns", text)


def test_trouble_with_the_stream_refuses_even_a_fresh_state() -> None:
    """In the words of whoever knows the stream."""
    expected = Refusal(Check.INPUT_FRESH, 0, SECOND, "ns", "the stream day is gap: a log is missing")
    assert pre_trade.input_fresh(signal(), BORN_NS, SECOND, "the stream day is gap: a log is missing") == expected


@pytest.mark.parametrize(
    ("net", "floor", "passes"),
    [
        (25, 25, True),
        (24, 25, False),
        (1, 0, True),
        (0, 0, False),
        (-1, 0, False),
        (1, 1, True),
    ],
)
def test_the_net_must_reach_the_minimum_and_be_above_zero(net: int, floor: int, passes: bool) -> None:
    """With a minimum of 0 the least that is allowed is one raw unit, and the refusal says so."""
    refusal = pre_trade.min_net_profit(earning(net), floor)
    assert (refusal is None) is passes
    if refusal is not None:
        assert refusal[:4] == (Check.MIN_NET_PROFIT, net, max(floor, 1), "raw profit token")


def test_unknown_gas_or_an_unknown_minimum_refuses() -> None:
    """What is not known is never taken for zero."""
    unvalued = signal(gas_cost=None)
    assert unvalued.net is None
    unknown_gas = pre_trade.min_net_profit(unvalued, 0)
    unknown_floor = pre_trade.min_net_profit(earning(10**9), None)
    assert unknown_gas is not None
    assert unknown_floor is not None
    assert unknown_gas[:3] == (Check.MIN_NET_PROFIT, None, 0)
    assert unknown_floor[:3] == (Check.MIN_NET_PROFIT, 10**9, None)


@pytest.mark.parametrize(("ceiling", "passes"), [(None, True), (10**9, True), (10**9 - 1, False), (0, False)])
def test_a_trade_may_be_as_large_as_the_maximum(ceiling: int | None, passes: bool) -> None:
    refusal = pre_trade.max_trade_value(signal(), ceiling)
    assert (refusal is None) is passes
    if refusal is not None:
        assert refusal[:4] == (Check.MAX_TRADE_VALUE, 10**9, ceiling, "raw profit token")


def test_an_episode_is_traded_once() -> None:
    assert pre_trade.duplicate(signal(), 0) is None
    inherited = pre_trade.duplicate(changed(signal(), episode=INHERITED_EPISODE), 0)
    assert inherited is not None
    assert (inherited.check, inherited.value, inherited.limit) == (Check.DUPLICATE, None, 1)
    refusal = pre_trade.duplicate(signal(), 1)
    assert refusal is not None
    assert refusal[:4] == (Check.DUPLICATE, 2, 1, "trades per episode")


@given(st.integers(-(10**30), 10**30), st.integers(0, 10**30))
def test_the_minimum_is_compared_exactly(net: int, floor: int) -> None:
    assert (pre_trade.min_net_profit(earning(net), floor) is None) == (net >= floor and net > 0)
