"""Amounts and prices in one range: the roundings, the contract's overflow branch, and where it reverts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alphapulse.errors import AmmError
from alphapulse.rules.amm.sqrt_price_math import (
    MAX_UINT160,
    MAX_UINT256,
    amount0_delta,
    amount1_delta,
    next_sqrt_price_from_input,
    next_sqrt_price_from_output,
)
from tests.rules.amm.amm_strategies import AMOUNTS, LIQUIDITY, PRICES

ONE = 1 << 96
DIRECTIONS = st.booleans()


@pytest.mark.parametrize(("price", "liquidity"), [(0, 1), (1, 0), (0, 0)])
@pytest.mark.parametrize("function", [next_sqrt_price_from_input, next_sqrt_price_from_output])
def test_a_price_or_liquidity_of_zero_reverts(function: Callable[..., int], price: int, liquidity: int) -> None:
    for zero_for_one in (False, True):
        with pytest.raises(AmmError, match="above zero"):
            function(price, liquidity, 1, zero_for_one=zero_for_one)


@given(PRICES, LIQUIDITY, DIRECTIONS)
def test_no_amount_does_not_move_the_price(price: int, liquidity: int, zero_for_one: bool) -> None:
    assert next_sqrt_price_from_input(price, liquidity, 0, zero_for_one=zero_for_one) == price
    assert next_sqrt_price_from_output(price, liquidity, 0, zero_for_one=zero_for_one) == price


@given(PRICES, LIQUIDITY, AMOUNTS)
def test_token0_in_lowers_the_price_and_pays_for_the_way(price: int, liquidity: int, amount: int) -> None:
    after = next_sqrt_price_from_input(price, liquidity, amount, zero_for_one=True)
    assert 0 < after <= price
    assert amount0_delta(after, price, liquidity, round_up=True) <= amount


@given(PRICES, LIQUIDITY, AMOUNTS)
def test_token1_in_raises_the_price_and_pays_for_the_way(price: int, liquidity: int, amount: int) -> None:
    assume(price + (amount << 96) // liquidity <= MAX_UINT160)
    after = next_sqrt_price_from_input(price, liquidity, amount, zero_for_one=False)
    assert price <= after <= MAX_UINT160
    assert amount1_delta(price, after, liquidity, round_up=True) <= amount


@given(PRICES, LIQUIDITY, AMOUNTS, DIRECTIONS)
def test_output_moves_the_price_far_enough_or_reverts(
    price: int, liquidity: int, amount: int, zero_for_one: bool
) -> None:
    """The way of the price always holds what was paid out."""
    try:
        after = next_sqrt_price_from_output(price, liquidity, amount, zero_for_one=zero_for_one)
    except AmmError:
        return
    assert (after <= price) if zero_for_one else (after >= price)
    delta = amount1_delta if zero_for_one else amount0_delta
    assert delta(price, after, liquidity, round_up=False) >= amount


def test_the_overflow_branch_rounds_coarser() -> None:
    """Where amount * price leaves 256 bits the contract divides first; the numbers are worked out by hand."""
    price, liquidity, amount = 1 << 150, 1 << 120, 1 << 110
    reserve = liquidity << 96
    assert amount * price > MAX_UINT256
    expected = -(-reserve // (reserve // price + amount))
    assert next_sqrt_price_from_input(price, liquidity, amount, zero_for_one=True) == expected


def test_the_overflow_branch_is_taken_when_only_the_sum_overflows() -> None:
    liquidity = (1 << 128) - 1
    reserve = liquidity << 96
    price = MAX_UINT160
    amount = MAX_UINT256 // price
    assert amount * price <= MAX_UINT256 < reserve + amount * price
    precise = -(-reserve * price // (reserve + amount * price))
    coarse = next_sqrt_price_from_input(price, liquidity, amount, zero_for_one=True)
    assert coarse == -(-reserve // (reserve // price + amount))
    assert coarse != precise


def test_the_greatest_amount_of_token0_is_taken_and_one_that_overflows_the_sum_reverts() -> None:
    """The price falls to 1, as in Uniswap's tests, as long as the sum in the denominator fits 256 bits."""
    price, liquidity = ONE, 1
    assert next_sqrt_price_from_input(price, liquidity, MAX_UINT256 - 1, zero_for_one=True) == 1
    with pytest.raises(AmmError, match="uint256"):
        next_sqrt_price_from_input(price, liquidity, MAX_UINT256, zero_for_one=True)


def test_a_price_over_160_bits_reverts() -> None:
    with pytest.raises(AmmError, match="160 bits"):
        next_sqrt_price_from_input(MAX_UINT160, 1024, 1024, zero_for_one=False)
    with pytest.raises(AmmError, match="160 bits"):
        next_sqrt_price_from_output(MAX_UINT160 - 1, 1 << 64, ((1 << 160) - 1) // MAX_UINT160, zero_for_one=False)


def test_asking_for_all_that_the_range_holds_reverts() -> None:
    """Uniswap's example: the virtual reserves at this price are exactly 4 token0 and 262,144 token1."""
    price, liquidity = 20_282_409_603_651_670_423_947_251_286_016, 1024
    for amount in (4, 5):
        with pytest.raises(AmmError, match="more token0"):
            next_sqrt_price_from_output(price, liquidity, amount, zero_for_one=False)
    for amount in (262_144, 262_145):
        with pytest.raises(AmmError, match="more token1"):
            next_sqrt_price_from_output(price, liquidity, amount, zero_for_one=True)
    after = next_sqrt_price_from_output(price, liquidity, 262_143, zero_for_one=True)
    assert after == 77_371_252_455_336_267_181_195_264


@given(PRICES, PRICES, LIQUIDITY)
def test_amounts_do_not_depend_on_the_order_and_round_up_by_one_at_most(one: int, other: int, liquidity: int) -> None:
    for delta in (amount0_delta, amount1_delta):
        down = delta(one, other, liquidity, round_up=False)
        up = delta(one, other, liquidity, round_up=True)
        assert 0 <= up - down <= 1
        assert delta(other, one, liquidity, round_up=False) == down
        assert delta(other, one, liquidity, round_up=True) == up


@given(PRICES, PRICES, LIQUIDITY)
def test_one_division_equals_the_contracts_two(one: int, other: int, liquidity: int) -> None:
    """The contract divides by the upper price and then by the lower one, rounding each time."""
    lower, upper = sorted((one, other))
    numerator = (liquidity << 96) * (upper - lower)
    assert amount0_delta(one, other, liquidity, round_up=False) == numerator // upper // lower
    assert amount0_delta(one, other, liquidity, round_up=True) == -(-numerator // upper // lower)


def test_amounts_of_the_contracts_tests() -> None:
    """Uniswap's examples: from a price of 1 to 1.21 with a liquidity of 10^18."""
    upper = 87_150_978_765_690_771_352_898_345_369
    assert amount0_delta(ONE, upper, 10**18, round_up=True) == 90_909_090_909_090_910
    assert amount0_delta(ONE, upper, 10**18, round_up=False) == 90_909_090_909_090_909
    assert amount1_delta(ONE, upper, 10**18, round_up=True) == 100_000_000_000_000_000
    assert amount1_delta(ONE, upper, 10**18, round_up=False) == 99_999_999_999_999_999


def test_a_lower_price_of_zero_reverts() -> None:
    with pytest.raises(AmmError, match="above zero"):
        amount0_delta(0, ONE, 1, round_up=True)
