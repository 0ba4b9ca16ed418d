"""The supervisor: exact lists of (time, state) on a frozen clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.errors import ConfigError, LifecycleError
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.node import NodeState
from alphapulse.nursery.supervisor import Supervisor
from tests.nursery.scripted_tree import POLICY, RANDOM, SECOND, Scripted, Tree, cleans_up_for, dies_after, lives


async def test_crash_is_followed_by_back_off_and_a_fresh_life(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """Base 1 s, factor 2, dead after 0.5 s: running at 0, 1.5, 4.0 and 8.5, then given up."""
    tree.add("feed", dies_after(0.5))
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(20)
    assert tree.history("feed") == [
        (0.0, "starting"),
        (0.0, "running"),
        (0.5, "backing off"),
        (1.5, "starting"),
        (1.5, "running"),
        (2.0, "backing off"),
        (4.0, "starting"),
        (4.0, "running"),
        (4.5, "backing off"),
        (8.5, "starting"),
        (8.5, "running"),
        (9.0, "failed"),
    ]
    node = tree.node("feed")
    assert (node.restarts, node.reason) == (3, "ValueError: worn out")


async def test_exhausted_budget_is_told_once_and_touches_no_sibling(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """The caller learns path and error; the sibling never left its only life."""
    error = ValueError("worn out")
    tree.add("feed", dies_after(0.5, error))
    tree.add("other", Scripted)
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(20)
    assert tree.exhausted == [("root/feed", error)]
    assert tree.history("other") == [(0.0, "starting"), (0.0, "running")]
    assert tree.supervisor.snapshot().state is NodeState.RUNNING


async def test_escalation_may_stop_all_and_the_failed_child_keeps_its_reason(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """A halt out of `on_exhausted` cancels the siblings; what failed still shows why."""
    tree.add("engine", dies_after(0.5))
    tree.add("strategy", Scripted)

    def halt(path: str, error: BaseException) -> None:
        tree.supervisor.stop_all(f"{path} gave up")
        tree.supervisor.stop("engine", "halted")

    tree.build(on_exhausted=halt)
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(20)
    assert tree.history("strategy")[-1] == (9.0, "cancelled")
    assert tree.node("strategy").reason == "root/engine gave up"
    assert (tree.node("engine").state, tree.node("engine").reason) == (NodeState.FAILED, "ValueError: worn out")


async def test_escalation_that_raises_fails_the_supervisor(mock_clock: MockClock, tree: Tree) -> None:
    """Erlang's rule is one raise away: the error comes out, the siblings end."""
    tree.add("engine", dies_after(0.5), policy=attrs.evolve(POLICY, budget=0))
    tree.add("strategy", Scripted)

    def escalate(path: str, error: BaseException) -> None:
        raise LifecycleError(path) from error

    tree.build(on_exhausted=escalate)
    tree.clock.autojump_threshold = 0
    with pytest.RaisesGroup(pytest.RaisesExc(LifecycleError, match="root/engine"), flatten_subgroups=True):
        await tree.supervisor.run()
    assert tree.supervisor.snapshot().state is NodeState.FAILED
    assert tree.history("strategy")[-1] == (0.5, "cancelled")
    with pytest.raises(LifecycleError, match="nothing starts in it any more"):
        tree.supervisor.start("strategy")
    with pytest.raises(LifecycleError, match="ran before"):
        await tree.supervisor.run()


async def test_start_that_takes_too_long_is_a_failure(mock_clock: MockClock, tree: Tree, nursery: trio.Nursery) -> None:
    """The deadline of 5 s ends the first life; the next child waits for that and no longer."""
    tree.add("slow", lives(lambda: Scripted(before=trio.sleep_forever), Scripted))
    tree.add("next", Scripted)
    nursery.start_soon(tree.supervisor.run)
    await tree.pass_time(5.5)
    assert tree.node("slow").reason == "LifecycleError: root/slow was not ready within 5 s"
    await tree.pass_time(5)
    assert tree.history("slow") == [
        (0.0, "starting"),
        (5.0, "backing off"),
        (6.0, "starting"),
        (6.0, "running"),
    ]
    assert tree.history("next") == [(5.0, "starting"), (5.0, "running")]


