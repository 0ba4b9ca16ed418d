"""A daemon that captures: what its collector received decides alike once more, and a sick capture harms nothing."""

from __future__ import annotations

import logging
from pathlib import Path

import attrs
import pytest
from trio.testing import MockClock

from alphapulse.nursery.node import NodeState
from tests.daemon.books import decisions
from tests.daemon.daemon_rig import START_NS, paths_in, running_daemon
from tests.daemon.day_config import Day
from tests.journal.capture_samples import scanned

HOURS = "2024-01-05T03:00:00Z"


@attrs.frozen(kw_only=True)
class CapturedDay(Day):
    """The half day with a capture beside the books."""

    def toml(self) -> str:
        return Day.toml(self) + '\n[capture]\nenabled = true\nfile = "captures/day.apcap"\n'


async def decided(folder: Path, day: Day, seconds: float = 2) -> list[tuple[object, ...]]:
    """What a daemon over that day decides."""
    folder.mkdir(exist_ok=True)
    async with running_daemon(folder, day) as rig:
        await rig.until(seconds)
        assert rig.daemon.collector.finished
    return decisions(paths_in(folder).journal)


async def test_a_captured_run_is_replayed_from_its_capture_with_the_same_decisions(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    lived = await decided(tmp_path / "lived", CapturedDay(end=HOURS))
    capture = tmp_path / "lived" / "captures" / "day.apcap"
    again = await decided(tmp_path / "again", Day(logs=str(capture)))
    assert lived == again
    assert {row[0] for row in lived} == {"signal", "verdict", "intent", "fill"}
    inputs, damage, _ = scanned(capture)
    assert damage is None
    assert {one.source for one in inputs} == {"day"}
    assert all(START_NS <= one.received_ns < START_NS + 10**10 for one in inputs)


async def test_a_capture_that_fails_stands_in_the_tree_and_changes_no_decision(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    sound = await decided(tmp_path / "sound", Day(end=HOURS))
    (tmp_path / "sick").mkdir()
    (tmp_path / "sick" / "captures").touch()
    async with running_daemon(tmp_path / "sick", CapturedDay(end=HOURS)) as rig:
        await rig.until(2)
        (capture,) = [child for child in rig.daemon.collectors.snapshot().children if child.name == "capture"]
        assert capture.state is NodeState.FAILED
        assert "expected a folder for the capture" in capture.reason
        assert all(holds for _, holds, _ in rig.daemon.resume_preconditions())
    assert decisions(paths_in(tmp_path / "sick").journal) == sound
    assert [one.levelno for one in caplog.records if "failed for good" in one.message] == [logging.CRITICAL]


async def test_without_a_section_nothing_is_captured(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, Day(end=HOURS)) as rig:
        assert rig.daemon.capture is None
        assert [child.name for child in rig.daemon.collectors.snapshot().children] == ["day"]
