"""What a task's end stops: raised in each of them, the daemon does what the table says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock

from alphapulse.composition.escalations import SERVICES, Escalation, terms_of
from alphapulse.data.halts import GLOBAL, Level, Via
from alphapulse.nursery.child import Child, ChildSpec
from alphapulse.nursery.service import BeatingService
from alphapulse.observe.service_manager import ServiceManager
from tests.daemon.daemon_rig import START_NS, Rig, running_daemon
from tests.daemon.day_config import Day
from tests.fakes.systemd import Systemd

CALM = Day(speed=1, start="2024-01-05T01:15:00Z")
"""So slow that nothing is traded while the test looks."""
GIVEN_UP_AFTER_S = 31 + 1
"""Five restarts after 1, 2, 4, 8 and 16 s."""

EXPECTED = {
    "foundation/journal": {GLOBAL: Level.HALTED},
    "foundation/ledger": {},
    "foundation/portfolio": {GLOBAL: Level.HALTED},
    "foundation/settlements": {GLOBAL: Level.HALTED},
    "foundation/paper executor": {GLOBAL: Level.HALTED},
    "foundation/halt switch": {GLOBAL: Level.HALTED},
    "foundation/control socket": {},
    "foundation/halt file": {},
    "foundation/clock watch": {GLOBAL: Level.HALTED},
    "foundation/reconciliation": {GLOBAL: Level.HALTED},
    "foundation/breakers": {GLOBAL: Level.HALTED},
    "foundation/own health": {GLOBAL: Level.HALTED},
    "foundation/watchdog": {GLOBAL: Level.HALTED},
    "decisions/engine": {GLOBAL: Level.HALTED},
    "decisions/flash_arbitrage": {"strategy:flash_arbitrage": Level.HALTED},
    "collectors/day": {"venue:ethereum": Level.REDUCING},
}
"""Every task of a daemon without a page: what is stricter than ACTIVE once the task was given up."""


class Failing:
    """A service that is ready and then raises."""

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        await trio.lowlevel.checkpoint()
        raise RuntimeError("a bug")


@pytest.fixture(autouse=True)
def quiet_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.CRITICAL + 1):
        yield


def children(rig: Rig) -> dict[str, Child]:
    groups = (rig.daemon.foundation, rig.daemon.decisions, rig.daemon.collectors)
    return {f"{group.name}/{name}": child for group in groups for name, child in group._children.items()}


def fail(child: Child) -> None:
    """From its next life on it fails; the present one ends now."""
    child.spec = attrs.evolve(child.spec, service_factory=Failing)
    child.hold("the test")
    child.held = None
    child.want()


@pytest.mark.slow
@pytest.mark.parametrize("path", EXPECTED)
async def test_a_task_that_is_given_up_stops_what_the_table_says(
    tmp_path: Path, autojump_clock: MockClock, path: str
) -> None:
    async with running_daemon(tmp_path, CALM) as rig:
        await rig.until(1)
        fail(children(rig)[path])
        await rig.until(1 + GIVEN_UP_AFTER_S)
        stopped = {scope: one.level for scope, one in rig.daemon.halts.changes.items() if not one.level.trades}
        assert stopped == EXPECTED[path]
        for scope in stopped:
            change = rig.daemon.halts.changes[scope]
            assert change.via is Via.SUPERVISOR
            assert change.reason == f"{path} failed for good: a bug"


async def test_the_table_knows_every_task_and_its_policy(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, CALM) as rig:
        await rig.until(1)
        specs = {path: child.spec for path, child in children(rig).items()}
        assert list(specs) == list(EXPECTED)
        for path, spec in specs.items():
            assert terms_of(spec).policy == spec.policy, path
            assert (spec.name if spec.kind == "service" else spec.kind) in SERVICES


def test_a_task_that_nobody_has_put_into_the_table_stops_everything() -> None:
    spec = ChildSpec("new", Failing, SERVICES["engine"].policy)
    assert terms_of(spec).given_up is Escalation.HALT_ALL


def test_every_restart_has_the_budget_of_five_in_ten_minutes_or_none() -> None:
    assert {(terms.policy.budget, terms.policy.window_ns) for terms in SERVICES.values()} == {
        (5, 600_000_000_000),
        (0, 600_000_000_000),
    }


@pytest.mark.real_io
async def test_under_a_service_manager_a_process_that_cannot_go_on_makes_room_for_the_next(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """The portfolio's end halts everything; nothing is on its way, so the daemon stops, with an error as its end."""
    systemd = Systemd(str(tmp_path / "notify"))
    manager = ServiceManager(systemd.address)
    async with running_daemon(tmp_path, CALM, service_manager=manager) as rig:
        await rig.until(1)
        fail(children(rig)["foundation/portfolio"])
        with trio.fail_after(10):
            await rig.done.wait()
        assert rig.daemon.halts.changes[GLOBAL].level is Level.HALTED
        assert "foundation/portfolio failed for good: a bug" in str(rig.daemon.failure)
    systemd.close()


@pytest.mark.real_io
async def test_what_is_on_its_way_is_waited_for_at_most_a_minute(tmp_path: Path, autojump_clock: MockClock) -> None:
    systemd = Systemd(str(tmp_path / "notify"))
    manager = ServiceManager(systemd.address)
    async with running_daemon(tmp_path, CALM, service_manager=manager) as rig:
        await rig.until(1)
        rig.daemon._leaving._settled = lambda: False
        fail(children(rig)["foundation/portfolio"])
        await rig.until(60.5)
        assert not rig.done.is_set()
        with trio.fail_after(10):
            await rig.done.wait()
    systemd.close()


async def test_heartbeats_come_from_each_tasks_own_loop(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Nothing is traded for a minute; a task that hangs is silent, is started anew, and is the only one."""
    async with running_daemon(tmp_path, CALM) as rig:
        await rig.until(10.5)
        own = ("journal", "portfolio", "settlements", "paper executor", "breakers", "watchdog", "engine")
        second = 1_000_000_000
        for path, child in children(rig).items():
            assert child.heartbeat_ns is not None, path
            assert START_NS + 10 * second <= child.heartbeat_ns <= START_NS + 11 * second, path
            if child.spec.name in (*own, "flash_arbitrage"):
                assert isinstance(child.service, BeatingService), path
        engine = children(rig)["decisions/engine"]
        rig.daemon.engine.read = _hang  # type: ignore[method-assign]
        await rig.until(39.5)
        assert engine.heartbeat_ns is not None
        assert engine.heartbeat_ns <= START_NS + 12 * second
        await rig.until(45)
        assert [at for at, state in rig.timeline.of("engine", since=20)] == pytest.approx([41, 42, 42], abs=1.1)
        assert [state for at, state in rig.timeline.of("engine", since=20)] == ["backing off", "starting", "running"]
        assert rig.timeline.of("flash_arbitrage", since=1) == []


async def _hang(subscription: object) -> list[object]:
    await trio.Event().wait()
    return []
