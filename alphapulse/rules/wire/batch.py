"""Batches: many messages of one class as rows of a NumPy array, and as frames one behind the other.

Only for classes whose values all have one size. The frames are those that `encode_messages` writes. NumPy is imported
here and in `dtypes` alone, so that programs without batches do not load it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import WIRE, Boolean, Choice, Description, Padded, Record, Source, WireType
from alphapulse.errors import InvalidFraming, InvalidValue, ProtocolError, UnknownType
from alphapulse.rules.wire.codec import CORE, decode_message, decode_value, encode_value
from alphapulse.rules.wire.dtypes import ZEROS, message_dtype
from alphapulse.rules.wire.header import CHECKSUM_OFFSET, HEADER_SIZE, SIZE_OFFSET, Header, plain_start
from alphapulse.rules.wire.ids import decode_instrument
from alphapulse.rules.wire.tlv import Bytes, tlv_head

T = TypeVar("T")
Rows = NDArray[np.void]
Mask = NDArray[np.bool_]

_BLOCK = 4096
"""Frames whose checksums are computed together by NumPy and zlib: what is copied for it stays in the cache."""


class Batch(NamedTuple):
    """What frames of one class held: `rows` of its dtype, and from each header the number and the time of sending."""

    rows: Rows
    sequences: NDArray[np.uint64]
    timestamps_ns: NDArray[np.uint64]


def rows_of(cls: type[T], messages: Sequence[T]) -> Rows:
    """The rows of messages of class `cls`. Raises UnknownType, InvalidValue."""
    dtype = message_dtype(cls)
    for message in messages:
        if message.__class__ is not cls:
            raise UnknownType("row", expected=cls.__name__, found=message.__class__.__name__)
    return np.frombuffer(b"".join(map(encode_value, messages)), dtype)


def messages_of(cls: type[T], rows: Rows) -> list[T]:
    """The messages in rows. Raises InvalidValue for a row that no message has."""
    size, data = rows.dtype.itemsize, memoryview(rows.tobytes())
    return [decode_value(cls, data[at : at + size]) for at in range(0, len(data), size)]


def encode_rows(
    cls: type, rows: Rows, *, source: Source, first_sequence: int, timestamp_ns: int | NDArray[np.uint64]
) -> bytes:
    """A frame for each row, numbered from `first_sequence`; `timestamp_ns` is one time of sending, or each frame's.

    Raises:
        InvalidValue: a row that no message has; a note says which.
        UnknownType: `cls` does not travel, or the rows are not of its dtype.
    """
    described, dtype = _description(cls), message_dtype(cls)
    if rows.dtype != dtype:
        raise UnknownType("rows", expected=f"the dtype of {cls.__name__}", found=str(rows.dtype), hint="see dtypes")
    _refuse_misfits(cls, rows)
    head = tlv_head(described.type, dtype.itemsize)
    _refuse_times(timestamp_ns, len(rows))
    for sequence in (first_sequence, first_sequence + max(0, len(rows) - 1)):
        sent_ns = timestamp_ns if isinstance(timestamp_ns, int) else 0
        Header(described.domain, source, sequence, sent_ns, 0, 0).pack()  # refuses what does not fit
    frames = np.empty(len(rows), _frame_dtype(cls))
    frames["start"] = plain_start(described.domain, source)
    frames["sequence"] = np.arange(first_sequence, first_sequence + len(rows), dtype=np.uint64)
    frames["timestamp_ns"] = timestamp_ns
    frames["payload_size"] = len(head) + dtype.itemsize
    frames["tlv"] = np.void(head)
    # As bytes: NumPy would copy field by field.
    _as_bytes(frames)[:, -dtype.itemsize :] = _as_bytes(np.ascontiguousarray(rows))
    frames["checksum"] = _checksums(frames)
    return frames.tobytes()


def decode_rows(cls: type, data: Bytes) -> Batch:
    """The rows in frames of one `cls` each, one behind the other, without flags and all of one source.

    The rows are a view of `data` and no copy.

    Raises:
        ProtocolError: one of its subclasses, for the first frame that is refused; a note says where it begins.
        UnknownType: `cls` does not travel, or its values differ in size.
    """
    described, dtype = _description(cls), _frame_dtype(cls)
    whole = len(data) - len(data) % dtype.itemsize
    frames = np.frombuffer(data[:whole], dtype)
    head = tlv_head(described.type, dtype["value"].itemsize)
    starts = frames["start"]
    wrong = starts != starts[:1]
    wrong[:1] = starts[:1].tolist() not in [[plain_start(described.domain, source)] for source in Source]
    wrong |= frames["payload_size"] != dtype.itemsize - HEADER_SIZE
    wrong |= frames["tlv"] != np.void(head)
    wrong |= frames["checksum"] != _checksums(frames)
    rows = frames["value"]
    for misfits in _misfits(Record(cls), rows):
        wrong |= misfits
    if wrong.any() or whole != len(data):
        _refuse(cls, data, int(wrong.argmax()) * dtype.itemsize if wrong.any() else whole)
    return Batch(rows, frames["sequence"], frames["timestamp_ns"])


def _frame_dtype(cls: type) -> np.dtype[np.void]:
    value = message_dtype(cls)
    head = len(tlv_head(_description(cls).type, value.itemsize))
    numbers = [("start", "<u8"), ("sequence", "<u8"), ("timestamp_ns", "<u8"), ("payload_size", "<u4")]
    return np.dtype([*numbers, ("checksum", "<u4"), ("tlv", f"V{head}"), ("value", value)])


def _checksums(frames: Rows) -> NDArray[np.uint32]:
    sums = np.empty(len(frames), np.uint32)
    size = frames.dtype.itemsize
    if CORE is not None:
        CORE.checksums(frames, size, sums)
        return sums
    data = _as_bytes(frames)
    for at in range(0, len(frames), _BLOCK):
        block = data[at : at + _BLOCK]
        covered = np.concatenate((block[:, :CHECKSUM_OFFSET], block[:, HEADER_SIZE:]), axis=1)
        pieces = covered.view(f"V{covered.shape[1]}").ravel().tolist()
        sums[at : at + _BLOCK] = np.fromiter(map(zlib.crc32, pieces), np.uint32, len(block))
    return sums


def _as_bytes(rows: Rows) -> NDArray[np.uint8]:
    return rows.view(np.uint8).reshape(len(rows), rows.dtype.itemsize)


def _misfits(type_: WireType, column: NDArray[Any]) -> Iterator[Mask]:
    """Masks of the rows that no value has, for everything in `column` that is not free in its width."""
    match type_:
        case Boolean():
            yield column > 1
        case Choice(enum):
            yield ~np.isin(column, [int(member) for member in enum])
        case Record(cls) if cls is InstrumentId:
            yield _unknown_ids(column)
        case Record(cls):
            for field in attrs.fields(cls):
                described = field.metadata[WIRE]
                yield from _misfits(described, column[field.name])
                if isinstance(described, Padded):
                    padding = field.name + ZEROS
                    yield column[padding] != np.zeros((), column.dtype[padding])
        case Padded(item):
            yield from _misfits(item, column)


def _unknown_ids(column: NDArray[Any]) -> Mask:
    """Rows whose instrument id cannot be; neighbours that are equal are looked at once."""
    ids = np.ascontiguousarray(column).view(f"V{column.dtype.itemsize}")
    if CORE is not None and CORE.are_instruments(ids):
        return np.zeros(len(ids), np.bool_)
    words = ids.view("<u8").reshape(-1, 3)
    first = np.ones(len(ids), np.bool_)
    first[1:] = (words[1:] != words[:-1]).any(axis=1)
    bad = {one for one in set(ids[first].tolist()) if not _is_id(one)}
    if not bad:
        return np.zeros(len(ids), np.bool_)
    return np.fromiter((one in bad for one in ids.tolist()), np.bool_, len(ids))


def _is_id(data: bytes) -> bool:
    try:
        decode_instrument(data)
    except ValueError:
        return False
    return True


def _refuse_misfits(cls: type, rows: Rows) -> None:
    for misfits in _misfits(Record(cls), rows):
        if misfits.any():
            row = int(misfits.argmax())
            try:
                decode_value(cls, rows[row].tobytes())
            except ProtocolError as error:
                error.add_note(f"in row {row}")
                raise


def _refuse_times(timestamp_ns: int | NDArray[np.uint64], rows: int) -> None:
    if isinstance(timestamp_ns, np.ndarray) and (timestamp_ns.dtype != np.uint64 or timestamp_ns.shape != (rows,)):
        found = f"{timestamp_ns.dtype} {timestamp_ns.shape}"
        raise InvalidValue("timestamp_ns", expected=f"an integer, or uint64 ({rows},)", found=found)


def _refuse(cls: type, data: Bytes, position: int) -> None:
    """Raise what is wrong with the frame at `position`."""
    size = HEADER_SIZE + int.from_bytes(data[position + SIZE_OFFSET : position + CHECKSUM_OFFSET], "little")
    try:
        message = decode_message(data[position : position + size])
        expected = f"plain frames of one {cls.__name__} each, of one source"
        found, hint = f"another frame, with a {type(message).__name__}", "use decode_messages"
        raise InvalidFraming("batch", expected=expected, found=found, offset=0, hint=hint)
    except ProtocolError as error:
        error.add_note(f"in the frame at byte {position}")
        raise


def _description(cls: type) -> Description:
    described = getattr(cls, "DESCRIPTION", None)
    if not isinstance(described, Description):
        raise UnknownType("batch", expected="a class declared with @message", found=cls.__name__)
    return described
