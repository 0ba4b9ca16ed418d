"""A journal file as it lies on disk: frames in a row, each tied to the one before it by its SHA-256.

Every frame carries one record and, behind it, a `ChainLink`. A scan checks magic, size, checksum, sequence and link of
every frame. What an interrupted write leaves at the end is a torn tail; anything else that is wrong is rot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import attrs

from alphapulse.data.runs import ChainLink
from alphapulse.errors import JournalError, ProtocolError
from alphapulse.journal.append_file import READ_BUFFER_BYTES
from alphapulse.journal.damage import Damage, judge
from alphapulse.journal.frame_file import calculated_checksum, stated_checksum
from alphapulse.rules.wire.frame import decode_frame, frame_size
from alphapulse.rules.wire.header import HEADER_SIZE
from alphapulse.rules.wire.tlv import encode_tlv

HASH_BYTES = 32
LINK_TYPE = 115
LINK_TLV_BYTES = len(encode_tlv(LINK_TYPE, bytes(HASH_BYTES)))
LINK_TLV_START = encode_tlv(LINK_TYPE, bytes(HASH_BYTES))[:-HASH_BYTES]
MAX_FRAME_BYTES = HEADER_SIZE + 5 + 0xFFFF + LINK_TLV_BYTES
"""One record in an extended TLV, which holds at most 65,535 bytes, and its link."""


@attrs.frozen
class JournalPosition:
    """A point between two frames: how many records and bytes lie before it, and the SHA-256 of the last frame there."""

    records: int
    size_bytes: int
    head_hash: bytes


START = JournalPosition(records=0, size_bytes=0, head_hash=bytes(32))
"""The beginning of every journal; the first frame is linked to zeros."""


class JournalScan:
    """The whole and rightly chained frames of `file` behind `start`, one by one, in constant memory.

    `position` moves along; `damage` is known once the iteration has ended.
    """

    def __init__(self, file: BinaryIO, start: JournalPosition = START) -> None:
        self.position = start
        self.damage: Damage | None = None
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self.position.size_bytes)
        while header := self._file.read(HEADER_SIZE):
            try:
                frame = self._whole_frame(header)
            except JournalError as error:
                offset = self.position.size_bytes
                self.damage = judge(self._file, offset, str(error), kind="journal", frame_limit=MAX_FRAME_BYTES)
                return
            index = int.from_bytes(frame[8:16], "little")
            if (broken := self._broken_link(frame, index)) is not None:
                self.damage = Damage(self.position.size_bytes, broken, torn=False)
                return
            self.position = JournalPosition(
                index, self.position.size_bytes + len(frame), hashlib.sha256(frame).digest()
            )
            yield frame

    def _whole_frame(self, header: bytes) -> bytes:
        if len(header) < HEADER_SIZE:
            raise JournalError(f"expected a header of {HEADER_SIZE} bytes, found {len(header)} bytes and the end")
        size = _size(header)
        frame = header + self._file.read(size - HEADER_SIZE)
        if len(frame) < size:
            raise JournalError(f"expected a frame of {size} bytes, found {len(frame)} bytes and the end")
        if (stated := stated_checksum(frame)) != (found := calculated_checksum(frame)):
            raise JournalError(f"expected checksum {stated:#010x}, found {found:#010x}")
        return frame

    def _broken_link(self, frame: bytes, index: int) -> str | None:
        if index != self.position.records + 1:
            return f"expected record {self.position.records + 1}, found record {index}"
        if frame[-LINK_TLV_BYTES:-HASH_BYTES] != LINK_TLV_START:
            return f"expected a chain link at the end of record {index}, found none"
        if frame[-HASH_BYTES:] != self.position.head_hash:
            return (
                f"expected record {index} to follow {self.position.head_hash.hex()}, "
                f"found that it follows {frame[-HASH_BYTES:].hex()}"
            )
        return None


def _size(header: bytes) -> int:
    """Total bytes of the frame that begins with `header`. Raises JournalError if that is no header of a record."""
    try:
        size = frame_size(header)
    except ProtocolError as error:
        raise JournalError(str(error)) from error
    if size > MAX_FRAME_BYTES:
        raise JournalError(f"expected a frame of at most {MAX_FRAME_BYTES} bytes, found one of {size}")
    return size


def read_records(path: Path, start: JournalPosition = START) -> Iterator[tuple[JournalPosition, object]]:
    """The records behind `start`, each with the position after it; stops before a torn tail.

    A record of a type that this version does not know comes as None. Reads the file as it goes: run it in a thread.

    Raises:
        JournalError: the file cannot be read, is rotten, or does not continue from `start`.
    """
    with open_for_reading(path) as file:
        scan = JournalScan(file, start)
        for frame in scan:
            yield scan.position, record_of(frame)
        if scan.damage is not None and not scan.damage.torn:
            raise JournalError(describe(path, scan.damage))


def end_of(path: Path) -> JournalPosition:
    """The position behind the last whole frame. Raises JournalError as `read_records`."""
    with open_for_reading(path) as file:
        return check(path, file)


def check(path: Path, file: BinaryIO) -> JournalPosition:
    """The position behind the last whole frame of an open journal. Raises JournalError if it is rotten."""
    scan = JournalScan(file)
    for _frame in scan:
        pass
    if scan.damage is not None and not scan.damage.torn:
        raise JournalError(describe(path, scan.damage))
    return scan.position


def record_of(frame: bytes) -> object:
    """The record in a frame, None if this version does not know its type. Raises JournalError if it cannot be read."""
    try:
        first = decode_frame(frame).messages[0]
    except ProtocolError as error:
        raise JournalError(f"a whole frame with a record that cannot be read: {error}") from error
    return None if isinstance(first, ChainLink) else first


def open_for_reading(path: Path) -> BinaryIO:
    """The file, buffered. Raises JournalError if it cannot be opened."""
    try:
        return path.open("rb", buffering=READ_BUFFER_BYTES)
    except OSError as error:
        raise JournalError(f"expected a journal at {path}, found {error.strerror or error}") from error


def describe(path: Path, damage: Damage) -> str:
    """Damage in words, with what to do."""
    return (
        f"the journal {path} is damaged at byte {damage.offset}: {damage.text}; nothing was changed: "
        f"keep a copy of the file, then restore it from a backup, or move it away to begin new books"
    )


@attrs.frozen
class Verdict:
    """What a check of a whole journal found. `offset` is where `problem` begins, both None if all is well."""

    records: int
    size_bytes: int
    head_hash: bytes
    problem: str | None
    offset: int | None


def verify(path: Path) -> Verdict:
    """Checks every frame and every link. A tail that is torn, or being written just now, is a problem too.

    The chain proves that nothing before the head was changed; that nothing was cut off behind it is proven only by a
    head hash that was written down elsewhere.

    Raises:
        JournalError: the file cannot be read.
    """
    with open_for_reading(path) as file:
        scan = JournalScan(file)
        for _frame in scan:
            pass
    position, damage = scan.position, scan.damage
    return Verdict(
        records=position.records,
        size_bytes=position.size_bytes,
        head_hash=position.head_hash,
        problem=damage.text if damage is not None else None,
        offset=damage.offset if damage is not None else None,
    )
