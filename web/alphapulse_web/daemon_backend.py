"""The daemon in the shapes of the API."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import trio

from alphapulse.daemon import Daemon
from alphapulse.data.halts import Level
from alphapulse.data.roles import Role
from alphapulse.errors import JournalError
from alphapulse.journal.ledger_reader import LedgerReader
from alphapulse.nursery.node import NodeState
from alphapulse.nursery.node import TreeNode as Node
from alphapulse.observe.stack_dump import task_stacks
from alphapulse.safety.report_draft import is_complete
from alphapulse_web.api.book_shapes import AuditHead, Fills, Pnl, Positions, Runs
from alphapulse_web.api.chain_shapes import Chains
from alphapulse_web.api.halt_shapes import Challenge, FlattenReport, HaltReport, Halts
from alphapulse_web.api.level_shapes import Levels, Risk
from alphapulse_web.api.messages import FrameSample
from alphapulse_web.api.opportunity_shapes import LatestOpportunities, Opportunities, Result, SolverStage
from alphapulse_web.api.pair_shapes import Pairs, Point
from alphapulse_web.api.pool_shapes import AllPools, ChangedPools, PoolDetail, Pools
from alphapulse_web.api.relay_shapes import Relays
from alphapulse_web.api.requests import (
    FlattenRequest,
    KillRequest,
    OverrideRequest,
    PoolQuery,
    ReloadRequest,
    ResumeRequest,
)
from alphapulse_web.api.risk_shapes import BreakersView, LimitsView, LimitView
from alphapulse_web.api.schemas import ViaWord
from alphapulse_web.api.status_shapes import ChangedSetting, Reloaded, Status, TreeNode
from alphapulse_web.api.study_shapes import Analytics, Sweep, Sweeps, WhyNot
from alphapulse_web.backend import TOPICS, Topic
from alphapulse_web.instants import instant
from alphapulse_web.views.analytics_view import AnalyticsView
from alphapulse_web.views.audit_record import audit_record
from alphapulse_web.views.books_view import BooksView
from alphapulse_web.views.candidates_view import CandidatesView
from alphapulse_web.views.halts_view import VIAS, HaltsView, challenge_shape
from alphapulse_web.views.levels_view import LevelsView
from alphapulse_web.views.live_view import LiveView
from alphapulse_web.views.nodes_shape import nodes_shape
from alphapulse_web.views.real_trading_view import RealTradingView
from alphapulse_web.views.relays_view import RelaysReader
from alphapulse_web.views.risk_view import RiskView
from alphapulse_web.views.status_view import StatusView
from alphapulse_web.views.sweeps_view import SweepsView

NS_PER_S = 1_000_000_000
MOVE_WAIT_S = 1.0
"""How long an answer waits for a task that was stopped or started."""

log = logging.getLogger(__name__)


class DaemonBackend:
    """Answers the control plane's questions from the running daemon, its views and its ledger."""

    def __init__(self, daemon: Daemon, view: LiveView, ledger: LedgerReader) -> None:
        self._daemon = daemon
        self._view = view
        self._halts = HaltsView(daemon)
        self._status = StatusView(daemon, self._halts)
        self._risk = RiskView(daemon)
        self._levels = LevelsView(daemon)
        self._relays = RelaysReader(
            daemon.bus,
            daemon.roads,
            process=daemon.placement.service or "alphapulsed",
            now_ns=daemon.environment.now_ns,
            monotonic_ns=daemon.environment.monotonic_ns,
        )
        self._candidates = CandidatesView(
            lambda: daemon.strategy.candidates, kept_here=bool(daemon.placement.strategies)
        )
        self._analytics = AnalyticsView(view.outcomes, daemon.pools)
        self._sweeps = SweepsView(daemon.paths.folder / "sweeps")
        self._books = BooksView(daemon, view.opportunities, self._candidates, ledger)
        self.real_trading = RealTradingView(daemon, view.transactions, ledger)

    async def run(self) -> None:
        """Learn what was sent before, and count once a second how fast the relays carry messages, until cancelled."""
        await self.real_trading.restore()
        await self._relays.run()

    def live(self) -> bool:
        """The loop turns, or nobody would hear this."""
        return True

    def ready(self) -> bool:
        """True once a run has begun and no part of the tree has failed for good."""
        return self._daemon.run_record is not None and not _any_failed(self._daemon.tree())

    def topic_revisions(self) -> Mapping[Topic, int]:
        """Counts of what changed; times that only pass (ages, heartbeats) count once a second."""
        daemon, view = self._daemon, self._view
        run = (daemon.run_record.run if daemon.run_record else 0) << 40
        second = daemon.environment.monotonic_ns() // NS_PER_S
        report = daemon.halts.report
        reported = report is not None and is_complete(report)
        status = hash((run, second, daemon.halts.epoch, daemon.stopping, reported))
        books = hash((run, daemon.portfolio.revision, self._books.settled()))
        return dict(
            zip(
                TOPICS,
                (
                    status,
                    hash((run, second, daemon.halts.epoch)),
                    hash((run, second, view.chains.revision)),
                    run + view.market.revision,
                    books,
                    books,
                    run + view.opportunities.revision,
                ),
                strict=True,
            )
        )

    def status(self) -> Status:
        """State, freshness, run and source."""
        return self._status.status()

    def tree(self) -> TreeNode:
        """The daemon's tasks."""
        return self._status.tree()

    def chains(self) -> Chains:
        """All chains that pools are watched on."""
        limit_ns = self._daemon.config.limits.max_input_age_s * NS_PER_S
        sources = self._daemon.sources
        live = sources.live.nodes if sources is not None and sources.live is not None else None
        report = live.health() if live is not None else None
        nodes = {report.chain_id: nodes_shape(report)} if report is not None else {}
        return self._view.chains.chains(limit_ns=limit_ns, nodes=nodes)

    def pools(self, wish: PoolQuery) -> Pools:
        """A page of pools."""
        return self._view.pools.page(wish)

    def pool(self, pool_id: str) -> PoolDetail:
        """A pool with its ticks. Raises LookupError if it is not watched."""
        return self._view.pools.detail(pool_id)

    def all_pools(self) -> AllPools:
        """The pools for a page that shows them live."""
        return self._view.pools.all()

    def pools_revision(self) -> int:
        """Grows with every change of a pool."""
        return self._view.pools.revision

    def changed_pools(self, revision: int) -> ChangedPools:
        """Those that have changed behind a revision."""
        return self._view.pools.changed(revision)

    def pairs(self) -> Pairs:
        """All pairs with their points."""
        return self._view.market.pairs()

    def pair_ids(self) -> tuple[str, ...]:
        """The ids of all pairs."""
        return self._view.market.pair_ids()

    def pair_points(self, pair_id: str, after_index: int) -> list[Point]:
        """Points of a pair with a greater index."""
        return self._view.market.pair_points(pair_id, after_index)

    def positions(self) -> Positions:
        """What is on its way and what is held."""
        return self._books.positions()

    def latest_opportunities(self) -> LatestOpportunities:
        """The newest 50 opportunities."""
        return self._view.opportunities.latest()

    def relays(self) -> Relays:
        """Every relay, with its consumers."""
        return self._relays.relays()

    def risk(self) -> Risk:
        """Levels, halts, limits and breakers."""
        return Risk(levels=self.levels(), halts=self.halts(), limits=self.limits(), breakers=self.breakers())

    def why_not(self) -> WhyNot:
        """The newest gaps that became no signal, and at which stage each ended."""
        return self._candidates.latest()

    def candidates(self, cursor: str | None, limit: int, stage: SolverStage | None, pool: str | None) -> Opportunities:
        """A page of these, newest first."""
        page, next_cursor = self._candidates.page(cursor, limit, stage, pool)
        return Opportunities(
            opportunities=[],
            candidates=page,
            next_cursor=next_cursor,
            counts=self._view.opportunities.counts(),
            stages=self._candidates.stages(),
        )

    def analytics(self) -> Analytics:
        """What became of each path in the present run."""
        return self._analytics.analytics(self._daemon.run_record.run if self._daemon.run_record else 0)

    async def sweeps(self) -> Sweeps:
        """The stored sweeps."""
        return await self._daemon.environment.run_blocking(self._sweeps.sweeps)

    async def sweep(self, name: str) -> Sweep:
        """One of them. Raises LookupError if there is none of that name."""
        return await self._daemon.environment.run_blocking(self._sweeps.sweep, name)

    def watch_frames(self, watched: bool) -> None:
        """Whether somebody watches the firehose."""
        self._view.firehose.watch(watched)

    def take_frames(self) -> FrameSample | None:
        """What passed on the relays since the last call."""
        return self._view.firehose.take()

    async def pnl(self, run: int | None = None) -> Pnl:
        """P&L of the current run from the portfolio, of an older one from the ledger."""
        return await self._books.pnl(run)

    async def opportunities(self, cursor: str | None, limit: int, result: Result | None) -> Opportunities:
        """A page of opportunities from the ledger, newest first, over all runs."""
        return await self._books.opportunities(cursor, limit, result)

    async def fills(self, cursor: str | None, limit: int) -> Fills:
        """A page of fills from the ledger, newest first, over all runs."""
        return await self._books.fills(cursor, limit)

    async def runs(self) -> Runs:
        """All runs, newest first."""
        return await self._books.runs()

    async def audit_head(self) -> AuditHead:
        """The journal's end, once the disk has it: a power cut must not make the head that was told a wrong one."""
        end = self._daemon.journal.position
        await self._daemon.journal.sync()
        return AuditHead(records=end.records, head_hash=end.head_hash.hex(), size_bytes=end.size_bytes)

    async def kill(self, wish: KillRequest, actor: str, role: Role, via: ViaWord) -> HaltReport:
        """Make a scope stricter; waits shortly for the report, which is complete or says that it is not."""
        self._daemon.check_scope(wish.scope)
        level = Level[wish.level.upper()]
        change = self._daemon.kill(wish.scope, reason=wish.reason, actor=actor, via=VIAS[via], level=level, role=role)
        return await self._halts.finished_report(change)

    def challenge(self, scope: str, actor: str, role: Role) -> Challenge:
        """What must be typed to end a halt."""
        return challenge_shape(self._daemon.halting.challenge(scope, actor=actor, role=role))

    async def resume(self, wish: ResumeRequest, actor: str, role: Role, via: ViaWord) -> Status:
        """End a halt."""
        self._daemon.resume(
            wish.scope,
            reason=wish.reason,
            actor=actor,
            via=VIAS[via],
            role=role,
            nonce=wish.nonce,
            phrase=wish.phrase,
        )
        return self.status()

    async def flatten(self, wish: FlattenRequest, actor: str, role: Role, via: ViaWord) -> FlattenReport:
        """Sell what a halted scope holds; waits shortly for the end, which comes with the halt's report anyway."""
        return await self._halts.flatten(wish.scope, wish.reason, actor, role, VIAS[via])

    def halts(self) -> Halts:
        """The newest halts."""
        return self._halts.summaries()

    def halt(self, halt_id: int) -> HaltReport:
        """What a halt did. Raises LookupError if it is not known."""
        return self._halts.report(halt_id)

    def levels(self) -> Levels:
        """The level of every scope."""
        return self._levels.levels()

    def limits(self) -> LimitsView:
        """Every limit and check."""
        return self._risk.limits()

    def override_limit(self, wish: OverrideRequest, actor: str) -> LimitView:
        """Set a limit for a while."""
        return self._risk.override(wish, actor)

    def breakers(self) -> BreakersView:
        """Every circuit breaker."""
        return self._risk.breakers()

    async def stacks(self) -> str:
        """Where every task stands."""
        return await task_stacks()

    async def stop_child(self, path: str, reason: str) -> TreeNode:
        """Stop a task; one whose clean-up takes longer is shown as it is by then."""
        self._daemon.control.stop(path, reason)
        return await self._moved(path)

    async def start_child(self, path: str, reason: str) -> TreeNode:
        """Start a task; why is in the audit."""
        self._daemon.control.start(path)
        return await self._moved(path)

    async def restart_child(self, path: str, reason: str) -> TreeNode:
        """Give a task a fresh life."""
        self._daemon.control.restart(path, reason)
        return await self._moved(path)

    async def reload(self, wish: ReloadRequest, actor: str, role: Role) -> Reloaded:
        """Give a strategy a new configuration. Settings of somebody's own could lift limits: they need an admin."""
        if wish.settings is not None and role is not Role.ADMIN:
            raise PermissionError(f"expected an admin for settings that are not the file's, found {role.name.lower()}")
        update = await self._daemon.reload.reload(wish.name, wish.settings, actor=actor, reason=wish.reason)
        return Reloaded(
            configuration_before=update.configuration_before,
            configuration_after=update.configuration_after,
            changes=[ChangedSetting(path=one.path, before=one.before, after=one.after) for one in update.changes],
            at=instant(update.at_ns),
        )

    async def _moved(self, path: str) -> TreeNode:
        """The node once it stands where it was wished to, or as it is after a while."""
        with trio.move_on_after(MOVE_WAIT_S):
            await self._daemon.control.wait_settled(path)
        return self._status.child(path)

    def audit(self, actor: str, action: str, target: str, reason: str, result: str) -> None:
        """Keep an action of somebody in the journal, if that still can be written."""
        journal = self._daemon.journal
        if journal.failure is not None:
            return
        record = audit_record(actor, action, target, reason, result, self._daemon.environment.now_ns())
        try:
            journal.append_now([record])
        except JournalError:
            log.exception("%s by %s is done, but not in the audit", action, actor)


def _any_failed(node: Node) -> bool:
    return node.state is NodeState.FAILED or any(_any_failed(child) for child in node.children)
