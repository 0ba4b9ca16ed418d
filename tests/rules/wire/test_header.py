"""The 32 bytes in front of every frame, and what is refused there."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.wire import Domain, Source
from alphapulse.errors import (
    InvalidValue,
    ProtocolError,
    TooLarge,
    Truncated,
    UnsupportedFlags,
    UnsupportedVersion,
    WrongMagic,
)
from alphapulse.rules.wire.header import HEADER_SIZE, MAX_FRAME_SIZE, Header, frame_size

HEADER = Header(Domain.SIGNAL, Source.ARBITRAGE_STRATEGY, 7, 1_700_000_000_000_000_000, 26, 0x12345678)

U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)


@given(
    st.builds(
        Header,
        st.sampled_from(Domain),
        st.sampled_from(Source),
        U64,
        U64,
        st.integers(0, MAX_FRAME_SIZE - HEADER_SIZE),
        U32,
        st.integers(0, 63).map(lambda bits: bits << 2),
    )
)
def test_a_header_survives_the_wire(header: Header) -> None:
    packed = header.pack()
    assert len(packed) == HEADER_SIZE
    assert Header.unpack(packed) == header
    assert frame_size(packed) == HEADER_SIZE + header.payload_size


def test_the_four_bytes_behind_the_magic_are_the_metadata_word() -> None:
    """Read as one number they are domain | version << 8 | source << 16 | flags << 24."""
    magic, metadata, sequence, timestamp_ns, size, checksum = struct.unpack("<IIQQII", HEADER.pack())
    assert magic == 0xDEADBEEF
    assert metadata == Domain.SIGNAL | 1 << 8 | Source.ARBITRAGE_STRATEGY << 16
    assert (sequence, timestamp_ns, size, checksum) == HEADER[2:6]


@pytest.mark.parametrize(
    ("start", "hint"),
    [
        (bytes.fromhex("deadbeef") + bytes(28), "big-endian"),
        (bytes(32), "never filled"),
        (bytes(16) + bytes.fromhex("efbeadde") + bytes(12), "the magic is at byte 16"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n", "no Protocol V2 frame"),
        (bytes.fromhex("beadde0201") + bytes(30), "out of step by 1"),
        (bytes.fromhex("de0201") + bytes(30), "out of step by 3"),
        (bytes.fromhex("de0202") + bytes(30), "no Protocol V2 frame"),
        (bytes.fromhex("de0201ff"), "out of step by 3"),
        (bytes.fromhex("beadde02"), "no Protocol V2 frame"),
        (bytes.fromhex("deadbeef"), "big-endian"),
    ],
)
def test_a_wrong_magic_is_diagnosed(start: bytes, hint: str) -> None:
    for read in (Header.unpack, frame_size):
        with pytest.raises(WrongMagic) as refused:
            read(start)
        assert hint in refused.value.hint
        assert (refused.value.offset, refused.value.expected) == (0, "efbeadde")


@pytest.mark.parametrize(
    ("offset", "byte", "error"),
    [
        (4, 0, InvalidValue),
        (4, 5, InvalidValue),
        (5, 2, UnsupportedVersion),
        (6, 0, InvalidValue),
        (6, 255, InvalidValue),
        (7, 0x01, UnsupportedFlags),
        (7, 0x02, UnsupportedFlags),
        (7, 0x07, UnsupportedFlags),
    ],
)
def test_a_byte_that_is_not_understood_is_refused_at_its_offset(
    offset: int, byte: int, error: type[ProtocolError]
) -> None:
    packed = bytearray(HEADER.pack())
    packed[offset] = byte
    with pytest.raises(error) as refused:
        Header.unpack(bytes(packed))
    assert refused.value.offset == offset


def test_a_frame_has_at_most_one_mebibyte() -> None:
    largest = HEADER._replace(payload_size=MAX_FRAME_SIZE - HEADER_SIZE)
    assert frame_size(largest.pack()) == MAX_FRAME_SIZE
    with pytest.raises(TooLarge):
        HEADER._replace(payload_size=MAX_FRAME_SIZE - HEADER_SIZE + 1).pack()
    packed = HEADER.pack()[:24] + (MAX_FRAME_SIZE - HEADER_SIZE + 1).to_bytes(4, "little") + bytes(4)
    with pytest.raises(TooLarge) as refused:
        frame_size(packed)
    assert refused.value.offset == 24


def test_a_short_header_says_how_much_is_missing() -> None:
    for size in range(HEADER_SIZE):
        with pytest.raises(Truncated) as refused:
            frame_size(HEADER.pack()[:size])
        assert refused.value.missing == HEADER_SIZE - size


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sequence", -1),
        ("sequence", 2**64),
        ("timestamp_ns", 2**64),
        ("timestamp_ns", 0.5),
        ("flags", 256),
        ("checksum", -1),
    ],
)
def test_a_header_field_out_of_its_width_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"header\.{field}"):
        HEADER._replace(**{field: value}).pack()  # type: ignore[arg-type]
