"""Long frames hand over their TLVs one at a time, and are otherwise like any frame."""

from __future__ import annotations

import json
import random
from types import ModuleType

import pytest

from alphapulse.data.links import Heartbeat
from alphapulse.data.runs import RunEnded
from alphapulse.data.wire import Domain, Source
from alphapulse.errors import InvalidFraming, InvalidValue, Truncated
from alphapulse.rules.wire.frame import decode_frame, decode_message, encode_frame, frame_spans, seal
from alphapulse.rules.wire.header import HEADER_SIZE
from alphapulse.rules.wire.inspection import frame_json, frame_json_text, inspect_frame
from alphapulse.rules.wire.long_frame import MAX_SHORT, TlvSequence
from alphapulse.rules.wire.tlv import encode_tlv, tlv_spans
from tests.rules.wire.damaged_frames import tlv

BEATS = [Heartbeat(boot, 7 * boot) for boot in range(20_000)]
BEAT_TLV = 2 + 16


def sealed(payload: bytes) -> bytes:
    return seal(payload, domain=Domain.SYSTEM, source=Source.SUPERVISOR, sequence=1, timestamp_ns=1)


def beats(count: int) -> bytes:
    return encode_frame(BEATS[:count], source=Source.SUPERVISOR, sequence=1, timestamp_ns=1)


def mixed(count: int) -> bytes:
    """Messages, and TLVs that nobody declared, in a random order."""
    chance = random.Random(count)
    beat = beats(1)[HEADER_SIZE:]
    return sealed(b"".join(chance.choice((beat, encode_tlv(250, bytes([n & 0xFF])))) for n in range(count)))


def test_a_frame_is_long_from_the_first_value_behind_the_border() -> None:
    """Short frames hold tuples and lists, as nearly all frames do."""
    most = (MAX_SHORT - HEADER_SIZE - 2) // BEAT_TLV + 1
    for count in (0, 1, 2, most):
        frame = decode_frame(beats(count) if count else sealed(b""))
        assert (type(frame.messages), type(frame.unknown)) == (tuple, tuple)
        assert type(frame_spans(beats(count) if count else sealed(b""))) is list
    frame = decode_frame(beats(most + 1))
    assert type(frame.messages) is TlvSequence
    assert type(frame_spans(beats(most + 1))) is TlvSequence


def test_one_tlv_is_never_long() -> None:
    frame = decode_frame(sealed(encode_tlv(250, bytes(65_535))))
    assert frame.unknown == ((250, bytes(65_535)),)
    assert type(frame.unknown) is tuple


@pytest.mark.parametrize("count", [57, 64, 65, 1_000, 20_000])
def test_its_messages_are_a_sequence(count: int) -> None:
    messages, expected = decode_frame(beats(count)).messages, BEATS[:count]
    assert type(messages) is TlvSequence
    assert len(messages) == count
    assert messages == expected
    assert messages == tuple(expected)
    assert messages == decode_frame(beats(count)).messages
    assert messages != expected[1:]
    assert messages != 7
    for index in (0, 1, 31, 55, count // 2, count - 1, -1, -count):
        assert messages[index] == expected[index]
    assert messages[1:9:3] == tuple(expected[1:9:3])
    assert messages[::-7] == tuple(expected[::-7])
    for index in (count, -count - 1):
        with pytest.raises(IndexError):
            messages[index]
    assert BEATS[count // 2] in messages


def test_messages_and_what_nobody_declared_keep_their_order() -> None:
    data = mixed(5_000)
    spans = list(tlv_spans(data, HEADER_SIZE, len(data)))
    frame = decode_frame(data)
    assert list(frame_spans(data)) == spans
    assert frame_spans(data)[-1] == spans[-1]
    assert frame.unknown == [(250, data[start:end]) for type_, start, end in spans if type_ == 250]
    assert frame.messages == [BEATS[0]] * (5_000 - len(frame.unknown))
    assert frame.unknown[3] == list(frame.unknown)[3]


def test_a_buffer_may_be_used_again(codec: ModuleType) -> None:
    """The frame keeps bytes of its own, so that what was checked is what is read."""
    buffer = bytearray(beats(500))
    frame, spans = codec.decode_frame(memoryview(buffer)), codec.frame_spans(memoryview(buffer))
    buffer[:] = bytes(len(buffer))
    assert frame.messages == BEATS[:500]
    assert list(spans) == list(tlv_spans(beats(500), HEADER_SIZE, len(buffer)))


def test_each_value_is_checked_before_the_frame_is_handed_over() -> None:
    run = tlv(RunEnded(1, "x", 5)).replace(b"x", b"\xff")
    many = beats(300)[HEADER_SIZE:]
    with pytest.raises(InvalidValue) as refused:
        decode_frame(sealed(many + run))
    assert refused.value.offset == HEADER_SIZE + len(many) + run.index(b"\xff")
    for parse in (decode_frame, frame_spans):
        with pytest.raises(Truncated):
            parse(sealed(many + b"\xfa\1"))
        with pytest.raises(InvalidFraming):
            parse(sealed(many + b"\0\0"))
    with pytest.raises(InvalidFraming, match="was 300 and 0 of unknown type"):
        decode_message(beats(300))


def test_what_is_shown_of_it_comes_one_tlv_at_a_time() -> None:
    data = mixed(700)
    view = inspect_frame(data)
    assert type(view.tlvs) is TlvSequence
    assert [tlv.offset for tlv in view.tlvs] == [start - 2 for _, start, _ in tlv_spans(data, HEADER_SIZE, len(data))]
    assert "".join(frame_json_text(view, 9)) == json.dumps(frame_json(view, 9))
    for damaged in (data[:-1], sealed(data[HEADER_SIZE:] + b"\0\0\xfa\0")):
        assert inspect_frame(damaged).tlvs == list(view.tlvs)[: 699 + (len(damaged) > len(data))]


def test_it_says_what_it_is() -> None:
    assert repr(decode_frame(beats(500)).messages) == f"<500 TLVs in a frame of {len(beats(500))} bytes>"
