"""Reading recordings: whatever can be read is delivered in order, and what cannot is said."""

from __future__ import annotations

import gzip
import io
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alphapulse.collectors.recorded import recording
from alphapulse.collectors.recorded.recording import MAX_LINE_BYTES, WINDOW, Recording
from tests.collectors.recording_files import Log, line, position, positions, read, text, whole_blocks, write
from tests.fakes.open_files import open_files_in
from tests.rules.events.recorded_day import log_objects

LOGS = whole_blocks(20)
PACKED = gzip.compress(text(LOGS), 9)
TIME_NS = int(LOGS[0]["blockTimestamp"], 16) * 10**9


def inflated(data: bytes) -> bytes:
    """Everything that an independent reader gets out of a truncated gzip file."""
    return zlib.decompressobj(wbits=31).decompress(data)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings") / "logs"


def test_a_file_is_read_alike_plain_and_packed(tmp_path: Path) -> None:
    plain = read(write(tmp_path / "plain", LOGS))
    packed = read(write(tmp_path / "packed", LOGS, packed=True))
    assert plain == packed
    assert positions(plain[0]) == [position(log) for log in LOGS]
    assert plain[1:] == (None, {})


def test_blocks_are_whole_and_numbered(tmp_path: Path) -> None:
    blocks, _, _ = read(write(tmp_path / "logs", LOGS))
    assert len(blocks) == 20
    assert all(int(log.block_number, 16) == block.number for block in blocks for log in block.logs)


def test_members_of_a_gzip_file_that_was_appended_to_are_all_read(tmp_path: Path) -> None:
    path = tmp_path / "logs"
    path.write_bytes(gzip.compress(text(LOGS[:10])) + gzip.compress(text(LOGS[10:])))
    assert positions(read(path)[0]) == [position(log) for log in LOGS]


@given(cut=st.integers(0, len(PACKED) - 1))
def test_a_truncated_gzip_file_gives_all_that_stands_before_the_cut_and_then_says_so(file: Path, cut: int) -> None:
    file.write_bytes(PACKED[:cut])
    blocks, problem, refused = read(file)
    whole = inflated(PACKED[:cut]).count(b"\n") if cut > 1 else 0
    assert positions(blocks) in ([position(log) for log in LOGS[:whole]], [position(log) for log in LOGS[: whole + 1]])
    assert sum(refused.values()) <= 1, "at most the line that the cut goes through"
    # Two bytes or fewer are no gzip file yet, but text: nothing, or one line that is no log.
    assert problem is not None or cut <= 1
    assert open_files_in(file.parent) == []


def test_a_truncation_says_where_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "logs.gz"
    path.write_bytes(PACKED[:-8])
    blocks, problem, refused = read(path)
    assert positions(blocks) == [position(log) for log in LOGS]
    assert refused == {}
    assert str(problem) == (
        f"{path} is cut off or damaged behind line {len(LOGS)} (Compressed file ended before the end-of-stream marker "
        "was reached); what was read before it was used; fetch the file again"
    )


def test_a_whole_last_line_without_its_end_survives_a_truncation(tmp_path: Path) -> None:
    path = tmp_path / "logs.gz"
    path.write_bytes(gzip.compress(text(LOGS).rstrip())[:-8])
    blocks, problem, _ = read(path)
    assert positions(blocks) == [position(log) for log in LOGS]
    assert problem is not None


@given(at=st.integers(10, len(PACKED) - 1), bit=st.integers(0, 7))
@example(at=2368, bit=0)
def test_a_flipped_bit_in_a_gzip_file_is_noticed_or_changes_nothing(file: Path, at: int, bit: int) -> None:
    """A few flips point at the same text elsewhere; all others break the checksum at the latest."""
    broken = bytearray(PACKED)
    broken[at] ^= 1 << bit
    file.write_bytes(broken)
    blocks, problem, _ = read(file)
    assert open_files_in(file.parent) == []
    if problem is None:
        file.write_bytes(PACKED)
        assert blocks == read(file)[0]


def test_damage_in_one_file_leaves_the_others_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(text(LOGS[::2]))[:-4])
    (tmp_path / "b").write_bytes(gzip.compress(text(LOGS[1::2]))[:-4])
    blocks, problem, _ = read([tmp_path / "a", tmp_path / "b", write(tmp_path / "c", LOGS[:3])])
    assert sorted(positions(blocks)) == sorted(position(log) for log in [*LOGS, *LOGS[:3]])
    assert str(tmp_path / "a") in str(problem)
    assert str(tmp_path / "b") in str(problem)


