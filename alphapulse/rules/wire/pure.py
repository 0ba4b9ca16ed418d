"""Protocol V2 in pure Python: what the compiled core does, for every class, and with an error that says why.

The compiled core answers only when all is well. Whatever it refuses is asked again here, so that both give the same
values, the same bytes and the same errors.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from alphapulse.data.registry import message_class
from alphapulse.data.wire import DOMAIN_TYPES, Description, Domain, Record, Source
from alphapulse.errors import InvalidFraming, InvalidValue, ProtocolError, UnknownType, WrongDomain
from alphapulse.rules.wire.decoder import Decoder, Opener, build_opener
from alphapulse.rules.wire.encoder import REFUSALS, Sealer, build_sealer
from alphapulse.rules.wire.frame_faults import mismatch, wrong_size
from alphapulse.rules.wire.header import (
    CHECKSUM_OFFSET,
    HEADER_SIZE,
    MAGIC,
    MAX_FRAME_SIZE,
    SIZE_OFFSET,
    VERSION,
    Header,
    plain_start,
)
from alphapulse.rules.wire.long_frame import MAX_SHORT, long_messages, long_spans, long_unknown
from alphapulse.rules.wire.sizes import value_sizes
from alphapulse.rules.wire.tlv import EXTENDED, Bytes, Span, encode_tlv, tlv_spans
from alphapulse.rules.wire.values import decode_value, decoder, encode_value

__all__ = [
    "Frame",
    "decode_frame",
    "decode_message",
    "decode_messages",
    "decode_value",
    "encode_frame",
    "encode_message",
    "encode_messages",
    "encode_value",
    "frame_spans",
    "seal",
]

_OWNERS = {number: domain for domain, ranges in DOMAIN_TYPES.items() for numbers in ranges for number in numbers}
_PACK_START = struct.Struct("<IBBBBQQI").pack
_START = struct.Struct("<QQQII")
_START_OF_ONE = struct.Struct("<QQQIIBB")
_VALUE_OF_ONE = HEADER_SIZE + 2
_LARGE = 4096
"""Bytes from which on a slice costs more than a memoryview."""


class Frame(NamedTuple):
    """A decoded frame. `unknown` holds (type, value bytes) of TLVs whose number no class has.

    Both are tuples; of a long frame they are sequences that make a value each time that it is asked for.
    """

    header: Header
    messages: Sequence[object]
    unknown: Sequence[tuple[int, bytes]]


_STARTS = {plain_start(domain, source): (domain, source) for domain in Domain for source in Source}
"""The first eight bytes of every frame without flags: one look instead of five comparisons."""

_DECODERS: dict[Domain, dict[int, Decoder]] = {domain: {} for domain in Domain}
"""By the frame's domain: the decoders of the types that it may hold."""

_SEALERS: dict[type, Sealer] = {}

_OPENERS: dict[Domain | None, dict[int, Opener]] = {domain: {} for domain in (None, *Domain)}
"""By the domain of the link: the openers of the types that may travel on it."""


def encode_message(message: object, *, source: Source, sequence: int, timestamp_ns: int) -> bytes:
    """A frame that holds one message. `timestamp_ns` is the time of sending, ns since 1970 UTC.

    Raises:
        InvalidValue: a value that does not fit.
        UnknownType: the class does not travel.
        TooLarge: a TLV over 65,535 bytes.
    """
    try:
        return _SEALERS[message.__class__](message, source, sequence, timestamp_ns)
    except REFUSALS:
        pass  # the class is met for the first time, or a value does not fit: the long way finds the reason
    sealed = _seal_long(message, source, sequence, timestamp_ns)
    _keep_sealer(message.__class__)
    return sealed


def encode_frame(messages: Sequence[object], *, source: Source, sequence: int, timestamp_ns: int) -> bytes:
    """One frame with `messages` in their order; its domain is the first message's.

    All belong to that domain or to SYSTEM. `timestamp_ns` is the time of sending, ns since 1970 UTC.

    Raises:
        WrongDomain: a message of a third domain, or a SYSTEM message in front of another domain's.
        InvalidValue: no message, or a value that does not fit.
        UnknownType: the class does not travel.
        TooLarge: a TLV over 65,535 bytes or a frame over 1 MiB.
    """
    if len(messages) == 1:
        return encode_message(messages[0], source=source, sequence=sequence, timestamp_ns=timestamp_ns)
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


