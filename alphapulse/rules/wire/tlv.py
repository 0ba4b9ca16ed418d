"""TLV framing: type, length, value.

A value of up to 255 bytes stands behind `type u8, length u8`, a longer one behind `255, 0, type u8, length u16`.
"""

from __future__ import annotations

from collections.abc import Iterator

from alphapulse.errors import InvalidFraming, TooLarge, Truncated

EXTENDED = 255
"""The first byte of an extended TLV; never a type."""

MAX_STANDARD_SIZE = 255
MAX_VALUE_SIZE = 65_535

Bytes = bytes | bytearray | memoryview
"""What is read; of a memoryview nothing is copied but the values themselves."""

_STANDARD_HEADER = 2
_EXTENDED_HEADER = 5
_NO_MORE = "the payload ends there"


Span = tuple[int, int, int]
"""(type, start, end): one TLV's number and where its value lies, `end` not included."""


def encode_tlv(type_: int, value: bytes) -> bytes:
    """One TLV, in the short form if the value fits it.

    Raises:
        InvalidFraming: the type is not 1 to 254.
        TooLarge: the value has more than 65,535 bytes.
    """
    return tlv_head(type_, len(value)) + value


def tlv_head(type_: int, size: int) -> bytes:
    """What stands in front of a value of `size` bytes. Raises InvalidFraming, TooLarge as `encode_tlv` does."""
    if not 0 < type_ < EXTENDED:
        raise InvalidFraming("TLV type", expected="1 to 254", found=type_)
    if size <= MAX_STANDARD_SIZE:
        return bytes((type_, size))
    if size > MAX_VALUE_SIZE:
        raise TooLarge(f"TLV {type_}", expected=f"at most {MAX_VALUE_SIZE} bytes", found=size, hint="split the value")
    return bytes((EXTENDED, 0, type_, size & 0xFF, size >> 8))


def tlv_spans(data: Bytes, position: int, end: int) -> Iterator[Span]:
    """The TLVs in `data[position:end]`; offsets count from the start of `data`.

    Raises:
        Truncated: a TLV's header or value does not fit.
        InvalidFraming: type 0, type 255 inside an extended TLV, or a reserved byte that is not zero.
    """
    while position < end:
        type_ = data[position]
        if type_ == EXTENDED:
            start = position + _EXTENDED_HEADER
            _require("extended TLV header", position, start, end)
            if data[position + 1]:
                raise InvalidFraming("TLV reserved byte", expected=0, found=data[position + 1], offset=position + 1)
            type_ = data[position + 2]
            stop = start + (data[position + 3] | data[position + 4] << 8)
        else:
            start = position + _STANDARD_HEADER
            _require("TLV header", position, start, end)
            stop = start + data[position + 1]
        if not 0 < type_ < EXTENDED:
            raise InvalidFraming("TLV type", expected="1 to 254", found=type_, offset=position)
        if stop > end:
            raise Truncated(f"TLV {type_}", needed=stop - start, available=end - start, offset=start, hint=_NO_MORE)
        yield type_, start, stop
        position = stop


def _require(subject: str, position: int, start: int, end: int) -> None:
    if start > end:
        raise Truncated(subject, needed=start - position, available=end - position, offset=position, hint=_NO_MORE)
