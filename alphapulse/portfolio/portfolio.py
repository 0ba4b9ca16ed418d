"""The portfolio: positions and P&L of the current run, folded from the execution relay."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import trio

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, RiskDecision
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.reader import Reader
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss, holding_change, market_day

CURVE_POINTS = 10_000
"""Points of a curve that are kept; older ones are dropped, the newest net stays right."""


@attrs.frozen
class CurvePoint:
    """Net P&L of a token directly after a settlement. Raw units; market time in ns."""

    venue_time_ns: int
    net: int
    filled: bool


@attrs.define
class TokenBook:
    """One token's results over all strategies and days of the run, and how they came about."""

    total: ProfitAndLoss
    curve: list[CurvePoint] = attrs.field(factory=list)
    best: int | None = None
    worst: int | None = None
    last_trade_ns: int | None = None
    largest: int = 0


class Portfolio(Reader):
    """Positions and P&L per strategy, market day and token. `begin_run` empties it: each run has fresh books."""

    def __init__(self, execution: AnyRelay) -> None:
        self._execution = execution
        self.revision = 0
        self.begin_run(0)

    def begin_run(self, run: int) -> None:
        """Fresh books; what other runs still report is not counted."""
        self.run_number = run
        self.tokens: dict[bytes, TokenBook] = {}
        self.by_day: dict[tuple[str, str, bytes], ProfitAndLoss] = {}
        self.holdings: dict[tuple[str, bytes], int] = {}
        self.gas_wei: dict[str, int] = {}
        self.in_flight: dict[int, OrderRequest] = {}
        self.rejected: dict[str, int] = {}
        self.revision += 1

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        with self._execution.subscribe("portfolio") as subscription:
            task_status.started()
            while True:
                self.apply(await self.read(subscription))

    def apply(self, messages: Iterable[object]) -> None:
        """Book messages of the execution relay, in order."""
        for message in messages:
            if getattr(message, "run", None) != self.run_number:
                continue
            match message:
                case RiskDecision():
                    self._judge(message)
                case OrderRequest():
                    self.in_flight[message.intent_id] = message
                    book = self._book(message.profit_token)
                    book.largest = max(book.largest, message.size)
                case Fill() | ExecutionReport():
                    self._settle(message)
                case _:
                    continue
            self.revision += 1

    def _judge(self, decision: RiskDecision) -> None:
        if decision.failed is None:
            return
        reason = decision.failed.name.lower()
        self.rejected[reason] = self.rejected.get(reason, 0) + 1
        token = decision.profit_token
        self._book(token).total = self._book(token).total.add_refusal()
        key = (decision.strategy, market_day(decision.venue_time_ns), token)
        self.by_day[key] = self._day(key).add_refusal()

    def _settle(self, settlement: Fill | ExecutionReport) -> None:
        self.in_flight.pop(settlement.intent_id, None)
        token, strategy = settlement.profit_token, settlement.strategy
        book = self._book(token)
        key = (strategy, market_day(settlement.venue_time_ns), token)
        if isinstance(settlement, Fill):
            book.total = book.total.add_fill(settlement)
            self.by_day[key] = self._day(key).add_fill(settlement)
            net = settlement.net
            book.last_trade_ns = settlement.venue_time_ns
            self._hold(strategy, token, holding_change(settlement))
        else:
            book.total = book.total.add_failure(settlement)
            self.by_day[key] = self._day(key).add_failure(settlement)
            net = -settlement.gas_cost
        self.gas_wei[strategy] = self.gas_wei.get(strategy, 0) + settlement.gas_wei
        book.best = net if book.best is None else max(book.best, net)
        book.worst = net if book.worst is None else min(book.worst, net)
        book.curve.append(CurvePoint(settlement.venue_time_ns, book.total.net, isinstance(settlement, Fill)))
        del book.curve[:-CURVE_POINTS]

    def _book(self, token: bytes) -> TokenBook:
        book = self.tokens.get(token)
        if book is None:
            book = self.tokens[token] = TokenBook(ProfitAndLoss(token))
        return book

    def _day(self, key: tuple[str, str, bytes]) -> ProfitAndLoss:
        return self.by_day.get(key) or ProfitAndLoss(key[2])

    def _hold(self, strategy: str, token: bytes, change: int) -> None:
        self.holdings[strategy, token] = self.holdings.get((strategy, token), 0) + change
