"""TLV framing: both forms, and what cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import InvalidFraming, ProtocolError, TooLarge, Truncated
from alphapulse.rules.wire.tlv import encode_tlv, tlv_spans


def tlvs(data: bytes) -> list[tuple[int, bytes]]:
    return [(type_, data[start:end]) for type_, start, end in tlv_spans(data, 0, len(data))]


@given(st.lists(st.tuples(st.integers(1, 254), st.binary(max_size=300))))
def test_tlvs_survive_the_wire(contents: list[tuple[int, bytes]]) -> None:
    assert tlvs(b"".join(encode_tlv(type_, value) for type_, value in contents)) == contents


@given(st.binary(max_size=64))
def test_random_bytes_are_tlvs_or_a_protocol_error(data: bytes) -> None:
    try:
        tlvs(data)
    except ProtocolError as error:
        offset = error.offset
    else:
        return
    assert offset is not None
    assert 0 <= offset <= len(data)


def test_the_short_form_ends_at_255_bytes() -> None:
    assert encode_tlv(3, bytes(255))[:2] == b"\x03\xff"
    assert encode_tlv(3, bytes(256))[:5] == b"\xff\x00\x03\x00\x01"
    assert encode_tlv(3, bytes(65_535))[:5] == b"\xff\x00\x03\xff\xff"
    with pytest.raises(TooLarge):
        encode_tlv(3, bytes(65_536))


def test_a_short_value_in_the_extended_form_is_read() -> None:
    assert tlvs(b"\xff\x00\x03\x02\x00ab") == [(3, b"ab")]


@pytest.mark.parametrize("type_", [-1, 0, 255, 256])
def test_types_are_1_to_254(type_: int) -> None:
    with pytest.raises(InvalidFraming):
        encode_tlv(type_, b"")


@pytest.mark.parametrize(
    ("data", "error", "offset"),
    [
        (b"\x00\x00", InvalidFraming, 0),
        (b"\x03\x00\x00\x00", InvalidFraming, 2),
        (b"\xff\x00\x00\x00\x00", InvalidFraming, 0),
        (b"\xff\x00\xff\x00\x00", InvalidFraming, 0),
        (b"\xff\x01\x03\x00\x00", InvalidFraming, 1),
        (b"\x03", Truncated, 0),
        (b"\xff\x00\x03\x00", Truncated, 0),
        (b"\x03\x02a", Truncated, 2),
        (b"\xff\x00\x03\x02\x00a", Truncated, 5),
    ],
)
def test_framing_that_cannot_be_is_refused(data: bytes, error: type[ProtocolError], offset: int) -> None:
    with pytest.raises(error) as refused:
        tlvs(data)
    assert refused.value.offset == offset
