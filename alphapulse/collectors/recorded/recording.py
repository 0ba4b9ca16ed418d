"""Reads a recording into blocks in chain order: lines of JSON-RPC logs, plain or gzip, or a capture of such frames.

Everything here is synchronous and meant for a worker thread. A line that stands a little late in its file is put in its
place; what is later than that is left where it is and refused by `LogOrder` behind. A capture is read as it was
received.
"""

from __future__ import annotations

import gzip
import heapq
import zlib
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from alphapulse.errors import LogRefused, RecordingError
from alphapulse.journal.capture_file import CaptureScan, describe
from alphapulse.journal.frame_file import MAGIC_BYTES
from alphapulse.rules.events.hex_text import NS_PER_SECOND
from alphapulse.rules.events.rpc_log import RpcLog, decode_frame

WINDOW = 8192
"""Logs within which disorder in a file is mended: a day of a few pools, in any order, at some 25 MB."""

STEP = 256
"""Logs that are put in order and given out together. Python decodes them in a thread, a few milliseconds of it: of more
at once, trading and a paced replay would wait for them."""

GZIP_MAGIC = b"\x1f\x8b"
CHUNK_BYTES = 1 << 16
MAX_LINE_BYTES = 1 << 20
"""A log has about a thousand bytes; a longer line is handed on in pieces, which are refused as such."""

FRAME_HEAD = b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":'
FRAME_TAIL = b"}}"

TORN_TAIL = "torn_tail"
"""Under this key the end of a capture is counted that an interrupted write left."""

Position = tuple[int, int]
Placed = tuple[Position, RpcLog, bytes]
"""Where a log belongs, the log, and the frame that it came in; a plain tuple, since every log of a replay is one."""

_POSITION = itemgetter(0)


class RecordedBlock(NamedTuple):
    """All logs of one block, in order, and the frames that they came in."""

    number: int
    logs: tuple[RpcLog, ...]
    frames: tuple[bytes, ...]


def frame_of(line: bytes) -> bytes:
    """The `eth_subscription` frame in which a node would have sent the log of a recorded line."""
    return FRAME_HEAD + line + FRAME_TAIL


class Recording:
    """Files of logs, merged by block and log index. `refused` counts what holds no log, by reason.

    Error handling: a file that cannot be opened raises RecordingError at once; one that turns out to be cut off or
    damaged gives all that can be read before that, then RecordingError.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self.refused: Counter[str] = Counter()

    def blocks(self, start_ns: int | None = None, end_ns: int | None = None) -> Generator[RecordedBlock, None, None]:
        """Blocks in chain order, of logs with a timestamp in [start_ns, end_ns) or without one.

        Raises:
            RecordingError: a file cannot be opened; or, behind the last block, was damaged.
        """
        problems: list[RecordingError] = []
        with ExitStack() as opened:
            streams = [self._placed(*_open(path, opened), problems) for path in self._paths]
            merged = heapq.merge(*streams, key=_POSITION) if len(streams) > 1 else iter(streams[0])
            if start_ns is not None or end_ns is not None:
                merged = (placed for placed in merged if _within(placed[1], start_ns, end_ns))
            yield from _blocks(merged)
        if problems:
            raise RecordingError("; ".join(map(str, problems)))

    def _placed(self, path: Path, file: BinaryIO, captured: bool, problems: list[RecordingError]) -> Iterator[Placed]:
        if captured:
            return self._decoded(self._captured_frames(path, file, problems))
        return _ordered(self._decoded(_line_frames(path, file, problems)))

    def _decoded(self, frames: Iterable[bytes]) -> Iterator[Placed]:
        position: Position = (0, 0)
        for frame in frames:
            try:
                log = decode_frame(frame)
            except LogRefused as refusal:
                self.refused[refusal.reason] += 1
                continue
            position = _position(log) or position
            yield position, log, frame

    def _captured_frames(self, path: Path, file: BinaryIO, problems: list[RecordingError]) -> Iterator[bytes]:
        scan = CaptureScan(file)
        for one in scan:
            yield one.data
        if scan.damage is None:
            return
        if scan.damage.torn:
            self.refused[TORN_TAIL] += 1
        else:
            problems.append(RecordingError(f"{describe(path, scan.damage)}; what stands before it was used"))


def _blocks(merged: Iterable[Placed]) -> Iterator[RecordedBlock]:
    number = -1
    logs: list[RpcLog] = []
    frames: list[bytes] = []
    for position, log, frame in merged:
        if position[0] != number:
            if logs:
                yield RecordedBlock(number, tuple(logs), tuple(frames))
            number, logs, frames = position[0], [], []
        logs.append(log)
        frames.append(frame)
    if logs:
        yield RecordedBlock(number, tuple(logs), tuple(frames))


def _line_frames(path: Path, file: BinaryIO, problems: list[RecordingError]) -> Iterator[bytes]:
    read = 0
    try:
        for line in _lines(file):
            read += 1
            if stripped := line.strip():
                yield frame_of(stripped)
    except (EOFError, zlib.error, OSError) as error:
        problems.append(
            RecordingError(
                f"{path} is cut off or damaged behind line {read} ({error}); what was read before it was used; "
                "fetch the file again"
            )
        )


def _open(path: Path, opened: ExitStack) -> tuple[Path, BinaryIO, bool]:
    """The path, the file's plain content, and whether that is a capture; `opened` closes it."""
    try:
        file = opened.enter_context(path.open("rb"))
        start = file.read(len(MAGIC_BYTES))
        file.seek(0)
    except OSError as error:
        raise RecordingError(f"expected a recording at {path}, found: {error.strerror}") from error
    if start.startswith(GZIP_MAGIC):
        return path, cast(BinaryIO, opened.enter_context(gzip.GzipFile(fileobj=file))), False
    return path, file, start == MAGIC_BYTES


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The file's lines. One that damage cut short is given out too, and then the error is raised."""
    rest, damage = b"", None
    try:
        while chunk := file.read1(CHUNK_BYTES):  # type: ignore[attr-defined]  # both kinds of file have it
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
            if len(rest) > MAX_LINE_BYTES:
                yield rest
                rest = b""
    except (EOFError, zlib.error, OSError) as error:
        damage = error
    if rest:
        yield rest
    if damage is not None:
        raise damage


def _ordered(frames: Iterable[Placed]) -> Iterator[Placed]:
    """Mends disorder within the window: keeps as many logs back, sorted, and gives out what is more."""
    waiting: list[Placed] = []
    newest, is_sorted = (0, 0), True  # as nearly every file is: to sort again what is sorted still compares all of it
    for placed in frames:
        if placed[0] < newest:
            is_sorted = False
        else:
            newest = placed[0]
        waiting.append(placed)
        if len(waiting) == WINDOW + STEP:
            if not is_sorted:
                waiting.sort(key=_POSITION)
                is_sorted = True
            yield from waiting[:STEP]
            del waiting[:STEP]
    waiting.sort(key=_POSITION)
    yield from waiting


def _position(log: RpcLog) -> Position | None:
    """Where a log belongs; None if it does not say so, which its decoder will refuse."""
    try:
        return int(log.block_number, 16), int(log.log_index, 16)
    except ValueError:
        return None


def _within(log: RpcLog, start_ns: int | None, end_ns: int | None) -> bool:
    """Each log by its own timestamp: one that lies about the time does not take its block along."""
    try:
        time_ns = int(log.block_timestamp or "", 16) * NS_PER_SECOND
    except ValueError:
        return True  # refused by its decoder
    return (start_ns is None or time_ns >= start_ns) and (end_ns is None or time_ns < end_ns)