GARBAGE = st.binary(max_size=60).filter(lambda data: b"\n" not in data and not data.startswith(b"\x1f\x8b"))


@given(garbage=st.lists(st.tuples(st.integers(0, len(LOGS)), GARBAGE), max_size=20))
def test_lines_of_anything_are_counted_and_cost_no_log(file: Path, garbage: list[tuple[int, bytes]]) -> None:
    lines: list[Log | bytes] = [*LOGS]
    for at, data in sorted(garbage, reverse=True, key=lambda item: item[0]):
        lines.insert(at, data)
    blocks, problem, refused = read(write(file, lines))
    assert positions(blocks) == [position(log) for log in LOGS]
    assert problem is None
    assert sum(refused.values()) == sum(bool(data.strip()) for _, data in garbage)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*LOGS[0], "x"]), inner, max_size=5),
    max_leaves=8,
)


@given(
    changes=st.dictionaries(st.sampled_from(sorted(LOGS[0])), JSON, min_size=1),
    lost=st.sets(st.sampled_from(sorted(LOGS[0]))),
)
def test_a_log_with_any_fields_is_delivered_or_counted(file: Path, changes: Log, lost: set[str]) -> None:
    changed = {key: value for key, value in (LOGS[4] | changes).items() if key not in lost}
    blocks, problem, refused = read(write(file, [*LOGS[:4], changed, *LOGS[5:]]))
    assert problem is None
    assert sum(len(block.logs) for block in blocks) + sum(refused.values()) == len(LOGS)


