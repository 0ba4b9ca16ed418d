"""Fixed point: decimal text to integers at 10^-8 and back, exactly or not at all."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.fixed_point import MAX_Q8, MIN_Q8, ONE_Q8, format_q8, parse_q8
from alphapulse.errors import FixedPointError

Q8 = st.integers(MIN_Q8, MAX_Q8)


@given(Q8)
def test_every_integer_can_be_written_and_read_back(value_q8: int) -> None:
    text = format_q8(value_q8)
    assert parse_q8(text) == value_q8
    assert Fraction(text) == Fraction(value_q8, ONE_Q8)


@given(Q8)
def test_the_text_is_the_shortest(value_q8: int) -> None:
    text = format_q8(value_q8)
    assert "." not in text or text[-1] not in "0."
    assert not text.startswith("-") or value_q8 < 0


@given(st.from_regex(r"-?[0-9]{1,15}(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?", fullmatch=True))
def test_reading_agrees_with_exact_fractions(text: str) -> None:
    """What 10^-8 and 64 bits hold is read exactly; everything else is refused."""
    exact = Fraction(text) * ONE_Q8
    if exact.denominator == 1 and MIN_Q8 <= exact <= MAX_Q8:
        assert parse_q8(text) == exact
    else:
        with pytest.raises(FixedPointError):
            parse_q8(text)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_typed_error(text: str) -> None:
    try:
        value = parse_q8(text)
    except FixedPointError:
        return
    assert MIN_Q8 <= value <= MAX_Q8


@pytest.mark.parametrize(
    ("text", "value_q8"),
    [
        ("45000.00", 4_500_000_000_000),
        ("0.00000001", 1),
        ("-0.00000001", -1),
        ("1e-8", 1),
        ("1E+3", 100_000_000_000),
        ("-0", 0),
        ("007", 700_000_000),
        ("1.230000000000", 123_000_000),
        ("92233720368.54775807", MAX_Q8),
        ("-92233720368.54775808", MIN_Q8),
    ],
)
def test_numbers_as_exchanges_write_them(text: str, value_q8: int) -> None:
    assert parse_q8(text) == value_q8


@pytest.mark.parametrize("text", ["0.000000001", "1.000000001", "1e-9", "-1.5e-8", "1e-999"])
def test_a_number_that_is_too_fine_is_refused(text: str) -> None:
    with pytest.raises(FixedPointError, match=rf"expected at most 8 decimals, was '{text}'"):
        parse_q8(text)


@pytest.mark.parametrize("text", ["92233720368.54775808", "-92233720368.54775809", "1e11", "9" * 400, "1e999"])
def test_a_number_that_is_too_large_is_refused(text: str) -> None:
    with pytest.raises(FixedPointError, match=r"a number from -92233720368\.54775808 to 92233720368\.54775807"):
        parse_q8(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        ".5",
        "5.",
        "+1",
        "1,5",
        "1_0",
        " 1",
        "1\n",
        "0x1",
        "NaN",
        "1e",
        "1e1.0",
        "\u0665",
        "1" * 401,
        "1e1000",
    ],
)
def test_text_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(FixedPointError, match=r"expected a decimal number such as -45000\.5, was") as refused:
        parse_q8(text)
    assert isinstance(refused.value, ValueError)
    assert len(str(refused.value)) < 150


@pytest.mark.parametrize("value_q8", [MAX_Q8 + 1, MIN_Q8 - 1, 10**30])
def test_an_integer_over_64_bits_is_not_written(value_q8: int) -> None:
    with pytest.raises(FixedPointError, match="expected a signed integer of 64 bits"):
        format_q8(value_q8)
