"""A second, plain encoder, and the golden vectors that it writes: `python -m tests.rules.wire.wire_vectors`.

Only missing vectors are written: one that exists never changes.

It interprets the descriptions value by value and shares no code with the generated codecs that it judges.
"""

# One return per wire type is the plainest way to say what each is.
# ruff: noqa: PLR0911

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, assert_never

import attrs

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.registry import MESSAGES
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

FOLDER = Path(__file__).parents[2] / "vectors" / "wire"
SYMBOL = InstrumentId.from_symbol("A", Venue.KRAKEN)
POOL = InstrumentId.from_pool_address(bytes(range(1, 21)), Venue.UNISWAP_V3)


def reference_bytes(type_: WireType, value: Any) -> bytes:
    match type_:
        case Integer(bits, signed):
            return int(value).to_bytes(bits // 8, "little", signed=signed)
        case Boolean():
            return b"\1" if value else b"\0"
        case FixedBytes():
            return bytes(value)
        case Text():
            text = str(value).encode()
            return len(text).to_bytes(2, "little") + text
        case Choice(_, bits):
            return int(value).to_bytes(bits // 8, "little")
        case Record(cls) if cls is InstrumentId:
            return int(value.venue).to_bytes(2, "little") + bytes((value.asset_type, value.kind, *value.body))
        case Record(cls):
            return b"".join(reference_bytes(f.metadata[WIRE], getattr(value, f.name)) for f in attrs.fields(cls))
        case Maybe(item):
            return b"\0" if value is None else b"\1" + reference_bytes(item, value)
        case Padded(item, size):
            return reference_bytes(item, value) + bytes(size)
        case Blob():
            return len(value).to_bytes(2, "little") + bytes(value)
        case Many(item):
            return len(value).to_bytes(2, "little") + b"".join(reference_bytes(item, one) for one in value)
        case _:
            assert_never(type_)


def sample(type_: WireType, which: str, salt: int = 0) -> Any:
    """The least or the most that a type can hold (lists: two items), or something in between that differs by `salt`."""
    match type_:
        case Integer(bits, signed):
            low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
            middle = int.from_bytes(bytes((17 * salt + 7 * i) % 256 for i in range(bits // 8)), "little", signed=signed)
            return {"least": low, "most": high, "between": middle}[which]
        case Boolean():
            return which == "most"
        case FixedBytes(size):
            between = bytes((salt + i) % 256 for i in range(size))
            return {"least": bytes(size), "most": b"\xff" * size, "between": between}[which]
        case Text(limit):
            return {"least": "", "most": "é" * (limit // 2), "between": f"text {salt} µs"}[which]
        case Choice(enum):
            members = sorted(enum)
            return {"least": members[0], "most": members[-1], "between": members[salt % len(members)]}[which]
        case Record(cls) if cls is InstrumentId:
            return SYMBOL if which == "least" else POOL
        case Record(cls):
            return cls(*(sample(f.metadata[WIRE], which, salt + i) for i, f in enumerate(attrs.fields(cls), 1)))
        case Maybe(item):
            return None if which == "least" else sample(item, which, salt)
        case Padded(item):
            return sample(item, which, salt)
        case Blob(limit):
            between = bytes((salt + 3 * i) % 256 for i in range(min(limit, 40)))
            return {"least": b"", "most": b"\xff" * min(limit, 300), "between": between}[which]
        case Many(item):
            return () if which == "least" else (sample(item, which, salt), sample(item, which, salt + 1))
        case _:
            assert_never(type_)


def to_json(type_: WireType, value: Any) -> Any:
    """Integers as decimal text, bytes as `0x…`, members by name."""
    match type_:
        case Integer():
            return str(value)
        case FixedBytes() | Blob():
            return "0x" + value.hex()
        case Choice():
            return value.name
        case Record(cls) if cls is InstrumentId:
            return {"venue": value.venue.name, "name": value.name}
        case Record(cls):
            return {f.name: to_json(f.metadata[WIRE], getattr(value, f.name)) for f in attrs.fields(cls)}
        case Maybe(item):
            return None if value is None else to_json(item, value)
        case Padded(item):
            return to_json(item, value)
        case Many(item):
            return [to_json(item, one) for one in value]
        case Boolean() | Text():
            return value
        case _:
            assert_never(type_)


def from_json(type_: WireType, value: Any) -> Any:
    match type_:
        case Integer():
            return int(value)
        case FixedBytes() | Blob():
            return bytes.fromhex(value[2:])
        case Choice(enum):
            return enum[value]
        case Record(cls) if cls is InstrumentId:
            venue, name = Venue[value["venue"]], value["name"]
            if name.startswith("0x"):
                return InstrumentId.from_pool_address(bytes.fromhex(name[2:]), venue)
            return InstrumentId.from_symbol(name, venue)
        case Record(cls):
            return cls(**{f.name: from_json(f.metadata[WIRE], value[f.name]) for f in attrs.fields(cls)})
        case Maybe(item):
            return None if value is None else from_json(item, value)
        case Padded(item):
            return from_json(item, value)
        case Many(item):
            return tuple(from_json(item, one) for one in value)
        case Boolean() | Text():
            return value
        case _:
            assert_never(type_)


def vector_path(cls: type) -> Path:
    return FOLDER / f"{cls.__name__}.json"


def vector_text(cls: type) -> str:
    """The vector file of a message class: type number and three cases, each with fields and value bytes."""
    type_ = Record(cls)
    cases = []
    for which in ("least", "most", "between"):
        value = sample(type_, which)
        cases.append({"fields": to_json(type_, value), "hex": reference_bytes(type_, value).hex()})
    number = next(number for number, one in MESSAGES.items() if one is cls)
    return json.dumps({"type": number, "name": cls.__name__, "cases": cases}, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for message in MESSAGES.values():
        if not vector_path(message).exists():
            vector_path(message).write_text(vector_text(message), encoding="utf-8")
            print("wrote", vector_path(message))  # noqa: T201 - for whoever adds a message
