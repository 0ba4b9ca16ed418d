"""Position sizing in whole numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.limits.sizing import UNCAPPED, SizeCaps, fraction, fractional_kelly, kelly_fraction_ppm
from tests.journal.journal_samples import USDC, WETH


@pytest.mark.parametrize(
    ("win", "payoff", "share"),
    [
        (600_000, 1_000_000, 200_000),
        (500_000, 1_000_000, 0),
        (400_000, 1_000_000, 0),
        (500_000, 2_000_000, 250_000),
        (1_000_000, 1, 1_000_000),
        (0, 10**12, 0),
    ],
)
def test_kelly_of_odds_that_are_known(win: int, payoff: int, share: int) -> None:
    assert kelly_fraction_ppm(win, payoff) == share


@given(win=st.integers(0, 10**6), payoff=st.integers(1, 10**12))
def test_kelly_is_rounded_down_and_never_below_nothing(win: int, payoff: int) -> None:
    exact = Fraction(win, 10**6) - (1 - Fraction(win, 10**6)) / Fraction(payoff, 10**6)
    found = kelly_fraction_ppm(win, payoff)
    assert 0 <= found <= max(exact, Fraction(0)) * 10**6
    assert found > exact * 10**6 - 1


@given(capital=st.integers(0, 10**40), part=st.integers(0, 10**6), win=st.integers(0, 10**6))
def test_no_size_is_above_the_capital(capital: int, part: int, win: int) -> None:
    assert 0 <= fraction(capital, part) <= capital
    assert 0 <= fractional_kelly(capital, win_ppm=win, payoff_ppm=10**6, kelly_ppm=part) <= fraction(capital, part)


def test_a_quarter_of_kelly() -> None:
    assert fractional_kelly(10**12, win_ppm=600_000, payoff_ppm=10**6, kelly_ppm=250_000) == 5 * 10**10


def test_a_token_without_a_cap_is_not_traded_unless_there_are_no_caps() -> None:
    caps = SizeCaps({USDC: 7})
    assert (caps.of(USDC), caps.of(WETH), UNCAPPED.of(WETH)) == (7, 0, None)