def encode_messages(messages: Iterable[object], *, source: Source, first_sequence: int, timestamp_ns: int) -> bytes:
    """A frame for each message, one behind the other, numbered from `first_sequence`. Raises as `encode_message`."""
    return b"".join(
        encode_message(message, source=source, sequence=sequence, timestamp_ns=timestamp_ns)
        for sequence, message in enumerate(messages, first_sequence)
    )


def seal(payload: bytes, *, domain: Domain, source: Source, sequence: int, timestamp_ns: int) -> bytes:
    """The frame around a payload of TLVs: header with checksum, then the payload. Raises InvalidValue, TooLarge."""
    try:
        start = _PACK_START(MAGIC, domain, VERSION, source, 0, sequence, timestamp_ns, len(payload))
        fits = len(payload) <= MAX_FRAME_SIZE - HEADER_SIZE
    except struct.error:
        start, fits = b"", False
    if not fits:  # the long way says what does not
        start = Header(domain, source, sequence, timestamp_ns, len(payload), 0).pack()[:CHECKSUM_OFFSET]
    return start + zlib.crc32(payload, zlib.crc32(start)).to_bytes(4, "little") + payload


def decode_message(data: Bytes, *, domain: Domain | None = None) -> object:
    """The message of a frame that holds one and nothing else; `data` and `domain` as in `decode_frame`.

    Raises:
        ProtocolError: one of its subclasses; InvalidFraming if the frame holds none or several, or an unknown type.
    """
    if len(data) > HEADER_SIZE:
        open_one = _OPENERS[domain].get(data[HEADER_SIZE])
        if open_one is not None:
            message = open_one(data)
            if message is not None:
                return message
    frame = decode_frame(data, domain=domain)
    if len(frame.messages) != 1 or frame.unknown:
        found = f"{len(frame.messages)} and {len(frame.unknown)} of unknown type"
        raise InvalidFraming("frame", expected="one message", found=found, offset=HEADER_SIZE, hint="use decode_frame")
    return frame.messages[0]


def decode_messages(data: Bytes, *, domain: Domain | None = None) -> list[object]:
    """The message of each frame in `data`, which holds frames of one message each, one behind the other.

    All of them are there at once, in three to nine times the memory of their bytes: cut a long stream into pieces.

    Raises:
        ProtocolError: as `decode_message`; its offset counts from the start of the frame, and a note names the frame.
    """
    messages, position = [], 0
    try:
        while position < len(data):
            # What this size may be is the business of the next line but one.
            size = HEADER_SIZE + int.from_bytes(data[position + SIZE_OFFSET : position + SIZE_OFFSET + 4], "little")
            messages.append(decode_message(data[position : position + size], domain=domain))
            position += size
    except ProtocolError as error:
        error.add_note(f"in the frame at byte {position}")
        raise
    return messages


def decode_frame(data: Bytes, *, domain: Domain | None = None) -> Frame:
    """The frame that `data` holds from its first byte to its last.

    With `domain`, only frames of that domain and of SYSTEM are let in, as on that domain's link. Every value is checked
    here. Those of a long frame (`long_frame`) are not kept: it takes at most three times its bytes while it is read.

    Raises:
        ProtocolError: one of its subclasses, with the offset in `data`.
    """
    header = _open(data)
    if domain is not None and header.domain is not domain and header.domain is not Domain.SYSTEM:
        raise WrongDomain("frame", expected=domain.name, found=header.domain.name, offset=4, hint="wrong relay")
    decoders = _DECODERS[header.domain]
    messages: list[object] = []
    unknown: list[tuple[int, bytes]] = []
    for type_, start, end in tlv_spans(data, HEADER_SIZE, len(data)):
        if start > MAX_SHORT and (messages or unknown):
            return _long_frame(bytes(data), header)
        decode = decoders.get(type_) or _decoder(header.domain, type_, start)
        if decode is None:
            unknown.append((type_, bytes(data[start:end])))
        else:
            messages.append(decode(data, start, end))
    return Frame(header, tuple(messages), tuple(unknown))


