"""One life of the real daemon inside a simulation: its environment is the models', its end is the nemesis'."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import attrs
import trio

from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.config import Config
from alphapulse.daemon import Daemon, open_daemon
from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest
from alphapulse.data.halts import GLOBAL, HaltChange
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.errors import AlphaPulseError
from alphapulse.nursery.child import Child
from alphapulse.nursery.node import NodeState, TreeNode
from alphapulse.nursery.service import Service
from alphapulse.rules.breakers.own_health import DiskSpace
from tests.simulation.collector import ModelCollector
from tests.simulation.disk import ModelDisk
from tests.simulation.node import ModelNode
from tests.simulation.trace import Trace
from tests.simulation.truth import JOURNALLED, Truth

NS_PER_S = 1_000_000_000
START_NS = 1_704_412_800_000_000_000
STRATEGY_SCOPE = "strategy:flash_arbitrage"


class Crash(Exception):
    """What a child dies of when the nemesis wants it to."""


@attrs.define
class WallClock:
    """The simulated wall clock: the mock clock's time and all steps that were made."""

    offset_ns: int = 0

    def now_ns(self) -> int:
        """Nanoseconds since 1970 UTC, as the machine believes."""
        return START_NS + self.offset_ns + round(trio.current_time() * NS_PER_S)


class RoomyMachine:
    """A machine with room for everything."""

    def disk(self, folder: Path) -> DiskSpace:
        """Nearly all of a large disk."""
        return DiskSpace(free=1 << 40, total=1 << 40)

    def memory(self) -> int:
        """Next to nothing."""
        return 1 << 20


def monotonic_ns() -> int:
    """The mock clock's time."""
    return round(trio.current_time() * NS_PER_S)


