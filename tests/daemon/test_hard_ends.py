"""Processes that are killed, starts that must not trade, and stops that clients try to hold up."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner

from alphapulse.cli.control_file import process_start
from alphapulse.cli.main import main
from alphapulse.data.execution import OrderRequest
from alphapulse.data.halts import GLOBAL, HaltChange, Level
from alphapulse.data.runs import AuditTrail, RunEnded, RunStarted
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal_file import verify
from alphapulse.journal.ledger import rebuild
from alphapulse.safety.latch import read_latch
from tests.daemon.books import all_records, records
from tests.daemon.day_config import Day
from tests.daemon.live_daemon import PATIENT, LiveDaemon, wait_for
from tests.daemon.resuming import typed
from tests.daemon.socket_page import SocketPage
from tests.journal.ledger_dump import dump

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

QUICK = Day(speed=3600, at_end="repeat", start="2024-01-05T01:15:00Z")
"""An hour a second, without a page: what starts fastest."""
PAGE = attrs.evolve(QUICK, web=True)


def trades(daemon: LiveDaemon) -> list[OrderRequest]:
    return records(daemon.paths.journal, OrderRequest)


def global_level(daemon: LiveDaemon) -> Level:
    latch = read_latch(daemon.paths.latch)
    change = latch.of(GLOBAL) if latch is not None else None
    assert change is not None
    return change.level


def wait_for_runs(daemon: LiveDaemon, number: int) -> None:
    wait_for(lambda: len(records(daemon.paths.journal, RunStarted)) >= number, f"run {number}")


def halted_for_good(path: Path) -> bool:
    """Whether nothing was proposed or sent behind the first halt of a journal."""
    told = all_records(path)
    at = next(i for i, one in enumerate(told) if isinstance(one, HaltChange) and one.level is Level.HALTED)
    return not any(isinstance(one, OrderRequest | ArbitrageSignal) for one in told[at:])


def test_a_halt_outlives_every_end_until_somebody_resumes(tmp_path: Path) -> None:
    """SIGUSR1, then ends of all kinds: SIGTERM, SIGINT, and eight times kill -9 at random moments of the start."""
    moments = random.Random(5)
    config = QUICK.write(tmp_path)
    with LiveDaemon(config) as daemon:
        wait_for(lambda: daemon.paths.journal.exists() and bool(trades(daemon)), "a trade")
        daemon.send(signal.SIGUSR1)
        wait_for(lambda: global_level(daemon) is Level.HALTED, "a halt")
        daemon.kill()
    for end in (signal.SIGTERM, signal.SIGINT):
        runs = len(records(daemon.paths.journal, RunStarted))
        with LiveDaemon(config) as daemon:
            wait_for_runs(daemon, runs + 1)
            daemon.send(end)
            assert daemon.wait() == 0
    for _ in range(8):
        with LiveDaemon(config) as daemon:
            time.sleep(moments.uniform(0.1, 0.5))
            daemon.kill()
        assert global_level(daemon) is Level.HALTED
        assert verify(daemon.paths.journal).problem is None
    assert halted_for_good(daemon.paths.journal)
    sent = len(trades(daemon))
    with LiveDaemon(PAGE.write(tmp_path)) as daemon:
        daemon.wait_open()
        status = daemon.get("/status")
        assert (status["state"], status["by"], status["cause"]) == (
            "halted",
            "operating system",
            "SIGUSR1 was received",
        )
        assert status["report"]["complete"]
        assert typed(daemon).exit_code == 0
        assert daemon.get("/status")["state"] == "active"
        wait_for(lambda: len(trades(daemon)) > sent, "trading again")
        assert daemon.stop() == 0


def test_a_kill_signal_in_the_midst_of_a_start_is_a_halt_and_not_an_end(tmp_path: Path) -> None:
    """A process without a handler would end, and its service manager would start it anew, ACTIVE."""
    with LiveDaemon(attrs.evolve(PAGE, speed=1).write(tmp_path)) as daemon:  # the first trade is minutes away
        wait_for(daemon.paths.journal.exists, "an open journal")
        daemon.send(signal.SIGUSR1)
        assert daemon.wait_open().get("/status")["state"] == "halted"
        assert trades(daemon) == []
        assert daemon.stop() == 0


def test_a_kill_over_the_api_leaves_data_and_page_alive(tmp_path: Path) -> None:
    with (
        LiveDaemon(PAGE.write(tmp_path), program=PATIENT) as daemon,
        SocketPage(daemon.wait_open().url, daemon.token) as page,
    ):
        report = daemon.kill_trading("I saw something")
        assert report["complete"]
        assert [step["done"] for step in report["steps"]] == [True] * 5
        elapsed = [float(step["ms"]) for step in report["steps"]]
        assert elapsed == sorted(elapsed)
        assert elapsed[0] >= 0
        assert {"journal", "ledger", "portfolio", "day", "control plane"} <= set(report["kept_running"])
        delivered = daemon.get("/status")["streams"][0]["delivered"]
        wait_for(lambda: daemon.get("/status")["streams"][0]["delivered"] > delivered, "data")
        while not _says_halted(page.next()):
            pass
        states = {leaf["name"]: leaf["state"] for leaf in _leaves(daemon.get("/tree"))}
        assert (states["engine"], states["flash_arbitrage"]) == ("cancelled", "cancelled")
        assert daemon.stop() == 0
        assert halted_for_good(daemon.paths.journal)
        assert [one.actor for one in records(daemon.paths.journal, AuditTrail)] == ["owner", "owner"]


def _says_halted(message: dict[str, Any] | None) -> bool:
    assert message is not None
    return message.get("topic") == "status" and message["data"]["state"] == "halted"


def _leaves(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [leaf for child in node["children"] for leaf in _leaves(child)] if node["kind"] == "group" else [node]


def every(daemon: LiveDaemon, resource: str) -> list[dict[str, Any]]:
    """All rows of a resource, page for page."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = daemon.get(f"/{resource}?limit=200{cursor and f'&cursor={cursor}'}")
        rows, cursor = rows + page[resource], page["next_cursor"]
    return rows


