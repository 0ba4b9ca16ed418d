"""What an opportunity is, and which pools make a pair."""

from __future__ import annotations

from math import isqrt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO
from alphapulse.rules.arbitrage.pair import ROOT_BITS, PoolPair, pairs_of, profit_token
from tests.rules.arbitrage.market_samples import TOKEN_A, TOKEN_B, TOKEN_C, pool

PRICES = st.integers(MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1)
FEES = st.integers(0, 999_999)


def pair_with(fee_first: int, fee_second: int) -> PoolPair:
    return PoolPair(pool(1, fee_first), pool(2, fee_second), TOKEN_A.address)


@given(PRICES, PRICES, FEES, FEES)
def test_the_test_is_the_issues_inequality(one: int, other: int, fee_hi: int, fee_lo: int) -> None:
    """hi² (10⁶ - fee_hi) (10⁶ - fee_lo) > lo² 10¹², whichever pool has which fee."""
    hi, lo = max(one, other), min(one, other)
    expected = hi**2 * (10**6 - fee_hi) * (10**6 - fee_lo) > lo**2 * 10**12
    assert pair_with(fee_hi, fee_lo).has_opportunity(hi, lo) is expected
    assert pair_with(fee_lo, fee_hi).has_opportunity(hi, lo) is expected


@given(PRICES, FEES, FEES)
def test_equal_prices_are_no_opportunity(price: int, fee_hi: int, fee_lo: int) -> None:
    assert not pair_with(fee_hi, fee_lo).has_opportunity(price, price)


def test_a_gap_that_only_meets_both_fees_is_no_opportunity() -> None:
    """With 75% and 0% the price must be more than four times, its root more than twice as high."""
    pair = pair_with(750_000, 0)
    lo = 1 << 96
    assert not pair.has_opportunity(2 * lo, lo)
    assert pair.has_opportunity(2 * lo + 1, lo)


@given(FEES, FEES)
def test_the_fee_root_is_the_exact_root_floored(fee_first: int, fee_second: int) -> None:
    pair = pair_with(fee_first, fee_second)
    assert pair.fee_root == isqrt((10**6 - fee_first) * (10**6 - fee_second) << 2 * ROOT_BITS)
    assert pair.fees_ppm == fee_first + fee_second


@pytest.mark.parametrize(
    ("base_tokens", "expected"),
    [
        ((TOKEN_A.address, TOKEN_B.address), TOKEN_A),
        ((TOKEN_B.address, TOKEN_A.address), TOKEN_B),
        ((TOKEN_C.address, TOKEN_B.address), TOKEN_B),
        ((TOKEN_C.address,), TOKEN_A),
        ((), TOKEN_A),
    ],
)
def test_the_profit_token_is_the_first_base_token_of_the_pair(base_tokens: tuple[bytes, ...], expected: object) -> None:
    """The first entry that the pair holds, else token0."""
    (pair,) = pairs_of([pool(1), pool(2)], base_tokens)
    assert profit_token(pool(1), base_tokens) == pair.profit_token
    assert pair.profit_token == expected.address  # type: ignore[attr-defined]
    assert pair.sells_token0 is (expected is TOKEN_A)


def test_every_two_pools_of_the_same_tokens_make_a_pair() -> None:
    """Three pools make three pairs; other tokens and other chains stand apart."""
    same = [pool(number) for number in (1, 2, 3)]
    elsewhere = attrs.evolve(pool(4), id=InstrumentId.from_pool_address(bytes([4]) * 20, Venue.POLYGON))
    others = [pool(5, pair=(TOKEN_A, TOKEN_C)), pool(6, pair=(TOKEN_B, TOKEN_C))]
    pairs = pairs_of([others[0], *same, elsewhere, others[1]], ())
    assert [(pair.first, pair.second) for pair in pairs] == [(same[0], same[1]), (same[0], same[2]), (same[1], same[2])]
