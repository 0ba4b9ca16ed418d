"""The golden vectors of every message class."""

from __future__ import annotations

import json

import attrs
import pytest

from alphapulse.data.wire import Record
from alphapulse.rules.wire.codec import decode_value, encode_value
from tests.rules.wire.wire_strategies import MESSAGE_CLASSES
from tests.rules.wire.wire_vectors import FOLDER, from_json, vector_path, vector_text

REMEDY = "if the wire form was meant to change: python -m tests.rules.wire.wire_vectors"


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
def test_the_vectors_hold_both_ways(cls: type) -> None:
    vector = json.loads(vector_path(cls).read_text(encoding="utf-8"))
    for case in vector["cases"]:
        message = from_json(Record(cls), case["fields"])
        assert encode_value(message).hex() == case["hex"], REMEDY
        assert attrs.astuple(decode_value(cls, bytes.fromhex(case["hex"]))) == attrs.astuple(message), REMEDY


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
def test_the_vectors_are_those_of_the_class(cls: type) -> None:
    assert vector_path(cls).read_text(encoding="utf-8") == vector_text(cls), REMEDY


def test_every_vector_file_belongs_to_a_message() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {cls.__name__ for cls in MESSAGE_CLASSES}
