"""The daemon in the shapes of the API."""

from __future__ import annotations

from collections.abc import Mapping

from alphapulse import __version__
from alphapulse.daemon import Daemon
from alphapulse.data.execution import Fill
from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.data.halts import HaltReport as HaltReportRecord
from alphapulse.data.market import StreamState
from alphapulse.data.pools import Token
from alphapulse.errors import HaltError
from alphapulse.execution.latency import LogLatency
from alphapulse.journal.ledger_reader import LedgerReader, OpportunityRow
from alphapulse.journal.ledger_reader import Reason as LedgerReason
from alphapulse.journal.ledger_rows import Result as LedgerResult
from alphapulse.nursery.node import NodeState
from alphapulse.nursery.node import TreeNode as Node
from alphapulse.portfolio.portfolio import TokenBook
from alphapulse.rules.accounting.amounts import decimal_text
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss, market_day
from alphapulse.terms import tokens_of
from alphapulse_web.api.schemas import (
    Build,
    Counts,
    Fills,
    FillView,
    HaltReport,
    HaltStep,
    Holding,
    LatestOpportunities,
    OpenTrade,
    Opportunities,
    OtherWays,
    Pairs,
    PartialHalt,
    Pnl,
    PnlPoint,
    PnlToken,
    Point,
    Pools,
    Positions,
    Reason,
    Result,
    Run,
    Runs,
    RunView,
    Source,
    State,
    Status,
    StrategyPnl,
    Stream,
    TreeNode,
    ViaWord,
)
from alphapulse_web.api.schemas import StreamState as StreamWord
from alphapulse_web.backend import TOPICS, Topic
from alphapulse_web.instants import instant
from alphapulse_web.views.live_view import LiveView
from alphapulse_web.views.market_view import pool_ref, token_ref
from alphapulse_web.views.opportunity_view import amount

PPM = 1_000_000
NS_PER_S = 1_000_000_000
VIA_WORDS: Mapping[Via, ViaWord] = {
    Via.START_RULE: "start rule",
    Via.DASHBOARD: "the dashboard",
    Via.COMMAND_LINE: "the command line",
    Via.API: "the API",
    Via.OS_SIGNAL: "a signal",
    Via.SUPERVISOR: "the supervisor",
    Via.JOURNAL: "the journal",
}
VIAS = {word: via for via, word in VIA_WORDS.items()}
STREAM_WORDS: Mapping[StreamState, StreamWord] = {
    StreamState.UNKNOWN: "unknown",
    StreamState.FRESH: "fresh",
    StreamState.QUIET: "quiet",
    StreamState.STALE: "stale",
    StreamState.GAP: "gap",
    StreamState.RESET: "unknown",
    StreamState.ENDED: "ended",
}


