"""A capture as it lies on disk: everything received, in the order of receipt, a frame with a RawInput each.

The sequence in the headers counts the frames from 1 without gaps. An input that is too long for one TLV stands in
several frames, its chunks, one behind the other. What an interrupted write leaves at the end, an input of which chunks
are missing too, is a torn tail; anything else that is wrong is rot.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import attrs

from alphapulse.data.captures import CHUNK_SIZE, RawInput
from alphapulse.data.wire import Source
from alphapulse.errors import CaptureError, ProtocolError
from alphapulse.journal.damage import Damage, judge
from alphapulse.journal.frame_file import FrameFile, Piece
from alphapulse.rules.wire.frame import decode_frame, encode_frame
from alphapulse.rules.wire.header import MAX_FRAME_SIZE

MAX_INPUT_BYTES = 16 << 20
"""The longest input that is written or read; it bounds what a reader holds."""


class CapturedInput(NamedTuple):
    """One input as it was received. `received_ns` is ns since 1970 UTC, 0 if nobody knows it."""

    source: str
    received_ns: int
    data: bytes


@attrs.frozen
class CapturePosition:
    """A point between two inputs: how many inputs, frames and bytes lie before it."""

    inputs: int = 0
    frames: int = 0
    size_bytes: int = 0


def encode_input(one: CapturedInput, *, first_frame: int, written_ns: int) -> list[bytes]:
    """The frames of an input, numbered from `first_frame`; `written_ns` becomes their time of sending.

    Raises:
        CaptureError: the input is longer than `MAX_INPUT_BYTES`.
        ProtocolError: the source's name or a time does not fit.
    """
    if len(one.data) > MAX_INPUT_BYTES:
        raise CaptureError(f"expected an input of at most {MAX_INPUT_BYTES} bytes, found {len(one.data)}")
    starts = range(0, len(one.data), CHUNK_SIZE) or range(1)
    return [
        encode_frame(
            [RawInput(one.source, one.received_ns, chunk, len(starts), one.data[start : start + CHUNK_SIZE])],
            source=Source.SUPERVISOR,
            sequence=first_frame + chunk,
            timestamp_ns=written_ns,
        )
        for chunk, start in enumerate(starts)
    ]


class CaptureScan:
    """The whole inputs of `file`, one by one, in memory of one input.

    `position` moves along; `damage` is known once the iteration has ended.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.position = CapturePosition()
        self.damage: Damage | None = None
        self._file = file

    def __iter__(self) -> Iterator[CapturedInput]:
        chunks: list[RawInput] = []
        for number, piece in enumerate(FrameFile(self._file).pieces(), 1):
            chunk = self._chunk(piece, number, chunks)
            if chunk is None:
                return
            chunks.append(chunk)
            if len(chunks) == chunk.chunks:
                end = piece.offset + len(piece.data)
                self.position = CapturePosition(self.position.inputs + 1, number, end)
                yield CapturedInput(chunk.source, chunk.received_ns, b"".join(one.data for one in chunks))
                chunks = []
        if chunks:
            text = f"expected chunk {len(chunks)} of {chunks[0].chunks}, found the end"
            self.damage = Damage(self.position.size_bytes, text, torn=True)

    def _chunk(self, piece: Piece, number: int, before: list[RawInput]) -> RawInput | None:
        """The chunk in a piece; None, with `damage` set, if it is not the one that belongs there."""
        try:
            frame = decode_frame(piece.data)
        except ProtocolError as error:
            if piece.whole:
                self.damage = Damage(piece.offset, str(error), torn=False)
            else:
                self.damage = judge(self._file, piece.offset, str(error), kind="capture", frame_limit=MAX_FRAME_SIZE)
            return None
        message = frame.messages[0] if len(frame.messages) == 1 and not frame.unknown else None
        if not isinstance(message, RawInput):
            fault = "expected a frame with one RawInput and nothing else"
        elif frame.header.sequence != number:
            fault = f"expected frame {number}, found frame {frame.header.sequence}"
        elif (misplaced := _misplaced(message, before)) is None:
            return message
        else:
            fault = misplaced
        self.damage = Damage(piece.offset, fault, torn=False)
        return None


def _misplaced(chunk: RawInput, before: list[RawInput]) -> str | None:
    """Why a chunk does not go on what stands before it; None if it does."""
    if chunk.chunk != len(before) or chunk.chunk >= chunk.chunks:
        return f"expected chunk {len(before)}, found chunk {chunk.chunk} of {chunk.chunks}"
    if chunk.chunks * CHUNK_SIZE >= MAX_INPUT_BYTES + CHUNK_SIZE:
        return f"expected an input of at most {MAX_INPUT_BYTES} bytes, found one of {chunk.chunks} chunks"
    if before and (chunk.source, chunk.received_ns, chunk.chunks) != (
        before[0].source,
        before[0].received_ns,
        before[0].chunks,
    ):
        return f"expected a chunk of the input that began before, found one of {chunk.source!r}"
    return None


def describe(path: Path, damage: Damage) -> str:
    """Damage in words; what became of what stands before it is the caller's to say."""
    return f"the capture {path} is damaged at byte {damage.offset}: {damage.text} (`alphapulse inspect` shows it)"
