"""Encoders: for each class one function from a value to its bytes, generated from the field descriptions.

The function is straight-line code; fixed fields in a row go through one struct. It refuses with any of `REFUSALS`,
without a word on which field was wrong; `alphapulse.rules.wire.diagnosis` finds that out.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import assert_never

import attrs

from alphapulse.data.instruments import ADDRESS_SIZE, InstrumentId
from alphapulse.data.wire import (
    WIRE,
    Blob,
    Boolean,
    Bound,
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
from alphapulse.rules.wire.header import MAGIC, VERSION
from alphapulse.rules.wire.source import FunctionSource, struct_code
from alphapulse.rules.wire.tlv import tlv_head

REFUSALS = (struct.error, LookupError, ArithmeticError, AttributeError, TypeError, ValueError)
"""What an encoder raises for a value that does not fit."""

Encoder = Callable[[object], bytes]

Sealer = Callable[[object, Source, int, int], bytes]
"""(message, source, sequence, timestamp_ns) -> the frame that holds the message alone."""

_BITS = {False: 0, True: 1}
_BYTES = (bytes, bytearray)


def build_encoder(cls: type) -> Encoder:
    """The encoder of an attrs class whose fields all carry a wire type."""
    writer = _Writer("value")
    writer.write(Record(cls), "value")
    return writer.finish(cls.__name__)


def build_sealer(cls: type, description: Description, size: int) -> Sealer:
    """The function that makes a frame around one message of a class whose values all have `size` bytes."""
    writer = _Writer("value, source, sequence, timestamp_ns")
    writer.write(Record(cls), "value")
    return writer.finish_frame(description, size)


class _Writer:
    """Collects runs of fixed fields (`_codes` and the expressions that fill them) and everything between them."""

    def __init__(self, signature: str) -> None:
        self._source = FunctionSource(signature)
        self._source.add("parts = []")
        self._codes = ""
        self._expressions: list[str] = []

    def finish(self, name: str) -> Encoder:
        self._flush()
        self._source.add(f"return {self._source.bind(b'')}.join(parts)")
        return self._source.function(name)

    def finish_frame(self, description: Description, size: int) -> Sealer:
        """Everything in two runs: the header up to its checksum, and the TLV."""
        tlv = tlv_head(description.type, size)
        pack_tlv = self._source.bind(struct.Struct(f"<{len(tlv)}s{self._codes}").pack)
        pack_head = self._source.bind(struct.Struct("<IBBBBQQI").pack)
        pack_sum = self._source.bind(struct.Struct("<I").pack)
        crc32 = self._source.bind(zlib.crc32)
        self._source.add(f"tlv = {pack_tlv}({', '.join((repr(tlv), *self._expressions))})")
        constants = f"{MAGIC}, {int(description.domain)}, {VERSION}, source, 0"
        self._source.add(f"head = {pack_head}({constants}, sequence, timestamp_ns, {len(tlv) + size})")
        self._source.add(f"return head + {pack_sum}({crc32}(tlv, {crc32}(head))) + tlv")
        return self._source.function(description.name)

    def write(self, type_: WireType, expression: str) -> None:
        match type_:
            case Integer(bits, signed):
                self._integer(expression, bits, signed)
            case Boolean():
                self._fixed("B", f"{self._source.bind(_BITS)}[{expression}]")
            case FixedBytes(size):
                value = self._assign(expression)
                self._refuse_if(f"len({value}) != {size}")
                self._fixed(f"{size}s", value)
            case Choice(enum, bits):
                numbers = {member: int(member) for member in enum}
                self._integer(f"{self._source.bind(numbers)}[{expression}]", bits, signed=False)
            case Text(limit):
                self._counted(self._assign(f"{expression}.encode()"), limit)
            case Blob(limit):
                value = self._assign(expression)
                self._refuse_if(f"not isinstance({value}, {self._source.bind(_BYTES)})")
                self._counted(value, limit)
            case Padded(item, size):
                self.write(item, expression)
                self._codes += f"{size}x"
            case Record(cls):
                self._record(cls, expression)
            case Maybe(item):
                self._maybe(item, expression)
            case Many(item, limit):
                self._many(item, limit, expression)
            case _:
                assert_never(type_)

    def _counted(self, value: str, limit: int) -> None:
        """Bytes behind their u16 length."""
        self._refuse_if(f"len({value}) > {limit}")
        self._fixed("H", f"len({value})")
        self._flush()
        self._source.add(f"parts.append({value})")

    def _record(self, cls: type, expression: str) -> None:
        if cls is InstrumentId:
            self._instrument(expression)
            return
        value = self._assign(expression)
        for field in attrs.fields(cls):
            self.write(field.metadata[WIRE], f"{value}.{field.name}")

    def _instrument(self, expression: str) -> None:
        value = self._assign(expression)
        body = self._assign(f"{value}.body")
        self._refuse_if(f"len({body}) != {ADDRESS_SIZE}")
        for code, number in (("H", "venue"), ("B", "asset_type"), ("B", "kind")):
            self._fixed(code, f"{value}.{number}")
        self._fixed(f"{ADDRESS_SIZE}s", body)

    def _maybe(self, item: WireType, expression: str) -> None:
        value = self._assign(expression)
        self._fixed("B", f"{value} is not None")
        self._flush()
        self._source.indent(f"if {value} is not None:")
        self.write(item, value)
        self._flush()
        self._source.dedent()

    def _many(self, item: WireType, limit: int | Bound, expression: str) -> None:
        values = self._assign(expression)
        allowed = limit if isinstance(limit, int) else f"{self._source.bind(limit)}.limit"
        self._refuse_if(f"len({values}) > {allowed}")
        self._fixed("H", f"len({values})")
        self._flush()
        value = self._source.variable()
        self._source.indent(f"for {value} in {values}:")
        self.write(item, value)
        self._flush()
        self._source.dedent()

    def _integer(self, expression: str, bits: int, signed: bool) -> None:
        code = struct_code(bits, signed=signed)
        if code:
            self._fixed(code, expression)
        else:
            sign = ", signed=True" if signed else ""
            self._fixed(f"{bits // 8}s", f"{expression}.to_bytes({bits // 8}, 'little'{sign})")

    def _assign(self, expression: str) -> str:
        name = self._source.variable()
        self._source.add(f"{name} = {expression}")
        return name

    def _refuse_if(self, condition: str) -> None:
        self._source.add(f"if {condition}: raise ValueError")

    def _fixed(self, code: str, expression: str) -> None:
        self._codes += code
        self._expressions.append(expression)

    def _flush(self) -> None:
        if self._codes:
            pack = self._source.bind(struct.Struct("<" + self._codes).pack)
            self._source.add(f"parts.append({pack}({', '.join(self._expressions)}))")
            self._codes = ""
            self._expressions = []
