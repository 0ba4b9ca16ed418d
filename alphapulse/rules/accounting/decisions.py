"""What was decided, in a form that does not depend on when and where: two runs that decide alike are equal. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from alphapulse.data.wire import Domain, Source
from alphapulse.rules.wire.codec import encode_message

DECIDING = (Domain.SIGNAL, Domain.EXECUTION)


def decisions(records: Iterable[object]) -> list[Any]:
    """Signals, verdicts, intents, fills and reports among a journal's records, wall-clock fields set to 0.

    They stand in the order of their signals (run, number), each signal followed by what came of it in the journal's
    order: signals that were judged together in one process may have been judged one by one in another.
    """
    found = [_timeless(record) for record in records if _decides(record)]
    found.sort(key=lambda decision: (decision.run, decision.signal_id))
    return found


def encoded(decision: object) -> bytes:
    """A decision as a frame of Protocol V2 whose header tells nothing but its domain."""
    return encode_message(decision, source=Source.EXECUTION_ENGINE, sequence=0, timestamp_ns=0)


def digest(found: Sequence[object]) -> str:
    """SHA-256 over all encoded decisions, in hex."""
    total = hashlib.sha256()
    for decision in found:
        total.update(encoded(decision))
    return total.hexdigest()


def _decides(record: object) -> bool:
    description = getattr(record, "DESCRIPTION", None)
    return description is not None and description.domain in DECIDING and hasattr(record, "signal_id")


def _timeless(record: Any) -> Any:
    """Fields that do not count in a comparison are the wall clock's."""
    return attrs.evolve(record, **{field.name: 0 for field in attrs.fields(type(record)) if not field.eq})
