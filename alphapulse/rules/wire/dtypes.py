"""NumPy dtypes of messages whose values all have one size: a row is the value's bytes, laid out as on the wire."""

from __future__ import annotations

from typing import Any, assert_never

import attrs
import numpy as np

from alphapulse.data.instruments import ADDRESS_SIZE, InstrumentId
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
from alphapulse.errors import UnknownType

ZEROS = "__zeros"
"""What the name of a padding's field ends with, behind the name of what is padded."""

_Fields = list[tuple[str, Any]]
_INSTRUMENT = np.dtype([("venue", "<u2"), ("asset_type", "u1"), ("kind", "u1"), ("body", f"V{ADDRESS_SIZE}")])
_LIMBS = (64, 32, 16, 8)


def message_dtype(cls: type) -> np.dtype[np.void]:
    """The dtype of a message or record class; `dtype.itemsize` is the size of its values.

    Integers of up to 64 bits are NumPy's own; wider ones are limbs of 64, 32, 16 or 8 bits, the least first. Members of
    enumerations are their numbers, flags are 0 or 1, bytes are void. Padding has a field of its own, all zeros.

    Raises:
        UnknownType: its values differ in size (text, blobs, lists, optional fields).
    """
    return np.dtype(
        [column for field in attrs.fields(cls) for column in _columns(field.name, field.metadata[WIRE], cls)]
    )


def _columns(name: str, type_: WireType, cls: type) -> _Fields:
    match type_:
        case Integer(bits, signed):
            return [(name, *_integer(bits, signed=signed))]
        case Boolean():
            return [(name, "u1")]
        case Choice(_, bits):
            return [(name, *_integer(bits, signed=False))]
        case FixedBytes(size):
            return [(name, f"V{size}")]
        case Padded(item, size):
            return [*_columns(name, item, cls), (name + ZEROS, f"V{size}")]
        case Record(inner):
            return [(name, _INSTRUMENT if inner is InstrumentId else message_dtype(inner))]
        case Text() | Blob() | Maybe() | Many():
            raise UnknownType(
                "rows",
                expected="a class whose values all have one size",
                found=cls.__name__,
                hint="use encode_messages",
            )
        case _:
            assert_never(type_)


def _integer(bits: int, *, signed: bool) -> tuple[Any, ...]:
    if bits in _LIMBS:
        return (f"<{'i' if signed else 'u'}{bits // 8}",)
    limb = next(limb for limb in _LIMBS if bits % limb == 0)
    return (f"<u{limb // 8}", (bits // limb,))
