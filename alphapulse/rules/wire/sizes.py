"""How many bytes values take on the wire, from their descriptions."""

from __future__ import annotations

from typing import NamedTuple, assert_never

import attrs

from alphapulse.data.instruments import INSTRUMENT_ID_SIZE, InstrumentId
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


class Sizes(NamedTuple):
    """The least and the most bytes of a value."""

    least: int
    most: int


def value_sizes(type_: WireType) -> Sizes:
    """The least and the most bytes that a value of `type_` takes; of a message class: `value_sizes(Record(cls))`.

    A list with a limit of the operator's is taken at the most that it can be set to.
    """
    match type_:
        case Integer(bits) | Choice(_, bits):
            sizes = Sizes(bits // 8, bits // 8)
        case Boolean():
            sizes = Sizes(1, 1)
        case FixedBytes(size):
            sizes = Sizes(size, size)
        case Text(limit) | Blob(limit):
            sizes = Sizes(2, 2 + limit)
        case Record(cls):
            sizes = _record_sizes(cls)
        case Maybe(item):
            sizes = Sizes(1, 1 + value_sizes(item).most)
        case Many(item):
            sizes = Sizes(2, 2 + type_.most * value_sizes(item).most)
        case Padded(item, size):
            inner = value_sizes(item)
            sizes = Sizes(inner.least + size, inner.most + size)
        case _:
            assert_never(type_)
    return sizes


def _record_sizes(cls: type) -> Sizes:
    if cls is InstrumentId:
        return Sizes(INSTRUMENT_ID_SIZE, INSTRUMENT_ID_SIZE)
    fields = [value_sizes(field.metadata[WIRE]) for field in attrs.fields(cls)]
    return Sizes(sum(size.least for size in fields), sum(size.most for size in fields))
