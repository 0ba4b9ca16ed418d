"""The compiled core as Cython source, written from the data classes: `python build_core.py` compiles it.

For every class it holds one function that reads a value and one that writes it: straight calls of the readers and
writers in `core_parts`, field by field, and slots filled where they lie. The rest of `core_parts` puts frames around.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import attrs

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import (
    WIRE,
    Blob,
    Boolean,
    Bound,
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
from alphapulse.rules.wire.signature import parts, signature
from alphapulse.rules.wire.sizes import value_sizes
from alphapulse.rules.wire.slots import slots_of
from alphapulse.rules.wire.tlv import MAX_VALUE_SIZE

_HEAD = """\
# cython: language_level=3, binding=False, boundscheck=False, wraparound=False, initializedcheck=False
# Written by alphapulse.rules.wire.cython_source. Do not edit.

include "numbers.pxi"
include "values.pxi"
"""

_FRAMES = """\
include "frames.pxi"
include "encoding.pxi"
include "decoding.pxi"
"""

_NATIVE = (8, 16, 32, 64)
_TAKEN = {"Codec", "Domain", "Frame", "Header", "HeaderFields", "InstrumentId", "KeptId", "Opened", "Reader", "Writer"}
"""Names that the included files use."""


def core_source(classes: Iterable[type]) -> str:
    """The whole module, for `classes` and the records inside them.

    A class whose constructor does more than fill slots, or whose values may exceed a TLV, is left to the pure codec.
    """
    writer = _ModuleWriter()
    for cls in classes:
        writer.begin(cls)
        for part in parts(Record(cls)):
            if isinstance(part, Record) and part.cls is not InstrumentId and _is_served(part.cls):
                writer.codec(part)
    return writer.text()


def _is_served(cls: type) -> bool:
    records = (part.cls for part in parts(Record(cls)) if isinstance(part, Record) and part.cls is not InstrumentId)
    return value_sizes(Record(cls)).most <= MAX_VALUE_SIZE and all(slots_of(one) is not None for one in records)


class _ModuleWriter:
    """Functions in the order in which they need each other; each wire type with parts has one pair of them."""

    def __init__(self) -> None:
        self._imports: dict[tuple[str, str], str] = {}
        self._globals: list[str] = []
        self._functions: list[str] = []
        self._table: list[str] = []
        self._pairs: dict[WireType, str] = {}
        self._bounds: dict[int, str] = {}
        self._owner = ""
        self._members: dict[tuple[type, bool], str] = {}

    def text(self) -> str:
        imports = [f"from {module} import {name} as {alias}" for (module, name), alias in self._imports.items()]
        blocks = [_HEAD + "\n".join(imports), "\n".join(self._globals), *self._functions]
        return "\n\n".join([*blocks, _FRAMES, "\n".join(self._table)]) + "\n"

    def begin(self, cls: type) -> None:
        """What follows belongs to this class."""
        self._owner = self._import(cls)

    def codec(self, type_: Record) -> str:
        """The name of a class's pair of functions."""
        if type_ in self._pairs:
            return self._pairs[type_]
        cls = type_.cls
        alias = self._import(cls)
        name = self._pairs[type_] = alias
        fields = [field.metadata[WIRE] for field in attrs.fields(cls)]
        count = max(1, len(fields))
        self._globals.append(f"cdef Py_ssize_t {name}_slots[{count}]")
        reads, writes = (
            ["cdef object one", f"value = fresh({alias})"],
            [f"if type(value) is not {alias}:", "    refuse()"],
        )
        for i, field in enumerate(fields):
            slot = f"value, {name}_slots[{i}]"
            reads += [*self._read("one", field), f"fill_slot({slot}, one)"]
            writes += self._write(f"slot_value({slot})", field)
        self._pair(name, [*reads, "return value"], [*writes, "return 0"])
        most = value_sizes(type_).most
        self._table.append(f"serve({alias}, {signature(cls)!r}, read_{name}, write_{name}, {most}, {name}_slots)")
        return name

    def _read(self, target: str, type_: WireType) -> list[str]:
        """The lines that read a value into `target`."""
        match type_:
            case Padded(item, size):
                return [*self._read(target, item), f"read_padding(r, {size})"]
            case Boolean():
                return [f"{target} = True if read_flag(r) else False"]
            case _:
                return [f"{target} = {self._read_call(type_)}"]

    def _read_call(self, type_: WireType) -> str:
        match type_:
            case Integer(bits, signed):
                native = f"read_{'i' if signed else 'u'}{bits}(r)"
                call = native if bits in _NATIVE else f"read_wide(r, {bits // 8}, {signed})"
            case FixedBytes(size):
                call = f"read_bytes(r, {size})"
            case Text(limit):
                call = f"read_text(r, {limit})"
            case Blob(limit):
                call = f"read_blob(r, {limit})"
            case Choice(enum, bits):
                table = self._member_table(enum, narrow=bits == 8)
                call = f"read_member(r, {table})" if bits == 8 else f"read_wide_member(r, {bits // 8}, {table})"
            case Record(cls) if cls is InstrumentId:
                call = "read_instrument(r)"
            case Record():
                call = f"read_{self.codec(type_)}(r)"
            case Maybe():
                call = f"read_{self._maybe(type_)}(r)"
            case Many():
                call = f"read_{self._many(type_)}(r)"
            case Boolean() | Padded():
                raise TypeError(f"{type_} is read by lines of its own")
            case _:
                assert_never(type_)
        return call

    def _write(self, value: str, type_: WireType) -> list[str]:
        """The lines that write the expression `value`."""
        match type_:
            case Integer(bits, signed):
                native = f"write_{'i' if signed else 'u'}{bits}(w, {value})"
                call = native if bits in _NATIVE else f"write_wide(w, {value}, {bits // 8}, {signed})"
            case Boolean():
                call = f"write_flag(w, {value})"
            case FixedBytes(size):
                call = f"write_bytes(w, {value}, {size})"
            case Text(limit):
                call = f"write_text(w, {value}, {limit})"
            case Blob(limit):
                call = f"write_blob(w, {value}, {limit})"
            case Choice(enum, bits):
                # A member only: numbers that equal one are the pure codec's business.
                member = self._write(value, Integer(bits))
                return [f"if type({value}) is not {self._import(enum)}:", "    refuse()", *member]
            case Padded(item, size):
                return [*self._write(value, item), f"write_padding(w, {size})"]
            case Record(cls) if cls is InstrumentId:
                call = f"write_instrument(w, {value})"
            case Record():
                call = f"write_{self.codec(type_)}(w, {value})"
            case Maybe():
                call = f"write_{self._maybe(type_)}(w, {value})"
            case Many():
                call = f"write_{self._many(type_)}(w, {value})"
            case _:
                assert_never(type_)
        return [call]

    def _maybe(self, type_: Maybe) -> str:
        if type_ not in self._pairs:
            name = self._pairs[type_] = f"maybe_{len(self._pairs)}"
            reads = ["cdef object value = None", "if read_flag(r):", *_deeper(self._read("value", type_.item))]
            writes = ["write_flag(w, value is not None)", "if value is not None:"]
            writes += _deeper(self._write("value", type_.item))
            self._pair(name, [*reads, "return value"], [*writes, "return 0"])
        return self._pairs[type_]

    def _many(self, type_: Many) -> str:
        if type_ not in self._pairs:
            name = self._pairs[type_] = f"many_{len(self._pairs)}"
            bound = type_.limit
            limit = str(bound) if isinstance(bound, int) else f"min({self._bound(bound)}.limit, {bound.most})"
            # A count that the bytes cannot hold makes no tuple.
            fewest = max(1, value_sizes(type_.item).least)
            reads = ["cdef object one", f"cdef Py_ssize_t i, count = read_count(r, {limit})"]
            reads += [f"if (r.end - r.at) // {fewest} < count:", "    refuse()"]
            reads += ["values = PyTuple_New(count)", "for i in range(count):"]
            reads += _deeper([*self._read("one", type_.item), "Py_INCREF(one)", "PyTuple_SET_ITEM(values, i, one)"])
            writes = ["cdef object one", "cdef Py_ssize_t i", "if not PyTuple_CheckExact(value):", "    refuse()"]
            writes += [f"write_count(w, PyTuple_GET_SIZE(value), {limit})", "for i in range(PyTuple_GET_SIZE(value)):"]
            writes += _deeper(["one = <object>PyTuple_GET_ITEM(value, i)", *self._write("one", type_.item)])
            self._pair(name, [*reads, "return values"], [*writes, "return 0"])
        return self._pairs[type_]

    def _pair(self, name: str, reads: list[str], writes: list[str]) -> None:
        reader, writer = (
            f"cdef object read_{name}(Reader* r):",
            f"cdef int write_{name}(Writer* w, object value) except -1:",
        )
        self._functions += ["\n".join([reader, *_deeper(reads)]), "\n".join([writer, *_deeper(writes)])]

    def _bound(self, bound: Bound) -> str:
        """The name of a limit that the operator sets; the module finds the object itself, whose limit may change."""
        if id(bound) not in self._bounds:
            name = self._bounds[id(bound)] = f"bound_{len(self._bounds)}"
            self._globals.append(f"cdef object {name} = bound_in({self._owner}, {bound.variable!r})")
        return self._bounds[id(bound)]

    def _member_table(self, enum: type, *, narrow: bool) -> str:
        key = (enum, narrow)
        if key not in self._members:
            alias = self._import(enum)
            name = self._members[key] = f"members_{len(self._members)}"
            if narrow:
                self._globals += [f"cdef PyObject* {name}[256]", f"keep_members({alias}, {name})"]
            else:
                self._globals.append(f"cdef dict {name} = {{int(member): member for member in {alias}}}")
        return self._members[key]

    def _import(self, cls: type) -> str:
        key = (cls.__module__, cls.__qualname__)
        if key not in self._imports:
            taken = _TAKEN | set(self._imports.values())
            self._imports[key] = cls.__name__ if cls.__name__ not in taken else f"{cls.__name__}_{len(taken)}"
        return self._imports[key]


def _deeper(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]