def lives(tmp_path: Path, number: int, seed: int) -> None:
    """Kill -9 at random moments; each life must still know all that the API of the ones before has returned."""
    moments = random.Random(seed)
    config = attrs.evolve(PAGE, speed=14_400).write(tmp_path)
    runs: list[int] = []
    fills: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for _ in range(number):
        with LiveDaemon(config) as daemon:
            daemon.wait_open()
            runs = [row["number"] for row in daemon.get("/runs")["runs"]]
            until = time.monotonic() + moments.uniform(0.05, 1.0)
            while time.monotonic() < until or not fills:
                fills |= {row["intent_id"]: row for row in daemon.get("/fills?limit=200")["fills"]}
                page = daemon.get("/opportunities?limit=200")
                found |= {row["id"]: row for row in page["opportunities"] if row["result"] != "pending"}
            daemon.kill()
            assert verify(daemon.paths.journal).problem is None
    with LiveDaemon(config) as daemon:
        daemon.wait_open()
        kept = {row["intent_id"]: row for row in every(daemon, "fills")}
        again = {row["id"]: row for row in every(daemon, "opportunities")}
        assert fills
        assert {name: kept[name] for name in fills} == fills
        assert {name: again[name] for name in found} == found
        assert set(runs) <= {row["number"] for row in daemon.get("/runs")["runs"]}
        assert daemon.stop() == 0
    rebuild(daemon.paths.journal, sqlite_url(tmp_path / "fresh.sqlite"))
    assert dump(daemon.paths.ledger) == dump(tmp_path / "fresh.sqlite")
    ids = [one.intent_id for one in trades(daemon)]
    assert ids == sorted(set(ids))


def test_what_the_api_has_returned_is_there_after_kill_9(tmp_path: Path) -> None:
    lives(tmp_path, 2, seed=20240105)


@pytest.mark.slow
def test_what_the_api_has_returned_is_there_after_many_kills_9(tmp_path: Path) -> None:
    lives(tmp_path, 8, seed=1)


