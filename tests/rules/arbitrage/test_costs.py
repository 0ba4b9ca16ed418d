"""Costs are rounded against us, and what has no price stays unknown."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.pools import Pool
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO
from alphapulse.rules.arbitrage.costs import flash_fee, native_value, pool_fees
from alphapulse.rules.arbitrage.pair import PoolPair
from alphapulse.rules.arbitrage.path import PathStep
from alphapulse.rules.arbitrage.sizing import size_path
from tests.rules.arbitrage.market_samples import TOKEN_A, TOKEN_B, TOKEN_C, in_range, pool, stamp, state
from tests.rules.arbitrage.sizing_oracle import Market, markets

PRICES = st.integers(MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1)
WEI = st.integers(0, 10**21)
NATIVE_IS_TOKEN0, NATIVE_IS_TOKEN1 = pool(1, pair=(TOKEN_B, TOKEN_C)), pool(2, pair=(TOKEN_A, TOKEN_B))
NATIVE = TOKEN_B.address


def known(of: Pool, sqrt_price_x96: int, liquidity: int = 1) -> tuple[Pool, ConcentratedState]:
    return of, in_range(sqrt_price_x96, liquidity, 0, stamp())


@given(st.integers(0, 1 << 200), st.integers(0, 10**6))
def test_the_flash_fee_is_rounded_up(size: int, fee_ppm: int) -> None:
    assert flash_fee(size, fee_ppm) == ceil(Fraction(size * fee_ppm, 10**6))


def test_no_flash_fee_costs_nothing_and_a_dust_loan_one_unit() -> None:
    assert (flash_fee(10**12, 0), flash_fee(1, 1), flash_fee(0, 500)) == (0, 1, 0)


@given(WEI, PRICES)
def test_gas_in_token1_is_rounded_up(wei: int, price: int) -> None:
    """Native is token0: wei times the price."""
    expected = ceil(Fraction(wei * price**2, 1 << 192))
    assert native_value(wei, NATIVE, TOKEN_C.address, [known(NATIVE_IS_TOKEN0, price)]) == expected


@given(WEI, PRICES)
def test_gas_in_token0_is_rounded_up(wei: int, price: int) -> None:
    """Native is token1: wei divided by the price."""
    expected = ceil(Fraction(wei << 192, price**2))
    assert native_value(wei, NATIVE, TOKEN_A.address, [known(NATIVE_IS_TOKEN1, price)]) == expected


def test_the_least_favourable_pool_prices_gas() -> None:
    """A cost is never made smaller than one of the pools says, whichever comes first."""
    pools = [known(NATIVE_IS_TOKEN0, price << 96) for price in (2, 5, 3)]
    assert native_value(7, NATIVE, TOKEN_C.address, pools) == 7 * 25
    assert native_value(7, NATIVE, TOKEN_C.address, reversed(pools)) == 7 * 25


def test_gas_without_a_price_is_unknown() -> None:
    """No pool at all, only pools of other pairs, or only an empty one: None, never a guess."""
    foreign, empty = known(NATIVE_IS_TOKEN1, 1 << 96), known(NATIVE_IS_TOKEN0, 1 << 96, 0)
    assert native_value(1, NATIVE, TOKEN_C.address, []) is None
    assert native_value(1, NATIVE, TOKEN_C.address, [foreign]) is None
    assert native_value(1, NATIVE, TOKEN_C.address, [empty]) is None
    assert native_value(1, NATIVE, TOKEN_C.address, [empty, known(NATIVE_IS_TOKEN0, 1 << 96)]) == 1


def test_gas_needs_no_price_if_it_is_free_or_the_profit_is_native() -> None:
    assert native_value(0, NATIVE, TOKEN_C.address, []) == 0
    assert native_value(123, NATIVE, NATIVE, []) == 123


@given(st.one_of(markets(honest=True), markets(honest=False)))
def test_pool_fees_are_valued_along_the_path_and_rounded_down(market: Market) -> None:
    """The first fee as it is; the second by what its token brought, at most what that amount is worth."""
    steps = size_path(*market).steps
    fees = pool_fees(steps)
    opened, closed = steps
    net = closed.amount_in - closed.fee_amount
    second = Fraction(closed.amount_out * closed.fee_amount, net) if net else Fraction(0)
    assert fees == opened.fee_amount + floor(second)


def test_a_path_of_nothing_has_no_fees() -> None:
    path = size_path(PoolPair(pool(1), pool(2), TOKEN_A.address), state(1 << 96), state(1 << 96))
    assert path.size == 0
    assert pool_fees(path.steps) == 0


def test_each_later_step_is_valued_by_what_the_end_brought() -> None:
    """Three steps: 10 of 1000 in the profit token, 100 of 2100 that brought 3000, 7 of 407 that brought 3000."""
    steps = tuple(
        PathStep(pool(1), 0, 1, amount_in, amount_out, fee, 1 << 96)
        for amount_in, amount_out, fee in ((1000, 2100, 10), (2100, 407, 100), (407, 3000, 7))
    )
    assert pool_fees(steps) == 10 + 3000 * 100 // 2000 + 3000 * 7 // 400
