"""Positions, P&L, opportunities, fills and runs in the shapes of the API."""

from __future__ import annotations

from alphapulse.composition.terms import tokens_of
from alphapulse.daemon import Daemon
from alphapulse.data.execution import Fill
from alphapulse.data.pools import Token
from alphapulse.journal.ledger_reader import LedgerReader, OpportunityRow
from alphapulse.journal.ledger_reader import Reason as LedgerReason
from alphapulse.journal.ledger_rows import Result as LedgerResult
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss, market_day
from alphapulse.rules.accounting.token_book import TokenBook
from alphapulse_web.api.book_shapes import (
    Fills,
    FillView,
    Holding,
    OpenTrade,
    Pnl,
    PnlPoint,
    PnlToken,
    Positions,
    Runs,
    RunView,
    StrategyPnl,
)
from alphapulse_web.api.opportunity_shapes import Opportunities, Reason, Result
from alphapulse_web.api.schemas import Amount
from alphapulse_web.instants import instant
from alphapulse_web.views.amounts import amount, token_ref
from alphapulse_web.views.candidates_view import CandidatesView
from alphapulse_web.views.market_view import pool_ref
from alphapulse_web.views.opportunity_view import OpportunityView


class BooksView:
    """Reads the portfolio, the opportunity view and the ledger."""

    def __init__(
        self, daemon: Daemon, opportunities: OpportunityView, candidates: CandidatesView, ledger: LedgerReader
    ) -> None:
        self._daemon = daemon
        self._opportunities = opportunities
        self._candidates = candidates
        self._ledger = ledger
        self._tokens = tokens_of(daemon.pools)
        self._pools = daemon.pools.by_id

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
                self._opportunities.shape(row.signal, row.result.value, _reason(row.reason), row.actual_net)
                for row in page.rows
                if self._is_known(row)
            ],
            candidates=[],
            next_cursor=page.next_cursor,
            counts=self._opportunities.counts(),
            stages=self._candidates.stages(),
        )

    async def fills(self, cursor: str | None, limit: int) -> Fills:
        """A page of fills from the ledger, newest first, over all runs."""
        page = await self._ledger.fills(cursor, limit)
        return Fills(
            fills=[
                self._fill(row.fill, orphaned=row.orphaned)
                for row in page.rows
                if row.fill.profit_token in self._tokens
            ],
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

    def _trade_limit(self) -> Amount | None:
        """The largest trade that the gate allows, in the first base token; None without a limit."""
        daemon = self._daemon
        token = next((token for token in daemon.strategy.base_tokens if token in self._tokens), None)
        ceiling = daemon.gate.ceiling(daemon.strategy.name, token) if token is not None else None
        return amount(ceiling, self._tokens[token]) if token is not None and ceiling is not None else None

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

    def settled(self) -> tuple[int, ...]:
        """The net of each token that no reorganisation takes back."""
        final = self._final()
        return tuple(book.settled(final) for book in self._daemon.portfolio.tokens.values()) if final else ()

    def _final(self) -> dict[int, int]:
        """The newest block of each chain that stays, as far as chains tell it."""
        heads = self._daemon.bus.chains.heads.values()
        return {head.chain_id: head.settled_number for head in heads if head.settled_number is not None}

    def _pnl_token(self, books: ProfitAndLoss, details: TokenBook | None) -> PnlToken:
        token = self._tokens[books.token]
        final = self._final()
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
            settled=amount(details.settled(final), token) if details is not None and final else None,
            best=_maybe_amount(details.best if details else None, token),
            worst=_maybe_amount(details.worst if details else None, token),
            last_trade=instant(details.last_trade_ns) if details and details.last_trade_ns is not None else None,
            curve=[
                PnlPoint(t=str(point.venue_time_ns), net=str(point.net), kind="fill" if point.filled else "failed")
                for point in (details.curve if details else ())
            ],
        )

    def _fill(self, fill: Fill, *, orphaned: bool) -> FillView:
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
            orphaned=orphaned,
        )

    def _is_known(self, row: OpportunityRow) -> bool:
        """False for rows of another configuration whose pools are not known now: their decimals would be guessed."""
        return all(pool in self._pools for pool in row.signal.pools)


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
