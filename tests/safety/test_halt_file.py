"""The halt file: whatever lies there halts, once for each time that it comes."""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock

from alphapulse.safety.halt_file import HaltFileWatch, leave, read_halt_file
from tests.fakes.inline_blocking import run_inline


@attrs.define
class Watched:
    """A watch over a folder, and when it tripped."""

    path: Path
    trips: list[tuple[float, str]] = attrs.field(factory=list)

    def watch(self, found: str | None = None) -> HaltFileWatch:
        return HaltFileWatch(self.path, self.trip, run_blocking=run_inline, found=found)

    def trip(self, reason: str) -> None:
        self.trips.append((round(trio.current_time(), 3), reason))


def test_no_file_halts_nothing(tmp_path: Path) -> None:
    assert read_halt_file(tmp_path / "HALT") is None


def test_its_first_line_is_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "HALT"
    path.write_text("  odd \x07 prices\nand more")
    assert read_halt_file(path) == f"the file {path} is there and says: odd prices; remove it, then resume"


def test_an_empty_one_halts_too(tmp_path: Path) -> None:
    path = tmp_path / "HALT"
    path.touch()
    assert read_halt_file(path) == f"the file {path} is there; remove it, then resume"


def make_folder(path: Path) -> None:
    path.mkdir()


def make_dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_unreadable(path: Path) -> None:
    path.write_bytes(b"\xff" * 3_000)
    path.chmod(0)


@pytest.mark.parametrize("make", [make_folder, make_dangling, make_pipe, make_unreadable])
def test_whatever_has_the_name_halts(tmp_path: Path, make: object) -> None:
    """And nothing of it makes the look wait."""
    make(tmp_path / "HALT")  # type: ignore[operator]
    found = read_halt_file(tmp_path / "HALT")
    assert found is not None
    assert "is there" in found
    assert len(found.encode()) < 1024


def test_a_folder_that_cannot_be_looked_into_halts(tmp_path: Path) -> None:
    """What is not known refuses."""
    (tmp_path / "data").write_text("no folder")
    found = read_halt_file(tmp_path / "data" / "HALT")
    assert found is not None
    assert "expected to be able to look" in found


async def test_it_is_seen_within_a_tenth_of_a_second_and_trips_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    watched = Watched(tmp_path / "HALT")
    watch = watched.watch()
    async with trio.open_nursery() as nursery:
        await nursery.start(watch.run)
        await trio.sleep(0.25)
        watched.path.write_text("stop\n")
        await trio.sleep(1)
        assert [at for at, _ in watched.trips] == [0.3]
        assert watch.precondition()[1] is False
        watched.path.unlink()
        await trio.sleep(0.2)
        assert watch.precondition() == ("halt file", True, "there is none")
        watched.path.write_text("again\n")
        await trio.sleep(1)
        assert [at for at, _ in watched.trips] == [0.3, 1.5]
        assert "says: again" in watched.trips[1][1]
        nursery.cancel_scope.cancel()


async def test_one_that_the_start_found_is_not_tripped_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    """The start rule has halted for it already."""
    watched = Watched(tmp_path / "HALT")
    watched.path.touch()
    watch = watched.watch(read_halt_file(watched.path))
    async with trio.open_nursery() as nursery:
        await nursery.start(watch.run)
        await trio.sleep(1)
        assert watched.trips == []
        assert watch.precondition()[1] is False
        nursery.cancel_scope.cancel()


def test_a_file_that_is_left_keeps_the_first_reason(tmp_path: Path) -> None:
    leave(tmp_path / "HALT", "odd\nprices")
    leave(tmp_path / "HALT", "another")
    assert (tmp_path / "HALT").read_text() == "odd prices\n"
