"""The 32 bytes in front of every frame."""

from __future__ import annotations

import struct
from typing import NamedTuple, Self

from alphapulse.data.wire import Domain, Source
from alphapulse.errors import InvalidValue, TooLarge, Truncated, UnsupportedFlags, UnsupportedVersion, WrongMagic
from alphapulse.rules.wire.tlv import Bytes

MAGIC = 0xDEADBEEF
VERSION = 1
HEADER_SIZE = 32
SIZE_OFFSET = 24
CHECKSUM_OFFSET = 28
MAX_FRAME_SIZE = 1_048_576
"""Header and payload together, in bytes."""

COMPRESSED = 0x01
ENCRYPTED = 0x02

_LAYOUT = struct.Struct("<IBBBBQQII")
_DOMAINS = {int(domain): domain for domain in Domain}
_SOURCES = {int(source): source for source in Source}
_MAGIC_BYTES = MAGIC.to_bytes(4, "little")


class Header(NamedTuple):
    """A frame's header; magic and version are constants of the protocol and are not kept.

    `sequence` is the publisher's own number. `timestamp_ns` is the time of sending, ns since 1970 UTC. `payload_size`
    counts the TLV bytes behind the header. `checksum` is the CRC-32 of bytes 0..28 and 32..end.
    """

    domain: Domain
    source: Source
    sequence: int
    timestamp_ns: int
    payload_size: int
    checksum: int
    flags: int = 0

    def pack(self) -> bytes:
        """The 32 bytes.

        Raises:
            InvalidValue: sequence, timestamp or flags do not fit their width.
            TooLarge: the frame would be larger than 1 MiB.
        """
        if HEADER_SIZE + self.payload_size > MAX_FRAME_SIZE:
            raise _too_large(self.payload_size, None)
        try:
            return _LAYOUT.pack(
                MAGIC,
                self.domain,
                VERSION,
                self.source,
                self.flags,
                self.sequence,
                self.timestamp_ns,
                self.payload_size,
                self.checksum,
            )
        except struct.error as error:
            raise self._misfit() from error

    @classmethod
    def unpack(cls, data: Bytes) -> Self:
        """The header at the start of `data`.

        Raises:
            Truncated: fewer than 32 bytes.
            WrongMagic, UnsupportedVersion, UnsupportedFlags, TooLarge: as the names say.
            InvalidValue: unknown domain or source.
        """
        magic, domain, version, source, flags, sequence, timestamp_ns, size, checksum = _fields(data)
        _check(data, magic, version, size)
        if flags & (COMPRESSED | ENCRYPTED):
            raise UnsupportedFlags(
                "flags", expected="neither 0x01 nor 0x02", found=f"{flags:#04x}", offset=7,
                hint="send frames plain; compression and encryption belong to the link",
            )  # fmt: skip
        known_domain = _DOMAINS.get(domain)
        if known_domain is None:
            raise InvalidValue("domain", expected=f"one of {sorted(_DOMAINS)}", found=domain, offset=4)
        known_source = _SOURCES.get(source)
        if known_source is None:
            raise InvalidValue("source", expected=f"one of {sorted(_SOURCES)}", found=source, offset=6)
        return cls(known_domain, known_source, sequence, timestamp_ns, size, checksum, flags)

    def _misfit(self) -> InvalidValue:
        bits = {"source": 8, "flags": 8, "sequence": 64, "timestamp_ns": 64, "checksum": 32}
        limits = {name: 1 << width for name, width in bits.items()}
        for name, limit in limits.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not 0 <= value < limit:
                return InvalidValue(f"header.{name}", expected=f"an integer from 0 to {limit - 1}", found=repr(value))
        return InvalidValue("header", expected="integers", found=repr(tuple(self)))


def plain_start(domain: Domain, source: Source) -> int:
    """The first eight bytes of a frame without flags, as a little-endian integer."""
    return MAGIC | domain << 32 | VERSION << 40 | source << 48


def frame_size(prefix: Bytes) -> int:
    """Length in bytes of the whole frame that starts with `prefix` (at least 32 bytes), header included.

    Looks only at what is needed to cut a stream into frames.

    Raises:
        Truncated, WrongMagic, UnsupportedVersion, TooLarge: as the names say.
    """
    magic, _, version, _, _, _, _, size, _ = _fields(prefix)
    _check(prefix, magic, version, size)
    return HEADER_SIZE + size


def _fields(data: Bytes) -> tuple[int, int, int, int, int, int, int, int, int]:
    if len(data) < HEADER_SIZE:
        if len(data) >= len(_MAGIC_BYTES) and bytes(data[:4]) != _MAGIC_BYTES:
            raise _wrong_magic(data)  # more of them would not help
        raise Truncated("header", needed=HEADER_SIZE, available=len(data), offset=0, hint="read on")
    return _LAYOUT.unpack_from(data)


def _check(data: Bytes, magic: int, version: int, size: int) -> None:
    if magic != MAGIC:
        raise _wrong_magic(data)
    if version != VERSION:
        raise UnsupportedVersion("version", expected=VERSION, found=version, offset=5, hint="update the older side")
    if size > MAX_FRAME_SIZE - HEADER_SIZE:
        raise _too_large(size, SIZE_OFFSET)


def _too_large(payload_size: int, offset: int | None) -> TooLarge:
    return TooLarge(
        "payload_size",
        expected=f"at most {MAX_FRAME_SIZE - HEADER_SIZE} bytes",
        found=payload_size,
        offset=offset,
        hint="send several frames",
    )


def _wrong_magic(data: Bytes) -> WrongMagic:
    start = bytes(data[:4])
    late = next((cut for cut in (1, 2, 3) if _begins_late(data, cut)), 0)
    later = bytes(data).find(_MAGIC_BYTES)
    if start == _MAGIC_BYTES[::-1]:
        hint = "the bytes are in the wrong order: the sender writes big-endian, the protocol is little-endian"
    elif not any(data[:HEADER_SIZE]):
        hint = "all zeros: the buffer was never filled"
    elif late:
        hint = f"the first bytes of the magic are missing: the reader is out of step by {late}"
    elif later > 0:
        hint = f"the magic is at byte {later}: the reader is out of step by that much, or the header's layout is older"
    else:
        hint = "this is no Protocol V2 frame"
    return WrongMagic("magic", expected=_MAGIC_BYTES.hex(), found=start.hex(), offset=0, hint=hint)


def _begins_late(data: Bytes, cut: int) -> bool:
    """True if `data` looks like a frame without its first `cut` bytes."""
    rest, behind = _MAGIC_BYTES[cut:], data[4 - cut : 6 - cut]
    return bytes(data[: len(rest)]) == rest and len(behind) == 2 and behind[0] in _DOMAINS and behind[1] == VERSION