class DaemonBackend:
    """Answers the control plane's questions from the running daemon, its views and its ledger."""

    def __init__(self, daemon: Daemon, view: LiveView, ledger: LedgerReader) -> None:
        self._daemon = daemon
        self._view = view
        self._ledger = ledger
        self._tokens = tokens_of(daemon.pools)
        self._pools = {pool.id: pool for pool in daemon.pools}

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
        status = hash((run, second, daemon.halts.epoch, daemon.stopping, daemon.halts.report is None))
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
        daemon = self._daemon
        now_ns = daemon.environment.now_ns()
        change = daemon.halts.changes.get(GLOBAL)
        run = daemon.run_record
        market_ns = daemon.clock.now_ns()
        return Status(
            mode="paper",
            state=self._state(),
            since=instant(change.at_ns if change else daemon.started_ns),
            by=change.actor if change else "alphapulsed",
            via=VIA_WORDS[change.via] if change else "start rule",
            cause=change.reason if change else "the daemon started",
            halt_id=change.halt_id if change and change.level is Level.HALTED else None,
            epoch=daemon.halts.epoch,
            partial_halts=[
                _partial_halt(scope, part)
                for scope, part in daemon.halts.changes.items()
                if scope != GLOBAL and part.level is Level.HALTED
            ],
            report=self._report(daemon.halts.report),
            run=Run(
                number=run.run if run else 0,
                started=instant(run.started_ns if run else daemon.started_ns),
                reason=run.reason if run else "no run has begun yet",
            ),
            source=self._source(market_ns),
            streams=[self._stream(market_ns)],
            clock=instant(market_ns) if market_ns is not None else None,
            build=Build(version=__version__, configuration=daemon.config.digest[:12]),
            assumption=self._assumption(),
            lesson=self._lesson(),
            other_ways=OtherWays(command='alphapulse kill --reason "…"', signal=f"kill -USR1 {daemon.pid}"),
            resume_command='alphapulse resume --reason "…"',
            server_time=instant(now_ns),
        )

    def tree(self) -> TreeNode:
        """The daemon's tasks."""
        return _tree_shape(self._daemon.tree())

    def pools(self) -> Pools:
        """All pools."""
        return self._view.market.pools()

    def pairs(self) -> Pairs:
        """All pairs with their points."""
        return self._view.market.pairs()

    def pair_points(self, pair_id: str, after_index: int) -> list[Point]:
        """Points of a pair with a greater index."""
        return self._view.market.pair_points(pair_id, after_index)

    def positions(self) -> Positions:
        """What is on its way and what is held."""
        portfolio = self._daemon.portfolio
        exposure: dict[bytes, int] = {}
        for intent in portfolio.in_flight.values():
            exposure[intent.profit_token] = exposure.get(intent.profit_token, 0) + intent.size
        tokens = portfolio.tokens
        return Positions(
            open=[
                OpenTrade(
                    intent_id=str(intent.intent_id),
                    strategy=intent.strategy,
                    size=amount(intent.size, self._tokens[intent.profit_token]),
                    since=instant(intent.created_ns),
                    state="in flight",
                )
                for intent in portfolio.in_flight.values()
            ],
            holdings=[
                Holding(strategy=strategy, amount=amount(held, self._tokens[token]))
                for (strategy, token), held in portfolio.holdings.items()
            ],
            exposure=[amount(exposure.get(token, 0), self._tokens[token]) for token in tokens],
            largest=[amount(book.largest, self._tokens[token]) for token, book in tokens.items()],
            limit=None,
        )

    def latest_opportunities(self) -> LatestOpportunities:
        """The newest 50 opportunities."""
        return self._view.opportunities.latest()

    async def pnl(self, run: int | None = None) -> Pnl:
        """P&L of the current run from the portfolio, of an older one from the ledger."""
        current = self._daemon.portfolio.run_number
        if run is not None and run != current:
            return await self._old_pnl(run)
        portfolio = self._daemon.portfolio
        clock = self._daemon.clock.now_ns()
        return Pnl(
            run=current,
            day=market_day(clock) if clock is not None else "",
            tokens=[self._pnl_token(book.total, book) for book in portfolio.tokens.values()],
            by_strategy=[
                StrategyPnl(strategy=strategy, day=day, tokens=[self._pnl_token(books, None)])
                for (strategy, day, _), books in portfolio.by_day.items()
            ],
        )

    async def opportunities(self, cursor: str | None, limit: int, result: Result | None) -> Opportunities:
        """A page of opportunities from the ledger, newest first, over all runs."""
        wanted = LedgerResult(result) if result is not None else None
        page = await self._ledger.opportunities(cursor, limit, result=wanted)
        return Opportunities(
            opportunities=[
                self._view.opportunities.shape(row.signal, row.result.value, _reason(row.reason), row.actual_net)
                for row in page.rows
                if self._is_known(row)
            ],
            next_cursor=page.next_cursor,
            counts=self._view.opportunities.counts(),
        )

    async def fills(self, cursor: str | None, limit: int) -> Fills:
        """A page of fills from the ledger, newest first, over all runs."""
        page = await self._ledger.fills(cursor, limit)
        return Fills(
            fills=[self._fill(row.fill) for row in page.rows if row.fill.profit_token in self._tokens],
            next_cursor=page.next_cursor,
        )

    async def runs(self) -> Runs:
        """All runs, newest first."""
        return Runs(
            runs=[
                RunView(
                    number=row.number,
                    started=instant(row.started_ns),
                    ended=instant(row.ended_ns) if row.ended_ns is not None else None,
                    source=row.source,
                    reason=row.reason,
                )
                for row in await self._ledger.runs()
            ]
        )

    async def kill(self, scope: str, reason: str, actor: str, via: ViaWord) -> HaltReport:
        """Halt a scope; waits shortly for the report, which is complete or says that it is not."""
        if scope not in self._daemon.scopes():
            raise HaltError(f"expected one of the scopes {', '.join(self._daemon.scopes())}, found {scope!r}")
        change = self._daemon.kill(scope, reason=reason, actor=actor, via=VIAS[via])
        return await self._finished_report(change)

    async def resume(self, scope: str, reason: str, actor: str) -> Status:
        """End a halt."""
        self._daemon.resume(scope, reason=reason, actor=actor, via=Via.COMMAND_LINE)
        return self.status()
