"""The wire form of a class in one line: equal lines, equal bytes. It tells whether a build is of today's classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

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


def signature(cls: type) -> str:
    """The form of a message or record class, with everything that it embeds."""
    described = getattr(cls, "DESCRIPTION", None)
    number = f"{described.type}/{int(described.domain)} " if described is not None else ""
    return number + _form(Record(cls))


def parts(type_: WireType) -> Iterator[WireType]:
    """The type and everything inside it, outermost first."""
    yield type_
    match type_:
        case Maybe(item) | Many(item) | Padded(item):
            yield from parts(item)
        case Record(cls) if cls is not InstrumentId:
            for field in attrs.fields(cls):
                yield from parts(field.metadata[WIRE])


def _form(type_: WireType) -> str:
    match type_:
        case Integer(bits, signed):
            form = f"{'i' if signed else 'u'}{bits}"
        case Boolean():
            form = "bool"
        case FixedBytes(size):
            form = f"bytes[{size}]"
        case Text(limit):
            form = f"text[{limit}]"
        case Blob(limit):
            form = f"blob[{limit}]"
        case Choice(enum, bits):
            members = ",".join(f"{member.name}={int(member)}" for member in enum)
            form = f"{enum.__name__}:u{bits}({members})"
        case Maybe(item):
            form = f"{_form(item)}?"
        case Many(item, limit):
            most = str(limit) if isinstance(limit, int) else f"{limit.variable}<={limit.most}"
            form = f"list[{_form(item)},{most}]"
        case Padded(item, size):
            form = f"{_form(item)}+{size}"
        case Record(cls) if cls is InstrumentId:
            form = "InstrumentId"
        case Record(cls):
            fields = ",".join(f"{field.name}:{_form(field.metadata[WIRE])}" for field in attrs.fields(cls))
            form = f"{cls.__qualname__}({fields})"
        case _:
            assert_never(type_)
    return form
