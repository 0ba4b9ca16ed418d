"""The real daemon as a process with real sockets: what a user and a user's programs meet."""

from __future__ import annotations

import json
import re
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import msgspec
import pytest
from click.testing import CliRunner, Result

from alphapulse.cli.control_file import read_control_file
from alphapulse.cli.main import main
from alphapulse_web.api.messages import AppendDelta, Beat, Hello, PutDelta, Snapshot, Topics
from alphapulse_web.api.routes import PREFIX, ROUTES
from alphapulse_web.api.schemas import ErrorReply
from tests.daemon.books import decisions
from tests.daemon.day_config import NET, TRADES, Day
from tests.daemon.live_daemon import PATIENCE_S, PATIENT, LiveDaemon, wait_for
from tests.daemon.resuming import typed
from tests.daemon.socket_page import SocketPage

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

TOPIC_SHAPES = {field.name: field.type for field in msgspec.structs.fields(Topics)}
HELD = Day(web=True)
"""The half day at full speed, then held."""


def cli(daemon: LiveDaemon, *arguments: str) -> Result:
    """An `alphapulse` command for this daemon."""
    name, *options = arguments
    return CliRunner().invoke(main, [name, "--config", str(daemon.folder / "config.toml"), *options])


def check_shape(message: dict[str, Any]) -> None:
    """Raises ValidationError unless a beat or a delta has its shape."""
    if message["type"] == "beat":
        msgspec.convert(message, Beat)
    elif message["op"] == "append":
        msgspec.convert(message, AppendDelta)
    else:
        delta = msgspec.convert(message, PutDelta)
        msgspec.convert(delta.data, TOPIC_SHAPES[delta.topic])


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveDaemon]:
    """A daemon that has replayed the half day and holds it; the tests that share it leave it ACTIVE."""
    with LiveDaemon(HELD.write(tmp_path_factory.mktemp("held")), program=PATIENT) as daemon:
        daemon.wait_open()
        wait_for(lambda: bool(daemon.get("/status")["source"]["finished"]), "the recording's end")
        wait_for(lambda: len(daemon.get("/fills")["fills"]) == TRADES, "all fills in the ledger")
        yield daemon
        assert daemon.stop() == 0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command goes another way because the machine is busy."""
    monkeypatch.setattr("alphapulse.cli.control.KILL_TIMEOUT_S", PATIENCE_S)


def test_files_of_the_data_folder_are_for_their_owner_alone(held: LiveDaemon) -> None:
    assert stat.S_IMODE(held.paths.folder.stat().st_mode) == 0o700
    names = ("token", "control.json", "paper.journal", "paper.halt")
    assert {stat.S_IMODE((held.paths.folder / name).stat().st_mode) for name in names} == {0o600}


def test_no_secret_is_in_the_logs(held: LiveDaemon) -> None:
    codes = re.findall(r"#code=(\S+)", held.stdout + cli(held, "login").stdout)
    assert len(codes) == 2
    assert not any(secret in held.stderr for secret in (held.token, *codes))
    assert held.token not in held.stdout


READS = [route for route in ROUTES if route.method == "GET" and route.reply is not None and "<" not in route.path]


@pytest.mark.parametrize("route", READS)
def test_every_resource_has_the_shape_of_the_document(held: LiveDaemon, route: object) -> None:
    path, reply = route.path, route.reply  # type: ignore[attr-defined]  # pytest's ids need no more
    if path.startswith(PREFIX):
        answer = held.ask("GET", path.removeprefix(PREFIX))
    else:
        answer = httpx.get(held.url + path, timeout=PATIENCE_S, trust_env=False)
    assert answer.status_code == 200
    msgspec.json.decode(answer.content, type=reply, strict=True)
    assert set(answer.json()) == {field.encode_name for field in msgspec.structs.fields(reply)}


def test_the_openapi_document_of_the_daemon_is_the_shipped_one(held: LiveDaemon) -> None:
    shipped = Path(__file__).parents[2] / "frontend" / "openapi.json"
    assert held.get("/openapi.json") == json.loads(shipped.read_text())


def test_the_books_add_up(held: LiveDaemon) -> None:
    """P&L, fills and opportunities say the same of the half day."""
    (token,) = held.get("/pnl")["tokens"]
    assert int(token["net"]["raw"]) == NET
    assert token["traded"] == TRADES
    assert sum(int(fill["net"]["raw"]) for fill in held.get("/fills")["fills"]) == NET
    counts = held.get("/opportunities")["counts"]
    refused = 29 - TRADES
    assert counts == {"found": 29, "traded": TRADES, "failed": 0, "refused": refused, "pending": 0, "orphaned": 0}
    assert token["curve"][-1]["net"] == token["net"]["raw"]


def test_opportunities_page_to_the_end_without_a_gap(held: LiveDaemon) -> None:
    ids, cursor = [], ""
    while True:
        page = held.get(f"/opportunities?limit=7{cursor}")
        ids += [row["id"] for row in page["opportunities"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert ids == [f"1-{number}" for number in range(29, 0, -1)]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/fills?limit=0", None, 400),
        ("GET", "/fills?cursor=nonsense", None, 400),
        ("GET", "/pnl?run=77", None, 404),
        ("POST", "/control/kill", {}, 400),
        ("POST", "/control/kill", {"reason": "x", "scope": "strategy:nobody"}, 409),
        ("POST", "/control/resume", {"reason": "nothing to resume"}, 400),
        ("POST", "/control/resume", {"reason": "nothing to resume", "nonce": "n", "phrase": "p"}, 409),
        ("POST", "/control/challenge", {}, 409),
        ("POST", "/control/flatten", {"reason": "nothing is halted"}, 409),
    ],
)
def test_what_cannot_be_is_an_error_in_json(
    held: LiveDaemon, method: str, path: str, body: dict[str, str] | None, status: int
) -> None:
    answer = held.ask(method, path, body)
    assert answer.status_code == status
    msgspec.json.decode(answer.content, type=ErrorReply, strict=True)
    assert held.get("/status")["state"] == "active"


def test_a_page_hears_hello_snapshot_and_dense_deltas(held: LiveDaemon) -> None:
    with SocketPage(held.url, held.token) as page:
        messages = [page.next() for _ in range(8)]
    assert [message and message["seq"] for message in messages] == list(range(8))
    msgspec.convert(messages[0], Hello)
    snapshot = msgspec.convert(messages[1], Snapshot)
    assert len(snapshot.topics.opportunities.opportunities) == 29
    for message in messages[2:]:
        assert message is not None
        check_shape(message)


def test_a_login_code_works_once_and_a_browser_needs_a_challenge_to_resume(held: LiveDaemon) -> None:
    printed = cli(held, "login")
    assert printed.exit_code == 0
    url, code = printed.stdout.strip().split("/#code=")
    assert url == held.url
    with httpx.Client(base_url=held.url, headers={"Origin": held.url}, timeout=PATIENCE_S, trust_env=False) as browser:
        assert browser.post("/api/v1/session", json={"code": code}).status_code == 200
        assert browser.get("/api/v1/session").json()["kind"] == "browser"
        wish = {"reason": "I saw something"}
        report = browser.post("/api/v1/control/kill", json=wish, headers={"Idempotency-Key": "k1"}).json()
        assert (report["via"], report["complete"]) == ("the dashboard", True)
        assert browser.post("/api/v1/control/resume", json=wish, headers={"Idempotency-Key": "k2"}).status_code == 400
        assert browser.get("/api/v1/status").json()["state"] == "halted"
        assert browser.post("/api/v1/session", json={"code": code}).status_code == 401
    assert typed(held).exit_code == 0


def test_status_says_what_is_the_case(held: LiveDaemon) -> None:
    shown = cli(held, "status")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("ACTIVE (paper), since ")
    assert json.loads(cli(held, "status", "--json").stdout)["state"] == "active"


def test_a_kill_by_the_command_line_says_what_it_did_and_a_resume_ends_it(held: LiveDaemon) -> None:
    killed = cli(held, "kill", "--reason", "a drill")
    assert killed.exit_code == 0
    assert killed.stdout.startswith("HALTED: halt ")
    steps = [line.split(" ms  ") for line in killed.stdout.splitlines() if " ms  " in line]
    assert [re.sub(":.*", "", text) for _, text in steps] == [
        "gate closed",
        "latch on disk",
        "strategies and engine gone",
        "orders cancelled",
        "report",
    ]
    elapsed = [float(ms) for ms, _ in steps]
    assert elapsed == sorted(elapsed)
    assert held.get("/status")["via"] == "the command line"
    again = cli(held, "kill", "--reason", "again")
    assert again.exit_code == 0
    wrong = cli(held, "resume", "--reason", "over", "--phrase", "yes")
    assert (wrong.exit_code, "phrase: expected 'resume all trading" in wrong.stderr) == (1, True)
    resumed = typed(held)
    assert (resumed.exit_code, resumed.stdout.split()[0]) == (0, "ACTIVE")
    assert "It does not send again what was cancelled or refused" in resumed.stderr
    assert typed(held).exit_code == 1


def test_a_strategy_can_be_halted_alone(held: LiveDaemon) -> None:
    scope = "strategy:flash_arbitrage"
    assert cli(held, "kill", "--scope", scope, "--reason", "a drill").exit_code == 0
    status = held.get("/status")
    assert (status["state"], [halt["scope"] for halt in status["partial_halts"]]) == ("active", [scope])
    assert "halted: strategy:flash_arbitrage" in cli(held, "status").stdout
    assert typed(held, scope).exit_code == 0
    assert held.get("/status")["partial_halts"] == []


def test_a_kill_falls_back_to_the_socket_when_the_control_plane_refuses(held: LiveDaemon) -> None:
    """Somebody has replaced the token's file; stopping must work all the same."""
    token = held.paths.folder / "token"
    right = token.read_text()
    token.write_text("w" * 43)
    try:
        result = cli(held, "kill", "--reason", "stop")
    finally:
        token.write_text(right)
    assert result.exit_code == 0
    assert result.stdout.startswith("HALTED: halt ")
    wait_for(lambda: held.get("/status")["report"]["complete"], "the report")
    assert (held.get("/status")["state"], held.get("/status")["via"]) == ("halted", "the local socket")
    assert typed(held).exit_code == 0


