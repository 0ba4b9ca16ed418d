"""A file of frames in a row, as journals and captures are: where frames begin, and where whole ones go on."""

from __future__ import annotations

import mmap
import os
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import attrs

from alphapulse.errors import ProtocolError
from alphapulse.rules.wire.frame import frame_size
from alphapulse.rules.wire.header import CHECKSUM_OFFSET, HEADER_SIZE, MAGIC, MAX_FRAME_SIZE

MAGIC_BYTES = MAGIC.to_bytes(4, "little")


@attrs.frozen
class Piece:
    """A frame at `offset`, or (`whole` is false) what stands where one should be: at most 1 MiB of it."""

    offset: int
    data: bytes
    whole: bool


class FrameFile:
    """Goes through a file piece by piece, over damage to the next whole frame. `position` is where it goes on."""

    def __init__(self, file: BinaryIO) -> None:
        self.position = 0
        self._file = file

    def pieces(self, *, growing: bool = False) -> Iterator[Piece]:
        """Everything behind `position` as the file is now, no byte twice.

        With `growing`, a frame that the end of the file cuts off is left to a later call, when more of it is there.
        """
        if os.fstat(self._file.fileno()).st_size < self.position:
            self.position = 0  # somebody began the file anew
        while True:
            offset = self.position
            self._file.seek(offset)
            header = self._file.read(HEADER_SIZE)
            if not header:
                return
            try:
                size = frame_size(header)
            except ProtocolError:
                size = 0
            data = header + self._file.read((size or MAX_FRAME_SIZE) - len(header))
            if len(data) == size and stated_checksum(data) == calculated_checksum(data):
                self.position = offset + size
                yield Piece(offset, data, whole=True)
                continue
            if len(data) == size and self._may_begin(offset + size):
                # Its length is right, so only what is in it is wrong; a search would miss the next if that is too.
                self.position = offset + size
            else:
                following = next_whole_frame(self._file, offset + 1, MAX_FRAME_SIZE)
                if growing and following is None and _is_beginning(data, size):
                    return
                self.position = os.fstat(self._file.fileno()).st_size if following is None else following
            yield Piece(offset, data, whole=False)

    def _may_begin(self, offset: int) -> bool:
        """True if a frame begins there, or if the file ends there or within its magic."""
        self._file.seek(offset)
        return MAGIC_BYTES.startswith(self._file.read(len(MAGIC_BYTES)))


def _is_beginning(data: bytes, size: int) -> bool:
    """True if `data` may become a frame once more of it is written."""
    return len(data) < size or (len(data) < HEADER_SIZE and data.startswith(MAGIC_BYTES[: len(data)]))


def stated_checksum(frame: bytes) -> int:
    """What a frame's header says."""
    return int.from_bytes(frame[CHECKSUM_OFFSET:HEADER_SIZE], "little")


def calculated_checksum(frame: bytes) -> int:
    """What a frame's bytes give."""
    return zlib.crc32(frame[HEADER_SIZE:], zlib.crc32(frame[:CHECKSUM_OFFSET]))


def next_whole_frame(file: BinaryIO, offset: int, limit: int) -> int | None:
    """Where the next frame of at most `limit` bytes with a right checksum begins, at or behind `offset`."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = data.find(MAGIC_BYTES, offset)
        while found >= 0:
            if _is_whole_frame(data, found, limit):
                return found
            found = data.find(MAGIC_BYTES, found + 1)
    return None


def _is_whole_frame(data: mmap.mmap, start: int, limit: int) -> bool:
    try:
        size = frame_size(data[start : start + HEADER_SIZE])
    except ProtocolError:
        return False
    if size > limit or start + size > len(data):
        return False
    frame = data[start : start + size]
    return stated_checksum(frame) == calculated_checksum(frame)
