"""The golden vectors of every message class."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from alphapulse.data.wire import Record
from alphapulse.rules.wire.codec import decode_value, encode_value
from tests.rules.wire.wire_strategies import MESSAGE_CLASSES
from tests.rules.wire.wire_vectors import FOLDER, from_json, reference_bytes, to_json, vector_path

MISSING = "write it: python -m tests.rules.wire.wire_vectors"
CHANGED = "the wire form changed: another layout is another number"


def vector(cls: type) -> Any:
    path = vector_path(cls)
    assert path.exists(), MISSING
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
def test_the_vectors_hold_both_ways(cls: type) -> None:
    for case in vector(cls)["cases"]:
        message = from_json(Record(cls), case["fields"])
        assert encode_value(message).hex() == case["hex"], CHANGED
        assert attrs.astuple(decode_value(cls, bytes.fromhex(case["hex"]))) == attrs.astuple(message), CHANGED


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
def test_the_vectors_are_those_of_the_class(cls: type) -> None:
    """The plain encoder agrees, no field is missing or unknown, and three cases or more show the range."""
    found = vector(cls)
    assert (found["type"], found["name"]) == (cls.DESCRIPTION.type, cls.__name__)  # type: ignore[attr-defined]
    assert len(found["cases"]) >= 3
    for case in found["cases"]:
        message = from_json(Record(cls), case["fields"])
        assert reference_bytes(Record(cls), message).hex() == case["hex"], CHANGED
        assert to_json(Record(cls), message) == case["fields"], CHANGED


def test_every_vector_file_belongs_to_a_message() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {cls.__name__ for cls in MESSAGE_CLASSES}
