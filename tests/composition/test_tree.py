"""The tree of a process: what does not start, and what that stops."""

from __future__ import annotations

import logging

import attrs
import pytest
import trio
from trio.testing import MockClock

from alphapulse.composition.environment import Environment
from alphapulse.composition.restart_policies import RESTARTS
from alphapulse.composition.tree import Tree
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.node import NodeState


class Starting:
    """A service that waits for somebody who does not come."""

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        await trio.sleep_forever()


async def test_a_foundation_that_is_not_ready_in_time_ends_the_process_and_halts_nothing(
    autojump_clock: MockClock, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as one without its relays: nothing was begun, so the next start needs nobody to end a halt first."""
    halts, ends, begun = list[str](), list[str](), list[str]()

    def begin(name: str) -> Starting:
        begun.append(name)
        return Starting()

    patient = attrs.evolve(RESTARTS, start_deadline_ns=2 * RESTARTS.start_deadline_ns)
    tree = Tree(
        foundation=[ChildSpec("link", lambda: begin("link"), patient)],
        decisions=[ChildSpec("engine", lambda: begin("engine"), RESTARTS)],
        collectors=[ChildSpec("day", lambda: begin("day"), RESTARTS)],
        environment=Environment(),
        halt=lambda scope, reason, level: halts.append(scope),
        unready=ends.append,
    )
    with caplog.at_level(logging.CRITICAL + 1):
        await nursery.start(tree.root.run)
    assert (halts, begun) == ([], ["link"])
    assert ends == ["alphapulsed/foundation failed for good: alphapulsed/foundation was not ready within 30 s"]
    assert {one.state for one in tree.decisions.snapshot().children} == {NodeState.CANCELLED}
    nursery.cancel_scope.cancel()
