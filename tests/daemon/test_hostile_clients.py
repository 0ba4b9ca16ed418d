"""Hostile clients against the real daemon in the midst of a replay: it decides as if they were not there."""

from __future__ import annotations

import random
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner

from alphapulse.cli.main import main
from alphapulse.data.runs import RunEnded
from tests.daemon.books import decisions, records
from tests.daemon.day_config import Day
from tests.daemon.live_daemon import LiveDaemon, wait_for
from tests.web.hostile import CORPUS, Attack
from tests.web.web_client import TOKEN

pytestmark = pytest.mark.real_io

MORNING = Day(web=True, start="2024-01-05T01:15:00Z", end="2024-01-05T03:45:00Z", speed=3600)
"""Two and a half seconds of trading, with an attack in every moment of them."""
LOOK_S = 0.05


def strike(port: int, attack: Attack, *, reset: bool) -> None:
    """Send the chunks, look at the answers, and go: in good order, or with a reset."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        try:
            for chunk in attack.chunks:
                client.settimeout(5)
                client.sendall(chunk)
                client.settimeout(LOOK_S)
                client.recv(65_536)
        except OSError:
            pass  # cut off, or left without an answer: an answer like any other
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def besiege(day: Day, folder: Path, seed: int) -> LiveDaemon:
    """Attack, in random order, from before the first log to behind the last; then stop. The attacks' token is right."""
    order = random.Random(seed)
    (folder / "data").mkdir(mode=0o700)
    token = folder / "data" / "token"
    token.touch(mode=0o600)
    token.write_text(TOKEN)
    with LiveDaemon(day.write(folder)) as daemon:
        daemon.wait_open()
        strike_here = partial(strike, int(daemon.url.rpartition(":")[2]))
        finished = False
        with ThreadPoolExecutor(6) as attackers:
            while not finished:
                wave = order.sample(CORPUS, 12)
                for blow in [attackers.submit(strike_here, one, reset=order.random() < 0.5) for one in wave]:
                    blow.result()
                finished = daemon.get("/status")["source"]["finished"]
        wait_for(lambda: daemon.get("/status")["state"] == "active", "an unimpressed daemon")
        assert daemon.stop() == 0
        assert "Traceback" not in daemon.stderr, daemon.stderr
    return daemon


def undisturbed(day: Day, folder: Path) -> list[tuple[object, ...]]:
    """What a replay of the same decides."""
    config, books = attrs.evolve(day, web=False).write(folder), folder / "quiet"
    result = CliRunner().invoke(main, ["replay", "--config", str(config), "--database", str(books), "--json"])
    assert result.exit_code == 0
    return decisions(folder / "quiet.journal")


@pytest.mark.slow
def test_hostile_clients_change_no_decision(tmp_path: Path) -> None:
    (tmp_path / "quiet").mkdir()
    daemon = besiege(MORNING, tmp_path, seed=1)
    told = decisions(daemon.paths.journal)
    assert len(told) > 10
    assert told == undisturbed(MORNING, tmp_path / "quiet")
    assert [one.run for one in records(daemon.paths.journal, RunEnded)] == [1]


@pytest.mark.slow
def test_hostile_clients_of_every_kind_change_no_decision_of_the_half_day(tmp_path: Path) -> None:
    (tmp_path / "quiet").mkdir()
    day = Day(web=True, speed=1800)
    daemon = besiege(day, tmp_path, seed=2)
    assert decisions(daemon.paths.journal) == undisturbed(day, tmp_path / "quiet")
