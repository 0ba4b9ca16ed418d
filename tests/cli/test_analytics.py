"""`alphapulse analytics`, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from alphapulse.cli.main import main
from tests.daemon.day_config import Day

FIRST_HOURS = Day(end="2024-01-05T03:00:00Z")


def test_a_recording_says_who_closed_its_gaps(tmp_path: Path) -> None:
    """Eight gaps of three hours: each with the transaction that closed it and how many logs later."""
    config = FIRST_HOURS.write(tmp_path)
    asked = CliRunner().invoke(main, ["analytics", "--config", str(config), "--json"])
    assert asked.exit_code == 0, asked.stderr
    result = json.loads(asked.stdout)
    episodes = result["episodes"]
    assert all(one["closed"][0] == one["opened"][0] and one["logs_later"] >= 1 for one in episodes)
    assert all(len(one["closer"]) == 66 for one in episodes)
    (strategy,) = result["strategies"]
    assert strategy["episodes"] == len(episodes)
    assert strategy["won"] + strategy["lost"] == strategy["taken"]
    assert strategy["expected_net"] == strategy["actual_net"] > 0
    assert {one["pool"] for one in result["pools"]} == {"USDC/WETH 0.05%", "USDC/WETH 0.30%"}
    shown = CliRunner().invoke(main, ["analytics", "--config", str(config)])
    assert "median logs" in shown.stdout
    assert episodes[0]["closer"] in shown.stdout
