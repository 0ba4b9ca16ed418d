"""The portfolio: positions and P&L of the current run, folded from the execution relay."""

from __future__ import annotations

from collections.abc import Iterable

import trio

from alphapulse.data.execution import Check, ExecutionReport, Fill, OrderRequest, Outcome, RiskDecision
from alphapulse.data.orphans import RefusalsRevoked, SettlementRevoked
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.reader import Reader
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss, holding_change, market_day
from alphapulse.rules.accounting.token_book import TokenBook


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
                    self._book(message.profit_token).begin(message.size)
                case Fill() | ExecutionReport():
                    self._settle(message)
                case SettlementRevoked():
                    self._take_back(message)
                case RefusalsRevoked():
                    self._reject(message.failed, -message.count)
                    self._refuse(message, -message.count)
                case _:
                    continue
            self.revision += 1

    def _judge(self, decision: RiskDecision) -> None:
        if decision.failed is None:
            return
        self._reject(decision.failed, 1)
        if decision.failed is Check.ORPHANED:
            return  # no opportunity of the chain that there is: nothing was refused
        self._refuse(decision, 1)

    def _reject(self, check: Check, count: int) -> None:
        reason = check.name.lower()
        left = self.rejected.pop(reason, 0) + count
        if left:
            self.rejected[reason] = left

    def _refuse(self, refused: RiskDecision | RefusalsRevoked, count: int) -> None:
        token = refused.profit_token
        self._book(token).add_refusals(count)
        key = (refused.strategy, market_day(refused.venue_time_ns), token)
        self._put(key, self._day(key).add_refusals(count))

    def _settle(self, settlement: Fill | ExecutionReport) -> None:
        intent = self.in_flight.pop(settlement.intent_id, None)
        token, strategy = settlement.profit_token, settlement.strategy
        book = self._book(token)
        book.settle(settlement, intent.size if intent is not None else 0)
        if isinstance(settlement, ExecutionReport) and settlement.outcome is Outcome.ORPHANED:
            self._look_again(token)
            return
        key = (strategy, market_day(settlement.venue_time_ns), token)
        if isinstance(settlement, Fill):
            self.by_day[key] = self._day(key).add_fill(settlement)
            self._hold(strategy, token, holding_change(settlement))
        else:
            self.by_day[key] = self._day(key).add_failure(settlement)
        self.gas_wei[strategy] = self.gas_wei.get(strategy, 0) + settlement.gas_wei

    def _take_back(self, revoked: SettlementRevoked) -> None:
        """Books as if the trade had not been. An intent that is open again is published once more by its executor."""
        token, strategy = revoked.profit_token, revoked.strategy
        self._book(token).take_back(revoked)
        key = (strategy, market_day(revoked.venue_time_ns), token)
        self._put(key, self._day(key).take_back(revoked))
        if revoked.filled:
            self._hold(strategy, token, -revoked.profit)
        burnt = self.gas_wei.pop(strategy, 0) - revoked.gas_wei
        if burnt:
            self.gas_wei[strategy] = burnt
        self._look_again(token)

    def _put(self, key: tuple[str, str, bytes], books: ProfitAndLoss) -> None:
        if books.is_empty:
            self.by_day.pop(key, None)
        else:
            self.by_day[key] = books

    def _look_again(self, token: bytes) -> None:
        self._book(token).look_again(one.size for one in self.in_flight.values() if one.profit_token == token)

    def _book(self, token: bytes) -> TokenBook:
        book = self.tokens.get(token)
        if book is None:
            book = self.tokens[token] = TokenBook(token)
        return book

    def _day(self, key: tuple[str, str, bytes]) -> ProfitAndLoss:
        return self.by_day.get(key) or ProfitAndLoss(key[2])

    def _hold(self, strategy: str, token: bytes, change: int) -> None:
        held = self.holdings.pop((strategy, token), 0) + change
        if held:
            self.holdings[strategy, token] = held
