"""Ticks and ratios: the contract's own numbers, and the two directions against each other."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import AmmError
from alphapulse.rules.amm.tick_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    sqrt_ratio_at_tick,
    tick_at_sqrt_ratio,
    tick_near,
)
from tests.rules.amm.amm_strategies import PRICES, TICKS

VECTORS = Path(__file__).parents[2] / "vectors/amm/tickmath_uniswap_v3_core.csv"


def test_all_numbers_of_the_contracts_tests() -> None:
    """The 41 results that Uniswap's own tests state come out."""
    functions = {"tick_to_sqrt": sqrt_ratio_at_tick, "sqrt_to_tick": tick_at_sqrt_ratio}
    with VECTORS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 41
    for row in rows:
        assert functions[row["function"]](int(row["argument"])) == int(row["result"]), row


@given(PRICES, st.integers(-300, 300))
def test_a_tick_that_is_looked_for_nearby_is_the_same(price: int, away: int) -> None:
    """From any tick within and beyond the distance at which a guess is made."""
    tick = tick_at_sqrt_ratio(price)
    assert tick_near(price, min(max(tick + away, MIN_TICK), MAX_TICK)) == tick


def test_bounds_of_prices_are_the_ratios_at_the_bounds_of_ticks() -> None:
    assert sqrt_ratio_at_tick(MIN_TICK) == MIN_SQRT_RATIO
    assert sqrt_ratio_at_tick(MAX_TICK) == MAX_SQRT_RATIO
    assert tick_at_sqrt_ratio(MIN_SQRT_RATIO) == MIN_TICK
    assert tick_at_sqrt_ratio(MAX_SQRT_RATIO - 1) == MAX_TICK - 1


@pytest.mark.parametrize("tick", [MIN_TICK - 1, MAX_TICK + 1, 1 << 23])
def test_a_tick_out_of_bounds_is_refused(tick: int) -> None:
    with pytest.raises(AmmError, match=f"this was {tick}"):
        sqrt_ratio_at_tick(tick)


@pytest.mark.parametrize("price", [-1, 0, MIN_SQRT_RATIO - 1, MAX_SQRT_RATIO])
def test_a_price_out_of_bounds_is_refused(price: int) -> None:
    with pytest.raises(AmmError, match=f"this was {price}"):
        tick_at_sqrt_ratio(price)


@given(st.integers(MIN_TICK, MAX_TICK - 1))
def test_a_ticks_ratio_leads_back_to_it_and_the_price_below_to_the_tick_below(tick: int) -> None:
    ratio = sqrt_ratio_at_tick(tick)
    assert tick_at_sqrt_ratio(ratio) == tick
    if tick > MIN_TICK:
        assert tick_at_sqrt_ratio(ratio - 1) == tick - 1


@given(PRICES)
def test_a_price_lies_between_its_tick_and_the_next(price: int) -> None:
    tick = tick_at_sqrt_ratio(price)
    assert sqrt_ratio_at_tick(tick) <= price < sqrt_ratio_at_tick(tick + 1)


@given(TICKS, TICKS)
def test_a_higher_tick_has_a_higher_ratio(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert low == high or sqrt_ratio_at_tick(low) < sqrt_ratio_at_tick(high)


@given(PRICES, PRICES)
def test_a_higher_price_never_has_a_lower_tick(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert tick_at_sqrt_ratio(low) <= tick_at_sqrt_ratio(high)
