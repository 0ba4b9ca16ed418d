"""In a process of strategies: halts are done at once, acknowledged when they are done, and runs are told on."""

from __future__ import annotations

import attrs
import trio
from trio.testing import wait_all_tasks_blocked

from alphapulse.composition.decision_scopes import DecisionScopes
from alphapulse.composition.halt_follower import HaltFollower
from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.relays.bus import Bus
from tests.journal.journal_samples import run_started


@attrs.define
class Scopes(DecisionScopes):
    """Strategies of which the test says when they are gone."""

    calls: list[tuple[str, str]] = attrs.field(factory=list)
    gone: trio.Event = attrs.field(factory=trio.Event)

    def holds(self, scope: str) -> bool:
        return scope in (GLOBAL, "strategy:one")

    def stop(self, scope: str, reason: str) -> None:
        self.calls.append(("stop", scope))

    def start(self, scope: str) -> None:
        self.calls.append(("start", scope))

    async def wait_stopped(self, scope: str) -> None:
        await self.gone.wait()


def change(epoch: int, level: Level, scope: str = GLOBAL) -> HaltChange:
    return HaltChange(1, epoch, scope, level, "ann", Via.API, "a drill", 0)


async def test_a_halt_is_applied_only_when_what_it_stopped_is_gone() -> None:
    bus, scopes = Bus(), Scopes()
    follower = HaltFollower(bus, on_run=lambda _: None)
    follower.lead(scopes)
    async with trio.open_nursery() as nursery:
        await nursery.start(follower.run)
        bus.execution.publish([change(5, Level.HALTED)])
        await wait_all_tasks_blocked()
        assert (scopes.calls, follower.epoch, bus.flow.pending) == ([("stop", GLOBAL)], 5, 1)
        scopes.gone.set()
        await wait_all_tasks_blocked()
        assert bus.flow.pending == 0
        bus.execution.publish([change(6, Level.PROBATION), change(7, Level.ACTIVE)])
        await wait_all_tasks_blocked()
        assert scopes.calls == [("stop", GLOBAL), ("start", GLOBAL)]
        nursery.cancel_scope.cancel()


def test_the_link_stops_what_is_halted_before_anything_queues_up() -> None:
    scopes = Scopes()
    follower = HaltFollower(Bus(), on_run=lambda _: None)
    follower.lead(scopes)
    follower.stop_now(
        [run_started(3), change(9, Level.LOCKED, "strategy:one"), change(8, Level.HALTED, "strategy:two")]
    )
    assert (scopes.calls, follower.epoch) == ([("stop", "strategy:one")], 9)


async def test_each_run_is_told_on_once() -> None:
    bus, told = Bus(), list[int]()
    follower = HaltFollower(bus, on_run=lambda run: told.append(run.run))
    async with trio.open_nursery() as nursery:
        await nursery.start(follower.run)
        bus.execution.publish([run_started(3), run_started(3), run_started(4)])
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert (told, follower.run_number) == ([3, 4], 4)
