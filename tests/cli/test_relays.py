"""`alphapulse relays` in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alphapulse.cli import relays as module
from alphapulse.cli.relays import relays

CONFIGURATION = """
[collectors.day]
kind = "recorded"
logs = ["none"]
[strategies.flash_arbitrage]
"""

CONSUMER = {
    "name": "flash_arbitrage",
    "peer": None,
    "lane": None,
    "state": "ok",
    "connected": True,
    "durable": False,
    "wants": "PoolSwap",
    "since": None,
    "delivered": "120",
    "waiting": 2,
    "peak": 9,
    "lag": "2",
    "unapplied": None,
    "dropped_superseded": None,
    "dropped_expired": None,
    "resent": None,
    "snapshots": None,
    "published": None,
    "gaps": None,
}
HUB = {
    "name": "market_data",
    "domain": "market_data",
    "medium": "process",
    "serves": True,
    "link": None,
    "rate": {"per_s": "12.5", "over_s": "5.0"},
    "published": "120",
    "refused": "0",
    "next_sequence": None,
    "ring_messages": None,
    "cuts": 0,
    "dropped": None,
    "consumers": [CONSUMER],
}
LINK = {"condition": "gap", "connected": True, "gaps_found": 3, "gaps_open": 1}
FAR = {
    "peer": "uid 1000",
    "lane": "control",
    "wants": None,
    "peak": None,
    "dropped_superseded": "4",
    "dropped_expired": "0",
    "state": "slow",
    "name": "strategy",
}
REMOTE = {
    **HUB,
    "name": "execution",
    "medium": "unix",
    "link": LINK,
    "rate": None,
    "next_sequence": "77",
    "dropped": "4",
    "ring_messages": 76,
    "consumers": [{**CONSUMER, **FAR}],
}


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    """In a folder with a configuration; no daemon is asked."""
    (tmp_path / "config.toml").write_text(CONFIGURATION)
    monkeypatch.chdir(tmp_path)
    reply = {"process": "alphapulsed", "relays": [HUB, REMOTE]}

    def call(config: object, method: str, path: str) -> Any:
        assert (method, path) == ("GET", "/relays")
        return reply

    monkeypatch.setattr(module, "call", call)
    return CliRunner()


def test_the_table_tells_what_is_known_and_shows_a_dash_for_the_rest(runner: CliRunner) -> None:
    result = runner.invoke(relays, [], catch_exceptions=False)
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines() if line][1:3] == [
        ["market_data", "process", "here", "12.5", "120", "0", "-", "-", "-", "0", "-"],
        ["execution", "unix", "GAP", "-", "120", "0", "77", "76", "2/3", "closed", "0", "4"],
    ]
    assert [line.split() for line in result.stdout.splitlines() if line][4:] == [
        ["flash_arbitrage", "market_data", "this", "process", "OK", "120", "2", "9", "2", "-", "-", "PoolSwap"],
        [*["strategy", "(control)", "execution", "uid", "1000", "SLOW", "120", "2", "-", "2", "4", "0", "unknown"]],
    ]


def test_json_is_the_answer_as_it_came(runner: CliRunner) -> None:
    result = runner.invoke(relays, ["--json"], catch_exceptions=False)
    assert json.loads(result.stdout)["relays"] == [HUB, REMOTE]
