"""The writer goes on behind the last whole input, is alone, and stops for good at the first failure."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from alphapulse.errors import CaptureError
from alphapulse.journal.capture import Capture
from alphapulse.journal.capture_file import MAX_INPUT_BYTES, CapturedInput
from tests.fakes.open_files import open_files_in
from tests.journal.capture_samples import INPUTS, LONG, SHORT, WRITTEN_NS, framed, scanned
from tests.journal.limited_disk import Disk

FRAMES = framed(INPUTS)
WHOLE = b"".join(FRAMES)


@contextmanager
def opened(path: Path, disk: Disk | None = None) -> Iterator[Capture]:
    with closing(Capture.open(path, now_ns=lambda: WRITTEN_NS, system=(disk or Disk()).calls)) as capture:
        yield capture


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "capture"
    assert open_files_in(tmp_path) == []


def test_a_capture_is_private_and_holds_what_was_written(path: Path) -> None:
    with opened(path) as capture:
        capture.write(INPUTS[:2])
        capture.write([])
        capture.write(INPUTS[2:])
        assert (capture.position.inputs, capture.position.frames) == (len(INPUTS), len(FRAMES))
    assert path.read_bytes() == WHOLE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_capture_is_written_on_behind_its_end(path: Path) -> None:
    for one in INPUTS:
        with opened(path) as capture:
            assert capture.cut_bytes == 0
            capture.write([one])
    assert path.read_bytes() == WHOLE


def test_short_writes_are_carried_on(path: Path) -> None:
    with opened(path, Disk(step=1000)) as capture:
        capture.write(INPUTS)
    assert path.read_bytes() == WHOLE


def test_a_capture_is_synced_when_it_is_closed(path: Path) -> None:
    disk = Disk()
    with opened(path, disk) as capture:
        capture.write(INPUTS)
        assert disk.syncs == 0
    assert disk.syncs == 1


@pytest.mark.parametrize("last", [SHORT, LONG])
def test_a_torn_tail_is_cut_at_any_byte_and_written_over(path: Path, last: CapturedInput) -> None:
    before = b"".join(framed([SHORT]))
    whole = b"".join(framed([SHORT, last]))
    cuts = range(len(before) + 1, len(whole))
    for cut in cuts if last is SHORT else (*cuts[:60:7], *cuts[::9_973], *cuts[-60::7]):
        path.write_bytes(whole[:cut])
        with opened(path) as capture:
            assert capture.cut_bytes == cut - len(before)
            capture.write([last])
        assert path.read_bytes() == whole


@pytest.mark.parametrize("content", [b"a text of somebody's", WHOLE[:200] + b"?" + WHOLE[201:]])
def test_a_file_that_is_none_or_is_rotten_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o644)
    with pytest.raises(CaptureError, match=rf"the capture {path} is damaged at byte \d+: .*nothing was changed"):
        Capture.open(path, now_ns=lambda: 1)
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_second_writer_is_refused(path: Path) -> None:
    with opened(path), pytest.raises(CaptureError, match="is written by another process: name another file"):
        Capture.open(path, now_ns=lambda: 1)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere" / "capture"):
        with pytest.raises(CaptureError, match=rf"expected a capture that can be written at {path}, found: "):
            Capture.open(path, now_ns=lambda: 1)


def test_a_full_disk_ends_the_capture_which_is_whole_up_to_there(path: Path) -> None:
    disk = Disk(room=len(FRAMES[0]) + 10)
    with opened(path, disk) as capture:
        with pytest.raises(CaptureError, match="could not write: No space left on device; it ends before that"):
            capture.write(INPUTS)
        disk.room = 1 << 30
        with pytest.raises(CaptureError, match="it takes no more"):
            capture.write(INPUTS)
        with pytest.raises(CaptureError, match="it takes no more"):
            capture.sync()
    inputs, damage, _ = scanned(path)
    assert inputs == INPUTS[:1]
    assert damage is not None
    assert damage.torn


def test_a_failed_sync_ends_the_capture(path: Path) -> None:
    with opened(path, Disk(sick=True)) as capture:
        capture.write([SHORT])
        with pytest.raises(CaptureError, match="could not sync: Input/output error"):
            capture.sync()
        with pytest.raises(CaptureError, match="it takes no more"):
            capture.write([SHORT])


def test_a_failure_at_the_last_sync_is_told_and_the_file_is_closed(path: Path) -> None:
    with pytest.raises(CaptureError, match="could not sync"), opened(path, Disk(sick=True)):
        pass


@pytest.mark.parametrize("one", [SHORT._replace(source="x" * 65), SHORT._replace(data=bytes(MAX_INPUT_BYTES + 1))])
def test_of_inputs_of_which_one_cannot_be_written_none_is(path: Path, one: CapturedInput) -> None:
    with opened(path) as capture, pytest.raises(CaptureError):
        capture.write([SHORT, one])
    assert path.read_bytes() == b""
