"""Torn tails are told from rot, and every change of a byte is seen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphapulse.data.runs import ChainLink
from alphapulse.data.wire import Domain, Source
from alphapulse.errors import JournalError
from alphapulse.journal.damage import MAX_TORN_BYTES
from alphapulse.journal.journal_file import LINK_TYPE, JournalScan, end_of, read_records, verify
from alphapulse.rules.wire.frame import encode_frame, seal
from tests.journal.journal_samples import DAY_NS, audit, fill, intent, run_started, signal

RECORDS = (run_started(), signal(), intent(), fill(), audit())


def chained(records: Sequence[object]) -> list[bytes]:
    frames: list[bytes] = []
    previous = bytes(32)
    for index, record in enumerate(records, 1):
        frame = encode_frame(
            [record, ChainLink(previous=previous)],
            source=Source.EXECUTION_ENGINE,
            sequence=index,
            timestamp_ns=DAY_NS,
        )
        previous = hashlib.sha256(frame).digest()
        frames.append(frame)
    return frames


FRAMES = chained(RECORDS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_link_type_is_that_of_the_data_class() -> None:
    assert ChainLink.DESCRIPTION.type == LINK_TYPE  # type: ignore[attr-defined]


def test_whole_journal_has_no_problem(path: Path) -> None:
    path.write_bytes(b"".join(FRAMES))
    verdict = verify(path)
    assert (verdict.records, verdict.problem, verdict.offset) == (5, None, None)
    assert verdict.size_bytes == path.stat().st_size
    assert verdict.head_hash == hashlib.sha256(FRAMES[-1]).digest()
    assert tuple(record for _, record in read_records(path)) == RECORDS


def test_empty_journal_has_no_problem(path: Path) -> None:
    path.write_bytes(b"")
    assert verify(path).problem is None
    assert list(read_records(path)) == []


def test_missing_journal_is_named(path: Path) -> None:
    with pytest.raises(JournalError, match=r"expected a journal at .*journal, found No such file"):
        verify(path)


def test_tail_torn_at_any_byte_is_torn_and_everything_before_it_is_kept(path: Path) -> None:
    before = b"".join(FRAMES[:-1])
    for kept in range(1, len(FRAMES[-1])):
        path.write_bytes(before + FRAMES[-1][:kept])
        with path.open("rb") as file:
            scan = JournalScan(file)
            assert len(list(scan)) == 4
        assert scan.damage is not None
        assert scan.damage.torn
        assert scan.damage.offset == scan.position.size_bytes == len(before)


def test_first_frame_torn_at_any_byte_is_torn(path: Path) -> None:
    for kept in range(1, len(FRAMES[0])):
        path.write_bytes(FRAMES[0][:kept])
        assert end_of(path).size_bytes == 0


def test_zeros_behind_the_last_frame_are_torn(path: Path) -> None:
    """A power cut may leave the length of a write without its content."""
    path.write_bytes(b"".join(FRAMES) + bytes(4096))
    assert end_of(path).records == 5


def test_more_garbage_than_a_write_can_leave_is_refused(path: Path) -> None:
    path.write_bytes(b"".join(FRAMES) + bytes(MAX_TORN_BYTES + 1))
    with pytest.raises(JournalError, match="too many for an interrupted write"):
        end_of(path)


def test_file_that_never_was_a_journal_is_refused(path: Path) -> None:
    path.write_bytes(b"dear diary")
    with pytest.raises(JournalError, match="does not begin like a journal"):
        end_of(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, sum(map(len, FRAMES)) * 8 - 1))
def test_one_flipped_bit_is_always_seen_and_only_the_last_frame_may_be_cut(path: Path, bit: int) -> None:
    data = bytearray(b"".join(FRAMES))
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    assert verify(path).problem is not None
    if bit // 8 < len(data) - len(FRAMES[-1]):
        with pytest.raises(JournalError, match="is damaged at byte"):
            end_of(path)
    else:
        assert end_of(path).records == 4


def test_every_byte_in_the_middle_is_watched(path: Path) -> None:
    offset = len(FRAMES[0]) + len(FRAMES[1])
    for position in range(offset, offset + len(FRAMES[2])):
        data = bytearray(b"".join(FRAMES))
        data[position] ^= 0xFF
        path.write_bytes(data)
        verdict = verify(path)
        assert (verdict.records, verdict.offset) == (2, offset)
        with pytest.raises(JournalError, match=rf"damaged at byte {offset}: .*keep a copy of the file"):
            end_of(path)


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        ([0, 2, 3, 4], "expected record 2, found record 3"),
        ([1, 2, 3, 4], "expected record 1, found record 2"),
        ([0, 2, 1, 3, 4], "expected record 2, found record 3"),
        ([0, 1, 1, 2, 3, 4], "expected record 3, found record 2"),
    ],
    ids=["one removed", "the first removed", "two swapped", "one doubled"],
)
def test_frames_out_of_their_order_break_the_chain(path: Path, order: list[int], problem: str) -> None:
    path.write_bytes(b"".join(FRAMES[i] for i in order))
    assert verify(path).problem == problem
    with pytest.raises(JournalError, match=problem):
        end_of(path)


def test_record_replaced_with_a_right_checksum_breaks_the_chain(path: Path) -> None:
    forged = chained([*RECORDS[:2], audit()])[2]
    path.write_bytes(b"".join([*FRAMES[:2], forged, *FRAMES[3:]]))
    problem = verify(path).problem
    assert problem is not None
    assert "expected record 4 to follow" in problem


def test_broken_chain_is_refused_at_the_tail_too(path: Path) -> None:
    foreign = encode_frame(
        [audit(), ChainLink(previous=bytes(32))], source=Source.EXECUTION_ENGINE, sequence=6, timestamp_ns=DAY_NS
    )
    path.write_bytes(b"".join(FRAMES) + foreign)
    with pytest.raises(JournalError, match="expected record 6 to follow"):
        end_of(path)


def test_frame_without_a_link_is_refused(path: Path) -> None:
    lonely = encode_frame([run_started()], source=Source.EXECUTION_ENGINE, sequence=1, timestamp_ns=DAY_NS)
    path.write_bytes(lonely)
    with pytest.raises(JournalError, match="expected a chain link at the end of record 1"):
        end_of(path)


def test_record_of_an_unknown_type_counts_and_comes_as_none(path: Path) -> None:
    """A newer version may write records that this one does not know; the chain holds over them."""
    first = chained([run_started()])[0]
    payload = bytes((82, 2, 1, 2)) + bytes((LINK_TYPE, 32)) + hashlib.sha256(first).digest()
    newer = seal(payload, domain=Domain.SYSTEM, source=Source.EXECUTION_ENGINE, sequence=2, timestamp_ns=DAY_NS)
    path.write_bytes(first + newer)
    assert [(position.records, record) for position, record in read_records(path)] == [(1, run_started()), (2, None)]


def test_reading_goes_on_from_any_position(path: Path) -> None:
    path.write_bytes(b"".join(FRAMES))
    positions = [position for position, _ in read_records(path)]
    for index, position in enumerate(positions, 1):
        assert tuple(record for _, record in read_records(path, position)) == RECORDS[index:]


def test_reading_from_a_position_of_another_journal_is_refused(path: Path) -> None:
    path.write_bytes(b"".join(FRAMES))
    start = next(read_records(path))[0]
    path.write_bytes(b"".join(chained([audit(), *RECORDS[1:]])))
    with pytest.raises(JournalError):
        list(read_records(path, start))
