"""An action acts at most once, and says the same whenever it is asked, over kill -9 at any moment."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

KILLS = int(os.environ.get("ALPHAPULSE_STORE_KILLS", "6"))
PATIENCE_S = 60


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def live_and_die(folder: Path, first: int, chance: random.Random) -> None:
    """One life: it is killed a random while after it has come up; the first one after its first act."""
    file = folder / ("started" if first else "done")
    known = len(lines(file))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.web.dying_process", str(folder), str(first)],
        env={"PYTHONPATH": ":".join([*sys.path, str(Path(__file__).parents[2])]), "PATH": os.environ["PATH"]},
        cwd=Path(__file__).parents[2],
    )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while len(lines(file)) == known:
            assert time.monotonic() < deadline, "expected the process to come up"
            assert process.poll() is None, "expected the process to live"
            time.sleep(0.005)
        time.sleep(chance.uniform(0.02, 0.15))
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.real_io
def test_kills_between_the_store_and_the_act_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(31)
    for _ in range(KILLS):
        live_and_die(tmp_path, max([*map(int, lines(tmp_path / "done")), -1]) + 1, chance)
    done = Counter(lines(tmp_path / "done"))
    told = {line.partition(" ")[0]: set[str]() for line in lines(tmp_path / "told")}
    for line in lines(tmp_path / "told"):
        told[line.partition(" ")[0]].add(line)
    assert done
    assert set(done.values()) == {1}, [key for key, count in done.items() if count > 1]
    assert all(len(replies) == 1 for replies in told.values())
    assert told.keys() <= done.keys()
