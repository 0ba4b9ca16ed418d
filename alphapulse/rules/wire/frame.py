"""Frames: a header and the messages behind it, protected by one checksum."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

from alphapulse.data.registry import message_class
from alphapulse.data.wire import DOMAIN_TYPES, Description, Domain, Source
from alphapulse.errors import (
    ChecksumMismatch,
    InvalidValue,
    ProtocolError,
    TrailingBytes,
    Truncated,
    UnknownType,
    WrongDomain,
)
from alphapulse.rules.wire.codec import decoder, encode_value
from alphapulse.rules.wire.header import CHECKSUM_OFFSET, HEADER_SIZE, Header, frame_size
from alphapulse.rules.wire.tlv import encode_tlv, tlv_spans

__all__ = ["Frame", "decode_frame", "encode_frame", "frame_size", "seal"]

_OWNERS = {number: domain for domain, ranges in DOMAIN_TYPES.items() for numbers in ranges for number in numbers}


class Frame(NamedTuple):
    """A decoded frame. `unknown` holds (type, value bytes) of TLVs whose number no class has."""

    header: Header
    messages: tuple[object, ...]
    unknown: tuple[tuple[int, bytes], ...]


def encode_frame(messages: Sequence[object], *, source: Source, sequence: int, timestamp_ns: int) -> bytes:
    """One frame with `messages` in their order; its domain is the first message's.

    All belong to that domain or to SYSTEM. `timestamp_ns` is the time of sending, ns since 1970 UTC.

    Raises:
        WrongDomain: a message of a third domain, or a SYSTEM message in front of another domain's.
        InvalidValue: no message, or a value that does not fit.
        UnknownType: the class does not travel.
        TooLarge: a TLV over 65,535 bytes or a frame over 1 MiB.
    """
    if not messages:
        raise InvalidValue("frame", expected="at least one message", found="none", hint="seal an empty payload instead")
    domain = _description(messages[0]).domain
    parts = []
    for message in messages:
        described = _description(message)
        if described.domain is not domain and described.domain is not Domain.SYSTEM:
            raise WrongDomain(
                described.name,
                expected=f"a message of {domain.name} or SYSTEM",
                found=described.domain.name,
                hint="put it in a frame of its own, or in front of the SYSTEM messages",
            )
        parts.append(encode_tlv(described.type, encode_value(message)))
    return seal(b"".join(parts), domain=domain, source=source, sequence=sequence, timestamp_ns=timestamp_ns)


def seal(payload: bytes, *, domain: Domain, source: Source, sequence: int, timestamp_ns: int) -> bytes:
    """The frame around a payload of TLVs: header with checksum, then the payload. Raises InvalidValue, TooLarge."""
    start = Header(domain, source, sequence, timestamp_ns, len(payload), 0).pack()[:CHECKSUM_OFFSET]
    return start + zlib.crc32(payload, zlib.crc32(start)).to_bytes(4, "little") + payload


def decode_frame(data: bytes, *, domain: Domain | None = None) -> Frame:
    """The frame that `data` holds from its first byte to its last.

    With `domain`, only frames of that domain and of SYSTEM are let in, as on that domain's link.

    Raises:
        ProtocolError: one of its subclasses, with the offset in `data`.
    """
    header = Header.unpack(data)
    size = HEADER_SIZE + header.payload_size
    if len(data) != size:
        raise _wrong_size(len(data), size)
    calculated = zlib.crc32(data[HEADER_SIZE:], zlib.crc32(data[:CHECKSUM_OFFSET]))
    if calculated != header.checksum:
        raise _mismatch(data, header.checksum, calculated)
    if domain is not None and header.domain is not domain and header.domain is not Domain.SYSTEM:
        raise WrongDomain("frame", expected=domain.name, found=header.domain.name, offset=4, hint="wrong relay")
    messages: list[object] = []
    unknown: list[tuple[int, bytes]] = []
    for type_, start, end in tlv_spans(data, HEADER_SIZE, size):
        owner = _OWNERS.get(type_)
        if owner is not header.domain and owner is not None and owner is not Domain.SYSTEM:
            expected = f"a type of {header.domain.name} or SYSTEM"
            raise WrongDomain(f"TLV {type_}", expected=expected, found=owner.name, offset=start)
        cls = message_class(type_)
        if cls is None:
            unknown.append((type_, data[start:end]))
        else:
            messages.append(decoder(cls)(data, start, end))
    return Frame(header, tuple(messages), tuple(unknown))


def _description(message: object) -> Description:
    described = getattr(message.__class__, "DESCRIPTION", None)
    if not isinstance(described, Description):
        raise UnknownType("message", expected="a class declared with @message", found=message.__class__.__name__)
    return described


def _wrong_size(found: int, expected: int) -> ProtocolError:
    if found < expected:
        return Truncated("frame", needed=expected, available=found, offset=found)
    hint = "cut the stream with frame_size before decoding"
    return TrailingBytes("frame", expected=f"{expected} bytes", found=f"{found} bytes", offset=expected, hint=hint)


def _mismatch(data: bytes, stored: int, calculated: int) -> ChecksumMismatch:
    if stored == zlib.crc32(data[HEADER_SIZE:]):
        cause = "the sender covered only the payload"
    elif stored == zlib.crc32(data[:CHECKSUM_OFFSET] + bytes(4) + data[HEADER_SIZE:]):
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


def _readable_tlvs(data: bytes) -> int:
    count = 0
    try:
        for _ in tlv_spans(data, HEADER_SIZE, len(data)):
            count += 1
    except ProtocolError:
        return count
    return count
