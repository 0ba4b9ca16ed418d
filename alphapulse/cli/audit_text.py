"""A record of the journal in one line, for people who ask what happened."""

from __future__ import annotations

import datetime

from alphapulse.cli.printable import printable
from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, RiskDecision
from alphapulse.data.halts import FlattenRecord, HaltChange, HaltReport, KillReport
from alphapulse.data.orphans import AlertRevoked, BlocksOrphaned, RefusalsRevoked, SettlementRevoked
from alphapulse.data.risk import CircuitBreaker, LimitOverride
from alphapulse.data.runs import AuditTrail, RunEnded, RunStarted
from alphapulse.data.signals import ArbitrageSignal

NS_PER_MS = 1_000_000
KIND_WIDTH = 16
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def record_line(index: int, written_ns: int, record: object) -> str:
    """Index, UTC time to the millisecond, kind and essentials; amounts are raw units. None is an unknown type."""
    kind = "(unknown)" if record is None else type(record).__name__
    return f"{index:>8}  {_moment(written_ns)}  {kind:<{KIND_WIDTH}}  {printable(essentials(record))}"


def essentials(record: object) -> str:
    """Who or which strategy, and what."""
    match record:
        case RunStarted():
            text = f"run {record.run} of {record.source}, {record.mode.name.lower()}: {record.reason}"
        case RunEnded():
            text = f"run {record.run}: {record.reason}"
        case ArbitrageSignal():
            net = "unknown" if record.net is None else record.net
            text = f"{record.strategy} signal {record.signal_id} at {_place(record)}: net {net}"
        case RiskDecision():
            text = f"{record.strategy} signal {record.signal_id} "
            text += "approved" if record.failed is None else f"refused by {record.failed.name.lower()}: {record.text}"
        case OrderRequest():
            text = (
                f"{record.strategy} intent {record.intent_id} of signal {record.signal_id}: "
                f"size {record.size}, expected net {record.expected_net}"
            )
        case Fill():
            text = f"{record.strategy} intent {record.intent_id} at {_place(record)}: net {record.net}"
        case ExecutionReport():
            text = f"{record.strategy} intent {record.intent_id} {record.outcome.name.lower()}: {record.text}"
        case BlocksOrphaned() | SettlementRevoked() | RefusalsRevoked() | AlertRevoked():
            text = _taken_back(record)
        case _:
            text = _operations(record)
    return text


def _taken_back(record: BlocksOrphaned | SettlementRevoked | RefusalsRevoked | AlertRevoked) -> str:
    match record:
        case BlocksOrphaned():
            blocks = record.old_head_number - record.ancestor_number
            return (
                f"chain {record.chain_id} went on from block {record.ancestor_number}: {blocks} blocks orphaned, "
                f"{record.cancelled} intents cancelled, {record.revoked} ends taken back"
            )
        case SettlementRevoked():
            what = "fill" if record.filled else "failure"
            then = "waits for its end once more" if record.reopened else "has ended with it"
            return f"{record.strategy} intent {record.intent_id}: {what} with net {record.net} taken back; it {then}"
        case RefusalsRevoked():
            return f"{record.strategy}: {record.count} refused by {record.failed.name.lower()} taken back"
        case AlertRevoked():
            return f"alert {record.rule} of {record.scope} at block {record.block_number} taken back: {record.text}"


def _operations(record: object) -> str:
    match record:
        case HaltChange():
            via = record.via.name.lower().replace("_", " ")
            who = f"by {record.actor} (via {via}), halt {record.halt_id}"
            return f"{record.level.name} {record.scope} {who}: {record.reason}"
        case HaltReport() | KillReport():
            return (
                f"halt {record.halt_id} of {record.scope}: {record.cancelled} cancelled, "
                f"{record.in_flight} in flight, {record.unknown} unknown"
            )
        case FlattenRecord():
            stage = record.stage.name.lower()
            return f"flatten {stage} in halt {record.halt_id} of {record.scope} by {record.actor}: {record.text}"
        case AuditTrail():
            return f"{record.actor} {record.action} {record.target}: {record.reason}; {record.result}"
        case None:
            return "a type that this version does not know"
        case _:
            return _risk(record)


def _risk(record: object) -> str:
    match record:
        case LimitOverride():
            return f"{record.name} to {record.value} {record.unit} by {record.actor}: {record.reason}"
        case CircuitBreaker():
            scope = record.scope.name.lower() + (f":{record.target}" if record.target else "")
            return f"{record.rule} {record.action.name.lower()} {scope}: {record.reason}"
        case _:
            return ""


def _place(record: ArbitrageSignal | Fill) -> str:
    return f"block {record.block_number} log {record.log_index}"


def _moment(time_ns: int) -> str:
    moment = EPOCH + datetime.timedelta(milliseconds=time_ns // NS_PER_MS)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
