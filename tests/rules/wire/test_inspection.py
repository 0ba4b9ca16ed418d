"""Frames taken apart: sound ones whole, damaged ones up to the damage, anything at all without an exception."""

from __future__ import annotations

import json
import re
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.registry import MESSAGES
from alphapulse.data.wire import DOMAIN_TYPES, WIRE, Domain, Maybe, Padded, Record, Source
from alphapulse.errors import ProtocolError, UnknownType
from alphapulse.rules.wire.frame import decode_frame, seal
from alphapulse.rules.wire.inspected_value import FieldView
from alphapulse.rules.wire.inspection import error_json, frame_json, inspect_frame
from alphapulse.rules.wire.tlv import encode_tlv
from tests.rules.wire.damaged_frames import DAMAGED, KINDS, seal_tlvs, sealed, vector_value
from tests.rules.wire.wire_strategies import MESSAGE_CLASSES, values
from tests.rules.wire.wire_vectors import FOLDER, from_json, reference_bytes

NOBODYS = next(n for numbers in DOMAIN_TYPES[Domain.SYSTEM] for n in numbers if n not in MESSAGES)
"""It may travel with market data."""


def plain(value: Any) -> Any:
    """The vectors' way of writing a value: integers as text, ids by venue and name."""
    match value:
        case {"venue": venue, "asset_type": _, "kind": _, "name": name}:
            return {"venue": venue, "name": name}
        case dict():
            return {key: plain(one) for key, one in value.items()}
        case list():
            return [plain(one) for one in value]
        case bool() | None | str():
            return value
        case _:
            return str(value)


