"""The dashboard's reader has the descriptions of this program."""

from __future__ import annotations

import json
from pathlib import Path

from alphapulse.data.registry import MESSAGES
from alphapulse.rules.wire.typescript import typescript_schema

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "frontend" / "src" / "wire" / "schema.ts"
DESCRIPTION = SCHEMA.parent / "description.ts"


def test_the_schema_is_current() -> None:
    remedy = "python -m alphapulse.rules.wire.typescript > frontend/src/wire/schema.ts"
    assert SCHEMA.read_text(encoding="utf-8") == typescript_schema(), remedy


def test_every_message_is_in_it() -> None:
    text = typescript_schema()
    for number, cls in MESSAGES.items():
        domain = cls.DESCRIPTION.domain.value  # type: ignore[attr-defined]
        assert f"\n  {{ type: {number}, domain: {domain}, name: {json.dumps(cls.__name__)},\n" in text


def test_a_record_stands_before_its_first_use() -> None:
    text = typescript_schema()
    for line in text.splitlines():
        if line.startswith("const "):
            name = line.split()[1].rstrip(":")
            assert text.index(line) < text.index(f"w.record({name})")
