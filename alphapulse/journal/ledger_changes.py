"""What a journal record changes in the ledger: pure, and the only place that says so.

Applying the same records in the same order gives the same ledger, however they are cut into batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import attrs

from alphapulse.data.execution import Check, ExecutionReport, Fill, OrderRequest, Outcome, RiskDecision, Settlement
from alphapulse.data.halts import HaltChange, HaltReport, KillReport, Level
from alphapulse.data.orphans import BlocksOrphaned, RefusalsRevoked, SettlementRevoked
from alphapulse.data.runs import AuditTrail, RunEnded, RunStarted
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.transactions import FailureFinding, TransactionSigned, TransactionStatus, WalletAudit
from alphapulse.journal.ledger_rows import (
    Result,
    Row,
    Value,
    amount_text,
    audit_row,
    fill_row,
    halt_report_columns,
    halt_row,
    intent_row,
    opportunity_row,
    reorganisation_row,
    report_row,
    run_row,
)
from alphapulse.journal.transaction_rows import (
    finding_row,
    hex_text,
    standing_columns,
    transaction_row,
    wallet_audit_row,
)
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss, holding_change, market_day


class Account(NamedTuple):
    """Whose profit and loss: `day` is the market day in UTC."""

    run: int
    strategy: str
    day: str
    token: bytes


class Holding(NamedTuple):
    """Whose position."""

    run: int
    strategy: str
    token: bytes


UPDATE_KEYS: dict[str, tuple[str, ...]] = {
    "opportunities": ("run", "signal_id"),
    "fills": ("intent_id",),
    "reports": ("intent_id",),
    "runs": ("run",),
    "halts": ("halt_id", "scope", "level"),
    "transactions": ("hash",),
}
"""By which columns rows are found that a later record changes."""


@attrs.frozen
class Insert:
    """A new row."""

    table: str
    row: Row


@attrs.frozen
class Update:
    """New values in all earlier rows whose `UPDATE_KEYS` columns equal `key`."""

    table: str
    key: tuple[Value, ...]
    row: Row


@attrs.frozen
class Booking:
    """An addition to an account."""

    account: Account
    books: ProfitAndLoss


@attrs.frozen
class Movement:
    """An addition to a holding; `gas_wei` is what the trade burnt in the chain's coin."""

    holding: Holding
    amount: int
    gas_wei: int


@attrs.frozen
class Orphaning:
    """New values in all earlier opportunities of the run that were seen on the chain behind its block `ancestor`."""

    run: int
    chain_id: int
    ancestor: int
    row: Row


Change = Insert | Update | Booking | Movement | Orphaning


def changes(index: int, record: object) -> Sequence[Change]:
    """What record number `index` changes; nothing if the ledger does not show its kind."""
    match record:
        case ArbitrageSignal():
            return [Insert("opportunities", opportunity_row(index, record))]
        case RiskDecision(failed=Check() as check):
            return _refusal(record, check)
        case OrderRequest():
            return [Insert("intents", intent_row(index, record))]
        case Fill() | ExecutionReport():
            return _settlement(index, record)
        case RunStarted() | RunEnded() | HaltChange() | HaltReport() | KillReport() | AuditTrail():
            return [_bookkeeping(index, record)]
        case _:
            return _taken_back(index, record) or _on_chain(index, record)


def _on_chain(index: int, record: object) -> Sequence[Change]:
    match record:
        case TransactionSigned():
            return [Insert("transactions", transaction_row(index, record))]
        case TransactionStatus():
            return [Update("transactions", (hex_text(record.hash),), standing_columns(record))]
        case FailureFinding():
            return [Insert("findings", finding_row(index, record))]
        case WalletAudit():
            return [Insert("wallet_audits", wallet_audit_row(index, record))]
        case _:
            return []


def _bookkeeping(
    index: int, record: RunStarted | RunEnded | HaltChange | HaltReport | KillReport | AuditTrail
) -> Change:
    match record:
        case RunStarted():
            return Insert("runs", run_row(index, record))
        case RunEnded():
            return Update("runs", (record.run,), {"ended_ns": record.ended_ns, "end_reason": record.reason})
        case HaltChange():
            return Insert("halts", halt_row(index, record))
        case HaltReport():
            return Update("halts", (record.halt_id, record.scope, Level.HALTED.name), halt_report_columns(record))
        case KillReport():
            return Update("halts", (record.halt_id, record.scope, record.level.name), halt_report_columns(record))
        case AuditTrail():
            return Insert("audit", audit_row(index, record))


