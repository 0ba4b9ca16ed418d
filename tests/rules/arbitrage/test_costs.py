"""Costs are rounded against us, and what has no price stays unknown."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.arbitrage.costs import pool_fees
from alphapulse.rules.arbitrage.pair import PoolPair
from alphapulse.rules.arbitrage.path import PathStep
from alphapulse.rules.arbitrage.sizing import size_path
from tests.rules.arbitrage.market_samples import TOKEN_A, pool, state
from tests.rules.arbitrage.sizing_oracle import Market, markets


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
