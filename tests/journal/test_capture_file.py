"""A capture gives back what was received, and what is wrong with it is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.captures import CHUNK_SIZE, RawInput
from alphapulse.data.runs import RunEnded
from alphapulse.data.wire import Source
from alphapulse.errors import CaptureError, ProtocolError
from alphapulse.journal.capture_file import MAX_INPUT_BYTES, CapturedInput, CapturePosition, encode_input
from alphapulse.rules.wire.frame import decode_frame, encode_frame
from tests.journal.capture_samples import EMPTY, INPUTS, LONG, SHORT, WRITTEN_NS, framed, scanned

FRAMES = framed(INPUTS)
WHOLE = b"".join(FRAMES)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("captures") / "capture"


def raw(sequence: int, chunk: int, chunks: int, *, source: str = "day", data: bytes = b"x") -> bytes:
    message = RawInput(source, 7, chunk, chunks, data)
    return encode_frame([message], source=Source.SUPERVISOR, sequence=sequence, timestamp_ns=1)


def test_inputs_come_back_as_they_were_received(path: Path) -> None:
    path.write_bytes(WHOLE)
    inputs, damage, scan = scanned(path)
    assert inputs == INPUTS
    assert damage is None
    assert scan.position == CapturePosition(len(INPUTS), len(FRAMES), len(WHOLE))


@given(st.lists(st.builds(CapturedInput, st.text(max_size=16), st.integers(0, 2**64 - 1), st.binary()), max_size=5))
def test_any_inputs_come_back(path: Path, inputs: list[CapturedInput]) -> None:
    path.write_bytes(b"".join(framed(inputs)))
    assert scanned(path)[:2] == (inputs, None)


def test_headers_count_the_frames_without_gaps_and_tell_when_they_were_written() -> None:
    headers = [decode_frame(frame).header for frame in FRAMES]
    assert [header.sequence for header in headers] == list(range(1, 8))
    assert {header.timestamp_ns for header in headers} == {WRITTEN_NS}


def test_a_long_input_stands_in_chunks_and_a_short_one_in_a_single_frame() -> None:
    assert [len(framed([one])) for one in (SHORT, EMPTY, LONG)] == [1, 1, 3]
    assert len(framed([SHORT._replace(data=bytes(CHUNK_SIZE + 1))])) == 2


def test_an_input_over_the_limit_is_refused_on_both_sides(path: Path) -> None:
    with pytest.raises(CaptureError, match="expected an input of at most 16777216 bytes, found 16777217"):
        encode_input(SHORT._replace(data=bytes(MAX_INPUT_BYTES + 1)), first_frame=1, written_ns=1)
    path.write_bytes(raw(1, 0, 0xFFFF))
    inputs, damage, _ = scanned(path)
    assert inputs == []
    assert damage is not None
    assert (damage.offset, damage.torn) == (0, False)
    longest = SHORT._replace(data=bytes(MAX_INPUT_BYTES))
    path.write_bytes(b"".join(framed([longest])))
    assert scanned(path)[:2] == ([longest], None)


def test_a_source_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ProtocolError, match=r"RawInput\.source"):
        encode_input(SHORT._replace(source="x" * 65), first_frame=1, written_ns=1)


def test_an_empty_file_is_a_capture_of_nothing(path: Path) -> None:
    path.write_bytes(b"")
    assert scanned(path)[:2] == ([], None)


@pytest.mark.parametrize("last", [SHORT, LONG])
def test_a_tail_torn_at_any_byte_of_the_last_input_is_torn_and_all_before_it_is_kept(
    path: Path, last: CapturedInput
) -> None:
    before, whole = b"".join(framed(INPUTS)), b"".join(framed([*INPUTS, last]))
    cuts = range(len(before) + 1, len(whole))
    for cut in cuts if last is SHORT else {*cuts[:100], *cuts[::997], *cuts[-100:]}:
        path.write_bytes(whole[:cut])
        inputs, damage, scan = scanned(path)
        assert inputs == INPUTS
        assert damage is not None
        assert damage.torn
        assert scan.position.size_bytes == len(before), "where it is cut: a chunk alone is nothing"


def test_a_tail_without_its_last_chunks_says_which(path: Path) -> None:
    path.write_bytes(b"".join(framed([LONG])[:2]))
    _, damage, _ = scanned(path)
    assert damage is not None
    assert (damage.offset, damage.text, damage.torn) == (0, "expected chunk 2 of 3, found the end", True)


def test_a_bit_that_flips_before_the_end_is_rot_with_its_offset(path: Path) -> None:
    inputs = [SHORT, SHORT._replace(received_ns=6), SHORT]
    frames = framed(inputs)
    start, end = len(frames[0]), len(frames[0] + frames[1])
    for at in range(start, end):
        broken = bytearray(b"".join(frames))
        broken[at] ^= 1 << at % 8
        path.write_bytes(broken)
        found, damage, scan = scanned(path)
        assert found == inputs[:1]
        assert damage is not None
        assert (damage.offset, damage.torn) == (start, False)
        assert f"a whole frame follows at byte {end}" in damage.text
        assert scan.position.size_bytes == start


WRONG = {
    "a frame is missing": (raw(1, 0, 1) + raw(3, 0, 1), 1, "expected frame 2, found frame 3"),
    "a frame comes twice": (raw(1, 0, 1) * 2, 1, "expected frame 2, found frame 1"),
    "another message": (
        encode_frame([RunEnded(1, "", 1)], source=Source.SUPERVISOR, sequence=1, timestamp_ns=1),
        0,
        "expected a frame with one RawInput and nothing else",
    ),
    "two messages": (
        encode_frame([RawInput("a", 1, 0, 1, b"")] * 2, source=Source.SUPERVISOR, sequence=1, timestamp_ns=1),
        0,
        "expected a frame with one RawInput and nothing else",
    ),
    "a chunk without its first": (raw(1, 1, 2), 0, "expected chunk 0, found chunk 1 of 2"),
    "no chunks": (raw(1, 0, 0), 0, "expected chunk 0, found chunk 0 of 0"),
    "a chunk that is left out": (raw(1, 0, 3) + raw(2, 2, 3), 0, "expected chunk 1, found chunk 2 of 3"),
    "a chunk of another input": (raw(1, 0, 2) + raw(2, 1, 2, source="b"), 0, "the input that began before"),
    "chunks of another number": (raw(1, 0, 2) + raw(2, 1, 3), 0, "the input that began before"),
}


@pytest.mark.parametrize("name", WRONG)
def test_whole_frames_that_are_no_capture_are_rot(path: Path, name: str) -> None:
    content, kept, text = WRONG[name]
    path.write_bytes(content)
    inputs, damage, _ = scanned(path)
    assert len(inputs) == kept
    assert damage is not None
    assert not damage.torn
    assert text in damage.text


@given(st.binary(min_size=4, max_size=300).filter(any))
def test_anything_else_is_no_capture_and_is_never_cut(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    inputs, damage, _ = scanned(path)
    assert inputs == []
    assert damage is not None
    assert not damage.torn
