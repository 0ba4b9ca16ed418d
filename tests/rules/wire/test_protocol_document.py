"""The written protocol is the one in the code."""

from __future__ import annotations

from pathlib import Path

from alphapulse.data.registry import MESSAGES
from alphapulse.rules.wire.describe import protocol_document

DOCUMENT = Path(__file__).parents[3] / "docs" / "protocol.md"


def test_the_document_is_current() -> None:
    remedy = "python -m alphapulse.rules.wire.describe > docs/protocol.md"
    assert DOCUMENT.read_text(encoding="utf-8") == protocol_document(), remedy


def test_every_message_has_a_section() -> None:
    text = protocol_document()
    for number, cls in MESSAGES.items():
        assert f"\n### {number} {cls.__name__}\n" in text
