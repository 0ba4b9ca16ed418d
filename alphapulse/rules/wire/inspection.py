"""What stands in the bytes of a frame, field by field, also where they are damaged.

The fault is the one that `decode_frame` raises. Everything else here is read tolerantly and for people: whatever lies
before the damage is shown with its place, and nothing of it is meant to be acted upon.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import attrs

from alphapulse.data.registry import message_class
from alphapulse.data.wire import Domain, Record, Source
from alphapulse.errors import (
    ChecksumMismatch,
    ProtocolError,
    TooLarge,
    UnsupportedFlags,
    UnsupportedVersion,
    WrongMagic,
)
from alphapulse.rules.wire.frame import decode_frame
from alphapulse.rules.wire.header import CHECKSUM_OFFSET, HEADER_SIZE, MAGIC, SIZE_OFFSET
from alphapulse.rules.wire.inspected_value import FieldView, UnreadableValue, ValueReader
from alphapulse.rules.wire.long_frame import TlvSequence
from alphapulse.rules.wire.tlv import Span, tlv_spans

_NOT_OURS = (WrongMagic, UnsupportedVersion, UnsupportedFlags, TooLarge)
"""Faults behind which a payload means nothing."""


class _HeaderField(NamedTuple):
    name: str
    code: str
    unit: str = ""


_HEADER = (
    _HeaderField("magic", "I"),
    _HeaderField("domain", "B"),
    _HeaderField("version", "B"),
    _HeaderField("source", "B"),
    _HeaderField("flags", "B"),
    _HeaderField("sequence", "Q"),
    _HeaderField("timestamp_ns", "Q", "ns since 1970 UTC"),
    _HeaderField("payload_size", "I", "bytes"),
    _HeaderField("checksum", "I"),
)
_NAMES: dict[str, dict[int, str]] = {
    "domain": {int(domain): domain.name for domain in Domain},
    "source": {int(source): source.name for source in Source},
}


@attrs.frozen
class TlvView:
    """One TLV. `offset` is where its own header begins; `length` counts the bytes of its value.

    `name` is None for a type that nobody declared, whose one field is `raw`. `fields` end where a value is unreadable.
    """

    type: int
    name: str | None
    length: int
    offset: int
    fields: Sequence[FieldView]


@attrs.frozen
class FrameView:
    """A frame taken apart: `header` as far as there is one, the TLVs whose framing is sound, and the first fault.

    A TLV is taken apart each time that it is asked for: what is shown of one takes a thousand times its bytes.
    """

    header: Sequence[FieldView]
    tlvs: Sequence[TlvView]
    error: ProtocolError | None


def inspect_frame(data: bytes) -> FrameView:
    """What stands in `data`, which should be one frame. Never raises; offsets count from the start of `data`."""
    try:
        decode_frame(data)
        error = None
    except ProtocolError as fault:
        error = fault
    header = () if isinstance(error, WrongMagic) else tuple(_header(data))
    tlvs = () if isinstance(error, _NOT_OURS) or len(data) < HEADER_SIZE else _tlvs(data)
    return FrameView(header, tlvs, error)


def error_kind(error: ProtocolError) -> str:
    """The name of the error's class, as in `wrong_magic`."""
    name = error.__class__.__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def frame_json(view: FrameView, base: int = 0) -> dict[str, Any]:
    """The frame as JSON values: integers exact, bytes as `0x…` text, members of enumerations by name.

    `header` is null if there is none. The error's offset is counted from `base` bytes before the frame.
    """
    return {
        "header": {field.name: field.to_json() for field in view.header} or None,
        "tlvs": [tlv_json(tlv) for tlv in view.tlvs],
        "error": None if view.error is None else error_json(view.error, base),
    }


def frame_json_text(view: FrameView, base: int = 0) -> Iterator[str]:
    """The text of `frame_json` in pieces, of which one TLV at a time is in memory."""
    head, tail = json.dumps(frame_json(attrs.evolve(view, tlvs=()), base)).split('"tlvs": []')
    yield f'{head}"tlvs": ['
    for number, tlv in enumerate(view.tlvs):
        yield f"{', ' if number else ''}{json.dumps(tlv_json(tlv))}"
    yield f"]{tail}"


def tlv_json(tlv: TlvView) -> dict[str, Any]:
    """One TLV as JSON values."""
    return {
        "type": tlv.type,
        "name": tlv.name,
        "length": tlv.length,
        "fields": {field.name: field.to_json() for field in tlv.fields},
    }


def error_json(error: ProtocolError, base: int = 0) -> dict[str, Any]:
    """A fault as JSON values; `expected`, `found` and `hint` are text."""
    expected = f"{error.expected:#010x}" if isinstance(error, ChecksumMismatch) else str(error.expected)
    return {
        "kind": error_kind(error),
        "offset": None if error.offset is None else base + error.offset,
        "expected": expected,
        "found": str(error.found),
        "hint": error.hint,
    }


def _header(data: bytes) -> Iterator[FieldView]:
    """The header's fields that are there; none if the bytes begin otherwise than a frame."""
    offset = 0
    for name, code, unit in _HEADER:
        if offset + struct.calcsize("<" + code) > len(data):
            return
        (value,) = struct.unpack_from("<" + code, data, offset)
        if name == "magic" and value != MAGIC:
            return
        yield FieldView(name, offset, _NAMES.get(name, {}).get(value, value), unit=unit)
        offset += struct.calcsize("<" + code)


def _tlvs(data: bytes) -> Sequence[TlvView]:
    """The TLVs whose framing is sound, up to the first whose is not."""
    end = min(len(data), HEADER_SIZE + int.from_bytes(data[SIZE_OFFSET:CHECKSUM_OFFSET], "little"))
    sound = HEADER_SIZE
    with suppress(ProtocolError):
        for _, _, stop in tlv_spans(data, HEADER_SIZE, end):
            sound = stop

    def read(span: Span, offset: int) -> TlvView:
        type_, start, stop = span
        cls = message_class(type_)
        fields = [FieldView("raw", start, data[start:stop])] if cls is None else _fields(cls, data, start, stop)
        return TlvView(type_, cls.__name__ if cls else None, stop - start, offset, fields)

    return TlvSequence(data, sound, read)


def _fields(cls: type, data: bytes, start: int, stop: int) -> list[FieldView]:
    reader = ValueReader(data, start, stop)
    fields: list[FieldView] = []
    with suppress(UnreadableValue):  # the fault itself is what `decode_frame` says
        reader.read(Record(cls), cls.__name__, "", fields)
    return fields[0].parts
