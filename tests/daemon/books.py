"""What the journal of a daemon says was decided."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, RiskDecision
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.journal.journal_file import read_records

T = TypeVar("T")


def records(journal: Path, kind: type[T]) -> list[T]:
    """All records of one kind, in order."""
    return [record for record in all_records(journal) if isinstance(record, kind)]


def all_records(journal: Path) -> list[object]:
    """Everything in the journal, in order, up to its last whole frame."""
    return [record for _, record in read_records(journal)]


def decisions(journal: Path) -> list[tuple[object, ...]]:
    """What was found, judged, sent and settled, in order: all that a replay must decide alike every time."""
    told: list[tuple[object, ...]] = []
    for record in all_records(journal):
        match record:
            case ArbitrageSignal():
                told.append(("signal", record.position, record.size, record.profit))
            case RiskDecision():
                told.append(("verdict", record.signal_id, record.failed))
            case OrderRequest():
                told.append(("intent", record.intent_id, record.signal_id, record.size))
            case Fill():
                told.append(("fill", record.intent_id, record.net))
            case ExecutionReport():
                told.append(("report", record.intent_id, record.outcome))
    return told
