"""Journal records as rows of the ledger: columns and values, without SQL."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from typing import Any

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Settlement
from alphapulse.data.halts import HaltChange, HaltReport, KillReport
from alphapulse.data.orphans import BlocksOrphaned
from alphapulse.data.runs import AuditTrail, RunStarted
from alphapulse.data.signals import ArbitrageSignal, Leg
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss
from alphapulse.rules.wire.codec import encode_value

Value = int | str | bytes | None
Row = Mapping[str, Value]


class Result(enum.StrEnum):
    """What became of an opportunity."""

    PENDING = "pending"
    REFUSED = "refused"
    TRADED = "traded"
    FAILED = "failed"
    ORPHANED = "orphaned"


def token_text(token: bytes) -> str:
    """A token as the ledger's columns have it."""
    return "0x" + token.hex()


def token_bytes(text: str) -> bytes:
    """A token back from `token_text`."""
    return bytes.fromhex(text.removeprefix("0x"))


def books_of(row: Mapping[str, Any]) -> ProfitAndLoss:
    """The books in a row of the table `pnl`."""
    return ProfitAndLoss(
        token=token_bytes(row["token"]),
        traded=row["traded"],
        failed=row["failed"],
        refused=row["refused"],
        gross=int(row["gross"]),
        pool_fees=int(row["pool_fees"]),
        flash_fees=int(row["flash_fees"]),
        gas=int(row["gas"]),
        gas_of_failed=int(row["gas_of_failed"]),
    )


def amount_text(value: int | None) -> str | None:
    """An amount as the ledger's columns have it: a decimal integer."""
    return None if value is None else str(value)


def _legs(legs: Sequence[Leg]) -> str:
    return _json(
        [
            {
                "pool": leg.pool.name,
                "venue": int(leg.pool.venue),
                "token_in": token_text(leg.token_in),
                "token_out": token_text(leg.token_out),
                "amount_in": str(leg.amount_in),
                "amount_out": str(leg.amount_out),
                "pool_fee": str(leg.pool_fee),
                "sqrt_price_x96": str(leg.sqrt_price_x96),
            }
            for leg in legs
        ]
    )


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _common(index: int, record: ArbitrageSignal | OrderRequest | Settlement) -> dict[str, Value]:
    return {
        "record": index,
        "run": record.run,
        "signal_id": record.signal_id,
        "strategy": record.strategy,
        "chain_id": record.chain_id,
        "block_number": record.block_number,
        "log_index": record.log_index,
        "venue_time_ns": record.venue_time_ns,
        "profit_token": token_text(record.profit_token),
    }


def opportunity_row(index: int, signal: ArbitrageSignal) -> Row:
    """A signal, waiting for its result."""
    return _common(index, signal) | {
        "size": str(signal.size),
        "gross": str(signal.gross),
        "pool_fees": str(signal.pool_fees),
        "flash_fee": str(signal.flash_fee),
        "gas_cost": amount_text(signal.gas_cost),
        "net": amount_text(signal.net),
        "legs": _legs(signal.legs),
        "result": Result.PENDING.value,
        "reason_code": None,
        "reason_text": None,
        "reason_value": None,
        "reason_limit": None,
        "reason_unit": None,
        "actual_net": None,
        "value": encode_value(signal),
    }


def intent_row(index: int, request: OrderRequest) -> Row:
    """An intent."""
    return _common(index, request) | {
        "intent_id": request.intent_id,
        "mode": request.mode.name,
        "size": str(request.size),
        "minimum_profit": str(request.minimum_profit),
        "expected_net": str(request.expected_net),
        "legs": _legs(request.legs),
        "value": encode_value(request),
    }


def fill_row(index: int, fill: Fill) -> Row:
    """A fill."""
    return _common(index, fill) | {
        "intent_id": fill.intent_id,
        "mode": fill.mode.name,
        "size": str(fill.size),
        "gross": str(fill.gross),
        "pool_fees": str(fill.pool_fees),
        "flash_fee": str(fill.flash_fee),
        "gas_wei": str(fill.gas_wei),
        "gas_cost": str(fill.gas_cost),
        "net": str(fill.net),
        "expected_net": str(fill.expected_net),
        "assumption": fill.assumption,
        "legs": _legs(fill.legs),
        "value": encode_value(fill),
        "revoked": None,
    }


def report_row(index: int, report: ExecutionReport) -> Row:
    """An intent that ended without a fill."""
    return _common(index, report) | {
        "intent_id": report.intent_id,
        "outcome": report.outcome.name,
        "profit_found": amount_text(report.profit_found),
        "minimum_profit": amount_text(report.minimum_profit),
        "gas_wei": str(report.gas_wei),
        "gas_cost": str(report.gas_cost),
        "text": report.text,
        "revoked": None,
    }


def reorganisation_row(index: int, orphaned: BlocksOrphaned) -> Row:
    """Blocks that a chain took back."""
    return {
        "record": index,
        "run": orphaned.run,
        "chain_id": orphaned.chain_id,
        "ancestor_number": orphaned.ancestor_number,
        "old_head_number": orphaned.old_head_number,
        "new_head_number": orphaned.new_head_number,
        "cancelled": orphaned.cancelled,
        "revoked": orphaned.revoked,
        "venue_time_ns": orphaned.venue_time_ns,
        "heard_ns": orphaned.heard_ns,
    }


def run_row(index: int, run: RunStarted) -> Row:
    """A run that has begun."""
    return {
        "record": index,
        "run": run.run,
        "mode": run.mode.name,
        "source": run.source,
        "configuration": run.configuration,
        "reason": run.reason,
        "started_ns": run.started_ns,
        "ended_ns": None,
        "end_reason": None,
    }


def halt_row(index: int, change: HaltChange) -> Row:
    """A change of level, without a report yet."""
    return {
        "record": index,
        "halt_id": change.halt_id,
        "epoch": change.epoch,
        "scope": change.scope,
        "level": change.level.name,
        "actor": change.actor,
        "via": change.via.name,
        "reason": change.reason,
        "at_ns": change.at_ns,
        "cancelled": None,
        "in_flight": None,
        "unknown": None,
        "steps": None,
        "kept_running": None,
    }


def halt_report_columns(report: HaltReport | KillReport) -> Row:
    """What a halt's report adds to the halt's row."""
    return {
        "cancelled": report.cancelled,
        "in_flight": report.in_flight,
        "unknown": report.unknown,
        "steps": _json(
            [
                {"name": step.name, "elapsed_us": step.elapsed_us, "done": step.done, "text": step.text}
                for step in report.steps
            ]
        ),
        "kept_running": _json(list(report.kept_running)),
    }


def audit_row(index: int, trail: AuditTrail) -> Row:
    """An operator's action."""
    return {
        "record": index,
        "actor": trail.actor,
        "action": trail.action,
        "target": trail.target,
        "reason": trail.reason,
        "result": trail.result,
        "at_ns": trail.at_ns,
    }