def test_a_journal_that_was_changed_is_refused(tmp_path: Path) -> None:
    config = Day(end="2024-01-05T03:00:00Z").write(tmp_path)
    with LiveDaemon(config) as daemon:
        wait_for(lambda: daemon.paths.journal.exists() and len(trades(daemon)) > 3, "trades")
        assert daemon.stop() == 0
    data = bytearray(daemon.paths.journal.read_bytes())
    data[len(data) // 2] ^= 1
    daemon.paths.journal.write_bytes(data)
    with LiveDaemon(config) as daemon:
        assert daemon.wait() == 1
        (line,) = daemon.stderr.splitlines()
        assert str(daemon.paths.journal) in line
    assert daemon.paths.journal.read_bytes() == bytes(data)


@contextmanager
def stalled_clients(daemon: LiveDaemon, pages: int, downloads: int) -> Iterator[None]:
    """Clients that never read: pages behind their handshake, and downloads of more than the kernels hold."""
    address = ("127.0.0.1", int(daemon.url.rpartition(":")[2]))
    with ExitStack() as open_ones:
        for _ in range(pages):
            open_ones.enter_context(SocketPage(daemon.url, daemon.token, receive_buffer=2_048))
        for _ in range(downloads):
            client = open_ones.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            client.connect(address)
            head = (
                f"GET /api/v1/pairs HTTP/1.1\r\nHost: {daemon.url[7:]}\r\nAuthorization: Bearer {daemon.token}\r\n\r\n"
            )
            client.sendall(head.encode() * 20)
        yield


def test_a_stop_ends_in_time_whatever_the_clients_do(tmp_path: Path) -> None:
    with LiveDaemon(attrs.evolve(PAGE, at_end="hold", speed=0).write(tmp_path)) as daemon:
        daemon.wait_open()
        with stalled_clients(daemon, pages=10, downloads=10):
            assert daemon.get("/status")["state"] == "active"
            assert daemon.stop() == 0
        assert not (daemon.paths.folder / "control.json").exists()
    assert [one.reason for one in records(daemon.paths.journal, RunEnded)] == ["a stop signal was received"]


def test_a_second_sigterm_ends_at_once(tmp_path: Path) -> None:
    """Clients that do not read make the first one take a second at least; who comes later than that tries again."""
    config = attrs.evolve(PAGE, at_end="hold", speed=0).write(tmp_path)
    codes: list[int] = []
    while True:
        with LiveDaemon(config) as daemon:
            daemon.wait_open()
            with stalled_clients(daemon, pages=1, downloads=2):
                assert daemon.get("/status")["state"] == "active"
                daemon.send(signal.SIGTERM)
                wait_for(lambda: "stopping: " in daemon.stderr, "the staged stop")
                daemon.send(signal.SIGTERM)
                codes.append(daemon.wait())
        if codes[-1] == 130 or len(codes) == 5:
            break
    assert codes[-1] == 130
    assert global_level(daemon) is Level.ACTIVE
    assert verify(daemon.paths.journal).problem is None


def test_a_daemon_without_a_page_is_stopped_over_its_socket(tmp_path: Path) -> None:
    config = QUICK.write(tmp_path)
    with LiveDaemon(config) as daemon:
        wait_for(lambda: daemon.paths.journal.exists() and bool(trades(daemon)), "a trade")
        result = CliRunner().invoke(main, ["kill", "--config", str(config), "--reason", "stop"])
        assert result.exit_code == 0
        assert result.stdout.startswith("HALTED: halt 1, scope global")
        assert global_level(daemon) is Level.HALTED
        assert daemon.stop() == 0
    assert json.loads((daemon.paths.latch).read_text())["record"]["changes"][0]["level"] == "HALTED"


@pytest.mark.slow
def test_a_kill_reaches_a_daemon_that_does_not_answer(tmp_path: Path) -> None:
    """It stands still when the command comes; the signal waits for it."""
    config = PAGE.write(tmp_path)
    with LiveDaemon(config) as daemon:
        daemon.wait_open()
        daemon.send(signal.SIGSTOP)
        result = CliRunner().invoke(main, ["kill", "--config", str(config), "--reason", "stop"])
        assert result.exit_code == 0
        assert "did not answer" in result.stdout
        sent = len(trades(daemon))
        daemon.send(signal.SIGCONT)
        wait_for(lambda: global_level(daemon) is Level.HALTED, "a halt")
        assert len(trades(daemon)) == sent


def test_a_stale_control_file_sends_no_signal_to_a_stranger(tmp_path: Path) -> None:
    """After kill -9 the number may belong to another process, which SIGUSR1 would end."""
    config = QUICK.write(tmp_path)
    with LiveDaemon(config) as daemon:
        control = daemon.paths.folder / "control.json"
        wait_for(control.exists, "a control file")
        daemon.kill()
    with subprocess.Popen([sys.executable, "-c", "input('alphapulse')"], stdin=subprocess.PIPE) as stranger:
        control.write_text(json.dumps({**json.loads(control.read_text()), "pid": stranger.pid}))
        result = CliRunner().invoke(main, ["kill", "--config", str(config), "--reason", "stop"])
        stranger.communicate(b"\n")
        assert stranger.returncode == 0
    assert result.exit_code == 0
    assert "No daemon runs" in result.stdout
    assert (daemon.paths.folder / "HALT").read_text() == "stop\n"


def test_a_kill_of_a_process_that_is_just_ending_leaves_the_halt_file(tmp_path: Path) -> None:
    """It was killed: it answers nobody and hears no signal, but is not gone yet."""
    config = QUICK.write(tmp_path)
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    dying = "import signal, time; signal.signal(signal.SIGUSR1, signal.SIG_IGN); print(flush=True); time.sleep(0.3)"
    with subprocess.Popen([sys.executable, "-c", dying], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        told = {"pid": process.pid, "started": process_start(process.pid), "url": None}
        (folder / "control.json").write_text(json.dumps(told))
        result = CliRunner().invoke(main, ["kill", "--config", str(config), "--reason", "stop"])
    assert result.exit_code == 0
    assert (folder / "HALT").read_text() == "stop\n"
