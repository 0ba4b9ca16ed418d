"""Values of messages: derived codecs against a second encoder, and what they refuse."""

from __future__ import annotations

import enum
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapulse.data.halts import HaltChange
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, PoolSwap, StreamStatus
from alphapulse.data.runs import ChainLink
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.wire import U8, Choice, Integer, Many, Maybe, Record, Text, record, wire
from alphapulse.errors import InvalidValue, ProtocolError, TrailingBytes, Truncated, UnknownType
from alphapulse.rules.wire.codec import decode_value, encode_value
from alphapulse.rules.wire.sizes import value_sizes
from alphapulse.rules.wire.tlv import MAX_VALUE_SIZE
from tests.rules.wire.wire_strategies import MESSAGE_CLASSES, values
from tests.rules.wire.wire_vectors import reference_bytes, sample

SWAP = sample(Record(PoolSwap), "between")
STATUS = sample(Record(StreamStatus), "between")
SIGNAL = sample(Record(ArbitrageSignal), "between")


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_every_message_survives_the_wire(cls: type, data: st.DataObject) -> None:
    """The bytes are those of the plain encoder, every field comes back, and the size lies within the stated one."""
    message = data.draw(values(Record(cls)))
    encoded = encode_value(message)
    assert encoded == reference_bytes(Record(cls), message)
    decoded: Any = decode_value(cls, encoded)
    # Compared field by field, because some fields take no part in equality.
    assert attrs.astuple(decoded) == attrs.astuple(message)
    least, most = value_sizes(Record(cls))
    assert least <= len(encoded) <= most


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
def test_the_largest_message_fits_a_tlv(cls: type) -> None:
    assert value_sizes(Record(cls)).most <= MAX_VALUE_SIZE


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=600))
def test_random_bytes_are_a_message_or_a_protocol_error(cls: type, data: bytes) -> None:
    """What is let in is exactly what would have been written."""
    try:
        message: object = decode_value(cls, data)
    except ProtocolError as error:
        offset = error.offset
    else:
        assert encode_value(message) == data
        return
    assert offset is not None
    assert 0 <= offset <= len(data)


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
def test_a_value_cut_short_or_grown_is_refused(cls: type) -> None:
    data = encode_value(sample(Record(cls), "between"))
    for size in range(len(data)):
        with pytest.raises(Truncated) as short:
            decode_value(cls, data[:size])
        assert short.value.missing > 0
    with pytest.raises(TrailingBytes) as long:
        decode_value(cls, data + b"\0")
    assert long.value.offset == len(data)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (attrs.evolve(SWAP, tick=1 << 31), "PoolSwap.tick"),
        (attrs.evolve(SWAP, tick=1.5), "PoolSwap.tick"),
        (attrs.evolve(SWAP, liquidity=-1), "PoolSwap.liquidity"),
        (attrs.evolve(SWAP, liquidity=1 << 128), "PoolSwap.liquidity"),
        (attrs.evolve(SWAP, amount0=1 << 255), "PoolSwap.amount0"),
        (attrs.evolve(SWAP, amount0=None), "PoolSwap.amount0"),
        (attrs.evolve(SWAP, stamp=None), "PoolSwap.stamp"),
        (attrs.evolve(SWAP, stamp=attrs.evolve(SWAP.stamp, block_number=-1)), "PoolSwap.stamp.block_number"),
        (attrs.evolve(SWAP, stamp=attrs.evolve(SWAP.stamp, block_hash=b"short")), "PoolSwap.stamp.block_hash"),
        (
            attrs.evolve(SWAP, stamp=attrs.evolve(SWAP.stamp, transaction_hash="a" * 32)),
            "PoolSwap.stamp.transaction_hash",
        ),
        (attrs.evolve(SWAP, pool="a pool"), "PoolSwap.pool"),
        (attrs.evolve(STATUS, state=99), "StreamStatus.state"),
        (attrs.evolve(STATUS, recorded="yes"), "StreamStatus.recorded"),
        (attrs.evolve(STATUS, stream="x" * 65), "StreamStatus.stream"),
        (attrs.evolve(STATUS, stream="\ud800"), "StreamStatus.stream"),
        (attrs.evolve(STATUS, stream=b"bytes"), "StreamStatus.stream"),
        (attrs.evolve(SIGNAL, legs=SIGNAL.legs * 5), "ArbitrageSignal.legs"),
        (attrs.evolve(SIGNAL, legs=None), "ArbitrageSignal.legs"),
        (
            attrs.evolve(SIGNAL, legs=(SIGNAL.legs[0], attrs.evolve(SIGNAL.legs[1], token_in=b""))),
            "ArbitrageSignal.legs[1].token_in",
        ),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_refused_by_name(message: object, field: str) -> None:
    """Nothing is cut or wrapped; the error names the field and what it would have taken."""
    with pytest.raises(InvalidValue) as refused:
        encode_value(message)
    assert refused.value.subject == field
    assert refused.value.offset is None
    assert str(refused.value).startswith(f"{field}: expected {refused.value.expected}, was {refused.value.found}")


