"""Sound and damaged frames with what the decoder says to them, for readers in other languages.

Run as a program it writes `tests/vectors/frames/faults.json` anew.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alphapulse.data.captures import RawInput
from alphapulse.data.execution import Fill, OrderRequest, RiskDecision
from alphapulse.data.halts import HaltChange, HaltReport
from alphapulse.data.instrument_meta import InstrumentMeta
from alphapulse.data.market import BlockCompleted, PoolSwap, StreamStatus
from alphapulse.data.quotes import QuoteUpdate
from alphapulse.data.runs import AuditTrail, RunStarted
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.trades import Trade
from alphapulse.data.wire import Source
from alphapulse.rules.wire.frame import seal
from alphapulse.rules.wire.inspection import error_json, inspect_frame
from alphapulse.rules.wire.tlv import encode_tlv
from tests.rules.wire.damaged_frames import DAMAGED, vector_value

FAULT_VECTORS = Path(__file__).parents[2] / "vectors" / "frames" / "faults.json"
CLASSES = (
    *(Trade, PoolSwap, BlockCompleted, StreamStatus, QuoteUpdate, InstrumentMeta, ArbitrageSignal, RiskDecision),
    *(OrderRequest, Fill, HaltChange, HaltReport, AuditTrail, RunStarted, RawInput),
)
"""Messages that have every wire type between them. A list whose limit the operator sets is in none of them: readers
refuse it at other lengths."""
_PER_CLASS = 6


def _frame(cls: type, value: bytes) -> bytes:
    described = cls.DESCRIPTION  # type: ignore[attr-defined]
    return seal(
        encode_tlv(described.type, value),
        domain=described.domain,
        source=Source.SUPERVISOR,
        sequence=1 << 60,
        timestamp_ns=1_704_437_087_000_000_001,
    )


def _frames() -> Iterator[tuple[str, bytes]]:
    for name, one in DAMAGED.items():
        yield name, one.data
    chance = random.Random(3)
    for cls in CLASSES:
        value = vector_value(cls)
        yield f"{cls.__name__}, sound", _frame(cls, value)
        for _ in range(_PER_CLASS):
            size = chance.randrange(len(value))
            yield f"{cls.__name__}, {size} bytes of its value", _frame(cls, value[:size])
            at = chance.randrange(len(value))
            damaged = value[:at] + bytes((value[at] ^ 1 << chance.randrange(8),)) + value[at + 1 :]
            yield f"{cls.__name__}, a bit of value byte {at} flipped", _frame(cls, damaged)


def _case(name: str, data: bytes) -> dict[str, Any]:
    view = inspect_frame(data)
    return {
        "name": name,
        "hex": data.hex(),
        "tlvs": [{"type": tlv.type, "name": tlv.name, "fields": len(tlv.fields)} for tlv in view.tlvs],
        "error": None if view.error is None else error_json(view.error),
    }


def fault_vectors_text() -> str:
    """The file: one case a line."""
    lines = [json.dumps(_case(name, data), ensure_ascii=False) for name, data in _frames()]
    return "[\n" + ",\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    FAULT_VECTORS.parent.mkdir(exist_ok=True)
    FAULT_VECTORS.write_text(fault_vectors_text(), encoding="utf-8")