@pytest.mark.parametrize("ready", [True, False])
async def test_service_that_returns_has_failed(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery, ready: bool
) -> None:
    """Whether it was ready or not, a return is told as what it is."""

    class Returning:
        async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
            await trio.lowlevel.checkpoint()
            if ready:
                task_status.started()

    tree.add("brief", Returning)
    nursery.start_soon(tree.supervisor.run)
    await wait_all_tasks_blocked()
    node = tree.node("brief")
    assert node.state is NodeState.BACKING_OFF
    assert node.reason == "LifecycleError: root/brief returned, although a service runs until it is cancelled"


async def test_factory_and_start_that_raise_are_failures_like_any_other(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """The bare error of a start and that of a factory are backed off alike."""

    async def refuse() -> None:
        raise OSError("port taken")

    def no_factory() -> Scripted:
        raise KeyError("setting")

    tree.add("port", lives(lambda: Scripted(before=refuse), no_factory, Scripted))
    nursery.start_soon(tree.supervisor.run)
    await wait_all_tasks_blocked()
    assert tree.node("port").reason == "OSError: port taken"
    await tree.pass_time(1.5)
    assert tree.node("port").reason == "KeyError: 'setting'"
    await tree.pass_time(10)
    assert tree.history("port") == [
        (0.0, "starting"),
        (0.0, "backing off"),
        (1.0, "starting"),
        (1.0, "backing off"),
        (3.0, "starting"),
        (3.0, "running"),
    ]


async def test_healthy_life_resets_the_delay(mock_clock: MockClock, tree: Tree, nursery: trio.Nursery) -> None:
    """Two quick deaths, then 200 s of health: the next delay is 1 s, not 4."""
    tree.add("feed", lives(dies_after(0.5), dies_after(0.5), dies_after(200), Scripted))
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(300)
    running = [at for at, state in tree.history("feed") if state == "running"]
    assert running == [0.0, 1.5, 4.0, 205.0]


async def test_children_start_in_order_each_when_the_last_is_ready(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """The supervisor reports ready after the last."""
    tree.add("first", lambda: Scripted(before=partial(trio.sleep, 2)))
    tree.add("second", lambda: Scripted(before=partial(trio.sleep, 1)))
    tree.clock.autojump_threshold = 0
    await nursery.start(tree.supervisor.run)
    assert trio.current_time() == 3.0
    assert tree.states == [
        (0.0, "first", "starting"),
        (2.0, "first", "running"),
        (2.0, "second", "starting"),
        (3.0, "second", "running"),
    ]


async def test_stop_start_and_restart_by_name(mock_clock: MockClock, tree: Tree, nursery: trio.Nursery) -> None:
    """A stop stays until the start; a restart is both; none of them counts as a failure."""
    tree.add("feed", Scripted)
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(1)
    tree.supervisor.stop("feed", "maintenance")
    await tree.supervisor.wait_stopped("feed")
    assert (tree.node("feed").state, tree.node("feed").reason) == (NodeState.STOPPED, "maintenance")
    await tree.pass_time(1)
    tree.supervisor.start("feed")
    await tree.pass_time(1)
    tree.supervisor.restart("feed", "new settings")
    await wait_all_tasks_blocked()
    assert tree.history("feed") == [
        (0.0, "starting"),
        (0.0, "running"),
        (1.0, "stopped"),
        (2.0, "starting"),
        (2.0, "running"),
        (3.0, "stopped"),
        (3.0, "starting"),
        (3.0, "running"),
    ]
    assert (tree.node("feed").restarts, tree.node("feed").reason) == (0, "")


async def test_wait_started_may_come_before_run(mock_clock: MockClock, tree: Tree, nursery: trio.Nursery) -> None:
    """Who waits for a start before anything runs is told of it, as of one that is over."""
    tree.add("feed", lambda: Scripted(before=partial(trio.sleep, 2)))
    told: list[float] = []

    async def wait() -> None:
        await tree.supervisor.wait_started("feed")
        told.append(trio.current_time())

    nursery.start_soon(wait)
    await wait_all_tasks_blocked()
    nursery.start_soon(tree.supervisor.run)
    await tree.pass_time(3)
    await wait()
    assert told == [2.0, 3.0]


async def test_failed_child_starts_by_name_with_a_full_budget(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    tree.add("feed", lives(*[dies_after(0.5)] * 4, Scripted))
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(20)
    assert tree.node("feed").state is NodeState.FAILED
    tree.supervisor.start("feed")
    await wait_all_tasks_blocked()
    assert tree.node("feed").state is NodeState.RUNNING


async def test_wish_of_start_and_stop_in_one_breath_leaves_it_stopped(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    tree.add("feed", Scripted)
    tree.supervisor.stop("feed", "not yet")
    await nursery.start(tree.supervisor.run)
    tree.supervisor.start("feed")
    tree.supervisor.stop("feed", "changed my mind")
    await wait_all_tasks_blocked()
    assert tree.history("feed") == [(0.0, "stopped"), (0.0, "stopped")]
    assert tree.node("feed").reason == "changed my mind"


async def test_unknown_child_is_named(mock_clock: MockClock, tree: Tree) -> None:
    tree.add("feed", Scripted)
    with pytest.raises(LifecycleError, match=r"expected a child of root \(feed\), found 'fed'"):
        tree.supervisor.stop("fed", "typing error")


def test_two_children_of_one_name_are_refused() -> None:
    specs = [ChildSpec("feed", Scripted, POLICY)] * 2
    with pytest.raises(ConfigError, match="two children were called 'feed'"):
        Supervisor("root", specs, now_ns=lambda: 0, random=RANDOM, on_exhausted=lambda path, error: None)


async def test_stop_all_ends_running_and_backing_off_and_start_all_revives_both(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """The kill and the resume; the supervisor goes on through both."""
    tree.add("crashing", lives(dies_after(0.5), Scripted))
    tree.add("steady", Scripted)
    await nursery.start(tree.supervisor.run)
    await tree.pass_time(1)
    tree.supervisor.stop_all("operator kill")
    await tree.supervisor.wait_stopped()
    assert {node.reason for node in tree.supervisor.snapshot().children} == {"operator kill"}
    await tree.pass_time(9)
    tree.supervisor.start_all()
    await wait_all_tasks_blocked()
    assert tree.history("crashing") == [
        (0.0, "starting"),
        (0.0, "running"),
        (0.5, "backing off"),
        (1.0, "cancelled"),
        (10.0, "starting"),
        (10.0, "running"),
    ]
    assert tree.history("steady") == [
        (0.0, "starting"),
        (0.0, "running"),
        (1.0, "cancelled"),
        (10.0, "starting"),
        (10.0, "running"),
    ]
    assert tree.supervisor.snapshot().state is NodeState.RUNNING


async def test_stop_all_during_start_ends_the_start_and_the_supervisor_is_ready(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """A kill while the tree comes up: nothing more starts, until start_all."""
    tree.add("first", lives(lambda: Scripted(before=trio.sleep_forever), Scripted))
    tree.add("second", Scripted)
    nursery.start_soon(tree.supervisor.run)
    await tree.pass_time(1)
    tree.supervisor.stop_all("operator kill")
    await wait_all_tasks_blocked()
    assert tree.supervisor.snapshot().state is NodeState.RUNNING
    assert tree.states == [(0.0, "first", "starting"), (1.0, "second", "cancelled"), (1.0, "first", "cancelled")]
    tree.supervisor.start_all()
    await wait_all_tasks_blocked()
    assert tree.states[3:] == [
        (1.0, "first", "starting"),
        (1.0, "first", "running"),
        (1.0, "second", "starting"),
        (1.0, "second", "running"),
    ]


async def test_stop_all_before_run_keeps_everything_down(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """So a daemon comes up halted."""
    tree.add("feed", Scripted)
    tree.supervisor.stop_all("halt 3 is in force")
    await nursery.start(tree.supervisor.run)
    await wait_all_tasks_blocked()
    assert (tree.node("feed").state, tree.node("feed").reason) == (NodeState.CANCELLED, "halt 3 is in force")


async def test_stop_all_waits_for_a_shielded_clean_up(mock_clock: MockClock, tree: Tree, nursery: trio.Nursery) -> None:
    """Cancelled is what is gone, not what was asked to go; a start meanwhile waits for it."""
    tree.add("slow", cleans_up_for(2))
    await nursery.start(tree.supervisor.run)
    tree.supervisor.stop_all("operator kill")
    await tree.pass_time(1)
    assert tree.node("slow").state is NodeState.RUNNING
    tree.supervisor.start_all()
    await tree.pass_time(5)
    assert tree.history("slow") == [
        (0.0, "starting"),
        (0.0, "running"),
        (2.0, "cancelled"),
        (2.0, "starting"),
        (2.0, "running"),
    ]
    mock_clock.autojump_threshold = 0  # lets the clean-up at the end of the test come to its end


async def test_wait_stopped_returns_when_the_clean_up_is_over(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    tree.add("slow", cleans_up_for(2))
    await nursery.start(tree.supervisor.run)
    tree.supervisor.stop_all("operator kill")
    tree.clock.autojump_threshold = 0
    await tree.supervisor.wait_stopped()
    assert trio.current_time() == 2.0


async def test_error_of_a_clean_up_is_no_crash(mock_clock: MockClock, tree: Tree, nursery: trio.Nursery) -> None:
    """A stop stays a stop; the error is kept with its reason."""
    tree.add("messy", cleans_up_for(1, then=OSError("disk full")))
    await nursery.start(tree.supervisor.run)
    tree.supervisor.stop("messy", "maintenance")
    await tree.pass_time(5)
    assert tree.history("messy")[2:] == [(1.0, "stopped")]
    assert tree.node("messy").reason == "maintenance; its clean-up failed: OSError: disk full"


async def test_group_of_an_error_and_a_cancel_is_no_crash(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """One task of the service fails in its clean-up while another is cancelled: the stop travels on."""

    async def family() -> None:
        async with trio.open_nursery() as inner:
            inner.start_soon(trio.sleep_forever)
            inner.start_soon(cleans_up_for(1, then=OSError("disk full"))().after)

    tree.add("family", lambda: Scripted(after=family))
    await nursery.start(tree.supervisor.run)
    tree.supervisor.stop_all("operator kill")
    await tree.pass_time(5)
    assert tree.history("family")[2:] == [(1.0, "cancelled")]
    assert tree.node("family").reason == "operator kill; its clean-up failed: OSError: disk full"


async def test_group_of_errors_is_told_in_full(mock_clock: MockClock, tree: Tree, nursery: trio.Nursery) -> None:
    async def fail_together() -> None:
        raise ExceptionGroup("both", [OSError("one"), ValueError("two")])

    tree.add("pair", lambda: Scripted(after=fail_together))
    await nursery.start(tree.supervisor.run)
    await wait_all_tasks_blocked()
    assert tree.node("pair").reason == "OSError: one; ValueError: two"


async def test_stopped_by_name_stays_so_through_kill_and_resume(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """A strategy that an operator halted does not come back with the rest; nor by name while all is stopped."""
    tree.add("halted", Scripted)
    tree.add("other", Scripted)
    await nursery.start(tree.supervisor.run)
    tree.supervisor.stop("halted", "too many losses")
    await wait_all_tasks_blocked()
    tree.supervisor.stop_all("operator kill")
    await wait_all_tasks_blocked()
    tree.supervisor.start_all()
    await wait_all_tasks_blocked()
    assert (tree.node("halted").state, tree.node("halted").reason) == (NodeState.STOPPED, "too many losses")
    assert tree.node("other").state is NodeState.RUNNING
    tree.supervisor.stop_all("second kill")
    tree.supervisor.start("halted")
    await wait_all_tasks_blocked()
    assert (tree.node("halted").state, tree.node("halted").reason) == (NodeState.CANCELLED, "second kill")
    tree.supervisor.start_all()
    await wait_all_tasks_blocked()
    assert tree.node("halted").state is NodeState.RUNNING


async def test_start_in_a_supervisor_that_is_being_cancelled_starts_nothing(mock_clock: MockClock, tree: Tree) -> None:
    """A wish out of a clean-up is heard by nobody, and hurts nobody."""

    async def wish() -> None:
        try:
            await trio.sleep_forever()
        finally:
            tree.supervisor.start("other")
            tree.supervisor.start_all()

    tree.add("wishing", lambda: Scripted(after=wish))
    tree.add("other", Scripted)
    tree.supervisor.stop("other", "not now")
    async with trio.open_nursery() as nursery:
        await nursery.start(tree.supervisor.run)
        nursery.cancel_scope.cancel("shutdown")
    assert tree.history("other") == [(0.0, "stopped")]
    assert tree.history("wishing")[-1] == (0.0, "cancelled")
    assert (tree.supervisor.snapshot().state, tree.supervisor.snapshot().reason) == (NodeState.CANCELLED, "shutdown")
    assert tree.node("wishing").reason == "shutdown"


async def test_nested_supervisors_show_as_one_tree_and_end_together(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """Paths run from the root; a kill of the outer reaches the inner with its reason; its next life is fresh."""
    inner = Tree(mock_clock, "strategies")
    inner.add("flash", Scripted)
    tree.add("strategies", inner.build)
    await nursery.start(tree.supervisor.run)
    top = tree.supervisor.snapshot("alphapulsed/")
    (group,) = top.children
    (leaf,) = group.children
    assert (top.path, group.path, leaf.path) == (
        "alphapulsed/root",
        "alphapulsed/root/strategies",
        "alphapulsed/root/strategies/flash",
    )
    assert (group.state, leaf.state) == (NodeState.RUNNING, NodeState.RUNNING)
    tree.supervisor.stop_all("operator kill")
    await tree.supervisor.wait_stopped()
    (group,) = tree.supervisor.snapshot().children
    assert (group.state, group.reason) == (NodeState.CANCELLED, "operator kill")
    assert (group.children[0].state, group.children[0].reason) == (NodeState.CANCELLED, "operator kill")
    tree.supervisor.start_all()
    await wait_all_tasks_blocked()
    (group,) = tree.supervisor.snapshot().children
    assert group.children[0].state is NodeState.RUNNING


async def test_heartbeats_prove_the_loop_or_the_service_itself(
    mock_clock: MockClock, tree: Tree, nursery: trio.Nursery
) -> None:
    """Every second for a running child; a service with a beat of its own is left to beat; a stopped one is still."""

    class Beating(Scripted):
        def __init__(self) -> None:
            super().__init__(after=self.work)
            self.beat: Callable[[], None] = lambda: None

        async def work(self) -> None:
            await trio.sleep(1.5)
            self.beat()
            await trio.sleep_forever()

    tree.add("plain", Scripted)
    tree.add("beating", Beating)
    tree.add("stopped", Scripted)
    await nursery.start(tree.supervisor.run)
    tree.supervisor.stop("stopped", "test")
    await tree.pass_time(3.25)
    beats = [tree.node(name).heartbeat_ns for name in ("plain", "beating", "stopped")]
    assert beats == [3 * SECOND, SECOND * 3 // 2, 0]
    assert tree.supervisor.snapshot().heartbeat_ns == 3 * SECOND
