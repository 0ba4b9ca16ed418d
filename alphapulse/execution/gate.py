"""The gate: runs the pre-trade checks in order and gives a verdict on each signal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.execution import Check, OrderRequest, RiskDecision
from alphapulse.data.halts import Level
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.orphans import AlertRevoked, BlocksOrphaned, RefusalsRevoked
from alphapulse.data.risk import LimitOverride, RiskAlert, Severity
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.wire import NAME
from alphapulse.rules.limits import amounts
from alphapulse.rules.limits.checks import ORDER, CheckRow
from alphapulse.rules.limits.facts import Facts, GateTerms, Permit
from alphapulse.rules.limits.limit_book import LimitBook
from alphapulse.rules.limits.limit_table import PROBATION_PPM
from alphapulse.rules.limits.refusal import Caution, Refusal
from alphapulse.rules.limits.revocable import Revocable
from alphapulse.rules.limits.traded_episodes import TradedEpisodes, remember
from alphapulse.rules.limits.trading_record import TradingRecord
from alphapulse.rules.wire.slots import maker_of
from alphapulse.safety.clipped import clipped
from alphapulse.safety.scopes import strategy_scope

ALERT_EVERY_NS = 60_000_000_000
"""A check says at most so often, of one strategy, that its limit is near."""

APPROVED = (None, None, None, "", "every check passed")
_new_decision: Callable[..., RiskDecision] = maker_of(RiskDecision)


class HaltView(Protocol):
    """What the gate reads of the halt switch."""

    epoch: int

    def level(self, strategy: str, instruments: Iterable[InstrumentId] = ()) -> Level:
        """The strictest level of all scopes that hold the strategy or one of the instruments."""
        ...

    def factor_ppm(self, strategy: str, instruments: Iterable[InstrumentId] = ()) -> int:
        """What probation leaves of the limits, in millionths."""
        ...


class BreakerView(Protocol):
    """What the gate asks and tells of circuit breakers that are half open."""

    def permit(self, strategy: str, pools: Iterable[InstrumentId]) -> Permit:
        """Whether one of them holds the strategy or a pool, and whether its probe is still to be had."""
        ...

    def send_probe(self, strategy: str, pools: Iterable[InstrumentId], trade: tuple[int, int]) -> None:
        """The trade (run, signal id) was approved: it is the probe of those that are half open."""
        ...


class ChainView(Protocol):
    """What the gate asks of the chains that signals come from."""

    def trouble(self, chain_id: int) -> str | None:
        """What is wrong with the stream of a chain, in words; None if nothing is."""
        ...

    def distrust(self, pools: Iterable[InstrumentId]) -> str | None:
        """Which of these pools is in quarantine, and why; None if none is."""
        ...

    def orphaned_behind(self, chain_id: int, block_number: int, received_ns: int) -> int | None:
        """The newest block that stayed, if what was received of a block then is orphaned; None if it is not."""
        ...


class Gate:
    """Checks signals, fail-closed; an approved one counts as in flight from the step of its verdict.

    `market_ns` is the market clock, None while its time is not known, `now_ns` the wall clock. `journal_failure` says
    why nothing can be recorded.
    """

    def __init__(
        self,
        halts: HaltView,
        breakers: BreakerView,
        chains: ChainView,
        limits: LimitBook,
        record: TradingRecord,
        terms: GateTerms,
        *,
        market_ns: Callable[[], int | None],
        now_ns: Callable[[], int],
        journal_failure: Callable[[], str | None],
        order: Sequence[CheckRow] = ORDER,
    ) -> None:
        self.limits = limits
        self.record = record
        self.terms = terms
        self._halts = halts
        self._breakers = breakers
        self._chains = chains
        self._market_ns = market_ns
        self._now_ns = now_ns
        self._journal_failure = journal_failure
        record.throttle(terms.throttle_ns)
        self._judges = tuple(row.judge for row in order)
        self._judges_if_calm = tuple(judge for judge in self._judges if judge not in amounts.CHECKS)
        self._traded = TradedEpisodes(terms.mode)
        self._seen: dict[tuple[int, int], None] = {}
        self._alerts: list[RiskAlert] = []
        self._revocable = Revocable()
        self._alerted_ns: dict[tuple[str, Check], int] = {}

    @property
    def epoch(self) -> int:
        """The halt epoch in force, read anew each time."""
        return self._halts.epoch

    def check(self, signal: ArbitrageSignal) -> RiskDecision:
        """The verdict; an approved signal counts as traded, and as in flight, from now on."""
        facts = self._facts(signal)
        refusal = self._refusal(facts)
        remember(self._seen, (signal.run, signal.signal_id), None)
        if refusal is None:
            self._traded.approve(signal)
            self.record.approve(signal)
            if facts.permit is Permit.PROBE:
                self._breakers.send_probe(signal.strategy, facts.pools, (signal.run, signal.signal_id))
        else:
            self._revocable.refused(signal, refusal.check)
        check, value, limit, unit, text = refusal or APPROVED
        return _new_decision(
            run=signal.run,
            signal_id=signal.signal_id,
            strategy=signal.strategy,
            profit_token=signal.profit_token,
            venue_time_ns=signal.venue_time_ns,
            failed=check,
            value=value,
            limit=limit,
            unit=unit,
            text=text,
            decided_ns=facts.now_ns,
        )

    def take_alerts(self) -> list[RiskAlert]:
        """What passed near its limit since the last call; each check at most once a minute for each strategy."""
        alerts, self._alerts = self._alerts, []
        return alerts

    def reorganised(self, event: ChainReorganised) -> None:
        """A chain took blocks back: what was traded on them was not, and its episodes may be traded again."""
        self._traded.reorganised(event)

    def orphaned(self, signal: ArbitrageSignal) -> bool:
        """Whether the block that a signal saw is no part of its chain any more."""
        return self._orphaned_behind(signal) is not None

    def in_time(self, intent: OrderRequest) -> bool:
        """Whether an intent is young enough to be sent; a clock that was set since, either way, makes it none."""
        return abs(self._now_ns() - intent.created_ns) <= self.terms.max_signal_age_ns

    def floor(self, signal: ArbitrageSignal) -> int:
        """The least net profit of an approved signal, in raw units of its profit token."""
        return self.limits.floor(signal.strategy, signal.profit_token) or 0

    def ceiling(self, strategy: str, token: bytes) -> int | None:
        """The largest trade of a strategy, in raw units of a profit token; None without a limit."""
        return self.limits.ceilings(strategy, token, self._now_ns()).get("strategies_trade_value")

    def settle(self, messages: Iterable[object]) -> list[AlertRevoked | RefusalsRevoked]:
        """Take in what the execution relay says of trades and breakers; returns what it takes back of its own words."""
        revoked: list[AlertRevoked | RefusalsRevoked] = []
        for message in messages:
            if isinstance(message, LimitOverride):
                self.limits.put(message, self._now_ns())
            elif isinstance(message, BlocksOrphaned):
                revoked += self._revocable.revoke(message, self._now_ns())
                self._alerted_ns.clear()
            else:
                self.record.take(message)
                self._traded.take(message)
        return revoked

    def forget_run(self) -> None:
        """A new run of the books has begun: nothing has been traded in it, and nothing is held. What is open stays."""
        self._traded.forget()
        self.record.exposure.forget_holdings()

    def _facts(self, signal: ArbitrageSignal) -> Facts:
        strategy, now_ns = signal.strategy, self._now_ns()
        pools, market_ns = signal.pools, self._market_ns()
        permit = self._breakers.permit(strategy, pools)
        factor_ppm = self._halts.factor_ppm(strategy, pools)
        if permit is not Permit.ANY:
            factor_ppm = min(factor_ppm, PROBATION_PPM)
        ceilings, marks = self.limits.in_force(strategy, signal.profit_token, now_ns, factor_ppm)
        return Facts(
            signal,
            self.terms,
            pools,
            self._halts.epoch,
            self._halts.level(strategy, pools),
            ceilings,
            marks,
            self.limits.floor(strategy, signal.profit_token),
            self.record,
            market_ns,
            self.record.time.at(signal.venue_time_ns if market_ns is None else market_ns),
            now_ns,
            self._chains.trouble(signal.chain_id),
            self._chains.distrust(pools),
            self._orphaned_behind(signal),
            self._journal_failure(),
            self._traded.holds(signal),
            (signal.run, signal.signal_id) in self._seen,
            permit,
        )

    def _refusal(self, facts: Facts) -> Refusal | None:
        """The checks in their order, one by one: the first refusal ends it. Amounts are asked unless all are calm."""
        for judge in self._judges_if_calm if amounts.calm(facts) else self._judges:
            found = judge(facts)
            if found is not None:
                if isinstance(found, Refusal):
                    return found
                self._caution(facts, found)
        return None

    def _caution(self, facts: Facts, found: Caution) -> None:
        key = facts.signal.strategy, found.check
        last_ns = self._alerted_ns.get(key)
        if last_ns is not None and 0 <= facts.now_ns - last_ns < ALERT_EVERY_NS:
            return
        self._alerted_ns.pop(key, None)
        remember(self._alerted_ns, key, facts.now_ns)
        alert = RiskAlert(
            severity=Severity.WARNING,
            scope=clipped(strategy_scope(facts.signal.strategy), NAME.limit),
            rule=found.check.name.lower(),
            value=found.value,
            limit=found.limit,
            unit=found.unit,
            text=found.text,
            raised_ns=facts.now_ns,
        )
        self._alerts.append(alert)
        self._revocable.alerted(facts.signal, alert)

    def _orphaned_behind(self, signal: ArbitrageSignal) -> int | None:
        return self._chains.orphaned_behind(signal.chain_id, signal.block_number, signal.received_ns)
