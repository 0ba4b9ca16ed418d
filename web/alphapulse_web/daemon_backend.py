"""The daemon in the shapes of the API."""

from __future__ import annotations

from collections.abc import Mapping

import trio

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
from alphapulse.relays.relay import RelayStatistics
from alphapulse.rules.accounting.amounts import decimal_text
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss, market_day
from alphapulse.safety.report_draft import is_complete
from alphapulse.terms import tokens_of
from alphapulse_web.api.messages import FrameSample
from alphapulse_web.api.schemas import (
    Amount,
    AuditHead,
    Build,
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
NOTHING_YET = "nothing was received yet"
REPORT_WAIT_S = 0.5
"""How long a kill waits for its report; on paper it is there within a few ms, and it comes with the status anyway."""

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
            streams=[self._stream(market_ns), *map(_relay_stream, self._relays()), self._ledger_stream()],
            clock=instant(market_ns) if market_ns is not None else None,
            build=Build(version=__version__, configuration=daemon.config.digest[:12]),
            assumption=self._assumption(),
            lesson=self._lesson(),
            other_ways=OtherWays(command='alphapulse kill --reason "…"', signal=f"kill -USR1 {daemon.environment.pid}"),
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

    def pair_ids(self) -> tuple[str, ...]:
        """The ids of all pairs."""
        return self._view.market.pair_ids()

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
            limit=self._trade_limit(),
        )

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
        return await self._finished_report(change)

    async def resume(self, scope: str, reason: str, actor: str, via: ViaWord) -> Status:
        """End a halt."""
        self._daemon.resume(scope, reason=reason, actor=actor, via=VIAS[via])
        return self.status()

    def _state(self) -> State:
        daemon = self._daemon
        change = daemon.halts.changes.get(GLOBAL)
        if change is not None and change.level is Level.HALTED:
            return "halted"
        if daemon.stopping is not None:
            return "stopping"
        return "active" if daemon.run_record is not None else "starting"

    def _source(self, market_ns: int | None) -> Source:
        daemon = self._daemon
        ((name, section),) = daemon.config.collectors.items()
        span = daemon.collector.span_ns
        position = 0
        if span is not None and market_ns is not None and span[1] > span[0]:
            position = min(PPM, max(0, (market_ns - span[0]) * PPM // (span[1] - span[0])))
        return Source(
            kind="recorded",
            name=name,
            speed=str(section.speed),
            position_ppm=PPM if daemon.collector.finished else position,
            start=instant(span[0]) if span else None,
            end=instant(span[1]) if span else None,
            at_end=section.at_end,
            finished=daemon.collector.finished,
        )

    def _stream(self, market_ns: int | None) -> Stream:
        daemon = self._daemon
        (name,) = daemon.config.collectors
        status = daemon.bus.streams.get(name)
        counts = daemon.collector.counts
        last_ns = daemon.collector.last_event_ns
        age = max(0, market_ns - last_ns) if market_ns is not None and last_ns is not None else None
        return Stream(
            id=name,
            label=f"{daemon.chain.name} logs",
            state=STREAM_WORDS[status.state] if status else "unknown",
            last_event=instant(last_ns) if last_ns is not None else None,
            age_ns=str(age) if age is not None else None,
            limit_ns=str(daemon.config.limits.max_input_age_s * NS_PER_S),
            delivered=sum(counts.events.values()),
            refused=dict(counts.refused),
            detail=f"{counts.blocks} blocks, recorded",
            note="" if status and status.state is StreamState.FRESH else status.reason if status else NOTHING_YET,
        )

    def _relays(self) -> tuple[RelayStatistics, ...]:
        bus = self._daemon.bus
        return tuple(relay.statistics() for relay in (bus.market_data, bus.signals))

    def _ledger_stream(self) -> Stream:
        """The ledger as a stream: how far it is behind the journal."""
        journal, applied = self._daemon.journal, self._daemon.ledger.applied_records
        behind = journal.records - applied
        writer = next(child for child in self._daemon.foundation.snapshot().children if child.name == "ledger")
        trouble = str(journal.failure) if journal.failure is not None else ""
        if writer.state is not NodeState.RUNNING:
            trouble = writer.reason or writer.state.value
        return Stream(
            id="ledger",
            label="Ledger",
            state="stale" if trouble else "fresh",
            last_event=None,
            age_ns=None,
            limit_ns=None,
            delivered=applied,
            refused={},
            detail=f"{behind} records behind the journal" if behind else "in step with the journal",
            note=trouble,
        )

    def _trade_limit(self) -> Amount | None:
        """The largest trade that the gate allows, in the first base token; None without a limit."""
        daemon = self._daemon
        token = next((token for token in daemon.strategy.base_tokens if token in self._tokens), None)
        ceiling = daemon.gate.ceiling(daemon.strategy.name, token) if token is not None else None
        return amount(ceiling, self._tokens[token]) if token is not None and ceiling is not None else None

    def _assumption(self) -> str:
        daemon = self._daemon
        costs = daemon.config.costs
        return (
            f"Paper: {daemon.latency.describe()}; gas {costs.gas_units:,} × {_gwei(costs.gas_price_wei)} gwei "
            "(configuration); our fills do not move the recorded pools."
        )

    def _lesson(self) -> str | None:
        latency = self._daemon.latency
        if isinstance(latency, LogLatency) and not latency.logs:
            return (
                "These fills assume perfect placement, directly behind the swap that opens the gap. One log later "
                "most of the gaps are gone: of the 18 trades of the shipped half day 5 still win with "
                "latency = { logs = 1 }, and at block ends there are none."
            )
        return f"{latency.describe().capitalize()}: most gaps are closed by then, and a trade that finds none reverts."

    def _report(self, record: HaltReportRecord | None) -> HaltReport | None:
        change = self._daemon.halt_change(record.halt_id) if record is not None else None
        return _report_shape(record, change) if record is not None and change is not None else None

    async def _finished_report(self, change: HaltChange) -> HaltReport:
        record = HaltReportRecord(change.halt_id, change.scope, (), 0, 0, 0, ())
        with trio.move_on_after(REPORT_WAIT_S):
            record = await self._daemon.halts.wait_report(change.halt_id)
        return _report_shape(record, change)

    async def _old_pnl(self, run: int) -> Pnl:
        # First the list: a number that no column of the ledger can hold is unknown too, not a fault.
        if all(row.number != run for row in await self._ledger.runs()):
            raise LookupError(f"expected the number of a run, found {run}")
        rows = await self._ledger.pnl(run)
        totals: dict[bytes, ProfitAndLoss] = {}
        for row in rows:
            token = row.books.token
            totals[token] = totals[token].add(row.books) if token in totals else row.books
        return Pnl(
            run=run,
            day=rows[-1].day if rows else "",
            tokens=[self._pnl_token(books, None) for books in totals.values()],
            by_strategy=[
                StrategyPnl(strategy=row.strategy, day=row.day, tokens=[self._pnl_token(row.books, None)])
                for row in rows
            ],
        )

    def _pnl_token(self, books: ProfitAndLoss, details: TokenBook | None) -> PnlToken:
        token = self._tokens[books.token]
        return PnlToken(
            token=token_ref(token),
            traded=books.traded,
            failed=books.failed,
            refused=books.refused,
            gross=amount(books.gross, token),
            pool_fees=amount(books.pool_fees, token),
            flash_fees=amount(books.flash_fees, token),
            gas=amount(books.gas, token),
            gas_of_failed=amount(books.gas_of_failed, token),
            net=amount(books.net, token),
            best=_maybe_amount(details.best if details else None, token),
            worst=_maybe_amount(details.worst if details else None, token),
            last_trade=instant(details.last_trade_ns) if details and details.last_trade_ns is not None else None,
            curve=[
                PnlPoint(t=str(point.venue_time_ns), net=str(point.net), kind="fill" if point.filled else "failed")
                for point in (details.curve if details else ())
            ],
        )

    def _fill(self, fill: Fill) -> FillView:
        token = self._tokens[fill.profit_token]
        return FillView(
            intent_id=str(fill.intent_id),
            run=fill.run,
            time=instant(fill.venue_time_ns),
            block=fill.block_number,
            log_index=fill.log_index,
            strategy=fill.strategy,
            path=[pool_ref(self._pools[leg.pool]) for leg in fill.legs if leg.pool in self._pools],
            size=amount(fill.size, token),
            gross=amount(fill.gross, token),
            pool_fees=amount(fill.pool_fees, token),
            flash_fee=amount(fill.flash_fee, token),
            gas=amount(fill.gas_cost, token),
            net=amount(fill.net, token),
            expected_net=amount(fill.expected_net, token),
            assumption=fill.assumption,
        )

    def _is_known(self, row: OpportunityRow) -> bool:
        """False for rows of another configuration whose pools are not known now: their decimals would be guessed."""
        return all(pool in self._pools for pool in row.signal.pools)


def _relay_stream(relay: RelayStatistics) -> Stream:
    """A relay as a stream: what it carried, and whether a consumer was cut off."""
    cut_off = [consumer.name for consumer in relay.subscribers if consumer.cut_off]
    waiting = max((consumer.waiting for consumer in relay.subscribers), default=0)
    name = relay.domain.name.lower().replace("_", " ")
    return Stream(
        id=f"relay:{name}",
        label=f"{name.capitalize()} relay",
        state="gap" if cut_off else "fresh",
        last_event=None,
        age_ns=None,
        limit_ns=None,
        delivered=relay.published,
        refused={"foreign type": relay.refused} if relay.refused else {},
        detail=f"{len(relay.subscribers)} consumers, at most {waiting} waiting",
        note=f"cut off: {', '.join(cut_off)}" if cut_off else "",
    )


def _partial_halt(scope: str, change: HaltChange) -> PartialHalt:
    return PartialHalt(
        scope=scope,
        halt_id=change.halt_id,
        since=instant(change.at_ns),
        by=change.actor,
        via=VIA_WORDS[change.via],
        cause=change.reason,
    )


def _report_shape(record: HaltReportRecord, change: HaltChange) -> HaltReport:
    return HaltReport(
        halt_id=record.halt_id,
        scope=record.scope,
        actor=change.actor,
        via=VIA_WORDS[change.via],
        at=instant(change.at_ns),
        reason=change.reason,
        steps=[
            HaltStep(name=step.name, ms=decimal_text(step.elapsed_us, 3), done=step.done, text=step.text)
            for step in record.steps
        ],
        cancelled=record.cancelled,
        in_flight=record.in_flight,
        unknown=record.unknown,
        kept_running=list(record.kept_running),
        complete=is_complete(record),
    )


def _tree_shape(node: Node) -> TreeNode:
    return TreeNode(
        name=node.name,
        path=node.path,
        kind=node.kind,
        state=node.state.value,
        since=instant(node.since_ns),
        restarts=node.restarts,
        heartbeat=instant(node.heartbeat_ns) if node.heartbeat_ns is not None else None,
        reason=node.reason,
        children=[_tree_shape(child) for child in node.children],
    )


def _any_failed(node: Node) -> bool:
    return node.state is NodeState.FAILED or any(_any_failed(child) for child in node.children)


def _maybe_amount(raw: int | None, token: Token) -> Amount | None:
    return amount(raw, token) if raw is not None else None


def _reason(reason: LedgerReason | None) -> Reason | None:
    if reason is None:
        return None
    return Reason(
        code=reason.code,
        text=reason.text,
        value=str(reason.value) if reason.value is not None else None,
        limit=str(reason.limit) if reason.limit is not None else None,
        unit=reason.unit,
    )


def _gwei(wei: int) -> str:
    text = decimal_text(wei, 9)
    return text.rstrip("0").rstrip(".")
