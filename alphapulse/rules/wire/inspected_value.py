"""Reads a value step by step by its description, and keeps what was read if the rest is unreadable."""

from __future__ import annotations

from typing import Any, Literal, assert_never

import attrs

from alphapulse.data.instruments import INSTRUMENT_ID_SIZE, InstrumentId
from alphapulse.data.wire import (
    UNIT,
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

Leaf = int | bool | str | bytes | InstrumentId | None


class UnreadableValue(Exception):
    """The bytes end or are not what the description wants; what was read before stands in the views."""


@attrs.frozen
class FieldView:
    """A value and the byte at which it begins; a record or a list holds `parts` instead of a value.

    Members of enumerations are their names; the parts of a list are named by their index.
    """

    name: str
    offset: int
    value: Leaf = None
    parts: list[FieldView] = attrs.field(factory=list)
    form: Literal["value", "record", "list"] = "value"
    unit: str = ""

    def to_json(self) -> Any:
        """The value for JSON: bytes as `0x…` text, ids by their components, a record as an object."""
        match self.form, self.value:
            case "record", _:
                return {part.name: part.to_json() for part in self.parts}
            case "list", _:
                return [part.to_json() for part in self.parts]
            case _, bytes(data):
                return "0x" + data.hex()
            case _, InstrumentId() as id_:
                parts = id_.to_components()
                return {
                    "venue": parts.venue.name,
                    "asset_type": parts.asset_type.name,
                    "kind": parts.kind.name,
                    "name": parts.name,
                }
            case _, value:
                return value


class ValueReader:
    """Walks through `data[position:end]`."""

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self._data = data
        self._position = position
        self._end = end

    def read(self, type_: WireType, name: str, unit: str, into: list[FieldView]) -> None:
        """Append the view of the next value. A record or list is appended first and filled then.

        Raises:
            UnreadableValue: the value cannot be read to its end.
        """
        offset = self._position
        match type_:
            case Record(cls) if cls is not InstrumentId:
                view = FieldView(name, offset, form="record")
                into.append(view)
                for field in attrs.fields(cls):
                    self.read(field.metadata[WIRE], field.name, field.metadata[UNIT], view.parts)
            case Many(item):
                count = self._count(type_.allowed)
                view = FieldView(name, offset, form="list", unit=unit)
                into.append(view)
                for index in range(count):
                    self.read(item, str(index), unit, view.parts)
            case Maybe(item):
                if self._flag():
                    self.read(item, name, unit, into)
                else:
                    into.append(FieldView(name, offset, None, unit=unit))
            case Padded(item, size):
                self.read(item, name, unit, into)
                if any(self._take(size)):
                    raise UnreadableValue
            case _:
                into.append(FieldView(name, offset, self._leaf(type_), unit=unit))

    def _leaf(
        self, type_: Blob | Boolean | Integer | FixedBytes | Text | Choice | Record
    ) -> int | bool | str | bytes | InstrumentId:
        value: int | bool | str | bytes | InstrumentId
        try:
            match type_:
                case Integer(bits, signed):
                    value = int.from_bytes(self._take(bits // 8), "little", signed=signed)
                case Boolean():
                    value = self._flag()
                case FixedBytes(size):
                    value = self._take(size)
                case Blob(limit):
                    value = self._take(self._count(limit))
                case Text(limit):
                    value = self._take(self._count(limit)).decode()
                case Choice(enum, bits):
                    value = enum(int.from_bytes(self._take(bits // 8), "little")).name
                case Record():
                    value = InstrumentId.from_wire(self._take(INSTRUMENT_ID_SIZE))
                case _:
                    assert_never(type_)
        except ValueError as error:  # no such member, no UTF-8, no id
            raise UnreadableValue from error
        return value

    def _flag(self) -> bool:
        (byte,) = self._take(1)
        if byte > 1:
            raise UnreadableValue
        return byte == 1

    def _count(self, limit: int) -> int:
        count = int.from_bytes(self._take(2), "little")
        if count > limit:
            raise UnreadableValue
        return count

    def _take(self, size: int) -> bytes:
        stop = self._position + size
        if stop > self._end:
            raise UnreadableValue
        data = self._data[self._position : stop]
        self._position = stop
        return bytes(data)
