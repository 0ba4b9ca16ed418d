"""On real sockets, processes that are killed lose nothing that was acknowledged and apply nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.real_io
def test_killed_processes_lose_nothing_that_was_acknowledged_and_apply_nothing_twice() -> None:
    """`make prove-bus` kills five hundred."""
    command = [sys.executable, "-m", "tests.relays.killed_processes", "25"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=600).stdout)
    assert result["lost"] == result["twice"] == []
    assert result["acknowledged"] == result["published"] > 0
