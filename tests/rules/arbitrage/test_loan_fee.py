"""What lenders ask, rounded as their contracts round."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.arbitrage.loan_fee import NO_FEE, LoanFee

amounts = st.integers(0, 1 << 200)


@given(amounts, st.integers(0, 10**6))
def test_a_stated_fee_is_rounded_up(amount: int, fee_ppm: int) -> None:
    assert LoanFee(fee_ppm).of(amount) == ceil(Fraction(amount * fee_ppm, 10**6))


@given(amounts, st.integers(0, 10_000), st.integers(1, 11))
def test_aave_rounds_half_up_before_version_3_5_and_up_since(amount: int, bps: int, revision: int) -> None:
    exact = Fraction(amount * bps, 10_000)
    expected = floor(exact + Fraction(1, 2)) if revision < 9 else ceil(exact)
    assert LoanFee.of_aave(bps, revision).of(amount) == expected


@given(amounts, st.integers(0, 10**16))
def test_balancer_rounds_up_at_eighteen_decimals(amount: int, percentage: int) -> None:
    """`FixedPoint.mulUp`: 0 of nothing, else (product - 1) / 10^18 + 1."""
    product = amount * percentage
    assert LoanFee.of_balancer(percentage).of(amount) == (0 if not product else (product - 1) // 10**18 + 1)


@pytest.mark.parametrize(
    ("fee", "amount", "asked"),
    [(NO_FEE, 10**12, 0), (LoanFee(1), 1, 1), (LoanFee.of_aave(5, 3), 999, 0), (LoanFee.of_aave(5, 3), 1_000, 1)],
)
def test_dust_is_charged_as_the_lender_rounds(fee: LoanFee, amount: int, asked: int) -> None:
    assert fee.of(amount) == asked
