"""Every way in which a child can end or fail to start: the exact list of (time, state) of each."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.errors import LifecycleError
from alphapulse.nursery.node import NodeState
from alphapulse.nursery.paths import supervisor_of
from tests.nursery.scripted_tree import POLICY, SECOND, Scripted, Tree, cleans_up_for, dies_after, lives

History = list[tuple[float, str]]

ONCE = attrs.evolve(POLICY, budget=1)
START: History = [(0.0, "starting"), (0.0, "running")]
GIVEN_UP_AFTER_HALF_A_SECOND: History = [
    *START,
    (0.5, "backing off"),
    (1.5, "starting"),
    (1.5, "running"),
    (2.0, "failed"),
]


async def test_permanent_child_that_returns_fails_by_its_policy(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    async def return_soon() -> None:
        await trio.sleep(0.5)

    tree.add("brief", lambda: Scripted(after=return_soon), ONCE)
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(10)
    assert tree.history("brief") == GIVEN_UP_AFTER_HALF_A_SECOND
    ((path, error),) = tree.exhausted
    assert (path, type(error)) == ("root/brief", LifecycleError)


async def test_exception_group_is_one_failure_not_several(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """Three tasks of one service fail together, two of them in a nursery of their own: one restart."""

    async def fail_first() -> None:
        await trio.sleep(0.5)
        raise OSError("one")

    async def family() -> None:
        async with trio.open_nursery() as outer:
            outer.start_soon(fail_first)
            async with trio.open_nursery() as inner:
                inner.start_soon(cleans_up_for(0, then=ValueError("two"))().after)
                inner.start_soon(cleans_up_for(0, then=KeyError("three"))().after)

    tree.add("family", lambda: Scripted(after=family), ONCE)
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(10)
    assert tree.history("family") == GIVEN_UP_AFTER_HALF_A_SECOND
    assert sorted(tree.node("family").reason.split("; ")) == ["KeyError: 'three'", "OSError: one", "ValueError: two"]


async def test_group_with_a_sibling_that_cleans_up_fails_when_the_clean_up_is_over(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """One task crashes at 0.5; its sibling takes 2 s to go, and only then is the life over."""

    async def crash() -> None:
        await trio.sleep(0.5)
        raise OSError("crash")

    async def family() -> None:
        async with trio.open_nursery() as inner:
            inner.start_soon(crash)
            inner.start_soon(cleans_up_for(2)().after)

    tree.add("family", lives(lambda: Scripted(after=family), Scripted))
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(10)
    assert tree.history("family") == [*START, (2.5, "backing off"), (3.5, "starting"), (3.5, "running")]


async def test_stop_during_the_clean_up_of_a_crash_is_a_stop(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """The crash at 0.5 is still being cleaned up when it is stopped at 1: no restart is granted, nothing is counted."""

    async def crash() -> None:
        try:
            await trio.sleep(0.5)
            raise OSError("crash")
        finally:
            with trio.move_on_after(2, shield=True):
                await trio.sleep_forever()

    tree.add("messy", lambda: Scripted(after=crash), ONCE)
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(1)
    tree.supervisor.stop("messy", "maintenance")
    await tree.pass_time(10)
    assert tree.history("messy") == [*START, (2.5, "stopped")]
    assert tree.node("messy").reason == "maintenance; its clean-up failed: OSError: crash"
    assert (tree.node("messy").restarts, tree.exhausted) == (0, [])


async def test_cancel_of_the_whole_during_a_clean_up_waits_for_it(mock_clock: MockClock, tree: Tree) -> None:
    """Stopped by name at 1, the supervisor cancelled at 2, the clean-up over at 4: then everything ends, at once."""
    tree.add("slow", cleans_up_for(3))
    tree.add("quick", Scripted)
    tree.clock.autojump_threshold = 0
    async with trio.open_nursery() as nursery:
        await nursery.start(tree.supervisor.run)
        await trio.sleep(1)
        tree.supervisor.stop("slow", "maintenance")
        await trio.sleep(1)
        nursery.cancel_scope.cancel("shutdown")
    assert trio.current_time() == 4.0
    assert tree.history("slow") == [*START, (4.0, "stopped")]
    assert tree.history("quick") == [*START, (2.0, "cancelled")]
    assert tree.supervisor.snapshot().reason == "shutdown"


async def test_clean_up_that_awaits_while_it_is_cancelled_ends_at_once(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """An await in a clean-up without a shield raises Cancelled a second time; that is no failure either."""

    async def work() -> None:
        try:
            await trio.sleep_forever()
        finally:
            await trio.sleep(60)  # noqa: ASYNC102 - what happens then is the test

    tree.add("naive", lambda: Scripted(after=work))
    await nursery.start(tree.supervisor.run)
    tree.supervisor.stop("naive", "maintenance")
    await tree.pass_time(1)
    assert tree.history("naive") == [*START, (0.0, "stopped")]
    assert tree.node("naive").reason == "maintenance"


async def test_stop_while_it_backs_off_ends_the_wait(mock_clock: MockClock, tree: Tree, nursery: trio.Nursery) -> None:
    """Its next life begins when it is started by name, with a full budget."""
    tree.add("feed", lives(dies_after(0.5), dies_after(0.5), Scripted), ONCE)
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(1)
    tree.supervisor.stop("feed", "maintenance")
    await tree.pass_time(1)
    tree.supervisor.start("feed")
    await tree.pass_time(4)
    assert tree.history("feed") == [
        *START,
        (0.5, "backing off"),
        (1.0, "stopped"),
        (2.0, "starting"),
        (2.0, "running"),
        (2.5, "backing off"),
        (3.5, "starting"),
        (3.5, "running"),
    ]


@pytest.mark.parametrize("stop", ["by name", "with all"])
async def test_stop_during_a_start_ends_the_start(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery, stop: str
) -> None:
    tree.add("slow", lambda: Scripted(before=trio.sleep_forever))
    nursery.start_soon(tree.supervisor.run)
    await tree.pass_time(2)
    if stop == "by name":
        tree.supervisor.stop("slow", "not wanted")
    else:
        tree.supervisor.stop_all("not wanted")
    await tree.pass_time(10)
    ended = "stopped" if stop == "by name" else "cancelled"
    assert tree.history("slow") == [(0.0, "starting"), (2.0, ended)]
    assert tree.node("slow").reason == "not wanted"


async def test_start_that_fails_in_a_group_is_one_failure(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """Before it is ready a service has tasks of its own; one fails while the other cleans up for a second."""

    async def refuse() -> None:
        raise OSError("port taken")

    async def open_all() -> None:
        async with trio.open_nursery() as inner:
            inner.start_soon(refuse)
            inner.start_soon(cleans_up_for(1)().after)

    tree.add("port", lives(lambda: Scripted(before=open_all), Scripted))
    nursery.start_soon(tree.supervisor.run)
    await tree.pass_time(10)
    assert tree.history("port") == [(0.0, "starting"), (1.0, "backing off"), (2.0, "starting"), (2.0, "running")]


async def test_start_that_cleans_up_beyond_its_deadline_fails_when_it_is_gone(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """The deadline of 5 s cancels the start; its clean-up of 2 s is waited for, two lives never overlap."""
    tree.add("slow", lives(lambda: Scripted(before=cleans_up_for(2)().after), Scripted))
    nursery.start_soon(tree.supervisor.run)
    await tree.pass_time(20)
    assert tree.history("slow") == [(0.0, "starting"), (7.0, "backing off"), (8.0, "starting"), (8.0, "running")]


async def test_jitter_comes_from_the_seed(mock_clock: MockClock, tree: Tree, nursery: trio.Nursery) -> None:
    """With a fifth of jitter and seed 7 a child that dies at once is started anew at these moments, always."""
    tree.add("feed", dies_after(0), attrs.evolve(POLICY, jitter_ppm=200_000))
    tree.build(random=Random(7))
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(20)
    expected, at, random = [], 0.0, Random(7)
    for delay_ns in (1 * SECOND, 2 * SECOND, 4 * SECOND):
        at += (delay_ns - delay_ns * random.randint(0, 200_000) // 1_000_000) / SECOND
        expected.append(at)
    starts = [at for at, state in tree.history("feed") if state == "starting"]
    assert starts == pytest.approx([0.0, *expected], abs=1e-9)
    assert [second - first for first, second in pairwise(starts)] != [1.0, 2.0, 4.0]


class Looping(Scripted):
    """Beats when its loop comes round; the loop waits for nudges, and hangs from a moment on."""

    def __init__(self, hangs_at: float) -> None:
        super().__init__(after=self.loop)
        self.beat: Callable[[], None] = lambda: None
        self.hangs_at = hangs_at
        self.nudged = trio.Event()

    def nudge(self) -> None:
        self.nudged.set()

    async def loop(self) -> None:
        while trio.current_time() < self.hangs_at:
            await self.nudged.wait()
            self.nudged = trio.Event()
            self.beat()
        await trio.sleep_forever()


async def test_child_that_hangs_gives_no_heartbeat_and_is_started_anew(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """Its loop is asked every second; it hangs at 3, and after 5 s of silence its life is over."""
    policy = attrs.evolve(POLICY, silence_limit_ns=5 * SECOND)
    tree.add("loop", lives(lambda: Looping(hangs_at=3), lambda: Looping(hangs_at=1000)), policy)
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(7.5)
    assert tree.node("loop").heartbeat_ns == 3 * SECOND
    await tree.pass_time(12.5)
    assert tree.history("loop") == [*START, (8.0, "backing off"), (9.0, "starting"), (9.0, "running")]
    assert tree.node("loop").reason == (
        "LifecycleError: root/loop gave no sign of life for 5 s: its own loop did not come round"
    )
    assert tree.node("loop").heartbeat_ns == 20 * SECOND


async def test_child_that_is_stopped_while_it_hangs_is_stopped(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    policy = attrs.evolve(POLICY, silence_limit_ns=5 * SECOND)
    tree.add("loop", lambda: Looping(hangs_at=0), policy)
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(2)
    tree.supervisor.stop("loop", "maintenance")
    await tree.pass_time(20)
    assert tree.history("loop") == [*START, (2.0, "stopped")]


async def test_children_are_found_by_their_path(mock_clock: MockClock, tree: Tree, nursery: trio.Nursery) -> None:
    """A path leads through the groups to who keeps the child; what cannot be is refused with an example."""
    inner = Tree(mock_clock, "strategies")
    inner.add("flash", Scripted)
    tree.add("strategies", inner.build)
    tree.add("feed", Scripted)
    await nursery.start(tree.supervisor.run)
    supervisor, name = supervisor_of(tree.supervisor, "root/strategies/flash")
    supervisor.stop(name, "maintenance")
    await wait_all_tasks_blocked()
    (group, _) = tree.supervisor.snapshot().children
    assert group.children[0].state is NodeState.STOPPED
    assert supervisor_of(tree.supervisor, "root/feed") == (tree.supervisor, "feed")
    for path, problem in (
        ("feed", "expected a path below root, such as root/strategies/flash, found 'feed'"),
        ("root", "expected a path below root"),
        ("root/feed/socket", "expected a group at 'feed'"),
        ("root/strategies/slow", r"expected a child of strategies \(flash\), found 'slow'"),
    ):
        with pytest.raises(LifecycleError, match=problem):
            supervisor_of(tree.supervisor, path)
