"""`alphapulse sweep`, as a user calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from alphapulse.cli.main import main
from alphapulse.studies.sweep_file import read_sweep
from tests.daemon.day_config import Day

PROGRAM = [sys.executable, "-c", "from alphapulse.cli.main import main; main()"]
FIT, TEST = "2024-01-05T00:30Z/2024-01-05T02:00Z", "2024-01-05T02:00Z/2024-01-05T03:00Z"
NET = "strategies.flash_arbitrage.min_net_profit"


@pytest.mark.slow
def test_a_grid_is_replayed_and_compared(tmp_path: Path) -> None:
    """Four replays in two processes: a table, a CSV and the file, which says what was fitted on what."""
    config, out, table = Day().write(tmp_path), tmp_path / "s.jsonl", tmp_path / "s.csv"
    arguments = ["sweep", "--config", str(config), "--set", f"{NET}=0,300", "--fit", FIT, "--test", TEST]
    done = CliRunner().invoke(main, [*arguments, "--jobs", "2", "--out", str(out), "--csv", str(table)])
    assert done.exit_code == 0, done.stderr
    assert "best of the fitted" in done.stdout
    assert f"fitted on {FIT}; tested out of sample on {TEST}" in done.stdout
    stored = read_sweep(out)
    assert stored.end is not None
    assert stored.end.finished
    assert {(run.settings[NET], run.kind) for run in stored.runs} == {
        (value, kind) for value in ("0", "300") for kind in ("fit", "test")
    }
    assert len(table.read_text().splitlines()) == 5
    trades = {run.settings[NET]: run.trades for run in stored.runs if run.kind == "fit"}
    assert trades["0"] > trades["300"] > 0
    empty = ["sweep", "--config", str(config), "--fit", "2025-01-05", "--out", str(tmp_path / "none")]
    nothing = CliRunner().invoke(main, empty)
    assert (nothing.exit_code, "expected logs of the recording in the span '2025-01-05'" in nothing.stderr) == (1, True)
    assert "best of the fitted" not in nothing.stdout


def test_what_cannot_be_is_refused_before_anything_runs(tmp_path: Path) -> None:
    """A setting that is none, a span that was fitted on, a file that is there: one line, and no process."""
    config = str(Day().write(tmp_path))
    out = tmp_path / "there"
    out.write_text("")
    for arguments, code, words in (
        (["--set", "strategies.flash_arbitrage.profit=1"], 78, "profit"),
        (["--fit", "2024-01-05", "--test", FIT], 78, "nothing is fitted on"),
        (["--out", str(out)], 1, "File exists"),
    ):
        refused = CliRunner().invoke(main, ["sweep", "--config", config, *arguments])
        assert (refused.exit_code, words in refused.stderr) == (code, True), refused.stderr


def children_of(process: int) -> list[str]:
    """Those of all its threads."""
    return [child for path in Path(f"/proc/{process}/task").glob("*/children") for child in path.read_text().split()]


@pytest.mark.slow
@pytest.mark.real_io
def test_ctrl_c_ends_all_processes_and_keeps_what_was_done(tmp_path: Path) -> None:
    """The signal goes to the command alone; its children are gone with it, and the file can be read."""
    config, out = Day().write(tmp_path), tmp_path / "s.jsonl"
    arguments = ["sweep", "--config", str(config), "--set", f"{NET}={','.join(map(str, range(200)))}"]
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        [*PROGRAM, *arguments, "--jobs", "2", "--out", str(out)],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as command:
        while not out.exists() or out.read_text().count("\n") < 2:
            assert command.poll() is None
            os.sched_yield()
        children = children_of(command.pid)
        command.send_signal(signal.SIGINT)
        _, text = command.communicate(timeout=300)
    assert command.returncode == 130
    assert "ended early" in text
    assert len(children) == 2
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    stored = read_sweep(out)
    assert stored.end is not None
    assert not stored.end.finished
    assert 1 <= len(stored.runs) < 200
    assert json.loads(out.read_text().splitlines()[0])["runs"] == 200
