"""Every byte of a file of frames is handed over once: frames, and what stands where a frame should be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.wire import Domain, Source
from alphapulse.journal.frame_file import FrameFile, Piece, next_whole_frame
from alphapulse.rules.wire.frame import seal
from alphapulse.rules.wire.header import MAX_FRAME_SIZE

FRAMES = [
    seal(bytes((130, size)) + bytes(size), domain=Domain.SYSTEM, source=Source.EVM, sequence=size, timestamp_ns=1)
    for size in (0, 3, 40, 200)
]
WHOLE = b"".join(FRAMES)
STARTS = [sum(map(len, FRAMES[:index])) for index in range(len(FRAMES) + 1)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frames") / "file"


@pytest.fixture
def file(path: Path) -> Iterator[BinaryIO]:
    path.write_bytes(b"")
    with path.open("rb") as opened:
        yield opened


def pieces(path: Path, content: bytes) -> list[tuple[int, bytes, bool]]:
    path.write_bytes(content)
    with path.open("rb") as file:
        frames = FrameFile(file)
        found = [(piece.offset, piece.data, piece.whole) for piece in frames.pieces()]
        assert frames.position >= len(content)
        return found


def test_whole_frames_come_one_by_one(path: Path) -> None:
    assert pieces(path, WHOLE) == [(start, frame, True) for start, frame in zip(STARTS, FRAMES, strict=False)]
    assert pieces(path, b"") == []


def test_a_tail_cut_at_any_byte_is_one_damaged_piece(path: Path) -> None:
    for kept in range(1, len(FRAMES[-1])):
        *whole, last = pieces(path, WHOLE[: STARTS[3] + kept])
        assert [data for _, data, _ in whole] == FRAMES[:3]
        assert last == (STARTS[3], FRAMES[3][:kept], False)


def test_a_bit_that_flips_anywhere_damages_one_frame_and_no_other(path: Path) -> None:
    for at in range(STARTS[1], STARTS[2]):
        for bit in range(8):
            broken = bytearray(WHOLE)
            broken[at] ^= 1 << bit
            found = pieces(path, bytes(broken))
            assert [(offset, data) for offset, data, whole in found if whole] == [
                (STARTS[index], FRAMES[index]) for index in (0, 2, 3)
            ]
            assert [offset for offset, _, whole in found if not whole] == [STARTS[1]]


def test_frames_that_are_wrong_one_behind_the_other_are_told_one_by_one(path: Path, file: BinaryIO) -> None:
    """Such as those of a sender that computes no checksum: 3,000 took 20 s when each was searched to the file's end."""
    wrong = [frame[:28] + bytes(4) + frame[32:] for frame in FRAMES]
    told = list(zip(STARTS, wrong, [False] * 4, strict=False))
    assert pieces(path, b"".join(wrong)) == told
    assert pieces(path, b"".join(wrong) + FRAMES[0]) == [*told, (STARTS[4], FRAMES[0], True)]
    assert pieces(path, b"".join(wrong) + FRAMES[0][:2]) == [*told, (STARTS[4], FRAMES[0][:2], False)]
    path.write_bytes(b"".join(wrong))
    frames = FrameFile(file)
    assert [piece.offset for piece in frames.pieces(growing=True)] == STARTS[:4]
    path.write_bytes(b"".join(wrong) + FRAMES[1])
    assert [piece.data for piece in frames.pieces(growing=True)] == [FRAMES[1]]


@given(garbage=st.binary(min_size=1, max_size=100))
def test_garbage_in_front_and_between_hides_no_whole_frame(path: Path, garbage: bytes) -> None:
    found = pieces(path, garbage + FRAMES[2] + garbage + FRAMES[3])
    assert [data for _, data, whole in found if whole] == FRAMES[2:]


@given(st.binary(max_size=300))
def test_anything_is_read_to_its_end(path: Path, content: bytes) -> None:
    pieces(path, content)


def test_a_damaged_piece_is_never_larger_than_a_frame(path: Path) -> None:
    found = pieces(path, bytes(3 * MAX_FRAME_SIZE) + FRAMES[1])
    assert [(offset, len(data)) for offset, data, _ in found] == [
        (0, MAX_FRAME_SIZE),
        (3 * MAX_FRAME_SIZE, len(FRAMES[1])),
    ]


def test_a_file_that_grows_byte_by_byte_gives_each_frame_once_and_nothing_else(path: Path, file: BinaryIO) -> None:
    frames = FrameFile(file)
    found: list[Piece] = []
    with path.open("ab", buffering=0) as writer:
        for byte in WHOLE:
            writer.write(bytes((byte,)))
            found += frames.pieces(growing=True)
    assert [(piece.offset, piece.data, piece.whole) for piece in found] == [
        (start, frame, True) for start, frame in zip(STARTS, FRAMES, strict=False)
    ]


def test_a_torn_tail_that_is_cut_off_and_written_over_is_followed(path: Path, file: BinaryIO) -> None:
    frames = FrameFile(file)
    path.write_bytes(FRAMES[0] + FRAMES[1][:-1])
    assert [piece.data for piece in frames.pieces(growing=True)] == FRAMES[:1]
    path.write_bytes(FRAMES[0] + FRAMES[2])
    assert [piece.data for piece in frames.pieces(growing=True)] == [FRAMES[2]]


def test_a_file_that_is_begun_anew_is_followed_from_its_start(path: Path, file: BinaryIO) -> None:
    frames = FrameFile(file)
    path.write_bytes(WHOLE)
    assert len(list(frames.pieces(growing=True))) == 4
    path.write_bytes(FRAMES[2])
    assert [piece.data for piece in frames.pieces(growing=True)] == [FRAMES[2]]


def test_garbage_at_the_end_of_a_growing_file_is_told_once(path: Path, file: BinaryIO) -> None:
    frames = FrameFile(file)
    path.write_bytes(FRAMES[0] + b"garbage")
    assert [piece.whole for piece in frames.pieces(growing=True)] == [True, False]
    assert list(frames.pieces(growing=True)) == []
    path.write_bytes(FRAMES[0] + b"garbage" + FRAMES[1])
    assert [piece.data for piece in frames.pieces(growing=True)] == [FRAMES[1]]


def test_a_frame_over_the_limit_does_not_count_as_the_next_whole_one(path: Path, file: BinaryIO) -> None:
    path.write_bytes(b"x" + FRAMES[3] + FRAMES[0])
    assert next_whole_frame(file, 0, MAX_FRAME_SIZE) == 1
    assert next_whole_frame(file, 0, len(FRAMES[0])) == 1 + len(FRAMES[3])
    assert next_whole_frame(file, 1 + len(FRAMES[3]) + 1, MAX_FRAME_SIZE) is None
