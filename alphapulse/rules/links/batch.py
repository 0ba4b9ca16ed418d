"""Batches: how frames travel on a byte stream. A header, then Protocol V2 frames, unchanged.

Header, 40 bytes, little-endian, `<IBBHQQIIII`: mark u32 · lane u8 · flags u8 · zeros u16 · boot id u64 · first u64 ·
span u32 · count u32 · size u32 · CRC-32 of the 36 bytes before it. The frames behind it protect themselves.

A batch covers the link sequences from `first` to before `first + span`; `count` of these messages are in it. The rest
was not wanted by this consumer, or was left out for it.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from alphapulse.data.links import Lane
from alphapulse.errors import InvalidFraming
from alphapulse.rules.wire.tlv import Bytes

MARK = 0x4C50_4C41
"""`ALPL` as bytes."""

HEADER_SIZE = 40
MAX_SIZE = 33_554_432
"""Bytes of frames in a batch: a snapshot of a hundred thousand pools, or the largest messages that go together."""

COUNTED = 0x01
"""The sender waits until everything that comes of this batch is done."""

SNAPSHOT = 0x02
"""A state that includes everything before `first`; it covers no sequences."""

_LAYOUT = struct.Struct("<IBBHQQIIII")
_CHECKED = struct.Struct("<IBBHQQIII")
_SUM = struct.Struct("<I")
_LANES = {int(lane): lane for lane in Lane}
_FLAGS = COUNTED | SNAPSHOT


class Batch(NamedTuple):
    """One batch. `frames` are `messages` frames of one message each, one behind the other."""

    lane: Lane
    flags: int
    boot_id: int
    first: int
    span: int
    messages: int
    frames: bytes

    @property
    def next(self) -> int:
        """The first link sequence behind the batch."""
        return self.first + self.span

    def head(self) -> bytes:
        """The 40 bytes that stand in front of the frames."""
        fields = (MARK, self.lane, self.flags, 0, self.boot_id, self.first, self.span, self.messages, len(self.frames))
        checked = _CHECKED.pack(*fields)
        return checked + _SUM.pack(zlib.crc32(checked))


class BatchReader:
    """Cuts a byte stream into batches."""

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def pending(self) -> bool:
        """True if a batch has begun and is not complete."""
        return bool(self._rest)

    def feed(self, data: Bytes) -> list[Batch]:
        """The batches that are complete with `data`, in order.

        Raises:
            InvalidFraming: the stream is not one of batches, or was damaged; nothing behind can be trusted.
        """
        if self._rest:
            self._rest += data
            batches, end = _cut(self._rest)
            del self._rest[:end]
        else:
            batches, end = _cut(data)
            self._rest += data[end:]
        return batches


def _cut(stream: Bytes) -> tuple[list[Batch], int]:
    """The batches that a stream begins with, and where they end."""
    batches: list[Batch] = []
    position = 0
    with memoryview(stream) as view:
        while len(view) - position >= HEADER_SIZE:
            mark, lane, flags, zeros, boot_id, first, span, count, size, checksum = _LAYOUT.unpack_from(view, position)
            if checksum != zlib.crc32(view[position : position + HEADER_SIZE - 4]) or mark != MARK:
                raise _invalid("the header of a batch", view[position : position + HEADER_SIZE].hex(), position)
            known = _LANES.get(lane)
            if known is None or flags & ~_FLAGS or zeros or size > MAX_SIZE:
                found = f"lane {lane}, flags {flags:#04x}, {size} bytes"
                raise _invalid(f"a known lane, known flags and at most {MAX_SIZE} bytes", found, position)
            end = position + HEADER_SIZE + size
            if end > len(view):
                break
            batches.append(Batch(known, flags, boot_id, first, span, count, bytes(view[position + HEADER_SIZE : end])))
            position = end
    return batches, position


def _invalid(expected: str, found: str, offset: int) -> InvalidFraming:
    hint = "end the connection: what follows cannot be told apart"
    return InvalidFraming("link", expected=expected, found=found, offset=offset, hint=hint)
