"""Values of the less common wire types: padding, blobs, and lists whose limit the operator sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given, settings

from alphapulse.data.wire import U8, U16, Blob, Bound, Integer, Many, Padded, Record, Text, record, wire
from alphapulse.errors import InvalidValue, ProtocolError, Truncated
from alphapulse.rules.wire.codec import decode_value, encode_value
from alphapulse.rules.wire.sizes import value_sizes
from tests.rules.wire.wire_strategies import values
from tests.rules.wire.wire_vectors import reference_bytes

SHELVES = Bound("ALPHAPULSE_MAX_SHELVES", limit=3, most=9)


@record
class Shapes:
    """Every shape beside every other."""

    padded: int = wire(Padded(U8, 3))
    blob: bytes = wire(Blob(5))
    padded_text: str = wire(Padded(Text(8), 2))
    shelves: tuple[int, ...] = wire(Many(U16, SHELVES))
    padded_list: tuple[bytes, ...] = wire(Many(Padded(Blob(4), 1), SHELVES))
    wide: int = wire(Padded(Integer(112), 2))


VALUE: Any = Shapes(padded=7, blob=b"ab", padded_text="hi", shelves=(1, 2), padded_list=(b"x",), wide=(1 << 112) - 1)
BYTES = bytes.fromhex("07000000 0200 6162 0200 6869 0000 0200 0100 0200 0100 0100 78 00") + b"\xff" * 14 + bytes(2)


@pytest.fixture
def shelves() -> Iterator[Bound]:
    """The limit of the shelves, as it was when the test ends."""
    before = SHELVES.limit
    yield SHELVES
    SHELVES.limit = before


@settings(deadline=None)
@given(values(Record(Shapes)))
def test_shapes_survive_the_wire(value: Shapes) -> None:
    assert encode_value(value) == reference_bytes(Record(Shapes), value)
    assert decode_value(Shapes, encode_value(value)) == value
    least, most = value_sizes(Record(Shapes))
    assert least <= len(encode_value(value)) <= most


def test_the_bytes_are_those_of_the_page() -> None:
    assert encode_value(VALUE) == BYTES
    assert decode_value(Shapes, BYTES) == VALUE


def test_padding_that_is_not_zero_is_refused() -> None:
    """Two byte strings are never one value."""
    data = BYTES[:2] + b"\1" + BYTES[3:]
    with pytest.raises(InvalidValue, match=r"Shapes\.padded at byte 1: expected 3 zero bytes behind it, was 000100$"):
        decode_value(Shapes, data)
    for offset in (1, 2, 3, 12, 13, 25, len(BYTES) - 1):
        with pytest.raises(ProtocolError):
            decode_value(Shapes, BYTES[:offset] + b"\1" + BYTES[offset + 1 :])


def test_a_blob_over_its_limit_is_refused_on_both_sides() -> None:
    with pytest.raises(InvalidValue, match=r"Shapes\.blob: expected at most 5 bytes, was b'abcdef'"):
        encode_value(attrs.evolve(VALUE, blob=b"abcdef"))
    with pytest.raises(InvalidValue, match=r"Shapes\.blob at byte 4: expected at most 5 bytes, was 6"):
        decode_value(Shapes, b"\x07\0\0\0\6\0abcdef")
    with pytest.raises(Truncated) as short:
        decode_value(Shapes, b"\x07\0\0\0\5\0abc")
    assert short.value.missing == 2


@pytest.mark.parametrize("blob", ["ab", None, 5, (b"a", b"b"), memoryview(b"ab")])
def test_a_blob_is_bytes(blob: object) -> None:
    with pytest.raises(InvalidValue, match=r"Shapes\.blob: expected at most 5 bytes"):
        encode_value(attrs.evolve(VALUE, blob=blob))


def test_a_list_over_the_limit_in_force_is_refused_on_both_sides() -> None:
    long = attrs.evolve(VALUE, shelves=(1, 2, 3, 4))
    expected = r"expected at most 3 items \(ALPHAPULSE_MAX_SHELVES\), was 4"
    with pytest.raises(InvalidValue, match=rf"Shapes\.shelves: {expected}"):
        encode_value(long)
    with pytest.raises(InvalidValue, match=rf"Shapes\.shelves at byte 14: {expected}"):
        decode_value(Shapes, reference_bytes(Record(Shapes), long))


def test_a_limit_holds_as_soon_as_it_is_set(shelves: Bound) -> None:
    """Codecs that were made before follow it, upwards and downwards."""
    long = attrs.evolve(VALUE, shelves=(1, 2, 3, 4))
    encoded = reference_bytes(Record(Shapes), long)
    shelves.limit = 4
    assert encode_value(long) == encoded
    assert decode_value(Shapes, encoded) == long
    shelves.limit = 1
    with pytest.raises(InvalidValue, match="at most 1 items"):
        decode_value(Shapes, BYTES)
    with pytest.raises(InvalidValue, match="at most 1 items"):
        encode_value(VALUE)


def test_sizes_count_the_most_that_a_limit_can_be_set_to() -> None:
    assert value_sizes(Many(U16, SHELVES)) == (2, 2 + 9 * 2)
