"""Decoders: for each class one function from bytes to a value, generated from the field descriptions."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any, assert_never

import attrs

from alphapulse.data.instruments import INSTRUMENT_ID_SIZE, InstrumentId
from alphapulse.data.wire import (
    WIRE,
    Blob,
    Boolean,
    Choice,
    Description,
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
from alphapulse.errors import InvalidValue, TrailingBytes, Truncated
from alphapulse.rules.wire.header import CHECKSUM_OFFSET, HEADER_SIZE, plain_start
from alphapulse.rules.wire.ids import decode_instrument
from alphapulse.rules.wire.slots import maker_of
from alphapulse.rules.wire.source import FunctionSource, struct_code
from alphapulse.rules.wire.tlv import Bytes, tlv_head

Opener = Callable[[Bytes], Any]
"""frame -> the message that it holds alone; None if it is not the frame that was expected."""

Decoder = Callable[[Bytes, int, int], Any]
"""(data, position, end) -> value. Offsets in errors count from the start of `data`."""


def build_decoder(cls: type) -> Decoder:
    """The decoder of an attrs class whose fields all carry a wire type.

    It raises Truncated, TrailingBytes or InvalidValue.
    """
    reader = _Reader("data, position, end")
    return reader.finish(cls.__name__, reader.read(Record(cls), cls.__name__))


def build_opener(cls: type, description: Description, size: int) -> Opener:
    """The function that reads a message out of a frame of its own, for a class whose values all have `size` bytes.

    It answers only for frames without flags whose domain is the class's own, and raises InvalidValue for a value that
    cannot be.
    """
    reader = _Reader("data")
    return reader.finish_frame(description, size, reader.read(Record(cls), cls.__name__))


class _Reader:
    """Collects runs of fixed fields: `_codes`, the variables that they fill, and the checks that follow."""

    def __init__(self, signature: str) -> None:
        self._source = FunctionSource(signature)
        self._invalid = self._source.bind(_invalid)
        self._truncated = self._source.bind(_truncated)
        self._from_bytes = self._source.bind(int.from_bytes)
        self._codes = ""
        self._variables: list[str] = []
        self._checks: list[str] = []
        self._path = ""

    def finish(self, name: str, expression: str) -> Decoder:
        self._flush()
        trailing = self._source.bind(_trailing)
        self._source.add(f"if position != end: raise {trailing}({name!r}, position, end)")
        self._source.add(f"return {expression}")
        return self._source.function(name)

    def finish_frame(self, description: Description, size: int, expression: str) -> Opener:
        """Everything in one run: header, TLV and value."""
        tlv = tlv_head(description.type, size)
        position = HEADER_SIZE + len(tlv)
        unpack = self._source.bind(struct.Struct(f"<Q16xII{len(tlv)}s{self._codes}").unpack_from)
        crc32 = self._source.bind(zlib.crc32)
        starts = self._source.bind(frozenset(plain_start(description.domain, source) for source in Source))
        self._source.add(f"if len(data) != {position + size}: return None")
        self._source.add(f"start, size, checksum, tlv, {', '.join(self._variables)} = {unpack}(data)")
        self._source.add(f"if start not in {starts} or size != {len(tlv) + size} or tlv != {tlv!r}: return None")
        covered = f"{crc32}(data[{HEADER_SIZE}:], {crc32}(data[:{CHECKSUM_OFFSET}]))"
        self._source.add(f"if {covered} != checksum: return None")
        self._source.add(f"position = {position}")
        for line in self._checks:
            self._source.add(line)
        self._source.add(f"return {expression}")
        return self._source.function(description.name)

    def read(self, type_: WireType, path: str) -> str:
        """The expression for the value; it holds once the run that the value stands in is flushed."""
        match type_:
            case Integer(bits, signed):
                expression = self._integer(path, bits, signed)
            case Boolean():
                expression = f"{self._presence(path)} == 1"
            case FixedBytes(size):
                expression = self._fixed(f"{size}s", path)
            case Choice(enum, bits):
                expression = self._choice({int(member): member for member in enum}, bits, path)
            case Text(limit):
                expression = self._text(limit, path)
            case Blob(limit):
                expression = self._blob(limit, path)
            case Padded(item, size):
                expression = self._padded(item, size, path)
            case Record(cls):
                expression = self._record(cls, path)
            case Maybe(item):
                expression = self._maybe(item, path)
            case Many():
                expression = self._many(type_, path)
            case _:
                assert_never(type_)
        return expression

    def _choice(self, members: dict[int, object], bits: int, path: str) -> str:
        offset = self._run_size()
        found = self._integer(path, bits, signed=False)
        member = self._source.variable()
        expected = repr(f"one of {sorted(members)}")
        self._checks.append(f"{member} = {self._source.bind(members)}.get({found})")
        self._checks.append(f"if {member} is None: raise {self._fault(path, offset, expected, found)}")
        return member

    def _text(self, limit: int, path: str) -> str:
        stop = self._stop(limit, path)
        text, error = self._source.variable(), self._source.variable()
        self._source.add(f"try: {text} = str(data[position:{stop}], 'utf-8')")
        fault = self._fault(path, 0, repr("UTF-8"), f"data[position:{stop}].hex()")
        self._source.add(f"except UnicodeDecodeError as {error}: raise {fault} from {error}")
        self._source.add(f"position = {stop}")
        return text

    def _blob(self, limit: int, path: str) -> str:
        stop = self._stop(limit, path)
        blob = self._source.variable()
        self._source.add(f"{blob} = bytes(data[position:{stop}])")
        self._source.add(f"position = {stop}")
        return blob

    def _stop(self, limit: int, path: str) -> str:
        """The variable that holds where a run of bytes behind its u16 length ends."""
        size = self._count(str(limit), repr(f"at most {limit} bytes"), path)
        self._flush()
        stop = self._source.variable()
        self._source.add(f"{stop} = position + {size}")
        self._source.add(f"if {stop} > end: raise {self._truncated}({path!r}, position, {size}, end)")
        return stop

    def _padded(self, item: WireType, size: int, path: str) -> str:
        expression = self.read(item, path)
        offset = self._run_size()
        found = self._fixed(f"{size}s", path)
        fault = self._fault(path, offset, repr(f"{size} zero bytes behind it"), f"{found}.hex()")
        self._checks.append(f"if {found} != {self._source.bind(bytes(size))}: raise {fault}")
        return expression

    def _record(self, cls: type, path: str) -> str:
        if cls is InstrumentId:
            return self._instrument(path)
        values = [self.read(field.metadata[WIRE], f"{path}.{field.name}") for field in attrs.fields(cls)]
        return f"{self._source.bind(maker_of(cls))}({', '.join(values)})"

    def _instrument(self, path: str) -> str:
        offset = self._run_size()
        found = self._fixed(f"{INSTRUMENT_ID_SIZE}s", path)
        value, error = self._source.variable(), self._source.variable()
        self._checks.append(f"try: {value} = {self._source.bind(decode_instrument)}({found})")
        fault = self._fault(path, offset, repr("an instrument id"), f"{found}.hex()")
        self._checks.append(f"except ValueError as {error}: raise {fault} from {error}")
        return value

    def _maybe(self, item: WireType, path: str) -> str:
        present = self._presence(path)
        self._flush()
        value = self._source.variable()
        self._source.add(f"{value} = None")
        self._source.indent(f"if {present}:")
        expression = self.read(item, path)
        self._flush()
        self._source.add(f"{value} = {expression}")
        self._source.dedent()
        return value

    def _many(self, many: Many, path: str) -> str:
        if isinstance(many.limit, int):
            count = self._count(str(many.limit), repr(many.expectation), path)
        else:
            # Asked at each list, because the limit may be set after the decoder was made.
            bound, expected = self._source.bind(many.limit), self._source.bind(many)
            count = self._count(f"{bound}.limit", f"{expected}.expectation", path)
        self._flush()
        values = self._source.variable()
        self._source.add(f"{values} = []")
        self._source.indent(f"for _ in range({count}):")
        expression = self.read(many.item, f"{path}[]")
        self._flush()
        self._source.add(f"{values}.append({expression})")
        self._source.dedent()
        return f"tuple({values})"

    def _integer(self, path: str, bits: int, signed: bool) -> str:
        code = struct_code(bits, signed=signed)
        if code:
            return self._fixed(code, path)
        sign = ", signed=True" if signed else ""
        return f"{self._from_bytes}({self._fixed(f'{bits // 8}s', path)}, 'little'{sign})"

    def _presence(self, path: str) -> str:
        offset = self._run_size()
        found = self._fixed("B", path)
        fault = self._fault(path, offset, repr("0 or 1"), found)
        self._checks.append(f"if {found} > 1: raise {fault}")
        return found

    def _count(self, limit: str, expected: str, path: str) -> str:
        offset = self._run_size()
        found = self._fixed("H", path)
        self._checks.append(f"if {found} > {limit}: raise {self._fault(path, offset, expected, found)}")
        return found

    def _fault(self, path: str, offset: int, expected: str, found: str) -> str:
        """The error's expression; `expected` and `found` are expressions too."""
        return f"{self._invalid}({path!r}, position + {offset}, {expected}, {found})"

    def _fixed(self, code: str, path: str) -> str:
        if not self._codes:
            self._path = path
        self._codes += code
        name = self._source.variable()
        self._variables.append(name)
        return name

    def _run_size(self) -> int:
        return struct.calcsize("<" + self._codes)

    def _flush(self) -> None:
        size = self._run_size()
        if self._variables:
            unpack = self._source.bind(struct.Struct("<" + self._codes).unpack_from)
            fault = f"{self._truncated}({self._path!r}, position, {size}, end)"
            self._source.add(f"if position + {size} > end: raise {fault}")
            self._source.add(f"{', '.join(self._variables)}, = {unpack}(data, position)")
        for line in self._checks:
            self._source.add(line)
        if self._variables:
            self._source.add(f"position += {size}")
        self._codes = ""
        self._variables = []
        self._checks = []


def _invalid(path: str, offset: int, expected: str, found: object) -> InvalidValue:
    return InvalidValue(path, expected=expected, found=found, offset=offset)


def _truncated(path: str, offset: int, needed: int, end: int) -> Truncated:
    return Truncated(path, needed=needed, available=end - offset, offset=offset, hint="the value ends there")


def _trailing(name: str, position: int, end: int) -> TrailingBytes:
    hint = "the sender's class has other fields than this one"
    return TrailingBytes(
        name, expected="the end of the value", found=f"{end - position} more bytes", offset=position, hint=hint
    )
