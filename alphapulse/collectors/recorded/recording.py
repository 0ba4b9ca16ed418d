"""Reads a recording: lines of JSON-RPC logs, plain or gzip, into blocks in chain order.

Everything here is synchronous and meant for a worker thread. A log that arrives a little late in its file is put in
its place; what is later than that is left where it is and refused by `LogOrder` behind.
"""

from __future__ import annotations

import gzip
import heapq
import zlib
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from alphapulse.errors import LogRefused, RecordingError
from alphapulse.rules.events.hex_text import NS_PER_SECOND
from alphapulse.rules.events.rpc_log import RpcLog, decode_frame

WINDOW = 1024
"""Logs within which disorder in a file is mended."""

GZIP_MAGIC = b"\x1f\x8b"
CHUNK_BYTES = 1 << 16
MAX_LINE_BYTES = 1 << 20
"""A log has about a thousand bytes; a longer line is handed on in pieces, which are refused as such."""

FRAME_HEAD = b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":'
FRAME_TAIL = b"}}"

Position = tuple[int, int]
Placed = tuple[Position, RpcLog]


class RecordedBlock(NamedTuple):
    """All logs of one block, in order."""

    number: int
    logs: tuple[RpcLog, ...]


def frame_of(line: bytes) -> bytes:
    """The `eth_subscription` frame in which a node would have sent the log of a recorded line."""
    return FRAME_HEAD + line + FRAME_TAIL


class Recording:
    """Files of logs, merged by block and log index. `refused` counts lines that are no logs, by reason.

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
            files = [(path, _open(path, opened)) for path in self._paths]
            streams = [_ordered(self._logs(path, file, problems)) for path, file in files]
            merged = heapq.merge(*streams, key=itemgetter(0))
            for number, placed in groupby(merged, key=lambda item: item[0][0]):
                if logs := tuple(log for _, log in placed if _within(log, start_ns, end_ns)):
                    yield RecordedBlock(number, logs)
        if problems:
            raise RecordingError("; ".join(map(str, problems)))

    def _logs(self, path: Path, file: BinaryIO, problems: list[RecordingError]) -> Iterator[Placed]:
        position: Position = (0, 0)
        read = 0
        try:
            for line in _lines(file):
                read += 1
                if not (line := line.strip()):
                    continue
                try:
                    log = decode_frame(frame_of(line))
                except LogRefused as refusal:
                    self.refused[refusal.reason] += 1
                    continue
                position = _position(log) or position
                yield position, log
        except (EOFError, zlib.error, OSError) as error:
            problems.append(
                RecordingError(
                    f"{path} is cut off or damaged behind line {read} ({error}); what was read before it was used; "
                    "fetch the file again"
                )
            )


def _open(path: Path, opened: ExitStack) -> BinaryIO:
    """The file's plain content; `opened` closes it."""
    try:
        file = opened.enter_context(path.open("rb"))
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
    except OSError as error:
        raise RecordingError(f"expected a recording at {path}, found: {error.strerror}") from error
    return cast(BinaryIO, opened.enter_context(gzip.GzipFile(fileobj=file))) if packed else file


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


def _ordered(logs: Iterable[Placed]) -> Iterator[Placed]:
    """Mends disorder within the window: sorts twice the window and gives out the first half of it."""
    waiting: list[Placed] = []
    for placed in logs:
        waiting.append(placed)
        if len(waiting) == 2 * WINDOW:
            waiting.sort(key=itemgetter(0))
            yield from waiting[:WINDOW]
            del waiting[:WINDOW]
    waiting.sort(key=itemgetter(0))
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