def test_a_presence_byte_is_0_or_1() -> None:
    data = bytearray(encode_value(SWAP))
    offset = 8 + 4 + 4
    data[offset] = 2
    with pytest.raises(InvalidValue) as refused:
        decode_value(PoolSwap, bytes(data))
    error = refused.value
    assert (error.subject, error.offset, error.expected, error.found) == (
        "PoolSwap.stamp.transaction_hash",
        offset,
        "0 or 1",
        2,
    )


def test_an_unknown_member_is_refused_with_the_known_ones() -> None:
    change = sample(Record(HaltChange), "least")
    data = bytearray(encode_value(change))
    offset = 4 + 8 + 2
    data[offset] = 9
    with pytest.raises(InvalidValue) as refused:
        decode_value(HaltChange, bytes(data))
    error = refused.value
    assert (error.subject, error.offset, error.expected, error.found) == (
        "HaltChange.level",
        offset,
        "one of [0, 1, 2, 3, 4]",
        9,
    )


def test_bad_utf8_is_refused() -> None:
    data = encode_value(attrs.evolve(STATUS, stream="ab")).replace(b"ab", b"\xff\xfe", 1)
    with pytest.raises(InvalidValue, match=r"StreamStatus\.stream at byte 2: expected UTF-8, was fffe"):
        decode_value(StreamStatus, data)


def test_a_text_over_its_limit_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"StreamStatus\.stream at byte 0: expected at most 64 bytes, was 65"):
        decode_value(StreamStatus, (65).to_bytes(2, "little") + b"x" * 200)


@record
class Shelf:
    """A list of small things."""

    items: tuple[int, ...] = wire(Many(U8, 3))


def test_a_count_over_its_limit_is_refused() -> None:
    assert decode_value(Shelf, b"\3\0\1\2\3") == Shelf((1, 2, 3))
    with pytest.raises(InvalidValue, match=r"Shelf\.items at byte 0: expected at most 3 items, was 4"):
        decode_value(Shelf, b"\4\0\1\2\3\4")


def test_an_unknown_venue_is_refused() -> None:
    data = bytearray(encode_value(SWAP))
    at = data.index(SWAP.pool.to_wire())
    data[at : at + 2] = b"\xff\xff"
    with pytest.raises(InvalidValue, match="an instrument id") as refused:
        decode_value(PoolSwap, bytes(data))
    assert refused.value.offset == at


class Tone(enum.IntEnum):
    """A choice wider than a byte."""

    LOW = 1
    HIGH = 70_000


@record
class Nested:
    """Every shape inside another."""

    tone: Tone = wire(Choice(Tone, bits=32))
    maybe_list: tuple[int, ...] | None = wire(Maybe(Many(Integer(16), 4)))
    list_of_maybe: tuple[int | None, ...] = wire(Many(Maybe(Integer(128, signed=True)), 4))
    list_of_lists: tuple[tuple[str, ...], ...] = wire(Many(Many(Text(8), 4), 4))
    stamp: LogStamp | None = wire(Maybe(Record(LogStamp)))
    ids: tuple[InstrumentId, ...] = wire(Many(Record(InstrumentId), 4))


@settings(deadline=None)
@given(values(Record(Nested)))
def test_shapes_nest(value: Nested) -> None:
    assert encode_value(value) == reference_bytes(Record(Nested), value)
    assert decode_value(Nested, encode_value(value)) == value


@record
class Empty:
    """Nothing at all."""


def test_a_class_without_fields_is_empty_bytes() -> None:
    assert encode_value(Empty()) == b""
    assert decode_value(Empty, b"") == Empty()


def test_a_class_that_does_not_travel_is_refused() -> None:
    with pytest.raises(UnknownType, match="was int"):
        encode_value(7)
    with pytest.raises(UnknownType, match="was str"):
        decode_value(str, b"")


def test_equal_ids_are_one_object_after_decoding() -> None:
    """A process meets few ids often; they are kept."""
    data = encode_value(SWAP)
    assert decode_value(PoolSwap, data).pool is decode_value(PoolSwap, bytes(bytearray(data))).pool


def test_a_hash_is_not_a_string_of_the_same_length() -> None:
    with pytest.raises(InvalidValue):
        encode_value(ChainLink("0" * 32))  # type: ignore[arg-type]
