"""The supervisor: children that are started in order, restarted alone, and stopped at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import trio

from alphapulse.errors import ConfigError, LifecycleError
from alphapulse.nursery.child import Child, ChildSpec
from alphapulse.nursery.failure import reason_in_force
from alphapulse.nursery.node import NodeState, TreeNode
from alphapulse.nursery.service import Service

HEARTBEAT_S = 1
KIND = "group"


def _ignore_state(node: TreeNode) -> None:
    """What a supervisor without a listener does with a change of state."""


class Supervisor:
    """Runs children one for one: a failure of one touches no other.

    A supervisor is a `Service` itself: supervisors nest. One object lives once. All its operations are
    synchronous wishes, to be made in the Trio thread, that may come before `run` too: what is stopped then does not
    start. The newest wish counts; a child never has two lives at once.

    Args:
        name: name of its node; paths given to callbacks begin with it. One that is a child bears the name of its spec.
        specs: the children, in the order in which they start.
        now_ns: wall clock, ns, for the times in the tree.
        random: source of the jitter.
        on_exhausted: called with path and error of a child that is given up. It may halt what depends on the child;
            if it raises, the supervisor fails with that error, and all its children end.
        on_state: called with the node of a child whose state changed. It must not raise.

    Raises:
        ConfigError: two children have the same name.
    """

    def __init__(
        self,
        name: str,
        specs: Sequence[ChildSpec],
        *,
        now_ns: Callable[[], int],
        random: Random,
        on_exhausted: Callable[[str, BaseException], None],
        on_state: Callable[[TreeNode], None] = _ignore_state,
    ) -> None:
        self.name = name
        self._now_ns = now_ns
        self._state = NodeState.STOPPED
        self._since_ns = now_ns()
        self._reason = "not started yet"
        self._heartbeat_ns: int | None = None
        self._stop_reason: str | None = None
        self._starting = trio.CancelScope()
        self._nursery: trio.Nursery | None = None
        self._children: dict[str, Child] = {}
        for spec in specs:
            if spec.name in self._children:
                raise ConfigError(name, f"two children were called {spec.name!r}; give each a name of its own")
            self._children[spec.name] = Child(
                spec,
                f"{name}/{spec.name}",
                now_ns=now_ns,
                random=random,
                on_exhausted=on_exhausted,
                on_state=on_state,
            )

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Start the children in order, each when the one before is ready or has failed once; then keep them.

        A child that fails at its start is backed off and tried again like any other, and holds up nobody.

        Raises:
            LifecycleError: it ran before.
            ExceptionGroup: `on_exhausted` or `on_state` raised.
        """
        if self._state is not NodeState.STOPPED:
            raise LifecycleError(f"supervisor {self.name} ran before; make a fresh one for each life")
        self._enter(NodeState.STARTING, "")
        ended, reason = NodeState.FAILED, "a callback of the supervisor failed"
        try:
            async with trio.open_nursery() as self._nursery:
                self._nursery.start_soon(self._beat, name=f"{self.name} heartbeat")
                for child in self._children.values():
                    self._nursery.start_soon(child.tend, name=f"{child.path} supervision")
                await self._start_in_order(self._starting)
                self._enter(NodeState.RUNNING, "")
                task_status.started()
        except* trio.Cancelled:
            # It waits for nothing.
            ended, reason = NodeState.CANCELLED, await reason_in_force() or "it was cancelled from outside"  # noqa: ASYNC102
            raise
        finally:
            self._nursery = None
            self._enter(ended, reason)

    def stop(self, name: str, reason: str) -> None:
        """Stop one child. It becomes STOPPED when its clean-up is over, and stays so until it is started by name."""
        self._child(name).hold(reason)

    def start(self, name: str) -> None:
        """Start a child that was stopped or has failed, with a full budget; after `stop_all`, only with `start_all`."""
        self._refuse_after_end()
        child = self._child(name)
        child.held = None
        if self._stop_reason is not None:
            child.cancel(self._stop_reason)
        elif self._nursery is not None:
            child.want()

    def restart(self, name: str, reason: str) -> None:
        """Stop one child and start it again when it is gone."""
        self.stop(name, reason)
        self.start(name)

    def renew(self, name: str, reason: str) -> None:
        """Give a child that is kept running a fresh life; one that is stopped, or has failed, stays as it is."""
        if self._stop_reason is None and self._child(name).wanted:
            self.restart(name, reason)

    def stop_all(self, reason: str) -> None:
        """Stop all children at once; the supervisor goes on. They become CANCELLED when their clean-up is over."""
        self._stop_reason = reason
        self._starting.cancel(reason)
        for child in self._children.values():
            child.cancel(reason)

    async def wait_stopped(self, name: str | None = None) -> None:
        """Return when nothing runs any more of the lives that run now: of one child, or of all."""
        children = self._children.values() if name is None else (self._child(name),)
        for child in children:
            await child.wait_gone()

    def held(self, name: str) -> bool:
        """Whether a child is stopped by name."""
        return self._child(name).held is not None

    async def wait_started(self, name: str) -> None:
        """Return when the start that was last wished for came out: ready, failed for the first time, or stopped."""
        await self._child(name).wait_settled()

    def start_all(self) -> None:
        """Start all children that are not running, in order, save those that were stopped by name."""
        self._refuse_after_end()
        self._stop_reason = None
        self._starting.cancel("a newer start of all children replaces this one")
        self._starting = trio.CancelScope()
        if self._nursery is not None:
            self._nursery.start_soon(self._start_in_order, self._starting, name=f"{self.name} start")

    def spec_of(self, name: str) -> ChildSpec:
        """How a child was specified. Raises LifecycleError if there is none of that name."""
        return self._child(name).spec

    def service_of(self, name: str) -> Service | None:
        """The service of a child's newest life; None before its first. Raises LifecycleError if there is no child."""
        return self._child(name).service

    def snapshot(self, path_prefix: str = "") -> TreeNode:
        """The tree from here down; `path_prefix` ends with a slash or is empty."""
        path = f"{path_prefix}{self.name}"
        return TreeNode(
            name=self.name,
            path=path,
            kind=KIND,
            state=self._state,
            since_ns=self._since_ns,
            restarts=0,
            heartbeat_ns=self._heartbeat_ns,
            reason=self._reason,
            children=tuple(child.snapshot(path_prefix) for child in self._children.values()),
        )

    async def _start_in_order(self, scope: trio.CancelScope) -> None:
        with scope:
            for child in self._children.values():
                if child.held is None and self._stop_reason is None:
                    child.want()
                    await child.wait_settled()

    async def _beat(self) -> None:
        while True:
            self._heartbeat_ns = self._now_ns()
            for child in self._children.values():
                child.look_after()
            await trio.sleep(HEARTBEAT_S)

    def _child(self, name: str) -> Child:
        child = self._children.get(name)
        if child is None:
            raise LifecycleError(f"expected a child of {self.name} ({', '.join(self._children)}), found {name!r}")
        return child

    def _refuse_after_end(self) -> None:
        if self._nursery is None and self._state is not NodeState.STOPPED:
            raise LifecycleError(f"supervisor {self.name} has ended; nothing starts in it any more")

    def _enter(self, state: NodeState, reason: str) -> None:
        self._state, self._reason, self._since_ns = state, reason, self._now_ns()
