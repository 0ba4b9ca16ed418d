"""What is wrong with a frame whose size or checksum is not what its header says. Runs only after it was refused."""

from __future__ import annotations

import zlib

from alphapulse.errors import ChecksumMismatch, ProtocolError, TrailingBytes, Truncated
from alphapulse.rules.wire.header import CHECKSUM_OFFSET, HEADER_SIZE
from alphapulse.rules.wire.tlv import Bytes, tlv_spans


def wrong_size(found: int, expected: int) -> ProtocolError:
    """The error for a frame of `found` bytes whose header says `expected`."""
    if found < expected:
        return Truncated("frame", needed=expected, available=found, offset=found, hint="read on")
    hint = "cut the stream with frame_size before decoding"
    return TrailingBytes("frame", expected=f"{expected} bytes", found=f"{found} bytes", offset=expected, hint=hint)


def mismatch(data: Bytes, stored: int, calculated: int) -> ChecksumMismatch:
    """The error for a frame whose checksum is not the `stored` one, with its likely cause."""
    start, payload = data[:CHECKSUM_OFFSET], memoryview(data)[HEADER_SIZE:]
    if stored == zlib.crc32(payload):
        cause = "the sender covered only the payload"
    elif stored == zlib.crc32(payload, zlib.crc32(bytes(4), zlib.crc32(start))):
        cause = "the sender covered the checksum field itself, as zeros"
    elif stored == 0:
        cause = "the sender did not compute it"
    else:
        cause = "the bytes were damaged on their way"
    return ChecksumMismatch(
        expected=stored,
        calculated=calculated,
        size=len(data),
        tlv_count=_readable_tlvs(data),
        offset=CHECKSUM_OFFSET,
        hint=cause,
    )


def _readable_tlvs(data: Bytes) -> int:
    count = 0
    try:
        for _ in tlv_spans(data, HEADER_SIZE, len(data)):
            count += 1
    except ProtocolError:
        return count
    return count
