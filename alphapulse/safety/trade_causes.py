"""What verdicts and trades say that trips a breaker: losses, failures, a pace, repeats, stale input, unknown orders."""

from __future__ import annotations

from collections.abc import Iterator

from alphapulse.data.chains import CHAINS
from alphapulse.data.execution import Check, ExecutionReport, Fill, OrderRequest, Outcome, RiskDecision, Settlement
from alphapulse.data.halts import GLOBAL
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.orders import OrderState, OrderStatus
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.transactions import TransactionState, TransactionStatus
from alphapulse.rules.accounting.profit_and_loss import NS_PER_DAY
from alphapulse.rules.breakers import table
from alphapulse.rules.breakers.outcomes import FailureRatio, Reconciliation
from alphapulse.rules.breakers.stale_inputs import StaleInputs
from alphapulse.rules.limits.limit_book import Ceilings, LimitBook
from alphapulse.rules.limits.losses import ALL
from alphapulse.rules.limits.trading_record import TradingRecord
from alphapulse.safety.cause import Cause
from alphapulse.safety.scopes import strategy_scope, venue_scope

MINUTE_NS = 60_000_000_000
TYPES = (RiskDecision, OrderRequest, Fill, ExecutionReport, SettlementRevoked, OrderStatus, TransactionStatus)
PACE = (Check.VENUE_THROTTLE, Check.STRATEGY_THROTTLE, Check.GLOBAL_THROTTLE)


class TradeCauses:
    """Folded from the execution relay. `record` is this object's own; limits are read as they stand."""

    def __init__(
        self,
        limits: LimitBook,
        record: TradingRecord,
        *,
        max_failure_ppm: int,
        least_outcomes: int,
        max_unknown_orders: int,
    ) -> None:
        self.record = record
        self.orders: dict[str, Reconciliation] = {}
        """By scope of the venue."""
        self._limits = limits
        self._stale = StaleInputs()
        self._ratios: dict[str, FailureRatio] = {}
        self._max_failure_ppm = max_failure_ppm
        self._least_outcomes = least_outcomes
        self._max_unknown_orders = max_unknown_orders

    def take(self, message: object, market_ns: int, now_ns: int) -> Iterator[Cause]:
        """One message; `market_ns` is the market clock, `now_ns` the wall clock."""
        match message:
            case RiskDecision():
                yield from self._judged(message, market_ns)
            case OrderRequest() | SettlementRevoked():
                self.record.take(message)
            case Fill() | ExecutionReport():
                block = message.chain_id, message.block_number
                for cause in self._settled(message, market_ns, now_ns):
                    yield cause._replace(block=block)
            case OrderStatus():
                known = message.state is not OrderState.UNKNOWN
                yield from self._heard(message.instrument.venue, message.intent_id, market_ns, known=known)
            case TransactionStatus() if (chain := CHAINS.get(message.chain_id)) is not None:
                known = message.state is not TransactionState.UNKNOWN
                yield from self._heard(chain.venue, message.hash, market_ns, known=known)

    def at_start(self, now_ns: int) -> Iterator[Cause]:
        """Losses that the journal holds: the process may have ended between a loss and its trip."""
        for (strategy, token), state in list(self.record.losses.states.items()):
            if strategy != ALL:
                yield from self._losses(strategy, token, state.day * NS_PER_DAY, now_ns)

    def forget(self, rule: str, scope: str) -> None:
        """The rule's breaker closed: what it had counted begins anew."""
        if rule == table.STALE_DATA:
            self._stale.forget(scope.partition(":")[2])
        elif rule == table.REJECT_RATIO:
            self._ratios.pop(scope, None)

    def orders_of(self, venue: str) -> Reconciliation:
        """What is known of the orders at a venue."""
        return self.orders.setdefault(venue, Reconciliation(self._max_unknown_orders))

    def _heard(self, venue: Venue, order: int | bytes, market_ns: int, *, known: bool) -> Iterator[Cause]:
        """A venue or a chain has said how an order stands, or nobody can."""
        scope = venue_scope(venue)
        if (reason := self.orders_of(scope).order(order, known=known)) is not None:
            yield Cause(table.RECONCILIATION, scope, market_ns, reason)

    def _judged(self, decision: RiskDecision, market_ns: int) -> Iterator[Cause]:
        scope = strategy_scope(decision.strategy)
        if (reason := self._stale.take(decision)) is not None:
            yield Cause(table.STALE_DATA, scope, market_ns, reason)
        if decision.failed in PACE:
            yield Cause(table.THROTTLE, scope, market_ns, decision.text)
        elif decision.failed is Check.REPEATED:
            yield Cause(table.REPEATED, scope, market_ns, decision.text)

    def _settled(self, settlement: Settlement, market_ns: int, now_ns: int) -> Iterator[Cause]:
        stake = self.record.exposure.stakes.get((settlement.run, settlement.signal_id))
        self.record.take(settlement)
        if stake is None:
            return
        yield from self._losses(settlement.strategy, settlement.profit_token, settlement.venue_time_ns, now_ns)
        failed = isinstance(settlement, ExecutionReport) and settlement.outcome is Outcome.REVERTED
        if failed or isinstance(settlement, Fill):
            for pool in {pool.venue: pool for pool in stake.pools}.values():
                ceilings = self._limits.ceilings(settlement.strategy, settlement.profit_token, now_ns)
                yield from self._outcome(pool, ceilings, market_ns, failed=failed)

    def _outcome(self, pool: InstrumentId, ceilings: Ceilings, at_ns: int, *, failed: bool) -> Iterator[Cause]:
        venue = venue_scope(pool.venue)
        if venue not in self._ratios:
            self._ratios[venue] = FailureRatio(
                window_ns=MINUTE_NS, least=self._least_outcomes, limit_ppm=self._max_failure_ppm
            )
        if (share := self._ratios[venue].take(at_ns, failed=failed)) is not None:
            reason = f"{share} ppm of the trades of 60 s failed, at most {self._max_failure_ppm} may"
            yield Cause(table.REJECT_RATIO, venue, at_ns, reason)
        row = self.record.attempts.failures((pool,))
        most = ceilings.get("limits_failures_in_row")
        if failed and most is not None and row >= most:
            yield Cause(table.REJECT_STORM, venue, at_ns, f"{row} trades in a row failed, at most {most} may")

    def _losses(self, strategy: str, token: bytes, at_ns: int, now_ns: int) -> Iterator[Cause]:
        ceilings = self._limits.ceilings(strategy, token, now_ns)
        losses = self.record.losses
        for scope, who, place in ((strategy_scope(strategy), strategy, "strategies"), (GLOBAL, ALL, "limits")):
            for rule, value in (
                (table.DAILY_LOSS, losses.day_loss(who, token, at_ns)),
                (table.DRAWDOWN, losses.drawdown(who, token)),
                (table.LOSING_STREAK, losses.streak(who)),
            ):
                limit = ceilings.get(f"{place}_{rule}")
                if limit is not None and value >= max(limit, 1):
                    yield Cause(rule, scope, at_ns, f"{rule} of {value} has reached its limit of {limit}")
