"""The daemon in the shapes of the API."""

from __future__ import annotations

from collections.abc import Mapping

from alphapulse.daemon import Daemon
from alphapulse.errors import HaltError
from alphapulse.journal.ledger_reader import LedgerReader
from alphapulse.nursery.node import NodeState
from alphapulse.nursery.node import TreeNode as Node
from alphapulse.safety.report_draft import is_complete
from alphapulse_web.api.messages import FrameSample
from alphapulse_web.api.schemas import (
    AuditHead,
    Fills,
    HaltReport,
    LatestOpportunities,
    Opportunities,
    Pairs,
    Pnl,
    Point,
    Pools,
    Positions,
    Result,
    Runs,
    Status,
    TreeNode,
    ViaWord,
)
from alphapulse_web.backend import TOPICS, Topic
from alphapulse_web.views.books_view import BooksView
from alphapulse_web.views.live_view import LiveView
from alphapulse_web.views.status_view import VIAS, StatusView

NS_PER_S = 1_000_000_000


class DaemonBackend:
    """Answers the control plane's questions from the running daemon, its views and its ledger."""

    def __init__(self, daemon: Daemon, view: LiveView, ledger: LedgerReader) -> None:
        self._daemon = daemon
        self._view = view
        self._status = StatusView(daemon)
        self._books = BooksView(daemon, view.opportunities, ledger)

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
        market = run + view.market.revision
        books = hash((run, daemon.portfolio.revision))
        return dict(
            zip(
                TOPICS,
                (
                    status,
                    hash((run, second, daemon.halts.epoch)),
                    market,
                    market,
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

    def pools(self) -> Pools:
        """All pools."""
        return self._view.market.pools()

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

    async def kill(self, scope: str, reason: str, actor: str, via: ViaWord) -> HaltReport:
        """Halt a scope; waits shortly for the report, which is complete or says that it is not."""
        if scope not in self._daemon.scopes():
            raise HaltError(f"expected one of the scopes {', '.join(self._daemon.scopes())}, found {scope!r}")
        change = self._daemon.kill(scope, reason=reason, actor=actor, via=VIAS[via])
        return await self._status.finished_report(change)

    async def resume(self, scope: str, reason: str, actor: str, via: ViaWord) -> Status:
        """End a halt."""
        self._daemon.resume(scope, reason=reason, actor=actor, via=VIAS[via])
        return self.status()


def _any_failed(node: Node) -> bool:
    return node.state is NodeState.FAILED or any(_any_failed(child) for child in node.children)
