"""The recorder writes beside the stream, loses nothing to a cancellation, and fails alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from alphapulse.errors import CaptureError
from alphapulse.journal.capture import Capture
from alphapulse.journal.capture_recorder import MAX_WAITING_BYTES, WRITE_INTERVAL_S, CaptureRecorder
from tests.fakes.cancellation import cancel_at_step
from tests.fakes.inline_blocking import run_inline
from tests.fakes.open_files import open_files_in
from tests.journal.capture_samples import SHORT, scanned
from tests.journal.limited_disk import Disk

A_SECOND = 1.05


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "captures" / "capture"


def make(path: Path, disk: Disk | None = None) -> CaptureRecorder:
    return CaptureRecorder(path, now_ns=lambda: 1, run_blocking=run_inline, system=(disk or Disk()).calls)


@asynccontextmanager
async def running(recorder: CaptureRecorder) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        await nursery.start(recorder.run)
        yield
        nursery.cancel_scope.cancel()
    assert open_files_in(recorder.path.parent) == []


def written(path: Path) -> list[tuple[str, int, bytes]]:
    inputs, damage, _ = scanned(path)
    assert damage is None
    return [(one.source, one.received_ns, one.data) for one in inputs]


async def test_what_is_offered_is_written_in_order(path: Path, autojump_clock: MockClock) -> None:
    recorder = make(path)
    recorder.offer("day", 5, [b"before it runs"])
    async with running(recorder):
        recorder.offer("day", 6, [b"a", b"b"])
        recorder.offer("other", 7, [])
        await trio.sleep(2 * WRITE_INTERVAL_S)
        assert written(path) == [("day", 5, b"before it runs"), ("day", 6, b"a"), ("day", 6, b"b")]
        recorder.offer("other", 8, [b"at the end"])
    assert written(path)[3:] == [("other", 8, b"at the end")]
    assert recorder.failure is None


async def test_it_is_synced_each_second_in_which_something_was_written(path: Path, autojump_clock: MockClock) -> None:
    disk = Disk()
    recorder = make(path, disk)
    async with running(recorder):
        for second in range(1, 4):
            recorder.offer("day", 1, [b"x"])
            await trio.sleep(A_SECOND)
            assert disk.syncs == second
        await trio.sleep(10 * A_SECOND)
        assert disk.syncs == 3
    assert disk.syncs == 4


async def test_a_cancellation_at_any_step_loses_and_doubles_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    step, cut = 0, True
    while cut:
        step += 1
        path = tmp_path / str(step) / "capture"
        recorder = make(path)
        recorder.offer("day", 1, [b"a", b"b"])

        async def life(recorder: CaptureRecorder = recorder) -> None:
            with trio.move_on_after(3 * WRITE_INTERVAL_S):
                await recorder.run()

        cut = await cancel_at_step(step, life)
        if path.exists():
            assert written(path) in ([], [("day", 1, b"a"), ("day", 1, b"b")])
            assert written(path) or step <= 2, "once it runs, what was offered is written"
    assert step > 5


async def failed(recorder: CaptureRecorder) -> str:
    """Run until it fails by itself. What it says."""
    with pytest.raises(CaptureError) as caught:
        await recorder.run()
    assert recorder.failure is caught.value
    recorder.offer("day", 1, [b"x"])
    assert open_files_in(recorder.path.parent) == []
    return str(caught.value)


async def test_a_full_disk_ends_the_capture_with_a_word(path: Path, autojump_clock: MockClock) -> None:
    recorder = make(path, Disk(room=300))
    recorder.offer("day", 1, [b"x" * 100] * 5)
    assert "No space left on device" in await failed(recorder)
    inputs, _, _ = scanned(path)
    assert len(inputs) == 1


async def test_a_disk_that_does_not_sync_ends_the_capture(path: Path, autojump_clock: MockClock) -> None:
    recorder = make(path, Disk(sick=True))
    recorder.offer("day", 1, [b"x"])
    assert "could not sync" in await failed(recorder)


async def test_a_file_that_cannot_be_opened_ends_the_capture(path: Path, autojump_clock: MockClock) -> None:
    path.parent.mkdir()
    path.write_bytes(b"somebody's notes")
    recorder = make(path)
    recorder.offer("day", 1, [b"x"])
    assert "does not begin like a capture" in await failed(recorder)
    assert path.read_bytes() == b"somebody's notes"


async def test_a_folder_that_cannot_be_made_ends_the_capture(tmp_path: Path, autojump_clock: MockClock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CaptureError, match=r"expected a folder for the capture .*, found: File exists"):
        await make(tmp_path / "file" / "capture").run()


async def test_a_capture_that_falls_behind_is_whole_up_to_its_end(path: Path, autojump_clock: MockClock) -> None:
    recorder = make(path)
    block = b"x" * (MAX_WAITING_BYTES // 4)
    recorder.offer("day", 1, [block] * 4)
    assert recorder.failure is None
    recorder.offer("day", 1, [b"y"])
    recorder.offer("day", 1, [b"z"])
    with pytest.raises(CaptureError, match="could not keep up: over 16777216 bytes waited for the disk"):
        await recorder.run()
    assert written(path) == [("day", 1, block)] * 4


async def test_what_was_written_no_longer_counts_as_waiting(path: Path, autojump_clock: MockClock) -> None:
    recorder = make(path)
    async with running(recorder):
        for _ in range(3):
            recorder.offer("day", 1, [b"x" * MAX_WAITING_BYTES])
            await trio.sleep(2 * WRITE_INTERVAL_S)
    assert recorder.failure is None
    assert len(written(path)) == 3


async def test_a_torn_tail_is_cut_off_with_a_word(
    path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    capture = Capture.open(path, now_ns=lambda: 1)
    capture.write([SHORT])
    capture.close()
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-1])
    async with running(make(path)):
        assert path.read_bytes() == whole
    assert f"cut {len(whole) - 1} bytes of a torn tail off the capture {path}" in caplog.text
