"""Why a value could not be encoded. Runs only after an encoder refused, so that the good path pays nothing for it."""

from __future__ import annotations

import attrs

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import (
    WIRE,
    Blob,
    Boolean,
    Choice,
    FixedBytes,
    Integer,
    Many,
    Maybe,
    Padded,
    Record,
    Text,
    WireType,
)
from alphapulse.errors import InvalidValue

LONGEST_SHOWN_BITS = 512


def misfit(value: object, cls: type) -> InvalidValue | None:
    """The first field of `value` that does not fit the description of `cls`, None if all do."""
    return _misfit(Record(cls), value, cls.__name__)


def _misfit(type_: WireType, value: object, path: str) -> InvalidValue | None:
    match type_:
        case Maybe(item):
            return None if value is None else _misfit(item, value, path)
        case Many():
            return _many(type_, value, path)
        case Padded(item):
            return _misfit(item, value, path)
        case Record(cls) if cls is not InstrumentId:
            return _record(cls, value, path)
    expected = _expectation(type_, value)
    return InvalidValue(path, expected=expected, found=_shown(value)) if expected else None


def _expectation(type_: WireType, value: object) -> str | None:
    """What was expected instead of a `value` without parts; None if it fits."""
    match type_:
        case Integer(bits, signed):
            low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
            fits, expected = isinstance(value, int) and low <= value <= high, f"an integer from {low} to {high}"
        case Boolean():
            fits, expected = value in (0, 1), "True or False"
        case FixedBytes(size):
            fits, expected = isinstance(value, bytes | bytearray) and len(value) == size, f"{size} bytes"
        case Blob(limit):
            fits, expected = isinstance(value, bytes | bytearray) and len(value) <= limit, f"at most {limit} bytes"
        case Choice(enum):
            fits, expected = value in [int(member) for member in enum], f"a {enum.__name__}"
        case Text(limit):
            fits, expected = isinstance(value, str) and _fits(value, limit), f"text of at most {limit} bytes of UTF-8"
        case _:
            fits, expected = isinstance(value, InstrumentId), "an InstrumentId"
    return None if fits else expected


def _record(cls: type, value: object, path: str) -> InvalidValue | None:
    if not isinstance(value, cls):
        return InvalidValue(path, expected=f"a {cls.__name__}", found=_shown(value))
    for field in attrs.fields(cls):
        fault = _misfit(field.metadata[WIRE], getattr(value, field.name), f"{path}.{field.name}")
        if fault:
            return fault
    return None


def _many(many: Many, value: object, path: str) -> InvalidValue | None:
    if not isinstance(value, tuple | list):
        return InvalidValue(path, expected="a tuple", found=_shown(value))
    if len(value) > many.allowed:
        return InvalidValue(path, expected=many.expectation, found=len(value))
    return next((fault for i, one in enumerate(value) if (fault := _misfit(many.item, one, f"{path}[{i}]"))), None)


def _fits(text: str, limit: int) -> bool:
    try:
        return len(text.encode()) <= limit
    except UnicodeEncodeError:
        return False


def _shown(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > LONGEST_SHOWN_BITS:
        # Python refuses to write very long integers as text.
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}… ({len(text)} characters)"
