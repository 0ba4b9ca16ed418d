"""SIGUSR2 to a daemon in a process of its own, without a terminal."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.daemon.day_config import Day
from tests.daemon.live_daemon import LiveDaemon, wait_for

RUNNING = ("'foundation/watchdog'", "'decisions/engine'", "'collectors/day'")
pytestmark = [pytest.mark.real_io, pytest.mark.slow]


def test_an_operator_sees_where_all_tasks_stand_and_the_daemon_goes_on(tmp_path: Path) -> None:
    """The first signal comes in the midst of the start: it waits, and ends nothing."""
    config = Day(speed=60, start="2024-01-05T01:15:00Z").write(tmp_path)
    with LiveDaemon(config) as daemon:
        wait_for(daemon.paths.journal.exists, "an open journal")
        daemon.send(signal.SIGUSR2)
        wait_for(daemon.paths.stacks.exists, "a dump")

        def dumped() -> bool:
            daemon.send(signal.SIGUSR2)
            return all(name in daemon.paths.stacks.read_text() for name in RUNNING)

        wait_for(dumped, "a dump of all that runs")
        wait_for(lambda: all(name in daemon.stderr for name in RUNNING), "the same on standard error")
        assert daemon.paths.stacks.stat().st_mode & 0o777 == 0o600
        assert daemon.stop() == 0
