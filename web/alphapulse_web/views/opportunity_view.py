"""The newest opportunities of the run and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

import attrs

from alphapulse.data.execution import Check, ExecutionReport, Fill, Outcome, RiskDecision
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.orphans import BlocksOrphaned, SettlementRevoked
from alphapulse.data.pools import Pool
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.rules.discovery.pool_directory import PoolDirectory
from alphapulse_web.api.opportunity_shapes import Counts, LatestOpportunities, Opportunity, Reason, Result
from alphapulse_web.instants import instant
from alphapulse_web.views.amounts import amount, token_ref
from alphapulse_web.views.market_view import bps_text, pool_ref

KEPT = 500
LATEST = 50


@attrs.define
class _Entry:
    signal: ArbitrageSignal
    result: Result = "pending"
    reason: Reason | None = None
    actual_net: int | None = None


class OpportunityView:
    """Folds signals, verdicts and settlements into opportunities with their results."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        directory = PoolDirectory.of(pools)
        self._pools: Mapping[InstrumentId, Pool] = directory.by_id
        self._tokens = directory.tokens
        self.revision = 0
        self.begin_run()

    def begin_run(self) -> None:
        """Fresh books: nothing was found in them yet."""
        self._entries: dict[int, _Entry] = {}
        self._first: ArbitrageSignal | None = None
        self._found = 0
        self._results: dict[Result, int] = {"traded": 0, "failed": 0, "refused": 0, "orphaned": 0}
        self.revision += 1

    def apply(self, message: object) -> None:
        """Take one message of the signal or the execution relay in."""
        match message:
            case ArbitrageSignal():
                self._first = self._first or message
                self._found += 1
                self._entries[message.signal_id] = _Entry(message)
                if len(self._entries) > KEPT:
                    del self._entries[next(iter(self._entries))]
            case RiskDecision(failed=Check() as check):
                result: Result = "orphaned" if check is Check.ORPHANED else "refused"
                self._finish(message, result, refusal_reason(check, message), None)
            case Fill():
                self._finish(message, "traded", None, message.net)
            case ExecutionReport(outcome=Outcome.ORPHANED):
                self._finish(message, "orphaned", report_reason(message), None)
            case ExecutionReport():
                self._finish(message, "failed", report_reason(message), -message.gas_cost)
            case SettlementRevoked():
                self._take_back(message)
            case BlocksOrphaned():
                self._orphan(message)
            case _:
                return
        self.revision += 1

    def latest(self) -> LatestOpportunities:
        """The newest 50, newest first."""
        newest = islice(reversed(self._entries.values()), LATEST)
        return LatestOpportunities(opportunities=[self._shape(entry) for entry in newest], counts=self.counts())

    def counts(self) -> Counts:
        """How many of the run's opportunities had each result."""
        done = sum(self._results.values())
        return Counts(found=self._found, pending=self._found - done, **self._results)

    def shape(
        self, signal: ArbitrageSignal, result: Result, reason: Reason | None, actual_net: int | None
    ) -> Opportunity:
        """A signal and its result in the API's shape."""
        token = self._tokens[signal.profit_token]
        pool = self._pools[signal.legs[0].pool]
        other = pool.token0 if pool.token1 == token else pool.token1
        net = signal.net
        return Opportunity(
            id=f"{signal.run}-{signal.signal_id}",
            run=signal.run,
            time=instant(signal.venue_time_ns),
            block=signal.block_number,
            log_index=signal.log_index,
            strategy=signal.strategy,
            pair=f"{other.symbol}/{token.symbol}",
            path=[pool_ref(self._pools[leg.pool]) for leg in signal.legs],
            token=token_ref(token),
            gap_bps=bps_text(signal.gap_ppm),
            size=amount(signal.size, token),
            gross=amount(signal.gross, token),
            pool_fees=amount(signal.pool_fees, token),
            flash_fee=amount(signal.flash_fee, token),
            gas=amount(signal.gas_cost, token) if signal.gas_cost is not None else None,
            net=amount(net, token) if net is not None else None,
            result=result,
            reason=reason,
            actual_net=amount(actual_net, token) if actual_net is not None else None,
        )

    def _finish(
        self,
        end: RiskDecision | Fill | ExecutionReport,
        result: Result,
        reason: Reason | None,
        actual_net: int | None,
    ) -> None:
        first = self._first
        if first is None or end.run != first.run or end.signal_id < first.signal_id:
            return  # of an earlier run, or of a signal from before this view began: it was not counted as found
        entry = self._entries.get(end.signal_id)
        if entry is not None:
            if entry.result == "orphaned":
                return
            entry.result, entry.reason, entry.actual_net = result, reason, actual_net
        self._results[result] += 1

    def _take_back(self, revoked: SettlementRevoked) -> None:
        """A trade's end did not happen; the trade waits for another, if its block is still there."""
        entry = self._entries.get(revoked.signal_id)
        if entry is not None and revoked.reopened:
            self._results[entry.result] -= 1
            entry.result, entry.reason, entry.actual_net = "pending", None, None

    def _orphan(self, orphaned: BlocksOrphaned) -> None:
        """Whatever was seen on these blocks was no opportunity, whatever came of it."""
        for entry in self._entries.values():
            signal = entry.signal
            on_chain = signal.chain_id == orphaned.chain_id and signal.run == orphaned.run
            if entry.result == "orphaned" or not on_chain or signal.block_number <= orphaned.ancestor_number:
                continue
            if entry.result != "pending":
                self._results[entry.result] -= 1
            self._results["orphaned"] += 1
            entry.result, entry.actual_net = "orphaned", None
            entry.reason = Reason(
                code="orphaned",
                text=f"the block that it saw was orphaned: the chain went on from block {orphaned.ancestor_number}",
                value=str(signal.block_number),
                limit=str(orphaned.ancestor_number),
                unit="block",
            )

    def _shape(self, entry: _Entry) -> Opportunity:
        return self.shape(entry.signal, entry.result, entry.reason, entry.actual_net)


def refusal_reason(check: Check, decision: RiskDecision) -> Reason:
    """Why the gate refused: the check that failed, with its numbers."""
    return Reason(
        code=check.name.lower(),
        text=decision.text,
        value=str(decision.value) if decision.value is not None else None,
        limit=str(decision.limit) if decision.limit is not None else None,
        unit=decision.unit,
    )


def report_reason(report: ExecutionReport) -> Reason:
    """Why a trade ended without a fill."""
    return Reason(
        code=Outcome(report.outcome).name.lower(),
        text=report.text,
        value=str(report.profit_found) if report.profit_found is not None else None,
        limit=str(report.minimum_profit) if report.minimum_profit is not None else None,
        unit="raw profit token",
    )
