"""Frames: a header and the messages behind it, protected by one checksum."""

from __future__ import annotations

from alphapulse.rules.wire.codec import (
    decode_frame,
    decode_message,
    decode_messages,
    encode_frame,
    encode_message,
    encode_messages,
    frame_spans,
    seal,
)
from alphapulse.rules.wire.header import frame_size
from alphapulse.rules.wire.pure import Frame

__all__ = [
    "Frame",
    "decode_frame",
    "decode_message",
    "decode_messages",
    "encode_frame",
    "encode_message",
    "encode_messages",
    "frame_size",
    "frame_spans",
    "seal",
]
