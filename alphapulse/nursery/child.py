"""One supervised child: its lives, one after another, and what is known of it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from random import Random

import attrs
import trio
from attrs.validators import matches_re

from alphapulse.errors import AlphaPulseError, LifecycleError
from alphapulse.nursery.failure import describe_failure, reason_in_force, sole_failure
from alphapulse.nursery.node import NodeState, TreeNode
from alphapulse.nursery.policy import FailureHistory, RestartPolicy, grant_restart
from alphapulse.nursery.service import BeatingService, Group, NudgedService, Service

NS_PER_S = 1_000_000_000
logger = logging.getLogger(__name__)


@attrs.frozen
class ChildSpec:
    """What a supervisor needs to know of a child.

    Raises:
        ValueError: the name is empty or holds a slash.
    """

    name: str = attrs.field(validator=matches_re(r"[^/]+"))
    service_factory: Callable[[], Service]
    """Makes a fresh service for each life. An error of it is a failure like any other."""
    policy: RestartPolicy
    """For a group, the start deadline must cover the starts of all its children."""
    kind: str = "service"


class Child:
    """A child of a supervisor. Only the supervisor calls it.

    Error handling: an error of the service is logged with its trace, counted, and answered by the policy; Cancelled
    always travels on. An error of `on_exhausted` or `on_state` travels on too and ends the supervisor.
    """

    def __init__(
        self,
        spec: ChildSpec,
        path: str,
        *,
        now_ns: Callable[[], int],
        random: Random,
        on_exhausted: Callable[[str, BaseException], None],
        on_state: Callable[[TreeNode], None],
    ) -> None:
        self.spec = spec
        self.path = path
        self.state = NodeState.STOPPED
        self.since_ns = now_ns()
        self.restarts = 0
        self.heartbeat_ns: int | None = None
        self.reason = "not started yet"
        self.held: str | None = None
        """Why it was stopped by name; such a child starts by name only."""
        self._now_ns = now_ns
        self._random = random
        self._on_exhausted = on_exhausted
        self._on_state = on_state
        self._service: Service | None = None
        self._wanted = False
        self._wishes = trio.lowlevel.ParkingLot()
        self._scope: trio.CancelScope | None = None
        self._beat_at = -math.inf
        self._gone = trio.Event()
        self._gone.set()
        self._settled = trio.Event()
        self._ending: tuple[NodeState, str] | None = None
        self._ready_at: float | None = None
        self._aftermath = ""

    def want(self) -> None:
        """Let it live from now on; one that is still ending lives again when it is gone."""
        self.held = None
        if not self._wanted:
            self._wanted = True
            if self._settled.is_set():  # who waits since before `run` is told of this start
                self._settled = trio.Event()
            self._wishes.unpark_all()

    def hold(self, reason: str) -> None:
        """Stop it, by name: it becomes STOPPED, and `want` alone starts it again."""
        self.held = reason
        self._end(NodeState.STOPPED, reason)

    def cancel(self, reason: str) -> None:
        """Stop it together with its siblings: it becomes CANCELLED, unless it was stopped by name before."""
        if self.held is None:
            self._end(NodeState.CANCELLED, reason)

    def _end(self, state: NodeState, reason: str) -> None:
        self._wanted = False
        self._settled.set()
        if self._scope is not None:
            self._ending = (state, reason)
            self._scope.cancel(reason)
        elif self.state is not NodeState.FAILED:
            self._enter(state, reason)

    async def wait_settled(self) -> None:
        """Return when the start that was last wished for came out: ready, failed for the first time, or stopped."""
        await self._settled.wait()

    async def wait_gone(self) -> None:
        """Return when nothing runs any more of the life that is now running or ending."""
        await self._gone.wait()

    @property
    def wanted(self) -> bool:
        """Whether it is to live: neither stopped nor given up."""
        return self._wanted

    @property
    def service(self) -> Service | None:
        """The service of the newest life; None before the first."""
        return self._service

    def beat(self) -> None:
        """Note that it lives."""
        self.heartbeat_ns = self._now_ns()
        self._beat_at = trio.current_time()

    def look_after(self) -> None:
        """Once a second: a running service that has no beat of its own gets the supervisor's, others are asked."""
        if self.state is not NodeState.RUNNING:
            return
        if not isinstance(self._service, BeatingService):
            self.beat()
        elif isinstance(self._service, NudgedService):
            self._service.nudge()

    def snapshot(self, path_prefix: str = "") -> TreeNode:
        """The node of this child and, if its service is a group, all below it."""
        path = path_prefix + self.path
        below = self._service.snapshot(path.removesuffix(self.spec.name)) if isinstance(self._service, Group) else None
        return TreeNode(
            name=self.spec.name,
            path=path,
            kind=self.spec.kind,
            state=self.state,
            since_ns=self.since_ns,
            restarts=self.restarts,
            heartbeat_ns=self.heartbeat_ns,
            reason=self.reason,
            children=() if below is None else below.children,
        )

    async def tend(self) -> None:
        """Keep the child as it is wished for, until cancelled."""
        while True:
            await trio.lowlevel.checkpoint()
            if self._wanted:
                await self._live()
            else:
                await self._wishes.park()

    async def _live(self) -> None:
        self._ending, self._aftermath = None, ""
        self._gone = trio.Event()
        try:
            with trio.CancelScope() as self._scope:
                await self._live_by_policy()
        except* trio.Cancelled:
            if self._ending is None:
                # It waits for nothing.
                self._ending = (NodeState.CANCELLED, await reason_in_force() or "its supervisor was cancelled")  # noqa: ASYNC102
            raise
        finally:
            self._scope = None
            if self.state is not NodeState.FAILED:
                state, reason = self._ending or (NodeState.CANCELLED, "its supervisor failed")
                self._enter(state, f"{reason}; its clean-up failed: {self._aftermath}" if self._aftermath else reason)
            self._gone.set()

    async def _live_by_policy(self) -> None:
        history = FailureHistory()
        reason = ""
        while True:
            self._enter(NodeState.STARTING, reason)
            error = await self._live_once()
            # An error while it is being stopped is no crash: here a stop travels on instead.
            await trio.lowlevel.checkpoint_if_cancelled()
            reason, self._aftermath = self._aftermath, ""
            now = trio.current_time()
            healthy_ns = 0 if self._ready_at is None else round((now - self._ready_at) * NS_PER_S)
            granted = grant_restart(
                self.spec.policy, history, healthy_ns=healthy_ns, at_ns=round(now * NS_PER_S), random=self._random
            )
            if granted is None:
                self._wanted = False
                self._enter(NodeState.FAILED, reason)
                self._settled.set()
                self._on_exhausted(self.path, error)
                return
            history, delay_ns = granted
            self._enter(NodeState.BACKING_OFF, reason)
            self._settled.set()
            await trio.sleep(delay_ns / NS_PER_S)
            self.restarts += 1

    async def _live_once(self) -> BaseException:
        """Live once and return what ended it."""
        self._ready_at = None
        failure: BaseException = LifecycleError(f"{self.path} ended without an error")
        try:
            service = self._service = self.spec.service_factory()
            if isinstance(service, BeatingService):
                service.beat = self.beat
            async with trio.open_nursery() as life:
                await self._start(service, life)
                if isinstance(service, BeatingService) and self.spec.policy.silence_limit_ns is not None:
                    life.start_soon(self._watch, self.spec.policy.silence_limit_ns, name=f"{self.path} silence")
        except* Exception as errors:
            # Noted here, as nothing below runs if a Cancelled in the same group travels on.
            failure = sole_failure(errors)
            self._aftermath = describe_failure(failure)
            # An error raised on purpose says what to do; where it was raised helps nobody.
            trace = None if isinstance(failure, AlphaPulseError) else failure
            logger.warning("%s failed: %s", self.path, self._aftermath, exc_info=trace)
        return failure

    async def _start(self, service: Service, life: trio.Nursery) -> None:
        deadline_s = self.spec.policy.start_deadline_ns / NS_PER_S
        with trio.move_on_after(deadline_s) as start:
            await life.start(self._run, service, name=self.path)
        if start.cancelled_caught:
            raise LifecycleError(f"{self.path} was not ready within {deadline_s:g} s")
        # Stopped in the same moment as it became ready: it is not shown as running.
        await trio.lowlevel.checkpoint_if_cancelled()
        self._ready_at = trio.current_time()
        self.beat()
        self._enter(NodeState.RUNNING, self.reason)
        self._settled.set()

    async def _run(self, service: Service, *, task_status: trio.TaskStatus[None]) -> None:
        await service.run(task_status=task_status)
        await trio.lowlevel.checkpoint_if_cancelled()
        raise LifecycleError(f"{self.path} returned, although a service runs until it is cancelled")

    async def _watch(self, silence_limit_ns: int) -> None:
        """Raise once the service has not beaten for so long; that ends its life like any error of its own."""
        limit_s = silence_limit_ns / NS_PER_S
        while (due := self._beat_at + limit_s) > trio.current_time():  # noqa: ASYNC110 - each beat moves the moment on
            await trio.sleep_until(due)
        raise LifecycleError(f"{self.path} gave no sign of life for {limit_s:g} s: its own loop did not come round")

    def _enter(self, state: NodeState, reason: str) -> None:
        self.state, self.reason, self.since_ns = state, reason, self._now_ns()
        self._on_state(self.snapshot())