def test_a_second_daemon_on_the_same_folder_is_refused(held: LiveDaemon) -> None:
    with LiveDaemon(held.folder / "config.toml") as second:
        assert second.wait() == 1
        assert "another process" in second.stderr
        assert len(second.stderr.splitlines()) == 1
    running = read_control_file(held.paths.folder)
    assert running is not None
    assert running.pid == held.process.pid


def test_a_port_that_is_taken_is_one_line_that_names_the_setting(held: LiveDaemon, tmp_path: Path) -> None:
    """Beside the line that every first start writes: where the token lies."""
    port = int(held.url.rpartition(":")[2])
    with LiveDaemon(attrs.evolve(HELD, port=port).write(tmp_path)) as second:
        assert second.wait() == 78
        made, line = second.stderr.splitlines()
        assert f"{second.paths.folder / 'token'}" in made
        assert line.startswith(f"alphapulse: configuration: web.port: expected a port that is free, found {port}")
        assert not (second.paths.folder / "control.json").exists()


def test_a_stop_by_signal_is_clean_and_leaves_no_trace_of_a_running_daemon(tmp_path: Path) -> None:
    with LiveDaemon(Day(web=True, speed=60).write(tmp_path)) as daemon:
        daemon.wait_open()
        with SocketPage(daemon.url, daemon.token) as page:
            assert page.next() is not None
            daemon.send(signal.SIGINT)
            while page.next() is not None:
                pass
            assert page.close_code == 1001
        assert daemon.wait() == 0
        assert not (daemon.paths.folder / "control.json").exists()
        assert "Traceback" not in daemon.stderr
    stopped = cli(daemon, "status")
    assert stopped.exit_code == 1
    assert "expected a running daemon" in stopped.stderr


def test_the_daemon_decides_as_a_replay_does(held: LiveDaemon, tmp_path: Path) -> None:
    config = Day().write(tmp_path)
    result = CliRunner().invoke(
        main, ["replay", "--config", str(config), "--database", str(tmp_path / "books"), "--json"]
    )
    assert result.exit_code == 0
    assert decisions(held.paths.journal) == decisions(tmp_path / "books.journal")
