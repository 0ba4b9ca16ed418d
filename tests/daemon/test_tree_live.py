"""An operator's hand on the tree of a running daemon, by the command line and the API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alphapulse.cli.main import main
from alphapulse.data.runs import AuditTrail
from alphapulse.data.services import ConfigUpdate
from tests.daemon.books import records
from tests.daemon.daemon_rig import paths_in
from tests.daemon.day_config import Day
from tests.daemon.live_daemon import PATIENT, LiveDaemon, wait_for

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

CALM = Day(web=True, speed=1, start="2024-01-05T01:15:00Z")
STRATEGY = "alphapulsed/decisions/flash_arbitrage"


def cli(daemon: LiveDaemon, *command: str) -> Result:
    return CliRunner().invoke(main, [*command, "--config", str(daemon.folder / "config.toml")])


def nodes(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {node["path"]: node}
    for child in node["children"]:
        found |= nodes(child)
    return found


def test_tasks_are_shown_stopped_started_and_given_new_settings(tmp_path: Path) -> None:
    config = CALM.write(tmp_path)
    with LiveDaemon(config, program=PATIENT) as daemon:
        daemon.wait_open()
        tree = nodes(json.loads(cli(daemon, "tree", "--json").stdout))
        assert {node["state"] for node in tree.values()} == {"running"}
        wait_for(lambda: all(node["heartbeat"] for node in nodes(daemon.get("/tree")).values()), "a beat of each task")
        shown = cli(daemon, "tree").stdout
        assert "    flash_arbitrage" in shown
        assert "control plane" in cli(daemon, "tree", "--stacks").stdout

        stopped = cli(daemon, "child", "stop", STRATEGY, "--reason", "odd figures")
        assert stopped.exit_code == 0
        assert "stopped" in stopped.stdout
        assert "odd figures" in stopped.stdout
        assert nodes(daemon.get("/tree"))[STRATEGY]["state"] == "stopped"
        started = cli(daemon, "child", "start", STRATEGY, "--reason", "they were right")
        assert "running" in started.stdout
        refused = cli(daemon, "child", "stop", "alphapulsed/foundation/journal", "--reason", "a test")
        assert refused.exit_code == 1
        assert "it guards what others do" in refused.stderr
        assert cli(daemon, "child", "restart", "alphapulsed/nowhere/x", "--reason", "a test").exit_code == 1

        config.write_text(config.read_text().replace('evaluate = "log"', 'evaluate = "block"'))
        reloaded = cli(daemon, "reload", "flash_arbitrage", "--reason", "calmer")
        assert reloaded.stdout == 'strategies.flash_arbitrage.evaluate: "log" -> "block"\n'
        assert "found them as they are" in cli(daemon, "reload", "flash_arbitrage", "--reason", "again").stderr
        after = nodes(daemon.get("/tree"))
        assert after[STRATEGY]["state"] == "running"
        assert after["alphapulsed/decisions/engine"]["since"] == tree["alphapulsed/decisions/engine"]["since"]
        assert daemon.stop() == 0
    journal = paths_in(tmp_path).journal
    (update,) = records(journal, ConfigUpdate)
    assert (update.reason, update.changes[0].after) == ("calmer", '"block"')
    acts = [(one.action, one.target, one.reason) for one in records(journal, AuditTrail)]
    assert ("api.stop_child", STRATEGY, "odd figures") in acts
    assert ("api.start_child", STRATEGY, "they were right") in acts
    assert ("api.reload", "flash_arbitrage", "calmer") in acts
