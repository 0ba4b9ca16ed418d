"""What the decoder says to damaged frames, kept for the dashboard's reader."""

from __future__ import annotations

from typing import get_args

from alphapulse.data.wire import Bound, Many, Record, WireType
from alphapulse.rules.wire.signature import parts
from tests.rules.wire.fault_vectors import CLASSES, FAULT_VECTORS, fault_vectors_text


def test_the_fault_vectors_are_current() -> None:
    """What they hold is what the daemon says today; the dashboard's own tests hold its reader to them."""
    remedy = "python -m tests.rules.wire.fault_vectors"
    assert FAULT_VECTORS.read_text(encoding="utf-8") == fault_vectors_text(), remedy


def test_they_have_every_wire_type() -> None:
    found = [part for cls in CLASSES for part in parts(Record(cls))]
    assert {type(part) for part in found} == set(get_args(WireType))
    assert not any(isinstance(part, Many) and isinstance(part.limit, Bound) for part in found)
