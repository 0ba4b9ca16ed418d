"""Limits of lists: what the environment may say, and that building and parsing follow it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.invalidation import StateInvalidation
from alphapulse.data.limits import BOUNDS, INSTRUMENTS, ORDER_LEVELS, POOL_TOKENS, Limits, apply_limits, read_limits
from alphapulse.data.order_books import OrderBook, OrderLevel
from alphapulse.data.pool_reserves import PoolLiquidity, TokenReserve
from alphapulse.data.registry import MESSAGES
from alphapulse.data.wire import Bound, Many, Record, Source
from alphapulse.errors import ConfigError, InvalidValue
from alphapulse.rules.wire.codec import decode_value, encode_value
from alphapulse.rules.wire.frame import decode_frame, encode_frame
from alphapulse.rules.wire.signature import parts
from alphapulse.rules.wire.sizes import value_sizes
from alphapulse.rules.wire.tlv import MAX_VALUE_SIZE
from tests.rules.wire.wire_vectors import reference_bytes, sample

LEVEL = OrderLevel(4_500_000_000_000, 100_000_000, 3)
TOKEN = TokenReserve(b"\1" * 20, (1 << 256) - 1)
INSTRUMENT = InstrumentId.from_symbol("ETH/USD", Venue.KRAKEN)

BOOK: Any = sample(Record(OrderBook), "least")
RESERVES: Any = sample(Record(PoolLiquidity), "least")
INVALID: Any = sample(Record(StateInvalidation), "least")
CASES = [
    (ORDER_LEVELS, "bids", BOOK, LEVEL),
    (ORDER_LEVELS, "asks", BOOK, LEVEL),
    (POOL_TOKENS, "reserves", RESERVES, TOKEN),
    (INSTRUMENTS, "instruments", INVALID, INSTRUMENT),
]


@pytest.fixture(autouse=True)
def _limits_as_before() -> Iterator[None]:
    yield
    apply_limits(Limits())


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read_limits({"PATH": "/bin"}) == Limits(order_levels=50, pool_tokens=8, instruments=16)


def test_the_limits_in_force_are_the_defaults_until_others_are_applied() -> None:
    assert Limits(*(bound.limit for bound in BOUNDS)) == Limits()


def test_each_variable_sets_its_limit() -> None:
    variables = {
        "ALPHAPULSE_MAX_ORDER_LEVELS": "75",
        "ALPHAPULSE_MAX_POOL_TOKENS": "16",
        "ALPHAPULSE_MAX_INSTRUMENTS": "256",
    }
    assert read_limits(variables) == Limits(order_levels=75, pool_tokens=16, instruments=256)


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.variable)
@pytest.mark.parametrize(
    "text", ["", "0", "-1", "+5", "1.5", "1e2", "0x10", "fifty", " 50", "50 ", "5_0", "\u0665", "9" * 5000, "99999"]
)
def test_a_wrong_value_is_refused_by_name(bound: Bound, text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_limits({bound.variable: text})
    assert refused.value.path == bound.variable
    least = 2 if bound is POOL_TOKENS else 1
    assert str(refused.value).startswith(
        f"{bound.variable}: expected a whole number from {least} to {bound.most}, was {text[:40]!r}; unset it for "
    )


def test_a_pool_has_two_tokens_at_least() -> None:
    with pytest.raises(ConfigError, match="ALPHAPULSE_MAX_POOL_TOKENS: expected a whole number from 2 to"):
        read_limits({"ALPHAPULSE_MAX_POOL_TOKENS": "1"})


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.variable)
def test_the_most_is_what_fits_a_tlv(bound: Bound, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message that the limit bounds fits with the most items, and one does not with one item more."""
    bounded = [
        cls
        for cls in MESSAGES.values()
        if any(isinstance(part, Many) and part.limit is bound for part in parts(Record(cls)))
    ]
    assert max(value_sizes(Record(cls)).most for cls in bounded) <= MAX_VALUE_SIZE
    monkeypatch.setattr(bound, "most", bound.most + 1)
    assert max(value_sizes(Record(cls)).most for cls in bounded) > MAX_VALUE_SIZE


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1])
@pytest.mark.parametrize("limit", ["default", "lower", "most"])
def test_building_and_parsing_stop_at_the_limit(case: tuple[Bound, str, Any, object], limit: str) -> None:
    bound, field, empty, item = case
    bound.limit = {"default": bound.limit, "lower": 2, "most": bound.most}[limit]
    allowed = bound.limit
    full = attrs.evolve(empty, **{field: (item,) * allowed})
    assert decode_value(type(full), encode_value(full)) == full
    over = attrs.evolve(empty, **{field: (item,) * (allowed + 1)})
    expected = rf"\.{field}.*: expected at most {allowed} items \({bound.variable}\), was {allowed + 1}"
    with pytest.raises(InvalidValue, match=expected):
        encode_value(over)
    with pytest.raises(InvalidValue, match=expected):
        decode_value(type(over), reference_bytes(Record(type(over)), over))


def test_the_largest_book_travels_in_a_frame() -> None:
    apply_limits(read_limits({"ALPHAPULSE_MAX_ORDER_LEVELS": str(ORDER_LEVELS.most)}))
    book = attrs.evolve(BOOK, bids=(LEVEL,) * ORDER_LEVELS.most, asks=(LEVEL,) * ORDER_LEVELS.most)
    frame = encode_frame([book], source=Source.KRAKEN, sequence=1, timestamp_ns=1)
    assert decode_frame(frame).messages == (book,)


@given(st.integers(1, ORDER_LEVELS.most), st.integers(2, POOL_TOKENS.most), st.integers(1, INSTRUMENTS.most))
def test_every_limit_in_range_is_read_and_applied(order_levels: int, pool_tokens: int, instruments: int) -> None:
    numbers = (order_levels, pool_tokens, instruments)
    limits = read_limits({bound.variable: str(number) for bound, number in zip(BOUNDS, numbers, strict=True)})
    apply_limits(limits)
    assert tuple(bound.limit for bound in BOUNDS) == numbers == attrs.astuple(limits)