def offsets(fields: list[FieldView]) -> list[int]:
    return [offset for field in fields for offset in (field.offset, *offsets(field.parts))]


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
def test_the_golden_vectors_come_out_field_by_field(cls: type) -> None:
    vector = json.loads((FOLDER / f"{cls.__name__}.json").read_text("utf-8"))
    for case in vector["cases"]:
        shown = frame_json(inspect_frame(sealed(cls, bytes.fromhex(case["hex"]))))
        assert shown["error"] is None
        (tlv,) = shown["tlvs"]
        assert (tlv["type"], tlv["name"], tlv["length"]) == (vector["type"], cls.__name__, len(case["hex"]) // 2)
        assert plain(tlv["fields"]) == case["fields"]


@given(cls=st.sampled_from(MESSAGE_CLASSES), data=st.data())
def test_every_value_is_read_as_the_codec_reads_it(cls: type, data: st.DataObject) -> None:
    value = data.draw(values(Record(cls)))
    raw = reference_bytes(Record(cls), value)
    shown = frame_json(inspect_frame(sealed(cls, raw)))
    assert shown["error"] is None
    assert from_json(Record(cls), plain(shown["tlvs"][0]["fields"])) == value


def test_the_header_is_shown_with_the_place_of_each_field() -> None:
    data = seal(
        b"", domain=Domain.SYSTEM, source=Source.MARKET_DATA_RELAY, sequence=7, timestamp_ns=1_700_000_000 << 30
    )
    view = inspect_frame(data)
    assert frame_json(view) == {
        "header": {
            "magic": 0xDEADBEEF,
            "domain": "SYSTEM",
            "version": 1,
            "source": "MARKET_DATA_RELAY",
            "flags": 0,
            "sequence": 7,
            "timestamp_ns": 1_700_000_000 << 30,
            "payload_size": 0,
            "checksum": int.from_bytes(data[28:32], "little"),
        },
        "tlvs": [],
        "error": None,
    }
    assert [field.offset for field in view.header] == [0, 4, 5, 6, 7, 8, 16, 24, 28]


def test_an_id_is_shown_by_its_components() -> None:
    pool = InstrumentId.from_pool_address(bytes(range(1, 21)), Venue.UNISWAP_V3)
    assert FieldView("pool", 0, pool).to_json() == {
        "venue": "UNISWAP_V3",
        "asset_type": "POOL",
        "kind": "EVM_ADDRESS",
        "name": "0x0102030405060708090a0b0c0d0e0f1011121314",
    }


def test_an_unknown_type_is_shown_as_raw_bytes_and_is_no_error() -> None:
    data = seal(
        encode_tlv(NOBODYS, b"\1\2") + encode_tlv(NOBODYS, bytes(300)),
        domain=Domain.MARKET_DATA,
        source=Source.EVM,
        sequence=1,
        timestamp_ns=1,
    )
    shown = frame_json(inspect_frame(data))
    assert shown["error"] is None
    assert shown["tlvs"] == [
        {"type": NOBODYS, "name": None, "length": 2, "fields": {"raw": "0x0102"}},
        {"type": NOBODYS, "name": None, "length": 300, "fields": {"raw": "0x" + "00" * 300}},
    ]
    assert [tlv.offset for tlv in inspect_frame(data).tlvs] == [32, 36]


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
def test_the_offset_of_a_field_is_where_its_bytes_are(cls: type) -> None:
    raw = vector_value(cls)
    (tlv,) = inspect_frame(sealed(cls, raw)).tlvs
    expected = tlv.offset + (2 if len(raw) <= 255 else 5)
    value: Any = from_json(Record(cls), json.loads((FOLDER / f"{cls.__name__}.json").read_text())["cases"][2]["fields"])
    assert len(tlv.fields) == len(attrs.fields(cls))
    for field, view in zip(attrs.fields(cls), tlv.fields, strict=True):
        type_ = field.metadata[WIRE]
        inner = type_.item if isinstance(type_, Padded) else type_
        present = isinstance(inner, Maybe) and getattr(value, field.name) is not None
        assert view.offset == expected + present, "a value that may be absent stands behind its presence byte"
        expected += len(reference_bytes(type_, getattr(value, field.name)))
    assert sorted(places := offsets(list(tlv.fields))) == places


def test_every_kind_of_fault_has_a_damaged_frame() -> None:
    """UnknownType is raised for values, never for bytes."""
    assert {case.error for case in DAMAGED.values()} == set(KINDS) - {ProtocolError, UnknownType}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_frame_is_shown_up_to_its_damage(name: str) -> None:
    case = DAMAGED[name]
    shown = frame_json(inspect_frame(case.data), base=1000)
    told = shown["error"]
    assert list(told) == ["kind", "offset", "expected", "found", "hint"]
    assert told["kind"] == KINDS[case.error]
    assert told["offset"] == 1000 + case.offset
    assert {type(told[key]) for key in ("expected", "found", "hint")} == {str}
    assert (shown["header"] is not None) == case.has_header
    assert [(tlv["name"], len(tlv["fields"])) for tlv in shown["tlvs"]] == case.tlvs


def test_a_checksum_is_told_in_hex_on_both_sides() -> None:
    told = frame_json(inspect_frame(DAMAGED["a flipped bit"].data))["error"]
    assert told["expected"].startswith("0x")
    assert told["found"].startswith("0x")
    assert len(told["expected"]) == len(told["found"]) == 10


def test_an_error_without_a_place_has_a_null_offset() -> None:
    assert error_json(ProtocolError("x", expected=1, found=2), base=5)["offset"] is None


def test_a_cut_header_is_shown_as_far_as_it_goes() -> None:
    data = DAMAGED["a flipped bit"].data
    assert list(frame_json(inspect_frame(data[:10]))["header"]) == ["magic", "domain", "version", "source", "flags"]
    assert frame_json(inspect_frame(data[:3]))["header"] is None
    assert frame_json(inspect_frame(b"{" + data[:10]))["header"] is None


def same_fault(data: bytes) -> None:
    """What is shown is JSON, and the fault is the one that the decoder raises."""
    view = inspect_frame(data)
    json.dumps(frame_json(view))
    if view.error is None:
        decode_frame(data)
    else:
        with pytest.raises(type(view.error), match=f"^{re.escape(str(view.error))}$"):
            decode_frame(data)


@given(st.binary(max_size=200))
def test_bytes_of_anything_are_shown_without_an_exception(data: bytes) -> None:
    same_fault(data)


@given(cls=st.sampled_from(MESSAGE_CLASSES), data=st.data())
def test_a_frame_with_bytes_changed_under_a_right_checksum_is_shown_without_an_exception(
    cls: type, data: st.DataObject
) -> None:
    raw = bytearray(vector_value(cls))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for value in (bytes(raw), bytes(raw[:cut]), bytes(raw) + b"\0"):
        same_fault(sealed(cls, value))


@given(st.binary(max_size=80), st.sampled_from(Domain))
def test_any_payload_under_a_right_checksum_is_shown_without_an_exception(payload: bytes, domain: Domain) -> None:
    same_fault(seal_tlvs(payload, domain))
