"""Amounts survive at their contract's own width, or are refused: never cut, never wrapped."""

from __future__ import annotations

from random import Random
from typing import Any

import attrs
import pytest

from alphapulse.data.gas import GasPrice
from alphapulse.data.market import PoolMint, PoolSwap
from alphapulse.data.pool_reserves import PoolSync, PoolTick
from alphapulse.data.signal_parts import Economics
from alphapulse.data.trades import Trade
from alphapulse.data.wire import Record
from alphapulse.errors import InvalidValue
from alphapulse.rules.wire.codec import decode_value, encode_value
from tests.rules.wire.wire_strategies import MESSAGE_CLASSES
from tests.rules.wire.wire_vectors import sample

FIELDS = [
    (PoolSync, "reserve0", "uint112", 0, (1 << 112) - 1),
    (PoolSwap, "liquidity", "uint128", 0, (1 << 128) - 1),
    (PoolSwap, "sqrt_price_x96", "uint160", 0, (1 << 160) - 1),
    (PoolSwap, "amount0", "int256", -(1 << 255), (1 << 255) - 1),
    (PoolMint, "amount1", "uint256", 0, (1 << 256) - 1),
    (PoolTick, "liquidity_net", "int128", -(1 << 127), (1 << 127) - 1),
    (PoolTick, "tick", "int32", -(1 << 31), (1 << 31) - 1),
    (Trade, "price_q8", "int64", -(1 << 63), (1 << 63) - 1),
    (GasPrice, "block_number", "uint64", 0, (1 << 64) - 1),
    (Economics, "gas_cost", "uint256 or none", 0, (1 << 256) - 1),
]
EACH_FIELD = pytest.mark.parametrize(
    ("cls", "field", "low", "high"),
    [(cls, field, low, high) for cls, field, _, low, high in FIELDS],
    ids=[f"{cls.__name__}.{field} {type_}" for cls, field, type_, _, _ in FIELDS],
)
CASES = 2_000_000


def integers(random: Random, number: int, low: int, high: int) -> list[int]:
    """Integers of all lengths and both signs, many beside a power of two, one in eight longer than the width."""
    width = high.bit_length()
    found = [low, high, low - 1, high + 1, 0, -1, 1, 1 << 300, -(1 << 300)]
    while len(found) < number:
        length = random.randint(0, width) if random.getrandbits(3) else random.randint(width, width + 64)
        magnitude = random.getrandbits(length) if random.getrandbits(1) else (1 << length) + random.randint(-2, 2)
        found.append(-magnitude if low < 0 and random.getrandbits(1) else magnitude)
    return found


def check(cls: type, field: str, low: int, high: int, number: int) -> None:
    message: Any = sample(Record(cls), "between")
    survived = refused = differences = 0
    for value in integers(Random(number), number, low, high):
        try:
            data = encode_value(attrs.evolve(message, **{field: value}))
        except InvalidValue:
            refused += 1
            differences += low <= value <= high
        else:
            survived += 1
            differences += getattr(decode_value(cls, data), field) != value or not low <= value <= high
    assert differences == 0
    assert survived + refused == number
    assert min(survived, refused) > number // 20


@EACH_FIELD
def test_integers_survive_or_are_refused(cls: type, field: str, low: int, high: int) -> None:
    check(cls, field, low, high, 1_000)


@pytest.mark.slow
@EACH_FIELD
def test_two_million_integers_survive_or_are_refused(cls: type, field: str, low: int, high: int) -> None:
    check(cls, field, low, high, CASES // len(FIELDS))


@EACH_FIELD
def test_the_bytes_are_twos_complement_of_the_width(cls: type, field: str, low: int, high: int) -> None:
    """All other bytes stay as they are."""
    message: Any = sample(Record(cls), "between")
    size = (high.bit_length() + (low < 0)) // 8
    zero = encode_value(attrs.evolve(message, **{field: 0}))
    highest = encode_value(attrs.evolve(message, **{field: high}))
    offset = next(i for i, (a, b) in enumerate(zip(zero, highest, strict=True)) if a != b)
    for value in (low, high, 1, -1 if low < 0 else 2):
        expected = zero[:offset] + (value % (1 << 8 * size)).to_bytes(size, "little") + zero[offset + size :]
        assert encode_value(attrs.evolve(message, **{field: value})) == expected


@EACH_FIELD
@pytest.mark.parametrize("value", [1.0, "1", b"1", 1 << 1000, -(1 << 100_000)], ids=lambda value: type(value).__name__)
def test_what_is_no_integer_of_the_width_is_refused(cls: type, field: str, low: int, high: int, value: object) -> None:
    message: Any = sample(Record(cls), "between")
    with pytest.raises(InvalidValue) as refused:
        encode_value(attrs.evolve(message, **{field: value}))
    assert (refused.value.subject, refused.value.expected) == (
        f"{cls.__name__}.{field}",
        f"an integer from {low} to {high}",
    )


def test_no_message_has_a_float() -> None:
    assert not [(cls, one.name) for cls in MESSAGE_CLASSES for one in attrs.fields(cls) if "float" in str(one.type)]