def frame_spans(data: Bytes) -> Sequence[Span]:
    """Where the TLVs of a frame lie, after its header, checksum and framing were checked; no value is read.

    A list; of a long frame a sequence that looks for a span each time that it is asked for.

    Raises:
        ProtocolError: one of its subclasses, with the offset in `data`.
    """
    if len(data) >= _VALUE_OF_ONE:
        first, _, _, size, checksum, type_, length = _START_OF_ONE.unpack_from(data)
        if (
            first in _STARTS
            and length + 2 == size == len(data) - HEADER_SIZE
            and 0 < type_ < EXTENDED
            and zlib.crc32(data[HEADER_SIZE:], zlib.crc32(data[:CHECKSUM_OFFSET])) == checksum
        ):
            return [(type_, _VALUE_OF_ONE, _VALUE_OF_ONE + length)]
    _open(data)
    spans: list[Span] = []
    is_long = False
    for span in tlv_spans(data, HEADER_SIZE, len(data)):
        if span[1] > MAX_SHORT and spans:
            is_long = True
        else:
            spans.append(span)
    return long_spans(bytes(data)) if is_long else spans


def _long_frame(data: bytes, header: Header) -> Frame:
    """A frame of which one value at a time is there, while it is checked and afterwards."""
    decoders = _DECODERS[header.domain]
    has_messages = has_unknown = False
    for type_, start, end in tlv_spans(data, HEADER_SIZE, len(data)):
        decode = decoders.get(type_) or _decoder(header.domain, type_, start)
        if decode is None:
            has_unknown = True
        else:
            decode(data, start, end)
            has_messages = True
    messages = long_messages(data, decode_value) if has_messages else ()
    return Frame(header, messages, long_unknown(data) if has_unknown else ())


def _open(data: Bytes) -> Header:
    """The header of a frame whose size and checksum are right."""
    header = _header(data)
    size = HEADER_SIZE + header.payload_size
    if len(data) != size:
        raise wrong_size(len(data), size)
    payload = data[HEADER_SIZE:] if size < _LARGE else memoryview(data)[HEADER_SIZE:]
    calculated = zlib.crc32(payload, zlib.crc32(data[:CHECKSUM_OFFSET]))
    if calculated != header.checksum:
        raise mismatch(data, header.checksum, calculated)
    return header


def _header(data: Bytes) -> Header:
    if len(data) >= HEADER_SIZE:
        first, sequence, timestamp_ns, size, checksum = _START.unpack_from(data)
        start = _STARTS.get(first)
        if start is not None and size == len(data) - HEADER_SIZE:
            return Header(*start, sequence, timestamp_ns, size, checksum)
    return Header.unpack(data)


def _decoder(domain: Domain, type_: int, offset: int) -> Decoder | None:
    """The decoder of a type in a frame of `domain`, kept for the next time; None if nobody declared the type."""
    owner = _OWNERS.get(type_)
    if owner is not domain and owner is not None and owner is not Domain.SYSTEM:
        expected = "a type of SYSTEM" if domain is Domain.SYSTEM else f"a type of {domain.name} or SYSTEM"
        raise WrongDomain(f"TLV {type_}", expected=expected, found=owner.name, offset=offset)
    cls = message_class(type_)
    if cls is None:
        return None
    decode = _DECODERS[domain][type_] = decoder(cls)
    open_one = _opener(cls)
    if open_one is not None:
        for link in (None, *Domain) if owner is Domain.SYSTEM else (None, owner):
            _OPENERS[link][type_] = open_one
    return decode


def _opener(cls: type) -> Opener | None:
    described: Description = cls.DESCRIPTION  # type: ignore[attr-defined]
    least, most = value_sizes(Record(cls))
    return build_opener(cls, described, least) if least == most else None


def _seal_long(message: object, source: Source, sequence: int, timestamp_ns: int) -> bytes:
    described = _description(message)
    tlv = encode_tlv(described.type, encode_value(message))
    return seal(tlv, domain=described.domain, source=source, sequence=sequence, timestamp_ns=timestamp_ns)


def _keep_sealer(cls: type) -> None:
    """Frames of this class are made at once from now on, if all its values have one size."""
    described: Description = cls.DESCRIPTION  # type: ignore[attr-defined]
    least, most = value_sizes(Record(cls))
    _SEALERS[cls] = build_sealer(cls, described, least) if least == most else _seal_long


def _description(message: object) -> Description:
    described = getattr(message.__class__, "DESCRIPTION", None)
    if not isinstance(described, Description):
        raise UnknownType("message", expected="a class declared with @message", found=message.__class__.__name__)
    return described
