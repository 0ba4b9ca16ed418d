"""Frames that are wrong in each way that the protocol knows, with what is still to be seen of them."""

from __future__ import annotations

import json
import zlib
from typing import Any

import attrs

from alphapulse import errors
from alphapulse.data.market import BlockCompleted
from alphapulse.data.runs import AuditTrail, RunEnded
from alphapulse.data.wire import Domain, Source
from alphapulse.errors import (
    ChecksumMismatch,
    InvalidFraming,
    InvalidValue,
    ProtocolError,
    TooLarge,
    TrailingBytes,
    Truncated,
    UnsupportedFlags,
    UnsupportedVersion,
    WrongDomain,
    WrongMagic,
)
from alphapulse.rules.wire.codec import encode_value
from alphapulse.rules.wire.frame import seal
from alphapulse.rules.wire.inspection import error_kind
from alphapulse.rules.wire.tlv import encode_tlv
from tests.rules.wire.wire_vectors import FOLDER


def vector_value(cls: type) -> bytes:
    """The value bytes of the class's third golden vector."""
    vector: dict[str, Any] = json.loads((FOLDER / f"{cls.__name__}.json").read_text("utf-8"))
    return bytes.fromhex(vector["cases"][2]["hex"])


def sealed(cls: type, value: bytes) -> bytes:
    """A frame around one TLV of a class."""
    described = cls.DESCRIPTION  # type: ignore[attr-defined]
    return seal_tlvs(encode_tlv(described.type, value), described.domain)


def tlv(message: Any) -> bytes:
    return encode_tlv(message.DESCRIPTION.type, encode_value(message))


def seal_tlvs(payload: bytes, domain: Domain = Domain.SYSTEM) -> bytes:
    return seal(payload, domain=domain, source=Source.EXECUTION_ENGINE, sequence=7, timestamp_ns=1_700_000_000 << 30)


def patched(frame: bytes, offset: int, data: bytes, *, checked: bool = True) -> bytes:
    """The frame with other bytes at `offset`; with `checked` under a right checksum."""
    frame = frame[:offset] + data + frame[offset + len(data) :]
    checksum = zlib.crc32(frame[32:], zlib.crc32(frame[:28])).to_bytes(4, "little")
    return frame[:28] + checksum + frame[32:] if checked else frame


@attrs.frozen
class Damaged:
    """`tlvs` are the names of the TLVs that are still shown, with how many of their fields."""

    data: bytes
    error: type[ProtocolError]
    offset: int
    has_header: bool = True
    tlvs: list[tuple[str | None, int]] = attrs.field(factory=list)


RUN = tlv(RunEnded(3, "the end", 5))
AUDIT = tlv(AuditTrail("a", "control.kill", "global", "why", "done", 9))
FRAME = seal_tlvs(RUN + AUDIT)
BOTH: list[tuple[str | None, int]] = [("RunEnded", 3), ("AuditTrail", 6)]

DAMAGED = {
    "no magic": Damaged(b"no frame at all, but some text of a length", WrongMagic, 0, has_header=False),
    "big-endian": Damaged(FRAME[3::-1] + FRAME[4:], WrongMagic, 0, has_header=False),
    "big-endian, and nothing behind the magic": Damaged(FRAME[3::-1], WrongMagic, 0, has_header=False),
    "two bytes late": Damaged(FRAME[2:], WrongMagic, 0, has_header=False),
    "two bytes early": Damaged(b"\0\0" + FRAME, WrongMagic, 0, has_header=False),
    "another version": Damaged(patched(FRAME, 5, b"\2"), UnsupportedVersion, 5),
    "compressed": Damaged(patched(FRAME, 7, b"\1"), UnsupportedFlags, 7),
    "an unknown domain": Damaged(patched(FRAME, 4, b"\x63"), InvalidValue, 4, tlvs=BOTH),
    "an unknown source": Damaged(patched(FRAME, 6, b"\xff"), InvalidValue, 6, tlvs=BOTH),
    "too large": Damaged(patched(FRAME, 24, b"\xff\xff\xff\x7f"), TooLarge, 24),
    "no bytes": Damaged(b"", Truncated, 0, has_header=False),
    "half a header": Damaged(FRAME[:16], Truncated, 0),
    "a cut frame": Damaged(FRAME[:-1], Truncated, len(FRAME) - 1, tlvs=BOTH[:1]),
    "a longer frame": Damaged(FRAME + b"\0", TrailingBytes, len(FRAME), tlvs=BOTH),
    "a flipped bit": Damaged(patched(FRAME, 40, b"\x55", checked=False), ChecksumMismatch, 28, tlvs=BOTH),
    "type 0": Damaged(seal_tlvs(RUN + b"\0\1x"), InvalidFraming, 32 + len(RUN), tlvs=BOTH[:1]),
    "a reserved byte": Damaged(seal_tlvs(RUN + b"\xff\1\x63\1\0x"), InvalidFraming, 33 + len(RUN), tlvs=BOTH[:1]),
    "a TLV over the end": Damaged(seal_tlvs(RUN + AUDIT[:-1]), Truncated, 34 + len(RUN), tlvs=BOTH[:1]),
    "another domain's TLV": Damaged(
        seal_tlvs(tlv(BlockCompleted(1, 2, 3, 4, 5, None, None))), WrongDomain, 34, tlvs=[("BlockCompleted", 7)]
    ),
    "a value with too much": Damaged(
        sealed(RunEnded, RUN[2:] + b"\0"), TrailingBytes, 32 + len(RUN), tlvs=[("RunEnded", 3)]
    ),
    "a value with too little": Damaged(sealed(RunEnded, RUN[2:-1]), Truncated, 47, tlvs=[("RunEnded", 2)]),
    "a text that is none": Damaged(
        sealed(RunEnded, RUN[2:].replace(b"end", b"\xff\xfe\xfd")), InvalidValue, 40, tlvs=[("RunEnded", 1)]
    ),
    "damage in front of a sound TLV": Damaged(
        seal_tlvs(RUN[:1] + bytes((RUN[1] - 1,)) + RUN[2:-1] + AUDIT),
        Truncated,
        47,
        tlvs=[("RunEnded", 2), ("AuditTrail", 6)],
    ),
}

FAULTS = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, ProtocolError)]
KINDS = {fault: error_kind(fault.__new__(fault)) for fault in FAULTS}
"""What each fault is called."""
