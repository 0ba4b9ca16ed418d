"""What the decoder says to damaged frames, kept for the dashboard's reader."""

from __future__ import annotations

from tests.rules.wire.fault_vectors import FAULT_VECTORS, fault_vectors_text


def test_the_fault_vectors_are_current() -> None:
    """What they hold is what the daemon says today; the dashboard's own tests hold its reader to them."""
    remedy = "python -m tests.rules.wire.fault_vectors"
    assert FAULT_VECTORS.read_text(encoding="utf-8") == fault_vectors_text(), remedy
