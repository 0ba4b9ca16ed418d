"""The values of messages and records as bytes, and back, in pure Python."""

from __future__ import annotations

from typing import TypeVar, cast

import attrs

from alphapulse.data.wire import WIRE
from alphapulse.errors import UnknownType
from alphapulse.rules.wire.decoder import Decoder, build_decoder
from alphapulse.rules.wire.diagnosis import misfit
from alphapulse.rules.wire.encoder import REFUSALS, Encoder, build_encoder
from alphapulse.rules.wire.tlv import Bytes

T = TypeVar("T")

_ENCODERS: dict[type, Encoder] = {}
_DECODERS: dict[type, Decoder] = {}


def encode_value(message: object) -> bytes:
    """The value bytes of a message or record, without TLV header.

    Raises:
        InvalidValue: a field is out of its width, limit or choices; nothing is ever cut or wrapped.
        UnknownType: the class does not travel.
    """
    cls = message.__class__
    encode = _ENCODERS.get(cls) or encoder(cls)
    try:
        return encode(message)
    except REFUSALS as error:
        fault = misfit(message, cls)
        if fault is None:
            raise
        raise fault from error


def decode_value(cls: type[T], data: Bytes) -> T:
    """The message or record of class `cls` in `data`, which must hold its value bytes and nothing else.

    Raises:
        Truncated, TrailingBytes: the bytes are too few or too many.
        InvalidValue: an unknown enum member, bad UTF-8, a presence byte that is not 0 or 1, a count over its limit.
        UnknownType: the class does not travel.
    """
    return cast(T, decoder(cls)(data, 0, len(data)))


def encoder(cls: type) -> Encoder:
    """The encoder of `cls`, made at its first use. Raises UnknownType."""
    if cls not in _ENCODERS:
        _require_description(cls)
        _ENCODERS[cls] = build_encoder(cls)
    return _ENCODERS[cls]


def decoder(cls: type) -> Decoder:
    """The decoder of `cls`, made at its first use. Raises UnknownType."""
    if cls not in _DECODERS:
        _require_description(cls)
        _DECODERS[cls] = build_decoder(cls)
    return _DECODERS[cls]


def _require_description(cls: type) -> None:
    if not attrs.has(cls) or not all(WIRE in field.metadata for field in attrs.fields(cls)):
        raise UnknownType(
            "value",
            expected="a class declared with @message or @record",
            found=cls.__name__,
            hint="describe its fields with alphapulse.data.wire",
        )
