"""The daemon: the one composition root. It joins the parts of `alphapulse.composition` into the tree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from alphapulse.composition.books import Books, open_journal
from alphapulse.composition.collectors import Collectors
from alphapulse.composition.decision_scopes import DecisionScopes
from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.composition.given_up import GivenUpFollower
from alphapulse.composition.halting import Halting
from alphapulse.composition.known_pools import known_pools
from alphapulse.composition.leaving import Leaving
from alphapulse.composition.lifecycle import Lifecycle
from alphapulse.composition.link_audit import LinkAudit
from alphapulse.composition.market_follower import Replaying
from alphapulse.composition.other_strategies import OtherStrategies
from alphapulse.composition.restart_policies import NO_RESTART, RESTARTS
from alphapulse.composition.risk import Risk
from alphapulse.composition.run_opener import RunOpener
from alphapulse.composition.site import Site
from alphapulse.composition.staged_stop import stop_in_stages
from alphapulse.composition.start_record import StartRecord
from alphapulse.composition.strategies import Strategies
from alphapulse.composition.strategy_reload import StrategyReload
from alphapulse.composition.topology import Placement, Topology
from alphapulse.composition.topology_terms import everything
from alphapulse.composition.trading import Trading
from alphapulse.composition.tree import Tree
from alphapulse.composition.tree_control import TreeControl
from alphapulse.composition.watches import Watches
from alphapulse.config import Config
from alphapulse.data.chains import CHAINS
from alphapulse.data.execution import Mode
from alphapulse.data.halts import GLOBAL, Level
from alphapulse.data.pools import Pool
from alphapulse.data.runs import RunStarted
from alphapulse.errors import AlphaPulseError, HaltError, RecordingError
from alphapulse.execution.engine import Engine
from alphapulse.journal.journal import Journal
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.node import TreeNode
from alphapulse.nursery.service import Service
from alphapulse.observe.service_manager import SignsOfLife
from alphapulse.rules.discovery.pool_directory import PoolDirectory
from alphapulse.safety.scopes import INSTRUMENT_SCOPE, STRATEGY_SCOPE, scopes_of_instruments, venue_scope
from alphapulse.strategies.flash_arbitrage import FlashArbitrage

if TYPE_CHECKING:  # read only where money is at stake
    from alphapulse.composition.live_start import LiveStart

NS_PER_S = 1_000_000_000


class Daemon:
    """Everything that runs, and what the control plane may ask of it. Made by `open_daemon`.

    The parts are attributes of their own; what the control plane, the commands and the tests read of them is here too.
    """

    def __init__(
        self,
        config: Config,
        paths: DataPaths,
        pools: Sequence[Pool],
        journal: Journal,
        start: StartRecord,
        environment: Environment,
        control_plane: Callable[[Daemon], Service] | None,
        *,
        placement: Placement,
        topology: Topology | None,
        live: LiveStart | None,
    ) -> None:
        self.config, self.paths = config, paths
        self.pools = PoolDirectory(pools)
        self.chain = CHAINS[self.pools[0].id.chain_id or 0]
        self.environment = environment
        self.started_ns = environment.now_ns()
        self._start = start
        self._lifecycle = Lifecycle(environment, paths.stacks, status_line=self._status_line)
        self._control_plane = control_plane
        self.placement = placement
        self.live_missing = live.missing if live is not None else ()
        """What live trading was wished for and lacks; nothing if it was not wished, or is so."""
        self.site = Site(config, placement, topology, environment, request_stop=self.request_stop)
        self.bus, self.clock, self.roads = self.site.bus, self.site.clock, self.site.roads
        bus, clock = self.bus, self.clock
        bus.chains.on_pool.append(self.pools.heed)
        parts = None if live is None else live.parts
        mode = Mode.PAPER if parts is None else Mode.LIVE
        self.books = Books(config, paths, journal, start, bus.execution, environment, mode)
        self.halting = Halting(
            start,
            paths,
            config,
            journal,
            bus.execution,
            environment,
            mode,
            market_ns=clock.now_ns,
            kept_running=self._kept_running,
        )
        self.risk = Risk(config, self.pools, paths, bus, clock, journal, start, self.halting, environment)
        self.trading = Trading(
            config,
            self.pools,
            self.risk,
            bus,
            clock,
            journal,
            start,
            self.halting,
            environment,
            parts,
            run=lambda: self.books.run.run if self.books.run else 0,
        )
        venues = sorted({venue_scope(pool.id.venue) for pool in self.pools})
        self.watches = Watches(
            paths,
            start,
            self.books,
            self.trading.executor,
            bus.execution,
            self.halting,
            environment,
            check_scope=self.check_scope,
            venues=venues,
            reconciled=lambda venue, equal: self.risk.breakers.reconciled(venue, equal=equal),
        )
        self.strategies = Strategies(
            config,
            self.pools,
            bus,
            here=placement.strategies,
            run=lambda: self.run_record.run if self.run_record else 0,
            halt_epoch=lambda: self.halts.epoch,
        )
        self.sources = self._make_collectors()
        self._leaving = Leaving(settled=lambda: not self.trading.executor.pending, request_stop=self.request_stop)
        self.books.on_begin += [lambda _: self.trading.gate.forget_run(), lambda _: self.strategies.begin_run()]
        self.supervision = Tree(
            foundation=self._foundation(),
            decisions=(*self.trading.tasks(), *self.strategies.tasks()),
            collectors=self.sources.tasks() if self.sources is not None else (),
            environment=environment,
            venues=venues,
            halt=self.halting.kill_by_supervisor,
            leave=self._leaving.ask if environment.service_manager is not None else None,
            unready=self._leaving.end,
        )
        self.control = TreeControl(self.supervision.root, level=self.halting.switch.level)
        self.reload = StrategyReload(
            config, self.pools, self.strategies, self.risk.limits, self.supervision.decisions, journal, environment
        )
        self.halting.preconditions.append(self.supervision.foundation_runs)
        self.halting.switch.register_decisions("decisions", DecisionScopes(self.supervision.decisions))
        if self.roads is not None:
            others = OtherStrategies(self.roads.wait_halts_applied)
            self.halting.switch.register_decisions("strategies of other processes", others)
        # What others read of the parts.
        self.mode, self.latency = self.trading.mode, self.trading.latency
        self.gate, self.executor = self.trading.gate, self.trading.executor
        self.journal, self.ledger, self.ledger_url = journal, self.books.ledger, self.books.ledger_url
        self.portfolio, self.halts = self.books.portfolio, self.halting.switch
        self.kill, self.resume, self.resume_preconditions = self.halting.kill, self.halting.resume, self.halting.look
        self.collector: Replaying = self.sources.collector if self.sources is not None else self.site.market
        self.capture = self.sources.capture if self.sources is not None else None
        self.foundation, self.decisions, self.collectors = self.supervision.groups

    @property
    def run_record(self) -> RunStarted | None:
        """The present run, None before the first."""
        return self.books.run

    @property
    def strategy(self) -> FlashArbitrage:
        """The strategy of the present life."""
        return self.strategies.flash_arbitrage

    @property
    def engine(self) -> Engine:
        """The engine of the present life."""
        return self.trading.engine

    @property
    def problem(self) -> RecordingError | None:
        """What ended the recording early."""
        return self.sources.problem if self.sources is not None else None

    @property
    def failure(self) -> AlphaPulseError | None:
        """What the daemon cannot go on without."""
        return self.halting.failure or self._leaving.failure

    def tree(self) -> TreeNode:
        """The live tree of tasks."""
        return self.supervision.snapshot()

    def scopes(self) -> tuple[str, ...]:
        """Every scope that can be halted: everything, strategies, venues with their chains, instruments."""
        strategies = (STRATEGY_SCOPE + name for name in self.strategies.names)
        return GLOBAL, *strategies, *scopes_of_instruments(pool.id for pool in self.pools)

    def check_scope(self, scope: str) -> None:
        """Raises HaltError if there is no such scope here."""
        if scope != GLOBAL and scope not in (known := self.scopes()):
            wider = ", ".join(one for one in known if not one.startswith(INSTRUMENT_SCOPE))
            raise HaltError(f"expected {wider} or `{INSTRUMENT_SCOPE}HEX` of a pool that is watched, found {scope!r}")

    @property
    def stopping(self) -> str | None:
        """Why the daemon stops, None while it does not."""
        return self._lifecycle.stopping

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until `request_stop`, SIGTERM or SIGINT; returns when the staged stop is over."""
        await self._lifecycle.run(
            self.supervision.root,
            close_gate=self.halts.close_gate,
            kill=self.halting.kill_by_signal,
            begin=lambda: self.halts.start(*self._start.level(self.mode)),
            wait_ready=self.site.wait_listening,
            stop=self._stop,
            task_status=task_status,
        )

    async def _stop(self, reason: str) -> None:
        await stop_in_stages(
            reason,
            decisions=self.decisions,
            cancel_orders=self.trading.cancel_orders,
            collectors=self.collectors,
            close_books=lambda: self.books.close(reason),
            foundation=self.foundation,
        )

    def request_stop(self, reason: str) -> None:
        """Begin the staged stop. Trading stays ACTIVE in the books: a stop is no halt."""
        self._lifecycle.request_stop(reason)

    def _make_collectors(self) -> Collectors | None:
        if not self.placement.collectors:
            return None
        return Collectors(
            self.config,
            self.pools,
            self.bus.market_data,
            self.clock,
            self.environment,
            begin_run=self._begin_run,
            on_over=lambda: self.request_stop("the recording is over"),
            on_broken=self._reduce_venues,
            costs=self.strategies.costs,
        )

    async def _begin_run(self, reason: str) -> None:
        await self.site.wait_audience()
        await self.books.begin_run(reason)

    def _reduce_venues(self, reason: str) -> None:
        """A chain is not final where it said so: what is open is closed, nothing new is begun."""
        for venue in sorted({venue_scope(pool.id.venue) for pool in self.pools}):
            self.halting.kill_by_supervisor(venue, reason, Level.REDUCING)

    def _kept_running(self) -> list[str]:
        return self.supervision.kept_running()

    def _foundation(self) -> Iterator[ChildSpec]:
        """What outlives trading, in the order of its start."""
        yield from self.site.tasks()
        yield from self.books.tasks()
        yield from self.trading.gateways()
        yield from self.halting.tasks()
        if self.sources is None:
            opener = RunOpener(self.bus, begin_run=self.books.begin_run, has_run=lambda: self.run_record is not None)
            yield ChildSpec("runs", lambda: opener, NO_RESTART)
            yield from self.strategies.cost_tasks(self.environment)
        if self.roads is not None:
            audit = LinkAudit(self.bus, self.books.journal, now_ns=self.environment.now_ns)
            yield ChildSpec("link audit", lambda: audit, RESTARTS)
            elsewhere = GivenUpFollower(
                self.bus,
                check_scope=self.check_scope,
                level=self.halting.switch.level_of,
                halt=self.halting.kill_by_supervisor,
            )
            yield ChildSpec("given up elsewhere", lambda: elsewhere, RESTARTS)
        yield from self.watches.tasks()
        yield from self.risk.tasks()
        if (control_plane := self._control_plane) is not None:
            yield ChildSpec("control plane", lambda: control_plane(self), RESTARTS)
        yield from self.halting.watch()
        if (manager := self.environment.service_manager) is not None:
            signs = SignsOfLife(manager, turn=self.trading.engine_turn, status=self._status_line)
            yield ChildSpec("service manager", lambda: signs, RESTARTS)
            yield ChildSpec("leaving", lambda: self._leaving, NO_RESTART)

    def _lack(self) -> str:
        return f"; not live, missing: {'; '.join(self.live_missing)}" if self.live_missing else ""

    def _status_line(self) -> str:
        change = self.halts.changes.get(GLOBAL)
        if self.stopping is not None:
            return f"stopping: {self.stopping}"
        if change is None or change.level.trades:
            return f"active ({self.mode.name.lower()}){self._lack()}"
        return f"{change.level.name.lower()} ({self.mode.name.lower()}) by {change.actor}: {change.reason}"


@asynccontextmanager
async def open_daemon(
    config: Config,
    *,
    paths: DataPaths | None = None,
    environment: Environment | None = None,
    control_plane: Callable[[Daemon], Service] | None = None,
    placement: Placement | None = None,
    topology: Topology | None = None,
    live: LiveStart | None = None,
) -> AsyncIterator[Daemon]:
    """The daemon with its journal open, ready to `run`; everything in this process, or what `placement` says.

    It trades for real with the parts of `live`, and on paper without.

    Raises:
        ConfigError, PoolFileError: a setting or a file that it names cannot be used.
        JournalError: another daemon holds the data folder, or the journal cannot be trusted.
    """
    environment = environment or Environment()
    pools = known_pools(config, alone=topology is None)
    paths = paths or DataPaths.in_folder(config.data_folder, Mode.PAPER if live is None else live.mode)
    async with open_journal(paths, environment) as (journal, start):
        yield Daemon(
            config,
            paths,
            pools,
            journal,
            start,
            environment,
            control_plane,
            placement=placement or everything(config),
            topology=topology,
            live=live,
        )
