"""Prices as text, and the gap between two prices."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import AmmError
from alphapulse.rules.amm.price import gap_ppm, price_text
from tests.rules.amm.amm_strategies import PRICES

ONE = 1 << 96


def test_a_real_price_in_both_directions() -> None:
    """USDC/WETH on 2024-01-05: some 2,270 USDC for one WETH."""
    price = 1_662_995_104_975_155_420_368_771_254_341_874
    assert price_text(price, 6, 18, inverted=True) == "2269.745824"
    assert price_text(price, 6, 18, inverted=False) == "0.000441"
    assert price_text(price, 6, 18, inverted=False, places=12) == "0.000440577967"


@pytest.mark.parametrize(
    ("sqrt_price", "places", "text"),
    [(ONE, 6, "1.000000"), (ONE * 2, 0, "4"), (ONE // 2, 1, "0.3"), (ONE // 2, 0, "0"), (ONE * 3 // 2, 1, "2.3")],
)
def test_half_is_rounded_up(sqrt_price: int, places: int, text: str) -> None:
    assert price_text(sqrt_price, 18, 18, inverted=False, places=places) == text


@given(PRICES, st.integers(0, 24), st.integers(0, 24), st.booleans(), st.integers(0, 18))
def test_text_equals_decimal_arithmetic(
    price: int, decimals0: int, decimals1: int, inverted: bool, places: int
) -> None:
    with localcontext(prec=400):
        value = Decimal(price) ** 2 / Decimal(2) ** 192 * Decimal(10) ** (decimals0 - decimals1)
        expected = (1 / value if inverted else value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        assert price_text(price, decimals0, decimals1, inverted=inverted, places=places) == f"{expected:f}"


@given(PRICES, PRICES)
def test_a_gap_is_the_greatest_whole_number_of_ppm(one: int, other: int) -> None:
    low, high = sorted((one, other))
    gap = gap_ppm(high, low)
    assert gap >= 0
    assert (10**6 + gap) * low**2 <= high**2 * 10**6 < (10**6 + gap + 1) * low**2


def test_gaps_are_floored_on_either_side_of_zero() -> None:
    assert gap_ppm(ONE, ONE) == 0
    assert gap_ppm(ONE + 1, ONE) == 0
    assert gap_ppm(ONE, ONE + 1) == -1
    assert gap_ppm(2 * ONE, ONE) == 3_000_000


def test_a_price_of_zero_is_refused() -> None:
    with pytest.raises(AmmError, match="above zero"):
        price_text(0, 6, 18, inverted=False)
    with pytest.raises(AmmError, match="above zero"):
        gap_ppm(ONE, 0)
