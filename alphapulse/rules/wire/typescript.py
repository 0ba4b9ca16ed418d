"""The descriptions for the dashboard's reader: `python -m alphapulse.rules.wire.typescript`.

What it prints is `frontend/src/wire/schema.ts`, written in the terms of `frontend/src/wire/description.ts`.
"""

from __future__ import annotations

import enum
import inspect
import json
import sys
from collections.abc import Iterable, Iterator
from typing import assert_never

import attrs

from alphapulse.data.instruments import AssetType, IdKind, InstrumentId, Venue
from alphapulse.data.registry import MESSAGES
from alphapulse.data.wire import (
    DOMAIN_TYPES,
    TEXT,
    UNIT,
    WIRE,
    Blob,
    Boolean,
    Choice,
    Domain,
    FixedBytes,
    Integer,
    Many,
    Maybe,
    Padded,
    Record,
    Source,
    Text,
    WireType,
)
from alphapulse.rules.wire.header import CHECKSUM_OFFSET, HEADER_SIZE, MAGIC, MAX_FRAME_SIZE, VERSION
from alphapulse.rules.wire.signature import parts

_START = f"""\
// Written by `python -m alphapulse.rules.wire.typescript > frontend/src/wire/schema.ts`; a test holds it current.
import * as w from "./description";

export const MAGIC = {MAGIC:#x};
export const VERSION = {VERSION};
export const HEADER_SIZE = {HEADER_SIZE};
export const CHECKSUM_OFFSET = {CHECKSUM_OFFSET};
/** Header and payload together, in bytes. */
export const MAX_FRAME_SIZE = {MAX_FRAME_SIZE};
"""


def typescript_schema() -> str:
    """The whole module, for every class in the registry.

    Lists whose limit the operator sets have the most that they can be set to: the page does not know the setting.
    """
    messages = [MESSAGES[number] for number in sorted(MESSAGES)]
    enums = {part.enum for cls in messages for part in parts(Record(cls)) if isinstance(part, Choice)}
    enums |= {Domain, Source, Venue, AssetType, IdKind}
    blocks = [_START, _domain_ranges()]
    blocks += [_members(cls) for cls in sorted(enums, key=lambda cls: cls.__name__)]
    blocks += [_record(cls) for cls in _records(messages)]
    blocks += ["export const MESSAGES: readonly w.MessageForm[] = [", *map(_message, messages), "];\n"]
    return "\n".join(blocks)


def _domain_ranges() -> str:
    rows = [
        f"  {{ domain: {domain.value}, first: {numbers[0]}, last: {numbers[-1]} }},"
        for domain, ranges in DOMAIN_TYPES.items()
        for numbers in ranges
    ]
    return "\n".join(["export const DOMAIN_RANGES: readonly w.DomainRange[] = [", *rows, "];\n"])


def _members(cls: type[enum.IntEnum]) -> str:
    rows = [f"  [{member.value}, {_quoted(member.name)}]," for member in cls]
    return "\n".join([f"export const {cls.__name__}: w.Members = new Map([", *rows, "]);\n"])


def _record(cls: type) -> str:
    words = f"name: {_quoted(cls.__name__)}, text: {_quoted(_summary(cls))}"
    head = f"const {cls.__name__}: w.RecordForm = {{\n  {words}, fields: ["
    return "\n".join([head, *_fields(cls, "    "), "  ],\n};\n"])


def _message(cls: type) -> str:
    description = cls.DESCRIPTION  # type: ignore[attr-defined]  # the registry holds nothing else
    head = f"  {{ type: {description.type}, domain: {description.domain.value}, name: {_quoted(cls.__name__)},"
    lines = [head, f"    text: {_quoted(_summary(cls))}, fields: [", *_fields(cls, "    "), "  ] },"]
    return "\n".join(lines)


def _fields(cls: type, margin: str) -> Iterator[str]:
    for field in attrs.fields(cls):
        metadata = field.metadata
        words = ", ".join(map(_quoted, (metadata[UNIT], metadata[TEXT])))
        yield f"{margin}w.f({_quoted(field.name)}, {_expression(metadata[WIRE])}, {words}),"


def _expression(type_: WireType) -> str:
    match type_:
        case Integer(bits, signed):
            text = f"w.{'i' if signed else 'u'}({bits})"
        case Boolean():
            text = "w.boolean"
        case FixedBytes(size):
            text = f"w.bytes({size})"
        case Text(limit):
            text = f"w.text({limit})"
        case Blob(limit):
            text = f"w.blob({limit})"
        case Choice(choices, bits):
            text = f"w.choice({choices.__name__}, {bits})"
        case Record(cls):
            text = "w.instrument" if cls is InstrumentId else f"w.record({cls.__name__})"
        case Maybe(item):
            text = f"w.maybe({_expression(item)})"
        case Many(item):
            text = f"w.many({_expression(item)}, {type_.most})"
        case Padded(item, size):
            text = f"w.padded({_expression(item)}, {size})"
        case _:
            assert_never(type_)
    return text


def _records(messages: Iterable[type]) -> list[type]:
    """The embedded records, each behind those that it embeds itself."""
    found: dict[type, None] = {}

    def visit(cls: type) -> None:
        for field in attrs.fields(cls):
            for part in parts(field.metadata[WIRE]):
                if isinstance(part, Record) and part.cls is not InstrumentId and part.cls not in found:
                    visit(part.cls)
                    found[part.cls] = None

    for cls in messages:
        visit(cls)
    return list(found)


def _summary(cls: type) -> str:
    """The first paragraph of the docstring on one line."""
    return " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    sys.stdout.write(typescript_schema())
