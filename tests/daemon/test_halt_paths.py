"""Every path by which a halt comes: it stops the real daemon, says by which path it came, and ends the same way."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from alphapulse.data.execution import OrderRequest
from alphapulse.data.halts import GLOBAL, FlattenRecord, FlattenStage, HaltChange, KillReport, Level, Via
from alphapulse.data.roles import Role
from alphapulse.errors import HaltError
from alphapulse.rules.accounting.agreement import BookView
from alphapulse.safety.control_socket import reachable
from alphapulse.safety.rearm import ASKED_OUTSIDE
from tests.daemon.books import records
from tests.daemon.daemon_rig import Rig, paths_in, running_daemon
from tests.daemon.day_config import Day
from tests.daemon.resuming import resume

MORNING = Day(speed=600, start="2024-01-05T01:15:00Z", end="2024-01-05T04:00:00Z")


async def by_file(rig: Rig) -> None:
    (rig.daemon.paths.folder / "HALT").write_text("odd prices\n")
    await trio.sleep(0.15)


async def by_signal(rig: Rig) -> None:
    os.kill(os.getpid(), signal.SIGUSR1)
    await trio.sleep(0.01)


async def by_socket(rig: Rig) -> None:
    assert (await say(rig, {"act": "kill", "reason": "odd prices"}))["result"]["complete"]


async def by_journal(rig: Rig) -> None:
    rig.daemon.journal._fail("sync", OSError(28, "no space left on device"))
    await trio.sleep(0.01)


async def by_watchdog(rig: Rig) -> None:
    rig.daemon.halting._kill_by_watchdog("the loop stalled for 1.0 s")
    await trio.sleep(0.01)


async def by_reconciliation(rig: Rig) -> None:
    rig.daemon.portfolio.by_day.clear()
    rig.daemon.portfolio.in_flight[999] = object()  # type: ignore[assignment]  # a trade of which nobody else knows
    await trio.sleep(33)


async def by_supervisor(rig: Rig) -> None:
    rig.daemon.halting.kill_by_supervisor(GLOBAL, "foundation/portfolio failed for good: a bug", Level.HALTED)
    await trio.sleep(0.01)


async def by_risk(rig: Rig) -> None:
    rig.daemon.kill(GLOBAL, reason="daily loss", actor="risk", via=Via.RISK)
    await trio.sleep(0.01)


async def by_clock(rig: Rig) -> None:
    rig.daemon.watches._halt_by_clock(Level.HALTED, "the wall clock was set back by 1000 ms")
    await trio.sleep(0.01)


PATHS: dict[Via, Callable[[Rig], Awaitable[None]]] = {
    Via.SENTINEL_FILE: by_file,
    Via.OS_SIGNAL: by_signal,
    Via.LOCAL_SOCKET: by_socket,
    Via.JOURNAL: by_journal,
    Via.WATCHDOG: by_watchdog,
    Via.RECONCILIATION: by_reconciliation,
    Via.SUPERVISOR: by_supervisor,
    Via.RISK: by_risk,
    Via.CLOCK: by_clock,
}


async def say(rig: Rig, wish: dict[str, object]) -> dict[str, Any]:
    """One wish over the real socket, and its answer."""
    with reachable(rig.daemon.paths.control_socket) as name:
        stream = await trio.open_unix_socket(name)
    async with stream:
        await stream.send_all(json.dumps(wish).encode() + b"\n")
        data = b""
        while not data.endswith(b"\n"):
            data += await stream.receive_some(65_536)
    answer: dict[str, Any] = json.loads(data)
    return answer


@pytest.mark.real_io
@pytest.mark.parametrize("via", PATHS, ids=lambda via: via.name.lower())
async def test_each_path_halts_and_says_which_it_was(tmp_path: Path, autojump_clock: MockClock, via: Via) -> None:
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(5)
        await PATHS[via](rig)
        await trio.sleep(1)
        change = rig.daemon.halts.changes[GLOBAL]
        assert (change.level, change.via) == (Level.HALTED, via)
        assert rig.daemon.halts.level("flash_arbitrage") is Level.HALTED
        report = rig.daemon.halts.report
        assert report is not None
        assert (report.via, report.halt_id) == (via, change.halt_id)
        sent = len(records(rig.daemon.journal.path, OrderRequest))
        await trio.sleep(5)
        assert len(records(rig.daemon.journal.path, OrderRequest)) == sent
    latched = [one for one in records(paths_in(tmp_path).journal, HaltChange) if one.level is Level.HALTED]
    if via is not Via.JOURNAL:
        assert [one.via for one in latched] == [via]


async def test_every_change_of_a_level_stands_in_the_log(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "alphapulse.composition.halting")
    async with running_daemon(tmp_path, MORNING) as rig:
        rig.daemon.kill(GLOBAL, reason="odd prices", actor="ann", via=Via.API)
        await trio.sleep(1)
        resume(rig.daemon)
    told = [(one.levelname, one.message) for one in caplog.records if one.name == "alphapulse.composition.halting"]
    assert told == [
        ("INFO", "global is active, halt 0 by alphapulse: the books are new and the mode is paper"),
        ("WARNING", "global is halted, halt 1 by ann: odd prices"),
        ("INFO", "global is active, halt 1 by ann: the drill is over"),
    ]


async def test_a_gateway_that_says_otherwise_three_times_opens_its_venues_breaker_too(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(5)
        parts = rig.daemon.watches._reconciliation._parts
        assert isinstance(parts, dict)
        parts["paper executor"] = lambda: BookView(frozenset({999}))
        await trio.sleep(33)
        changes = rig.daemon.halts.changes
        venue = next(scope for scope in changes if scope.startswith("venue:"))
        assert (changes[GLOBAL].via, changes[venue].via) == (Via.RECONCILIATION, Via.BREAKER)
        assert changes[venue].level is Level.HALTED
        assert {name: holds for name, holds, _ in rig.daemon.resume_preconditions()}["venues"] is False
        parts["paper executor"] = lambda: BookView(frozenset())
        await trio.sleep(33)
        assert {name: holds for name, holds, _ in rig.daemon.resume_preconditions()}["venues"] is True
        assert rig.daemon.halts.level_of(venue) is Level.HALTED
        resume(rig.daemon)
        resume(rig.daemon, venue)


async def test_every_question_of_the_table_is_answered_by_the_daemon_and_by_nobody_else(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(2)
        asked = {name for name, _, _ in rig.daemon.resume_preconditions()}
        assert asked | {"challenge", "phrase", "reason"} == set(ASKED_OUTSIDE)
        assert all(holds for _, holds, _ in rig.daemon.resume_preconditions())


async def test_a_halt_file_keeps_a_start_halted_until_it_is_gone(tmp_path: Path, autojump_clock: MockClock) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "HALT").write_text("wait for me")
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(3)
        change = rig.daemon.halts.changes[GLOBAL]
        assert (change.level, change.via, change.halt_id) == (Level.HALTED, Via.START_RULE, 1)
        assert "says: wait for me" in change.reason
        with pytest.raises(HaltError, match="halt file: the file"):
            resume(rig.daemon)
        (tmp_path / "data" / "HALT").unlink()
        await trio.sleep(0.2)
        resume(rig.daemon)
        assert rig.daemon.halts.level("flash_arbitrage") is Level.ACTIVE


@pytest.mark.real_io
async def test_the_socket_stops_resumes_and_flattens_without_a_page(tmp_path: Path, autojump_clock: MockClock) -> None:
    """The whole way of an operator whose web is disabled."""
    async with running_daemon(tmp_path, attrs.evolve(MORNING, probation_s=3)) as rig:
        await rig.until(2)
        assert (await say(rig, {"act": "flatten", "reason": "out"}))["ok"] is False
        killed = await say(rig, {"act": "kill", "reason": "odd prices"})
        report = killed["result"]
        assert (report["halt_id"], report["complete"], report["actor"]) == (1, True, f"user {os.getuid()}")
        assert report["market_time"]["iso"].startswith("2024-01-05T0")
        sold = await say(rig, {"act": "flatten", "reason": "out"})
        assert sold["result"]["stage"] == "done"
        again = await say(rig, {"act": "flatten", "reason": "out"})
        assert "has had its flatten" in again["error"]["message"]
        shown = (await say(rig, {"act": "challenge"}))["result"]
        assert (
            "It does not send again what was cancelled or refused, and does not settle what is unknown."
            in shown["text"]
        )
        wish = {"act": "resume", "reason": "checked", "nonce": shown["nonce"], "phrase": "resume"}
        assert "phrase" in (await say(rig, wish))["error"]["message"]
        assert "challenge" in (await say(rig, {**wish, "phrase": shown["phrase"]}))["error"]["message"]
        fresh = (await say(rig, {"act": "challenge"}))["result"]
        resumed = await say(rig, {**wish, "nonce": fresh["nonce"], "phrase": fresh["phrase"]})
        assert resumed["result"] == {"scope": GLOBAL, "level": "probation", "halt_id": 1}
        assert (await say(rig, {"act": "levels"}))["result"] == {GLOBAL: "probation"}
        await trio.sleep(4)
        assert (await say(rig, {"act": "levels"}))["result"] == {GLOBAL: "active"}
        (listed,) = (await say(rig, {"act": "halts"}))["result"]
        assert listed["ended_by"] == f"user {os.getuid()}"
    journal = paths_in(tmp_path).journal
    (kept,) = records(journal, KillReport)
    assert (kept.halt_id, kept.via, kept.market_ns is not None) == (1, Via.LOCAL_SOCKET, True)
    assert [one.stage for one in records(journal, FlattenRecord)] == [FlattenStage.BEGUN, FlattenStage.DONE]


async def test_a_viewer_may_neither_stop_nor_start_and_risk_may_only_stop(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(1)
        wish = {"reason": "r", "actor": "vic", "via": Via.API}
        with pytest.raises(HaltError, match="found viewer"):
            rig.daemon.kill(GLOBAL, **wish, role=Role.VIEWER)  # type: ignore[arg-type]
        with pytest.raises(HaltError, match="found operator"):
            rig.daemon.kill(GLOBAL, **wish, role=Role.OPERATOR, level=Level.LOCKED)  # type: ignore[arg-type]
        rig.daemon.kill(GLOBAL, **wish, role=Role.RISK)  # type: ignore[arg-type]
        await trio.sleep(1)
        shown = rig.daemon.halting.challenge(GLOBAL, actor="vic", role=Role.RISK)
        assert shown.objections == ("role: expected the role operator or admin, found risk",)
        with pytest.raises(HaltError, match="role: expected the role operator or admin, found risk"):
            rig.daemon.resume(GLOBAL, **wish, role=Role.RISK, nonce=shown.nonce, phrase=shown.phrase)  # type: ignore[arg-type]


@pytest.mark.real_io
async def test_the_sockets_file_is_the_owners_and_goes_with_the_daemon(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(1)
        path = rig.daemon.paths.control_socket
        assert path.stat().st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX) as connection, reachable(path) as name:
            connection.connect(name)
    assert not path.exists()
