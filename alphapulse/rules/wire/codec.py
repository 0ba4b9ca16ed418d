"""The codec in use: the compiled core where it was built, else pure Python. Both give the same bytes and errors."""

from __future__ import annotations

from alphapulse.rules.wire import pure

try:
    from alphapulse.rules.wire import core
except ImportError as error:
    CORE = None
    ABSENCE = str(error)
else:
    CORE = core
    ABSENCE = ""

__all__ = [
    "ABSENCE",
    "CORE",
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

encode_value = CORE.encode_value if CORE else pure.encode_value
encode_message = CORE.encode_message if CORE else pure.encode_message
encode_messages = CORE.encode_messages if CORE else pure.encode_messages
encode_frame = CORE.encode_frame if CORE else pure.encode_frame
decode_value = CORE.decode_value if CORE else pure.decode_value
decode_message = CORE.decode_message if CORE else pure.decode_message
decode_messages = CORE.decode_messages if CORE else pure.decode_messages
decode_frame = CORE.decode_frame if CORE else pure.decode_frame
frame_spans = CORE.frame_spans if CORE else pure.frame_spans
seal = CORE.seal if CORE else pure.seal
