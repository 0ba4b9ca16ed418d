"""Frames of one message, streams of such frames, and frames whose values nobody reads."""

from __future__ import annotations

import zlib

import attrs
import pytest

from alphapulse.data.market import PoolSwap
from alphapulse.data.runs import ChainLink
from alphapulse.data.trades import Trade
from alphapulse.data.wire import Domain, Record, Source
from alphapulse.errors import (
    ChecksumMismatch,
    InvalidFraming,
    InvalidValue,
    ProtocolError,
    Truncated,
    UnknownType,
    WrongDomain,
)
from alphapulse.rules.wire.frame import (
    Frame,
    decode_frame,
    decode_message,
    decode_messages,
    encode_frame,
    encode_message,
    encode_messages,
    frame_spans,
    seal,
)
from alphapulse.rules.wire.tlv import encode_tlv
from tests.rules.wire.wire_strategies import MESSAGE_CLASSES
from tests.rules.wire.wire_vectors import sample

NOW_NS = 1_700_000_000_000_000_000
EACH = [sample(Record(cls), "between") for cls in MESSAGE_CLASSES]
TRADE, SWAP, LINK = (sample(Record(cls), "between") for cls in (Trade, PoolSwap, ChainLink))
VIEWS = (bytes, bytearray, memoryview, lambda data: memoryview(bytearray(data)))


def one(message: object, sequence: int = 1) -> bytes:
    return encode_message(message, source=Source.EVM, sequence=sequence, timestamp_ns=NOW_NS)


@pytest.mark.parametrize("message", EACH, ids=lambda message: type(message).__name__)
def test_a_message_alone_is_a_frame_of_one(message: object) -> None:
    """The short ways give what the long ones give, whatever the bytes lie in."""
    frame = one(message)
    assert frame == encode_frame([message], source=Source.EVM, sequence=1, timestamp_ns=NOW_NS)
    for view in VIEWS:
        data = view(frame)
        assert attrs.astuple(decode_message(data)) == attrs.astuple(message)  # type: ignore[arg-type]
        whole = decode_frame(data)
        assert isinstance(whole, Frame)
        assert (whole.messages, whole.unknown) == ((message,), ())
        (span,) = frame_spans(data)
        assert span[0] == message.DESCRIPTION.type  # type: ignore[attr-defined]
        assert span[2] == len(frame)


def test_a_stream_is_its_frames() -> None:
    """Frames are numbered one after the other; all kinds may follow each other."""
    stream = encode_messages(EACH * 3, source=Source.EVM, first_sequence=5, timestamp_ns=NOW_NS)
    assert stream == b"".join(one(message, 5 + i) for i, message in enumerate(EACH * 3))
    assert encode_messages(iter(EACH), source=Source.EVM, first_sequence=5, timestamp_ns=NOW_NS) == b"".join(
        one(message, 5 + i) for i, message in enumerate(EACH)
    )
    for view in VIEWS:
        assert decode_messages(view(stream)) == EACH * 3
    assert decode_messages(b"") == []
    assert encode_messages([], source=Source.EVM, first_sequence=0, timestamp_ns=0) == b""


def test_a_stream_may_be_longer_than_any_frame() -> None:
    messages = EACH * 180
    stream = encode_messages(messages, source=Source.EVM, first_sequence=0, timestamp_ns=0)
    assert len(stream) > 2 << 20
    assert decode_messages(stream) == messages


def test_a_stream_that_is_cut_or_damaged_names_the_frame() -> None:
    first, second = one(TRADE), one(SWAP)
    for stream, error in (
        (first + second[:-1], Truncated),
        (first + second[:20], Truncated),
        (first + second[:-1] + b"\x55", ChecksumMismatch),
    ):
        with pytest.raises(error) as refused:
            decode_messages(stream)
        assert refused.value.__notes__ == [f"in the frame at byte {len(first)}"]


def test_a_number_that_would_wrap_is_refused() -> None:
    for count, first in ((2, 2**64 - 1), (1, 2**64), (1, -1)):
        with pytest.raises(InvalidValue, match=r"header\.sequence"):
            encode_messages([TRADE] * count, source=Source.EVM, first_sequence=first, timestamp_ns=NOW_NS)
    assert (
        decode_frame(
            encode_messages([TRADE], source=Source.EVM, first_sequence=2**64 - 1, timestamp_ns=NOW_NS)
        ).header.sequence
        == 2**64 - 1
    )


def test_what_is_no_single_message_is_refused() -> None:
    several = encode_frame([TRADE, SWAP], source=Source.EVM, sequence=1, timestamp_ns=NOW_NS)
    with pytest.raises(InvalidFraming, match="expected one message, was 2 and 0 of unknown type; use decode_frame"):
        decode_message(several)
    unknown = seal(encode_tlv(254, b"x"), domain=Domain.SIGNAL, source=Source.EVM, sequence=1, timestamp_ns=1)
    with pytest.raises(InvalidFraming, match="was 0 and 1 of unknown type"):
        decode_message(unknown)
    with pytest.raises(UnknownType, match="was str"):
        one("text")
    with pytest.raises(InvalidValue, match=r"Trade\.price_q8"):
        one(attrs.evolve(TRADE, price_q8=1 << 63))
    with pytest.raises(InvalidValue, match=r"header\.sequence"):
        encode_message(TRADE, source=Source.EVM, sequence=-1, timestamp_ns=1)
    with pytest.raises(InvalidValue, match=r"header\.timestamp_ns"):
        encode_message(TRADE, source=Source.EVM, sequence=1, timestamp_ns=1 << 64)


def test_a_link_lets_in_its_own_domain_and_the_systems() -> None:
    for parse in (decode_message, decode_frame):
        with pytest.raises(WrongDomain):
            parse(one(TRADE), domain=Domain.SIGNAL)
        parse(one(TRADE), domain=Domain.MARKET_DATA)
        parse(one(LINK), domain=Domain.MARKET_DATA)
    with pytest.raises(WrongDomain):
        decode_messages(one(LINK) + one(TRADE), domain=Domain.EXECUTION)


def test_spans_read_no_value() -> None:
    """A value that cannot be is in nobody's way, if nobody reads it; framing and checksum are still checked."""
    payload = encode_tlv(1, b"no trade") + encode_tlv(254, bytes(300)) + b"\xff\0\x0b\2\0ab"
    frame = seal(payload, domain=Domain.MARKET_DATA, source=Source.EVM, sequence=1, timestamp_ns=1)
    assert frame_spans(frame) == [(1, 34, 42), (254, 47, 347), (11, 352, 354)]
    for spoilt in (frame[:-1], frame + b"\0", frame[:40] + b"\0" + frame[41:]):
        with pytest.raises(ProtocolError):
            frame_spans(spoilt)
    empty = seal(b"", domain=Domain.MARKET_DATA, source=Source.EVM, sequence=1, timestamp_ns=1)
    assert frame_spans(empty) == []


def test_a_flag_that_changes_nothing_is_kept() -> None:
    """A frame marked as replayed is read as any other, and says so in its header."""
    frame = one(TRADE)
    start = frame[:7] + b"\x20" + frame[8:28]
    marked = start + zlib.crc32(frame[32:], zlib.crc32(start)).to_bytes(4, "little") + frame[32:]
    assert decode_frame(marked).header.flags == 0x20
    assert decode_message(marked) == TRADE
    assert len(frame_spans(marked)) == 1
