"""Batches are cut out of any stream of pieces, and damage is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.links import Lane
from alphapulse.errors import InvalidFraming
from alphapulse.rules.links.batch import COUNTED, HEADER_SIZE, SNAPSHOT, Batch, BatchReader

U64 = st.integers(0, 2**64 - 1)
U32 = st.integers(0, 2**32 - 1)
BATCHES = st.builds(
    Batch, st.sampled_from(Lane), st.sampled_from([0, COUNTED, SNAPSHOT, COUNTED | SNAPSHOT]), U64, U64, U32, U32,
    st.binary(max_size=50),
)  # fmt: skip


@given(st.lists(BATCHES, max_size=5), st.data())
def test_batches_come_out_of_any_pieces_as_they_went_in(batches: list[Batch], data: st.DataObject) -> None:
    stream = b"".join(batch.head() + batch.frames for batch in batches)
    reader, read = BatchReader(), list[Batch]()
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        read += reader.feed(stream[:size])
        stream = stream[size:]
    assert read == batches


def test_the_layout_is_the_one_that_is_written_down() -> None:
    """Little-endian: mark, lane, flags, zeros, boot, first, span, messages, size, CRC-32."""
    head = Batch(Lane.CONTROL, COUNTED, 2, 3, 4, 1, b"abc").head()
    assert len(head) == HEADER_SIZE
    assert head[:36].hex() == "414c504c0201000002000000000000000300000000000000040000000100000003000000"


@given(BATCHES, st.integers(0, HEADER_SIZE * 8 - 1))
def test_a_bit_that_turned_in_the_header_is_found(batch: Batch, bit: int) -> None:
    stream = bytearray(batch.head() + batch.frames)
    stream[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidFraming, match="end the connection"):
        BatchReader().feed(bytes(stream))


@pytest.mark.parametrize("garbage", [bytes(HEADER_SIZE), b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n     "])
def test_what_is_no_batch_is_refused(garbage: bytes) -> None:
    with pytest.raises(InvalidFraming):
        BatchReader().feed(garbage)


def test_a_piece_of_a_header_is_waited_for() -> None:
    assert BatchReader().feed(bytes(HEADER_SIZE - 1)) == []
