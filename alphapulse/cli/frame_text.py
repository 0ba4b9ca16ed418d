"""A frame as text for a terminal: each field on its line, with the byte at which it begins."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from rich.text import Text

from alphapulse.cli.printable import printable
from alphapulse.data.instruments import InstrumentId
from alphapulse.rules.wire.inspected_value import FieldView
from alphapulse.rules.wire.inspection import FrameView, TlvView, error_json

OFFSET_WIDTH = 10
NAME_WIDTH = 26
SHOWN_BYTES = 64
SHOWN_CHARACTERS = 160
NS_PER_S = 1_000_000_000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
AS_HEX = frozenset({"magic", "checksum", "flags"})
"""Numbers of the header that are read more easily as hex."""


def frame_lines(view: FrameView, base: int = 0) -> Iterator[Text]:
    """The frame line by line; offsets count from `base` bytes before the frame. Texts are escaped to one line."""
    yield Text(f"frame at byte {base}", style="bold")
    yield from _fields(view.header, base, 1)
    for tlv in view.tlvs:
        yield _tlv(tlv, base)
        yield from _fields(tlv.fields, base, 2)
    if view.error is not None:
        yield from _error(view, base)


def _fields(fields: Sequence[FieldView], base: int, depth: int) -> Iterator[Text]:
    for field in fields:
        indent = "  " * depth
        start = Text(f"{base + field.offset:>{OFFSET_WIDTH}}", style="dim")
        start.append(f"{indent}{field.name:<{max(1, NAME_WIDTH - len(indent))}} ", style="cyan")
        if field.form == "value":
            yield start.append(_value(field), style="default")
        else:
            yield start.append(f"{len(field.parts)} items" if field.form == "list" else "", style="dim")
            yield from _fields(field.parts, base, depth + 1)


def _tlv(tlv: TlvView, base: int) -> Text:
    name = tlv.name or "of a type that nobody declared"
    return Text(f"{base + tlv.offset:>{OFFSET_WIDTH}}", style="dim").append(
        f"  TLV {tlv.type} {name}, {tlv.length} bytes", style="bold green" if tlv.name else "bold yellow"
    )


def _error(view: FrameView, base: int) -> Iterator[Text]:
    if view.error is None:
        return
    told = error_json(view.error, base)
    start = Text("" if told["offset"] is None else str(told["offset"]), style="bold red")
    start.align("right", OFFSET_WIDTH)
    yield start.append(f"  {told['kind']}: {printable(view.error.subject)}", style="bold red")
    for name in ("expected", "found", "hint"):
        if told[name]:
            yield Text(" " * OFFSET_WIDTH + f"    {name:<9} ", style="red").append(printable(told[name]), "default")


def _value(field: FieldView) -> str:
    match field.value:
        case None:
            text = "-"
        case bytes(data):
            text = _bytes(data)
        case InstrumentId() as id_:
            text = f"{id_.venue.name} {id_.asset_type.name} {printable(id_.name)}"
        case int(number) if field.name in AS_HEX:
            text = f"{number:#x}"
        case int(number) if number and field.unit.startswith("ns since 1970"):
            text = f"{number}  {_moment(number)}"
        case bool(flag):
            text = "yes" if flag else "no"
        case int(number):
            text = f"{number} {field.unit}".rstrip()
        case value:
            text = printable(str(value))
    return text


def _bytes(data: bytes) -> str:
    """Text if it is that, else hex; cut with its size if it is long."""
    if len(data) > 32 and data.isascii() and (text := data.decode()).isprintable():
        shown, cut = text[:SHOWN_CHARACTERS], len(text) > SHOWN_CHARACTERS
    else:
        shown, cut = "0x" + data[:SHOWN_BYTES].hex(), len(data) > SHOWN_BYTES
    return f"{shown}… ({len(data)} bytes)" if cut else shown


def _moment(time_ns: int) -> str:
    seconds, fraction = divmod(time_ns, NS_PER_S)
    moment = EPOCH + datetime.timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:09}Z"
