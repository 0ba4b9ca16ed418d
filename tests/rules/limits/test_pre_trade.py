"""Each pre-trade check at its exact border, with the numbers that it tells."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.execution import Check, Mode
from alphapulse.data.halts import Level
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.signals import INHERITED_EPISODE, ArbitrageSignal
from alphapulse.rules.limits import pre_trade
from alphapulse.rules.limits.refusal import Refusal
from tests.execution.gate_bench import POOLS, flash
from tests.journal.journal_samples import DAY_NS, USDC, WETH, signal
from tests.rules.arbitrage.market_samples import changed

SECOND = 1_000_000_000
BORN_NS = DAY_NS + 1
STRANGER = InstrumentId.from_pool_address(bytes(19) + b"\7", Venue.UNISWAP_V3)


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
    assert pre_trade.strategy_enabled(signal(), Level.PROBATION) is None
    assert pre_trade.strategy_enabled(signal(), Level.REDUCING) is not None
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


@pytest.mark.parametrize(
    ("mode", "approved", "passes"),
    [
        (Mode.PAPER, (), True),
        (Mode.LIVE, (), False),
        (Mode.PAPER, ("1.0",), True),
        (Mode.LIVE, ("1.0",), True),
        (Mode.PAPER, ("0.9",), False),
    ],
)
def test_a_build_trades_if_it_is_approved_or_none_is_named_on_paper(
    mode: Mode, approved: tuple[str, ...], passes: bool
) -> None:
    assert (pre_trade.build(mode, "1.0", approved) is None) is passes


@pytest.mark.parametrize(
    ("age_ns", "passes"), [(SECOND, True), (SECOND + 1, False), (-SECOND, True), (-SECOND - 1, False)]
)
def test_an_event_may_be_as_old_as_the_limit_and_no_newer_than_that(age_ns: int, passes: bool) -> None:
    """A wall clock that was set back makes events look new: beyond the limit that is refused as well."""
    refusal = pre_trade.signal_age(signal(), DAY_NS + age_ns, SECOND)
    assert (refusal is None) is passes
    if refusal is not None:
        assert refusal[:4] == (Check.SIGNAL_AGE, age_ns, SECOND, "ns")


PAIRS = {pool.id: pool.pair for pool in POOLS}


def test_every_pool_must_be_admitted_and_trade_its_own_tokens() -> None:
    good = flash()
    assert pre_trade.admitted(good, PAIRS) is None
    first, second = good.legs
    for legs in (
        (changed(first, pool=STRANGER), second),
        (changed(first, token_in=bytes(20)), second),
        (changed(first, token_out=first.token_in), second),
    ):
        refusal = pre_trade.admitted(changed(good, legs=legs), PAIRS)
        assert refusal is not None
        assert refusal.check is Check.ADMITTED
    assert pre_trade.admitted(changed(good, chain_id=137), PAIRS) is not None


@pytest.mark.parametrize(
    ("leg", "changes", "problem"),
    [
        (0, {"token_in": WETH}, "the cycle does not begin and end in the profit token"),
        (1, {"token_out": WETH}, "the cycle does not begin and end in the profit token"),
        (1, {"token_in": USDC}, "a leg does not sell what the one before it bought"),
        (1, {"amount_in": 1}, "a leg does not sell what the one before it bought"),
        (0, {"amount_in": 1}, "a leg does not sell what the one before it bought"),
        (1, {"amount_out": 0}, "an amount or a price is not above zero"),
        (0, {"sqrt_price_x96": 0}, "an amount or a price is not above zero"),
        (1, {"amount_out": 10**9 + 701}, "the profit is not what the legs bring"),
    ],
)
def test_legs_make_a_cycle_that_brings_the_profit(leg: int, changes: dict[str, Any], problem: str) -> None:
    good = flash()
    assert pre_trade.well_formed(good) is None
    legs = list(good.legs)
    legs[leg] = changed(legs[leg], **changes)
    refusal = pre_trade.well_formed(changed(good, legs=tuple(legs)))
    assert refusal is not None
    assert refusal.text == problem


def test_one_leg_is_no_cycle() -> None:
    refusal = pre_trade.well_formed(changed(flash(), legs=flash().legs[:1]))
    assert refusal is not None
    assert refusal.text == "a cycle has two legs at least"


def test_a_size_of_nothing_is_refused() -> None:
    assert pre_trade.well_formed(flash(size=0)) is not None


@given(low=st.integers(1 << 60, 1 << 120), parts=st.integers(0, 2 * 10**6), limit=st.integers(0, 10**6))
def test_the_collar_is_exact(low: int, parts: int, limit: int) -> None:
    """Whatever the prices: over the limit by one part in 10^6, floored, is refused; the limit itself passes."""
    high = low + low * parts // 10**6
    first, second = flash().legs
    legs = (changed(first, sqrt_price_x96=high), changed(second, sqrt_price_x96=low))
    found = pre_trade.price_collar(changed(flash(), legs=legs), Mode.PAPER, limit)
    gap = (high * high - low * low) * 10**6 // (low * low)
    assert isinstance(found, Refusal) is (gap > limit)
    if found is not None:
        assert found[:4] == (Check.PRICE_COLLAR, gap, limit, "ppm")


def test_a_path_without_two_pools_of_one_pair_is_judged_by_the_gap_that_it_states() -> None:
    """A triangle has no second source of its own."""
    first, second = flash().legs
    legs = (first, changed(second, token_in=bytes(20)))
    found = pre_trade.price_collar(changed(flash(), legs=legs, gap_ppm=77), Mode.PAPER, 76)
    assert isinstance(found, Refusal)
    assert found.value == 77


def test_an_episode_is_traded_once() -> None:
    assert pre_trade.duplicate(signal(), Mode.PAPER, 0) is None
    old = changed(signal(), episode=INHERITED_EPISODE)
    inherited = pre_trade.duplicate(old, Mode.PAPER, 0)
    assert inherited is not None
    assert pre_trade.duplicate(old, Mode.LIVE, 0) is None
    assert (inherited.check, inherited.value, inherited.limit) == (Check.DUPLICATE, None, 1)
    refusal = pre_trade.duplicate(signal(), Mode.PAPER, 1)
    assert refusal is not None
    assert refusal[:4] == (Check.DUPLICATE, 2, 1, "trades per episode")


@given(st.integers(-(10**30), 10**30), st.integers(0, 10**30))
def test_the_minimum_is_compared_exactly(net: int, floor: int) -> None:
    assert (pre_trade.min_net_profit(earning(net), floor) is None) == (net >= floor and net > 0)