def test_empty_lines_and_other_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "logs"
    path.write_bytes(b"\r\n\n" + b"\r\n \n".join(map(line, LOGS)))
    blocks, problem, refused = read(path)
    assert positions(blocks) == [position(log) for log in LOGS]
    assert (problem, refused) == (None, {})


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"", mtime=0)])
def test_an_empty_recording_has_no_blocks_and_no_problem(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "logs"
    path.write_bytes(content)
    assert read(path) == ([], None, {})


def test_a_line_without_end_is_refused_in_pieces(tmp_path: Path) -> None:
    path = write(tmp_path / "logs", [LOGS[0], b"0" * (3 * MAX_LINE_BYTES), LOGS[1]], packed=True)
    blocks, problem, refused = read(path)
    assert positions(blocks) == [position(log) for log in LOGS[:2]]
    assert problem is None
    assert 2 <= refused["not_json"] <= 4


@pytest.mark.parametrize("size", [1, 2, WINDOW // 2, WINDOW])
def test_disorder_inside_the_window_is_mended(tmp_path: Path, size: int) -> None:
    day = log_objects()
    mixed: list[Log] = []
    for start in range(0, len(day), size):
        mixed += random.Random(start).sample(day[start : start + size], k=len(day[start : start + size]))
    assert read(write(tmp_path / "mixed", mixed)) == read(write(tmp_path / "day", day))


def test_a_log_that_is_a_window_late_still_finds_its_place(tmp_path: Path) -> None:
    day = list(log_objects())
    late = day[:10] + day[11 : 11 + WINDOW] + [day[10]] + day[11 + WINDOW :]
    assert read(write(tmp_path / "late", late)) == read(write(tmp_path / "day", day))


def test_disorder_beyond_the_window_is_left_for_the_order_to_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "WINDOW", 1024)
    day = list(log_objects())
    blocks, problem, refused = read(write(tmp_path / "late", [*day[1:], day[0]]))
    assert sorted(positions(blocks)) == sorted(map(position, day))
    assert positions(blocks) != list(map(position, day))
    assert (problem, refused) == (None, {})


def by_pool(logs: tuple[Log, ...]) -> list[list[Log]]:
    return [[log for log in logs if log["address"] == pool] for pool in sorted({log["address"] for log in logs})]


def at_random(logs: tuple[Log, ...]) -> list[list[Log]]:
    chance = random.Random(7)
    files: list[list[Log]] = [[], [], [], []]
    for log in logs:
        chance.choice(files[:3]).append(log)
    return files


@pytest.mark.parametrize("split", [by_pool, at_random])
@pytest.mark.parametrize("packed", [False, True])
def test_several_files_give_what_one_merged_file_gives(
    tmp_path: Path, split: Callable[[tuple[Log, ...]], list[list[Log]]], packed: bool
) -> None:
    day = log_objects()
    files = [write(tmp_path / str(n), logs, packed=packed) for n, logs in enumerate(split(day))]
    assert read(files) == read(write(tmp_path / "day", day))


def test_a_file_named_twice_gives_every_log_twice_side_by_side(tmp_path: Path) -> None:
    path = write(tmp_path / "logs", LOGS)
    assert positions(read([path, path])[0]) == [position(log) for log in LOGS for _ in range(2)]


def test_a_missing_file_is_named_and_leaves_nothing_open(tmp_path: Path) -> None:
    there = write(tmp_path / "there", LOGS)
    blocks, problem, _ = read([there, tmp_path / "gone"])
    assert blocks == []
    assert str(problem) == f"expected a recording at {tmp_path / 'gone'}, found: No such file or directory"
    assert open_files_in(tmp_path) == []


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    _, problem, _ = read(tmp_path)
    assert str(problem) == f"expected a recording at {tmp_path}, found: Is a directory"


@pytest.mark.parametrize("packed", [False, True])
def test_who_stops_early_leaves_nothing_open(tmp_path: Path, packed: bool) -> None:
    paths = [write(tmp_path / name, LOGS, packed=packed) for name in "ab"]
    blocks = Recording(paths).blocks()
    next(blocks)
    assert len(open_files_in(tmp_path)) == 2
    blocks.close()
    assert open_files_in(tmp_path) == []


def within(path: Path, start_ns: int | None, end_ns: int | None) -> list[tuple[int, int]]:
    return positions(Recording([path]).blocks(start_ns, end_ns))


def test_the_window_holds_its_start_and_not_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "logs", LOGS)
    times = sorted({int(log["blockTimestamp"], 16) * 10**9 for log in LOGS})
    start_ns, end_ns = times[3], times[7]
    inside = [position(log) for log in LOGS if start_ns <= int(log["blockTimestamp"], 16) * 10**9 < end_ns]
    assert within(path, start_ns, end_ns) == inside
    assert within(path, start_ns - 1, end_ns - 1) == inside
    assert within(path, start_ns + 1, end_ns + 1) != inside
    assert within(path, None, end_ns) + within(path, end_ns, None) == [position(log) for log in LOGS]
    assert within(path, times[-1] + 1, None) == []


@pytest.mark.parametrize("time", [None, "zz", ""])
def test_a_log_without_a_time_is_in_every_window_so_that_it_is_refused_and_not_lost(
    tmp_path: Path, time: str | None
) -> None:
    path = write(tmp_path / "logs", [LOGS[0] | {"blockTimestamp": time}])
    assert within(path, TIME_NS + 10**9, TIME_NS + 2 * 10**9) == [position(LOGS[0])]


@pytest.mark.parametrize("time", ["0x0", "0x" + "f" * 200, "-0x1"])
def test_a_log_that_lies_about_the_time_does_not_take_its_block_along(tmp_path: Path, time: str) -> None:
    liar = LOGS[0] | {"blockTimestamp": time, "address": "0x" + "11" * 20, "logIndex": "0x0"}
    path = write(tmp_path / "logs", [liar, *LOGS])
    assert within(path, TIME_NS, TIME_NS + 10**15) == [position(log) for log in LOGS]


@pytest.mark.parametrize("number", ["", "0x", "-0x5", "0x" + "f" * 5000, "zz"])
def test_a_log_that_does_not_say_where_it_belongs_is_delivered_for_its_decoder_to_refuse(
    tmp_path: Path, number: str
) -> None:
    blocks, problem, _ = read(write(tmp_path / "logs", [*LOGS[:5], LOGS[5] | {"blockNumber": number}, *LOGS[6:]]))
    assert sorted(log.log_index for block in blocks for log in block.logs) == sorted(log["logIndex"] for log in LOGS)
    assert problem is None


class _FailingDisk(io.RawIOBase):
    """Gives out its content once; the read behind it fails."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return offset

    def readinto(self, buffer: Any) -> int:
        if not self._content:
            raise OSError(5, "Input/output error")
        content, self._content = self._content, b""
        buffer[: len(content)] = content
        return len(content)


def test_a_disk_that_fails_in_the_midst_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = text(LOGS[:3])
    monkeypatch.setattr(Path, "open", lambda path, mode: io.BufferedReader(_FailingDisk(content)))
    blocks, problem, refused = read(tmp_path / "logs")
    assert positions(blocks) == [position(log) for log in LOGS[:3]]
    assert "is cut off or damaged behind line 3 ([Errno 5] Input/output error)" in str(problem)
    assert refused == {}
