"""What a process says of itself: who it is is known by its start, so that a number that was used again is not it."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from alphapulse.cli.control_file import process_start
from alphapulse.cli.launcher import Launcher, last_lines
from alphapulse.cli.process_file import WHOLE, declared, process_path, read_process
from alphapulse.errors import LaunchError


def test_it_says_that_it_starts_is_ready_and_has_ended(tmp_path: Path) -> None:
    with declared(tmp_path, WHOLE) as ready:
        said = read_process(tmp_path, WHOLE)
        assert said is not None
        assert (said.pid, said.shown_state, said.is_running()) == (os.getpid(), "starting", True)
        ready()
        assert read_process(tmp_path, WHOLE).shown_state == "ready"  # type: ignore[union-attr]
    assert read_process(tmp_path, WHOLE).shown_state == "ended"  # type: ignore[union-attr]
    assert process_path(tmp_path, WHOLE).stat().st_mode & 0o777 == 0o600


def test_it_says_why_it_failed(tmp_path: Path) -> None:
    def fail() -> None:
        with declared(tmp_path, WHOLE):
            raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        fail()
    said = read_process(tmp_path, WHOLE)
    assert said is not None
    assert (said.shown_state, said.reason) == ("failed", "OSError: no disk")


def test_two_of_one_name_do_not_run(tmp_path: Path) -> None:
    with (
        declared(tmp_path, WHOLE),
        pytest.raises(LaunchError, match=f"found process {os.getpid()}"),
        declared(tmp_path, WHOLE),
    ):
        pass


def test_two_of_one_name_that_start_together_do_not_both_run(tmp_path: Path) -> None:
    """Who has the lock counts, also before it has said that it starts."""
    with declared(tmp_path, WHOLE):
        process_path(tmp_path, WHOLE).unlink()
        with pytest.raises(LaunchError, match="found one that starts just now"), declared(tmp_path, WHOLE):
            pass


def test_one_that_was_killed_died_even_while_nobody_has_waited_for_it(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        started = process_start(process.pid)
        text = f'{{"pid":{process.pid},"started":{started},"state":"ready","since_ns":0}}'
        path = process_path(tmp_path, "one")
        path.parent.mkdir()
        path.write_text(text)
        assert read_process(tmp_path, "one").shown_state == "ready"  # type: ignore[union-attr]
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert read_process(tmp_path, "one").shown_state == "died"  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["", "{}", "[1]", "no json", '{"pid": "x"}'])
def test_a_file_that_cannot_be_believed_is_none(text: str, tmp_path: Path) -> None:
    path = process_path(tmp_path, "one")
    path.parent.mkdir()
    path.write_text(text)
    assert read_process(tmp_path, "one") is None


def test_one_command_at_a_time(tmp_path: Path) -> None:
    launcher = Launcher(None, tmp_path, ("one",))
    with launcher.alone(), pytest.raises(LaunchError, match="another one at it"), launcher.alone():
        pass


def test_the_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    assert last_lines(log, 3) == []
    log.write_text("\n".join(str(number) for number in range(100_000)) + "\n")
    assert last_lines(log, 2) == ["99998", "99999"]