def _refusal(decision: RiskDecision, check: Check) -> Sequence[Change]:
    orphaned = check is Check.ORPHANED
    refusal = _outcome(
        decision.run,
        decision.signal_id,
        Result.ORPHANED if orphaned else Result.REFUSED,
        code=check.name.lower(),
        text=decision.text,
        value=decision.value,
        limit=decision.limit,
        unit=decision.unit,
    )
    if orphaned:
        return [refusal]  # no opportunity of the chain that there is: nothing was refused
    return [refusal, Booking(_account(decision), ProfitAndLoss(decision.profit_token).add_refusals())]


def _settlement(index: int, settlement: Settlement) -> Sequence[Change]:
    token = settlement.profit_token
    if isinstance(settlement, ExecutionReport) and settlement.outcome is Outcome.ORPHANED:
        result = _orphaned(settlement.run, settlement.signal_id, settlement.text)
        return [Insert("reports", report_row(index, settlement)), result]
    if isinstance(settlement, Fill):
        books = ProfitAndLoss(token).add_fill(settlement)
        row = Insert("fills", fill_row(index, settlement))
        result = _outcome(settlement.run, settlement.signal_id, Result.TRADED, actual_net=books.net)
    else:
        books = ProfitAndLoss(token).add_failure(settlement)
        row = Insert("reports", report_row(index, settlement))
        result = _outcome(
            settlement.run,
            settlement.signal_id,
            Result.FAILED,
            actual_net=books.net,
            code=settlement.outcome.name.lower(),
            text=settlement.text,
            value=settlement.profit_found,
            limit=settlement.minimum_profit,
            unit="raw profit token",
        )
    holding = Holding(settlement.run, settlement.strategy, token)
    movement = Movement(holding, holding_change(settlement), settlement.gas_wei)
    return [row, result, Booking(_account(settlement), books), movement]


def _taken_back(index: int, record: object) -> Sequence[Change]:
    match record:
        case SettlementRevoked():
            return _revocation(index, record)
        case RefusalsRevoked():
            books = ProfitAndLoss(record.profit_token).add_refusals(-record.count)
            return [Booking(_account(record), books)]
        case BlocksOrphaned():
            text = f"the block that it saw was orphaned: the chain went on from block {record.ancestor_number}"
            row = _orphaned(record.run, 0, text).row
            return [
                Insert("reorganisations", reorganisation_row(index, record)),
                Orphaning(record.run, record.chain_id, record.ancestor_number, row),
            ]
        case _:
            return []


def _revocation(index: int, revoked: SettlementRevoked) -> Sequence[Change]:
    key = revoked.run, revoked.signal_id
    result = _outcome(*key, Result.PENDING) if revoked.reopened else _orphaned(*key, revoked.text)
    holding = Holding(revoked.run, revoked.strategy, revoked.profit_token)
    return [
        Update("fills" if revoked.filled else "reports", (revoked.intent_id,), {"revoked": index}),
        result,
        Booking(_account(revoked), ProfitAndLoss(revoked.profit_token).take_back(revoked)),
        Movement(holding, -revoked.profit, -revoked.gas_wei),
    ]


def _orphaned(run: int, signal_id: int, text: str) -> Update:
    return _outcome(run, signal_id, Result.ORPHANED, code="orphaned", text=text)


def _account(record: RiskDecision | Settlement | SettlementRevoked | RefusalsRevoked) -> Account:
    return Account(record.run, record.strategy, market_day(record.venue_time_ns), record.profit_token)


def _outcome(
    run: int,
    signal_id: int,
    result: Result,
    *,
    actual_net: int | None = None,
    code: str | None = None,
    text: str | None = None,
    value: int | None = None,
    limit: int | None = None,
    unit: str | None = None,
) -> Update:
    row: Row = {
        "result": result.value,
        "reason_code": code,
        "reason_text": text,
        "reason_value": amount_text(value),
        "reason_limit": amount_text(limit),
        "reason_unit": unit,
        "actual_net": amount_text(actual_net),
    }
    return Update("opportunities", (run, signal_id), row)
