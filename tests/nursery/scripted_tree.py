"""A supervisor over services that follow a script, with a record of what happened in it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.node import TreeNode
from alphapulse.nursery.policy import RestartPolicy
from alphapulse.nursery.supervisor import Supervisor

SECOND = 1_000_000_000
POLICY = RestartPolicy(
    budget=3,
    window_ns=1000 * SECOND,
    first_delay_ns=SECOND,
    factor=2,
    longest_delay_ns=60 * SECOND,
    jitter_ppm=0,
    healthy_after_ns=100 * SECOND,
    start_deadline_ns=5 * SECOND,
)
RANDOM = Random(1)
Act = Callable[[], Awaitable[object]]


class Scripted:
    """A service that does `before`, is ready, does `after`; what it leaves undone ends with it."""

    def __init__(self, before: Act | None = None, after: Act = trio.sleep_forever) -> None:
        self.before = before
        self.after = after

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        if self.before is not None:
            await self.before()
        task_status.started()
        await self.after()


def dies_after(seconds: float, error: Exception | None = None) -> Callable[[], Scripted]:
    async def die() -> None:
        await trio.sleep(seconds)
        raise error or ValueError("worn out")

    return lambda: Scripted(after=die)


def cleans_up_for(seconds: float, then: Exception | None = None) -> Callable[[], Scripted]:
    """A service whose clean-up is shielded for a bounded time and may fail."""

    async def work() -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(seconds, shield=True):
                await trio.sleep_forever()
            if then is not None:
                raise then

    return lambda: Scripted(after=work)


def lives(*factories: Callable[[], Scripted]) -> Callable[[], Scripted]:
    """A factory whose lives follow a script; the last one repeats."""
    script = list(factories)

    def next_life() -> Scripted:
        factory = script.pop(0) if len(script) > 1 else script[0]
        return factory()

    return next_life


def now_ns() -> int:
    return round(trio.current_time() * SECOND)


class Tree:
    """A supervisor with a record of what happened in it."""

    def __init__(self, clock: MockClock, name: str = "root") -> None:
        self.clock = clock
        self.name = name
        self.states: list[tuple[float, str, str]] = []
        self.exhausted: list[tuple[str, BaseException]] = []
        self.specs: list[ChildSpec] = []
        self.supervisor = self.build()

    def build(self, **changes: Any) -> Supervisor:
        settings: dict[str, Any] = {
            "now_ns": now_ns,
            "random": RANDOM,
            "on_exhausted": lambda path, error: self.exhausted.append((path, error)),
            "on_state": self.note,
        }
        self.supervisor = Supervisor(self.name, self.specs, **(settings | changes))
        return self.supervisor

    def add(self, name: str, factory: Callable[[], Any], policy: RestartPolicy = POLICY) -> None:
        self.specs.append(ChildSpec(name, factory, policy))
        self.build()

    def note(self, node: TreeNode) -> None:
        self.states.append((node.since_ns / SECOND, node.name, node.state.value))

    def history(self, name: str) -> list[tuple[float, str]]:
        return [(at, state) for at, child, state in self.states if child == name]

    def node(self, name: str) -> TreeNode:
        return next(node for node in self.supervisor.snapshot().children if node.name == name)

    async def pass_time(self, seconds: float) -> None:
        """Let the clock jump during this sleep and at no other time."""
        self.clock.autojump_threshold = 0
        await trio.sleep(seconds)
        self.clock.autojump_threshold = math.inf
        await wait_all_tasks_blocked()
