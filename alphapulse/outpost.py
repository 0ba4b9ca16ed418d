"""A process of a topology that keeps no books: relays, collectors, strategies, or several of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import trio

from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.composition.collectors import Collectors
from alphapulse.composition.decision_scopes import DecisionScopes
from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.composition.given_up import given_up
from alphapulse.composition.halt_follower import HaltFollower
from alphapulse.composition.lifecycle import Lifecycle
from alphapulse.composition.restart_policies import RESTARTS
from alphapulse.composition.site import Site
from alphapulse.composition.staged_stop import stop_in_stages
from alphapulse.composition.strategies import Strategies
from alphapulse.composition.topology import Placement, Topology
from alphapulse.composition.tree import Tree
from alphapulse.config import Config
from alphapulse.data.execution import Mode
from alphapulse.data.halts import Level
from alphapulse.data.pools import Pool
from alphapulse.data.runs import RunStarted
from alphapulse.errors import AlphaPulseError, LifecycleError
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.node import TreeNode
from alphapulse.observe.service_manager import SignsOfLife
from alphapulse.relays.bus import Bus
from alphapulse.rules.discovery.pool_directory import PoolDirectory
from alphapulse.safety.scopes import venue_scope

NS_PER_S = 1_000_000_000
NS_PER_US = 1_000


class Outpost:
    """What `placement` says, joined to the other processes of the topology by links.

    It learns of runs and halts from the execution relay. A strategy that fails for good is halted by the books; another
    part that does ends the process: `failure` says why.
    """

    def __init__(
        self,
        config: Config,
        placement: Placement,
        topology: Topology,
        pools: Sequence[Pool],
        paths: DataPaths,
        environment: Environment,
    ) -> None:
        self.placement = placement
        self.paths = paths
        self.environment = environment
        self.failure: AlphaPulseError | None = None
        self._started_ns = environment.now_ns()
        stacks = paths.stacks.with_stem(f"{paths.stacks.stem}.{placement.service}")  # each process has its own tasks
        self._lifecycle = Lifecycle(environment, stacks, status_line=self._status_line)
        self.bus = bus = Bus()
        self.halts = HaltFollower(bus, on_run=self._begin_run)
        self.site = Site(
            config,
            placement,
            topology,
            environment,
            request_stop=self.request_stop,
            bus=bus,
            on_control=self.halts.stop_now if placement.strategies else None,
        )
        pools = PoolDirectory(pools)
        bus.chains.on_pool.append(pools.heed)
        self.strategies = Strategies(
            config,
            pools,
            bus,
            run=lambda: self.halts.run_number,
            halt_epoch=lambda: self.halts.epoch,
            here=placement.strategies,
        )
        self._venues = sorted({venue_scope(pool.id.venue) for pool in pools})
        self.sources = self._collectors(config, pools)
        self.supervision = Tree(
            foundation=self._foundation(),
            decisions=self.strategies.tasks(),
            collectors=self.sources.tasks() if self.sources is not None else (),
            environment=environment,
            halt=self._have_halted,
            end=self._give_up,
            unready=self._give_up,
        )
        self.halts.lead(DecisionScopes(self.supervision.decisions))

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until `request_stop`, SIGTERM or SIGINT, or until the recording is over; returns when all is stopped."""
        await self._lifecycle.run(
            self.supervision.root,
            close_gate=lambda: None,
            kill=self._stop_deciding,
            begin=lambda: None,
            wait_ready=self.site.wait_listening,
            stop=self._stop,
            task_status=task_status,
        )

    def request_stop(self, reason: str) -> None:
        """Begin the staged stop."""
        self._lifecycle.request_stop(reason)

    def tree(self) -> TreeNode:
        """The live tree of tasks."""
        return self.supervision.snapshot()

    def _foundation(self) -> Iterator[ChildSpec]:
        if self.placement.strategies:
            yield ChildSpec("halts and runs", lambda: self.halts, RESTARTS)
        yield from self.site.tasks()
        if self.sources is None:
            yield from self.strategies.cost_tasks(self.environment)
        if (manager := self.environment.service_manager) is not None:
            signs = SignsOfLife(manager, turn=trio.lowlevel.checkpoint, status=self._status_line)
            yield ChildSpec("service manager", lambda: signs, RESTARTS)

    def _collectors(self, config: Config, pools: Sequence[Pool]) -> Collectors | None:
        if not self.placement.collectors:
            return None
        return Collectors(
            config,
            pools,
            self.bus.market_data,
            self.site.clock,
            self.environment,
            begin_run=lambda _: self.site.wait_audience(),
            on_over=lambda: self.request_stop("the recording is over"),
            on_broken=self._reduce_venues,
            costs=self.strategies.costs,
        )

    def _begin_run(self, run: RunStarted) -> None:
        """A predecessor of this process may have numbered signals of a run that was under way: at most one a µs."""
        under_way = run.started_ns < self._started_ns
        age_ns = self.environment.now_ns() - run.started_ns
        self.strategies.begin_run(1 + max(0, age_ns) // NS_PER_US if under_way else 1)

    def _reduce_venues(self, reason: str) -> None:
        """A chain is not final where it said so; the books' process is asked to halt its venues."""
        for venue in self._venues:
            self._have_halted(venue, reason, Level.REDUCING)

    def _give_up(self, reason: str) -> None:
        self.failure = LifecycleError(reason)
        self.request_stop(reason)

    def _have_halted(self, scope: str, reason: str, _: Level) -> None:
        self.bus.execution.publish([given_up(scope, reason, self.environment.now_ns())])

    def _stop_deciding(self) -> None:
        """SIGUSR1 stops what decides here; the gate is in another process, where `alphapulse kill` closes it."""
        self.supervision.decisions.stop_all("SIGUSR1 was received")

    async def _stop(self, reason: str) -> None:
        await stop_in_stages(
            reason,
            decisions=self.supervision.decisions,
            cancel_orders=lambda: None,
            collectors=self.supervision.collectors,
            close_books=trio.lowlevel.checkpoint,
            foundation=self.supervision.foundation,
        )

    def _status_line(self) -> str:
        return f"stopping: {self._lifecycle.stopping}" if self._lifecycle.stopping is not None else "running"


def open_outpost(
    config: Config, placement: Placement, topology: Topology, *, environment: Environment | None = None
) -> Outpost:
    """The process, ready to `run`.

    Raises:
        ConfigError, PoolFileError, TlsFileError: a setting or a file that it names cannot be used.
    """
    (section,) = config.collectors.values()
    pools = load_pools(config.resolve(section.pools))
    paths = DataPaths.in_folder(config.data_folder, Mode[config.daemon.mode.upper()])
    return Outpost(config, placement, topology, pools, paths, environment or Environment())
