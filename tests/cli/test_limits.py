"""`alphapulse limits` and `alphapulse breakers` in words, and what they send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alphapulse.cli import limits as module
from alphapulse.cli.limits import breakers, limits

LIMIT = {
    "name": "limits.max_gross_exposure.USDC",
    "unit": "USDC",
    "decimals": 6,
    "value": "1500000000000",
    "configured": "1500000000000",
    "used": "849034033",
    "override": None,
}
PACE = {**LIMIT, "name": "limits.max_intents", "unit": "trades", "decimals": None, "value": "20", "used": None}
OVERRIDE = {
    "actor": "owner",
    "reason": "a wide day",
    "set": {"ns": "1", "iso": "2026-11-20T10:00:00Z"},
    "expires": {"ns": "2", "iso": "2026-11-20T10:15:00Z"},
}
BREAKER = {
    "rule": "price_jump",
    "scope": "",
    "kind": "instrument",
    "phase": "closed",
    "stops": "reducing",
    "ends": "after 60 s",
    "reason": "",
    "since": None,
    "needs_person": False,
}
OPEN = {
    **BREAKER,
    "rule": "drawdown",
    "scope": "global",
    "phase": "open",
    "stops": "halted",
    "reason": "a loss",
    "since": {"ns": "1", "iso": "2026-11-20T10:00:00Z"},
    "needs_person": True,
}


class ControlPlane:
    """Answers each request with what a test gives, and notes it."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply
        self.requests: list[tuple[str, str, object]] = []

    def __call__(self, config: object, method: str, path: str, body: object = None) -> Any:
        self.requests.append((method, path, body))
        return self.reply


CONFIGURATION = """
[collectors.day]
kind = "recorded"
logs = ["none"]
[strategies.flash_arbitrage]
"""


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    """In a folder with a configuration; no daemon is asked."""
    (tmp_path / "config.toml").write_text(CONFIGURATION)
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def test_limits_are_told_with_what_is_used_of_them(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "call", ControlPlane({"limits": [LIMIT, PACE], "checks": []}))
    result = runner.invoke(limits, [])
    assert result.output.splitlines() == [
        "limits.max_gross_exposure.USDC                           849.034033 of 1500000 USDC",
        "limits.max_intents                                       20 trades",
    ]


def test_limits_as_json_are_what_the_daemon_said(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "call", ControlPlane({"limits": [LIMIT], "checks": []}))
    assert json.loads(runner.invoke(limits, ["--json"]).output) == {"limits": [LIMIT], "checks": []}


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("24h", 86_400)])
def test_an_override_sends_its_seconds_and_tells_until_when_it_holds(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, text: str, seconds: int
) -> None:
    plane = ControlPlane({**LIMIT, "value": "2000000500000", "override": OVERRIDE})
    monkeypatch.setattr(module, "call", plane)
    arguments = ["override", "limits.max_gross_exposure.USDC", "2000000.5", "--for", text, "--reason", "a wide day"]
    result = runner.invoke(limits, arguments)
    body = {"name": "limits.max_gross_exposure.USDC", "value": "2000000.5", "for_s": seconds, "reason": "a wide day"}
    assert plane.requests == [("POST", "/limits/override", body)]
    until = "(override by owner until 2026-11-20T10:15:00Z, configured 1500000: a wide day)"
    assert result.output.endswith(f"849.034033 of 2000000.5 USDC  {until}\n")


@pytest.mark.parametrize("text", ["15", "m", "1.5h", "1d", "-5m", "15 m"])
def test_a_time_without_its_unit_is_refused(runner: CliRunner, text: str) -> None:
    result = runner.invoke(limits, ["override", "x", "1", f"--for={text}", "--reason", "x"])
    assert result.exit_code == 2
    assert "expected a time such as 90s, 15m or 2h" in result.output


def test_an_override_needs_a_time_and_a_reason(runner: CliRunner) -> None:
    assert "--for" in runner.invoke(limits, ["override", "x", "1", "--reason", "x"]).output
    assert "--reason" in runner.invoke(limits, ["override", "x", "1", "--for", "1m"]).output


def test_breakers_are_told_with_cause_and_end(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "call", ControlPlane({"breakers": [OPEN, BREAKER]}))
    assert runner.invoke(breakers, []).output.splitlines() == [
        "OPEN      drawdown       global",
        "          halted since 2026-11-20T10:00:00Z: a loss",
        "          ends: a person resumes the scope",
        "CLOSED    price_jump     any instrument",
    ]
