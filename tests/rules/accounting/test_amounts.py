"""Decimal text and raw units, there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.accounting.amounts import decimal_text, raw_units

DECIMALS = st.integers(0, 255)


@given(st.integers(0, 1 << 256), DECIMALS)
def test_raw_units_come_back_from_their_text(raw: int, decimals: int) -> None:
    assert raw_units(decimal_text(raw, decimals), decimals) == raw


@given(st.integers(1, 1 << 256), DECIMALS)
def test_a_negative_amount_is_its_opposite_with_a_sign(raw: int, decimals: int) -> None:
    assert decimal_text(-raw, decimals) == "-" + decimal_text(raw, decimals)


@pytest.mark.parametrize(
    ("raw", "decimals", "text"),
    [
        (25_000_000, 6, "25.000000"),
        (1, 18, "0.000000000000000001"),
        (0, 6, "0.000000"),
        (-1_534_147_509, 6, "-1534.147509"),
        (42, 0, "42"),
        (-1, 0, "-1"),
    ],
)
def test_all_decimals_are_written(raw: int, decimals: int, text: str) -> None:
    assert decimal_text(raw, decimals) == text


@pytest.mark.parametrize(
    ("text", "decimals", "raw"),
    [
        ("25.00", 6, 25_000_000),
        ("25", 6, 25_000_000),
        ("0.000001", 6, 1),
        ("0.0000010000", 6, 1),
        ("1_000_000.5", 6, 1_000_000_500_000),
        ("007", 2, 700),
        ("3.0", 0, 3),
    ],
)
def test_people_write_amounts_in_many_ways(text: str, decimals: int, raw: int) -> None:
    """With or without a fraction, zeros at either end, underscores between digits."""
    assert raw_units(text, decimals) == raw


@pytest.mark.parametrize(
    "text",
    ["", ".", "1.", ".5", "-1", "+1", "1e6", "1,5", " 1", "1\n", "0x10", "nan", "_", "\N{ARABIC-INDIC DIGIT TWO}"],
)
def test_what_is_no_plain_decimal_number_is_refused(text: str) -> None:
    """Signs, exponents, blanks and digits of other scripts: an amount is never guessed."""
    with pytest.raises(ValueError, match="expected a decimal number"):
        raw_units(text, 6)


@pytest.mark.parametrize(("text", "decimals"), [("0.0000001", 6), ("1.5", 0), ("25.0000005", 6)])
def test_what_is_finer_than_the_token_is_refused(text: str, decimals: int) -> None:
    with pytest.raises(ValueError, match=f"at most {decimals} decimals"):
        raw_units(text, decimals)
