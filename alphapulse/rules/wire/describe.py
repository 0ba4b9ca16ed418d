"""The protocol's documentation, written from the classes: `python -m alphapulse.rules.wire.describe`."""

from __future__ import annotations

import enum
import inspect
import sys
from collections.abc import Iterable
from typing import assert_never

import attrs

from alphapulse.data.instruments import AssetType, IdKind, InstrumentId, Venue
from alphapulse.data.limits import BOUNDS, Limits
from alphapulse.data.registry import MESSAGES
from alphapulse.data.wire import (
    DOMAIN_TYPES,
    STRANGERS_TYPES,
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
from alphapulse.rules.wire.header import HEADER_SIZE, MAGIC, MAX_FRAME_SIZE, VERSION
from alphapulse.rules.wire.long_frame import MAX_SHORT
from alphapulse.rules.wire.signature import parts
from alphapulse.rules.wire.sizes import value_sizes
from alphapulse.rules.wire.tlv import MAX_STANDARD_SIZE, MAX_VALUE_SIZE

INTRODUCTION = f"""\
# Protocol V2

<!-- Written by `python -m alphapulse.rules.wire.describe > docs/protocol.md`; a test holds it current. -->

What AlphaPulse writes into its journal and its captures, and sends between processes. All integers are little-endian,
nothing is padded. A frame is one header of {HEADER_SIZE} bytes and the TLVs behind it, at most {MAX_FRAME_SIZE:,} bytes
in all.

## Header

| offset | size | field | meaning |
|---:|---:|---|---|
| 0 | 4 | magic u32 | {MAGIC:#010X}, on the wire `{MAGIC.to_bytes(4, "little").hex(" ").upper()}` |
| 4 | 1 | domain u8 | who carries it, see below |
| 5 | 1 | version u8 | {VERSION} |
| 6 | 1 | source u8 | who published it, see below |
| 7 | 1 | flags u8 | see below |
| 8 | 8 | sequence u64 | the publisher's own number |
| 16 | 8 | timestamp_ns u64 | time of sending, ns since 1970 UTC |
| 24 | 4 | payload_size u32 | bytes behind the header |
| 28 | 4 | checksum u32 | CRC-32 (ISO-HDLC, as in zlib) over bytes 0 to 27 and 32 to the end |

The checksum is always written and always checked. No value of it has a special meaning. Another magic, another
version and a payload size over the limit are refused before anything else is read.

| flag | meaning |
|---|---|
| 0x01 | compressed: refused |
| 0x02 | encrypted: refused |
| 0x04 | high priority |
| 0x08 | asks for an acknowledgement |
| 0x10 | traced |
| 0x20 | recovered or replayed |

## TLVs

| form | bytes | for |
|---|---|---|
| standard | `type u8, length u8, value` | values of up to {MAX_STANDARD_SIZE} bytes |
| extended | `255, 0, type u8, length u16, value` | values of up to {MAX_VALUE_SIZE:,} bytes |

Types are 1 to 254. A length must fit the rest of the payload, and the second byte of an extended TLV must be 0. An
extended TLV with a short value is read, never written. A frame's TLVs belong to the header's domain or to the system
domain; a TLV of another domain is refused. A type that nobody declared is handed over as bytes.

How many TLVs a frame holds is limited by its size alone. Reading one takes at most three times its bytes and 64 KiB,
whatever stands in it: where several TLVs reach behind byte {MAX_SHORT:,}, all values are checked at once, but each is
made when it is asked for. One message is handed over whole. Its values take more than its bytes, and limits keep its
lists short; where an operator raises one to its most, the 64 KiB are 512 KiB.
"""

VALUES = """\
## Values

A value holds its fields in the order below, and nothing else: bytes left over are refused.

| wire type | bytes |
|---|---|
| `u8` … `u256` | an unsigned integer of so many bits |
| `i32` … `i256` | a signed integer, two's complement |
| `bool` | one byte, 0 or 1 |
| `bytes[n]` | exactly n bytes |
| `text[n]` | u16 length in bytes, then UTF-8; at most n bytes |
| `Name: u8` | a member of an enumeration, listed below |
| `Name` | an embedded record, listed below |
| `T?` | a presence byte, 0 or 1, then a `T` if it is 1 |
| `list[T, n]` | u16 count, then the items; at most n |
| `blob[n]` | u16 length, then so many bytes; at most n |
| `T +n` | a `T`, then n zero bytes |

A value that does not fit its width, limit or enumeration is refused on both sides; nothing is cut or wrapped.

Where a list's limit is a name in capitals, the operator sets it in an environment variable of that name, and it is read
once at start; a wrong value refuses the start. Stated sizes assume the most that it can be set to, which is what a TLV
holds.

"""

INSTRUMENT_ID = """\
### InstrumentId

24 bytes that can be read back in full.

| offset | size | field | meaning |
|---:|---:|---|---|
| 0 | 2 | venue u16 | a `Venue` |
| 2 | 1 | asset type u8 | an `AssetType` |
| 3 | 1 | kind u8 | an `IdKind` |
| 4 | 20 | body | an ASCII symbol padded with zero bytes, or an EVM address |
"""


def protocol_document() -> str:
    """The whole document as Markdown, for every class in the registry."""
    messages = [MESSAGES[number] for number in sorted(MESSAGES)]
    records = sorted(_records(messages), key=lambda cls: cls.__name__)
    enums = sorted(_enums(messages) | {Venue, AssetType, IdKind}, key=lambda cls: cls.__name__)
    sections = [INTRODUCTION, _domains(), "## Sources\n\n" + _members(Source), VALUES + _limits(), "## Messages\n"]
    sections += [_section(cls) for cls in messages]
    sections += ["## Records\n", INSTRUMENT_ID, *(_section(cls) for cls in records)]
    sections += [
        "## Enumerations\n",
        *(f"### {cls.__name__}\n\n{inspect.getdoc(cls)}\n\n{_members(cls)}" for cls in enums),
    ]
    return "\n".join(sections)


def _domains() -> str:
    rows = []
    for domain, ranges in DOMAIN_TYPES.items():
        types = ", ".join(f"{numbers[0]}-{numbers[-1]}" for numbers in ranges)
        rows.append((domain.value, domain.name, types))
    strangers = (
        f"\nTypes {STRANGERS_TYPES[0]} to {STRANGERS_TYPES[-1]} stay free for other programs, in any domain "
        "([a page for them](wire-for-strangers.md)).\n"
    )
    return "## Domains\n\n" + _table(("number", "domain", "TLV types"), rows) + strangers


def _limits() -> str:
    rows = zip(BOUNDS, attrs.astuple(Limits()), strict=True)
    return _table(
        ("variable", "default", "most"), [(f"`{bound.variable}`", limit, bound.most) for bound, limit in rows]
    )


def _section(cls: type) -> str:
    description = getattr(cls, "DESCRIPTION", None)
    title = f"### {description.type} {cls.__name__}" if description else f"### {cls.__name__}"
    least, most = value_sizes(Record(cls))
    size = f"{least} bytes" if least == most else f"{least} to {most:,} bytes"
    domain = f"{Domain(description.domain).name}, " if description else ""
    rows = [
        (f"`{field.name}`", f"`{_type_name(field.metadata[WIRE])}`", field.metadata[UNIT], field.metadata[TEXT])
        for field in attrs.fields(cls)
    ]
    table = _table(("field", "wire type", "unit", "meaning"), rows)
    return f"{title}\n\n{inspect.getdoc(cls)}\n\n{domain}{size}.\n\n{table}"


def _type_name(type_: WireType) -> str:
    match type_:
        case Integer(bits, signed):
            name = f"{'i' if signed else 'u'}{bits}"
        case Boolean():
            name = "bool"
        case FixedBytes(size):
            name = f"bytes[{size}]"
        case Text(limit):
            name = f"text[{limit}]"
        case Choice(choices, bits):
            name = f"{choices.__name__}: u{bits}"
        case Record(cls):
            name = cls.__name__
        case Maybe(item):
            name = f"{_type_name(item)}?"
        case Many(item, limit):
            most = str(limit) if isinstance(limit, int) else limit.variable
            name = f"list[{_type_name(item)}, {most}]"
        case Blob(limit):
            name = f"blob[{limit}]"
        case Padded(item, size):
            name = f"{_type_name(item)} +{size}"
        case _:
            assert_never(type_)
    return name


def _records(classes: Iterable[type]) -> set[type]:
    inside = {part.cls for cls in classes for part in parts(Record(cls)) if isinstance(part, Record)}
    return {cls for cls in inside if cls is not InstrumentId and not hasattr(cls, "DESCRIPTION")}


def _enums(classes: Iterable[type]) -> set[type[enum.IntEnum]]:
    return {part.enum for cls in classes for part in parts(Record(cls)) if isinstance(part, Choice)}


def _members(cls: type[enum.IntEnum]) -> str:
    return _table(("number", "name"), [(member.value, member.name) for member in cls])


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(str(cell) or "-" for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(protocol_document())
