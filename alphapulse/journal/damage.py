"""What is wrong with a file of frames: a tail that an interrupted write left, or rot."""

from __future__ import annotations

import os
from typing import BinaryIO

import attrs

from alphapulse.journal.frame_file import MAGIC_BYTES, next_whole_frame

MAX_TORN_BYTES = 1 << 20
"""More than this without a whole frame is not what an interrupted write leaves: it is not cut off, it is refused."""


@attrs.frozen
class Damage:
    """The first frame that is wrong. `torn` says that an interrupted write explains it and nothing follows it."""

    offset: int
    text: str
    torn: bool


def judge(file: BinaryIO, offset: int, text: str, *, kind: str, frame_limit: int) -> Damage:
    """The damage of a file that should be a `kind`, where the bytes at `offset` are no whole frame, as `text` says."""
    if (later := next_whole_frame(file, offset + 1, frame_limit)) is not None:
        return Damage(offset, f"{text}; a whole frame follows at byte {later}", torn=False)
    if offset == 0 and not _begins_with_a_frame(file):
        return Damage(offset, f"{text}; the file does not begin like a {kind}", torn=False)
    if (rest := os.fstat(file.fileno()).st_size - offset) > MAX_TORN_BYTES:
        return Damage(offset, f"{text}; {rest} bytes follow, too many for an interrupted write", torn=False)
    return Damage(offset, text, torn=True)


def _begins_with_a_frame(file: BinaryIO) -> bool:
    """True if the file begins with what is there of the magic, or with zeros, as a write cut off by a power cut may."""
    file.seek(0)
    first = file.read(len(MAGIC_BYTES))
    return MAGIC_BYTES.startswith(first) or not any(first)