class Life:
    """A running daemon and what can be seen of it. `published` is what the execution relay carried."""

    def __init__(
        self,
        daemon: Daemon,
        disk: ModelDisk,
        truth: Truth,
        trace: Trace,
        node: ModelNode,
        *,
        keeps_published: bool,
    ) -> None:
        self.daemon = daemon
        self.disk = disk
        self.published: list[object] = []
        self.ended = trio.Event()
        self.collector: ModelCollector | None = None
        self._truth = truth
        self._trace = trace
        self._node = node
        self._keeps_published = keeps_published
        self._told: set[int] = set()
        self.crashed: set[str] = set()
        self._bombs: dict[str, trio.Event] = {}
        for path, child in self._leaves():
            self._instrument(path, child)
        self._watch_relays()
        self._watch_submissions()

    def crash(self, chance: Random, *, restarted_only: bool = False) -> None:
        """Let one of the running children die; if wanted, one that is restarted then."""
        spared = {path for path, child in self._leaves() if restarted_only and not child.spec.policy.budget}
        armed = sorted(path for path, bomb in self._bombs.items() if not bomb.is_set() and path not in spared)
        if armed:
            path = chance.choice(armed)
            self._trace.note(f"crash of {path}")
            self._bombs[path].set()
            self.crashed.add(path)

    def needs_restart(self) -> bool:
        """Whether something has failed that this process cannot mend."""
        return self.daemon.failure is not None or any(
            node.state is NodeState.FAILED for node in _nodes(self.daemon.tree())
        )

    def leaves_running(self) -> bool:
        """Whether every service runs."""
        return all(child.state is NodeState.RUNNING for _, child in self._leaves())

    def _leaves(self) -> Iterator[tuple[str, Child]]:
        for group in (self.daemon.foundation, self.daemon.decisions, self.daemon.collectors):
            for name, child in group._children.items():
                yield f"{group.name}/{name}", child

    def _instrument(self, path: str, child: Child) -> None:
        make = self._make_collector if path == f"collectors/{ModelCollector.NAME}" else child.spec.service_factory
        wrapped: set[int] = set()

        def factory() -> Service:
            service = make()
            if id(service) not in wrapped:
                wrapped.add(id(service))
                self._make_mortal(path, service)
            return service

        child.spec = attrs.evolve(child.spec, service_factory=factory)
        child._on_state = lambda node: self._trace.note(f"{path} {node.state.value} {node.reason}")

    def _make_mortal(self, path: str, service: Service) -> None:
        run: Callable[..., Awaitable[None]] = service.run

        async def explode(bomb: trio.Event) -> None:
            await bomb.wait()
            raise Crash(f"{path} was told to crash")

        async def mortal(*, task_status: trio.TaskStatus[None]) -> None:
            bomb = self._bombs[path] = trio.Event()
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(explode, bomb)
                    await run(task_status=task_status)
                    nursery.cancel_scope.cancel("the service returned")
            finally:
                self._bombs.pop(path, None)

        service.run = mortal  # type: ignore[method-assign]

    def _make_collector(self) -> Service:
        daemon = self.daemon
        self.collector = ModelCollector(
            self._node,
            daemon.pools,
            daemon.bus.market_data,
            daemon.clock,
            begin_run=daemon.books.begin_run,
            now_ns=daemon.environment.now_ns,
            block_s=self._truth.chain.block_s,
        )
        return self.collector

    def _watch_relays(self) -> None:
        bus = self.daemon.bus
        for name, relay in (("market", bus.market_data), ("signals", bus.signals), ("execution", bus.execution)):
            self._watch(name, relay, relay.publish)

    def _watch(self, name: str, relay: Any, publish: Callable[[Any], None]) -> None:
        def watched(messages: Any) -> None:
            if self.disk.dead:
                return  # the process is no more; nobody hears what its clean-up says
            messages = list(messages)
            self._trace.note_messages(name, messages)
            for message in messages:
                if isinstance(message, Fill | ExecutionReport):
                    self._truth.note(partial(self._truth.check_settlement, message))
                elif isinstance(message, SettlementRevoked):
                    self._truth.note(partial(self._truth.check_revocation, message))
                elif isinstance(message, HaltChange) and message.scope == GLOBAL:
                    self._truth.closed = not message.level.trades
            if name == "execution" and self._keeps_published:
                self.published += [message for message in messages if self._is_new(message)]
            publish(messages)

        relay.publish = watched

    def _is_new(self, message: object) -> bool:
        """Whether the journal must hold it: an intent that is open again is told once more, and written once."""
        if isinstance(message, OrderRequest):
            again = message.intent_id in self._told
            self._told.add(message.intent_id)
            return not again
        return isinstance(message, JOURNALLED)

    def _watch_submissions(self) -> None:
        executor = self.daemon.executor
        submit = executor.submit

        def watched(intents: list[OrderRequest]) -> None:
            if not self.disk.dead:
                self._truth.note(partial(self._truth.check_submission, intents, self.daemon.halts.epoch))
                self.disk.on_moment("intents are submitted")
            submit(intents)

        executor.submit = watched  # type: ignore[method-assign]


def _nodes(node: TreeNode) -> Iterator[TreeNode]:
    yield node
    for child in node.children:
        yield from _nodes(child)


async def live(
    config: Config,
    paths: DataPaths,
    disk: ModelDisk,
    clock: WallClock,
    make_life: Callable[[Daemon], Life],
    chance: Random,
    *,
    task_status: trio.TaskStatus[Life] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run one life until it ends by itself, or is cancelled. Whatever the daemon refuses to start with travels on."""
    environment = Environment(
        now_ns=clock.now_ns,
        monotonic_ns=monotonic_ns,
        thread_ns=lambda: 0,  # the watchdog's thread lives in real time, of which a simulation knows nothing
        run_blocking=disk.run_blocking,
        journal_calls=disk.system,
        write_latch=disk.write_latch,
        machine=RoomyMachine(),
        random=chance,
        end_at_once=lambda: None,
        end_stalled=lambda: None,
        pid=1,
    )
    life: Life | None = None
    try:
        async with open_daemon(config, paths=paths, environment=environment) as daemon:
            life = make_life(daemon)
            task_status.started(life)
            try:
                await daemon.run()
            finally:
                life.ended.set()
    except* AlphaPulseError as errors:
        if life is None:
            raise
        logging.getLogger(__name__).info("the life ended with %s", errors.exceptions)
