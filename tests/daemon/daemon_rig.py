"""A daemon inside the test: the mock clock's time, threads inline, no control plane unless the test brings one."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import attrs
import trio
import trio.testing

from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.config import parse_config
from alphapulse.daemon import Daemon, open_daemon
from alphapulse.data.execution import Mode
from alphapulse.nursery.node import NodeState
from alphapulse.nursery.service import Service
from alphapulse.observe.service_manager import ServiceManager
from tests.daemon.day_config import Day
from tests.fakes.inline_blocking import run_inline

START_NS = 1_700_000_000_000_000_000
NS_PER_S = 1_000_000_000


class Unhurried(Random):
    """Chance that never shortens a delay."""

    def randint(self, a: int, b: int) -> int:
        return a


def clock_ns() -> int:
    """Wall and monotonic clock: the mock clock's time."""
    return START_NS + round(trio.current_time() * NS_PER_S)


class Timeline(trio.abc.Instrument):
    """Every state that a task of the tree was seen in between two steps of the loop, with the time."""

    def __init__(self, daemon: Daemon) -> None:
        groups = (daemon.foundation, daemon.decisions, daemon.collectors)
        # Not the daemon's snapshot, which would be taken after every step: that is too dear.
        self._children = [child for group in groups for child in group._children.values()]
        self._seen: dict[str, NodeState] = {}
        self.rows: list[tuple[float, str, str]] = []

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        for child in self._children:
            if self._seen.get(child.path) is not child.state:
                self._seen[child.path] = child.state
                self.rows.append((round(trio.current_time(), 3), child.spec.name, child.state.value))

    def of(self, name: str, since: float = 0) -> list[tuple[float, str]]:
        """(time, state) of one task, from `since` on."""
        return [(at, state) for at, one, state in self.rows if one == name and at >= since]


@attrs.define
class Rig:
    """A running daemon and what can be seen of it."""

    daemon: Daemon
    timeline: Timeline
    ended_at_once: list[float]
    done: trio.Event
    nursery: trio.Nursery

    async def until(self, moment: float) -> None:
        """Sleep until that second of the mock clock, and let everything that is due then happen first."""
        await trio.sleep_until(moment)
        await trio.testing.wait_all_tasks_blocked()


@asynccontextmanager
async def running_daemon(
    folder: Path,
    day: Day,
    *,
    control_plane: Callable[[Daemon], Service] | None = None,
    service_manager: ServiceManager | None = None,
) -> AsyncIterator[Rig]:
    """A daemon over the half day with its books in `folder`; it is stopped in stages at the end."""
    config = parse_config(tomllib.loads(day.toml()), folder=folder)
    ended_at_once: list[float] = []
    environment = Environment(
        now_ns=clock_ns,
        monotonic_ns=clock_ns,
        thread_ns=lambda: 0,  # the watchdog's thread lives in real time, of which this test knows nothing
        run_blocking=run_inline,
        random=Unhurried(),
        end_at_once=lambda: ended_at_once.append(trio.current_time()),
        service_manager=service_manager,
    )
    async with open_daemon(config, environment=environment, control_plane=control_plane) as daemon:
        timeline, done = Timeline(daemon), trio.Event()
        trio.lowlevel.add_instrument(timeline)

        async def run(*, task_status: trio.TaskStatus[None]) -> None:
            try:
                await daemon.run(task_status=task_status)
            finally:
                done.set()

        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(run)
                yield Rig(daemon, timeline, ended_at_once, done, nursery)
                daemon.request_stop("the test is over")
        finally:
            trio.lowlevel.remove_instrument(timeline)


def paths_in(folder: Path) -> DataPaths:
    """The files of the daemon whose configuration lies in `folder`."""
    return DataPaths.in_folder(folder / "data", Mode.PAPER)
