"""Reads a recording: lines of JSON-RPC logs, plain or gzip, into blocks in chain order.

Everything here is synchronous and meant for a worker thread. A log that arrives a little late in its file is put in
its place; what is later than that is left where it is and refused by `LogOrder` behind.
"""

from __future__ import annotations

import gzip
import heapq
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from alphapulse.errors import LogRefused, RecordingError
from alphapulse.rules.events.rpc_log import RpcLog, decode_frame

WINDOW = 1024
"""Logs within which disorder in a file is mended."""

GZIP_MAGIC = b"\x1f\x8b"
FRAME_HEAD = b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":'
FRAME_TAIL = b"}}"

Position = tuple[int, int]
Placed = tuple[Position, RpcLog]


class RecordedBlock(NamedTuple):
    """All logs of one block, in order. `time_ns` is its timestamp, None if no log tells it."""

    number: int
    time_ns: int | None
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

    def blocks(self, start_ns: int | None = None, end_ns: int | None = None) -> Iterator[RecordedBlock]:
        """Blocks in chain order, those with a timestamp in [start_ns, end_ns) or without one."""
        files = [_open(path) for path in self._paths]
        problems: list[RecordingError] = []
        try:
            named = zip(self._paths, files, strict=True)
            streams = [_ordered(self._logs(path, file, problems)) for path, file in named]
            merged = heapq.merge(*streams, key=itemgetter(0))
            for number, placed in groupby(merged, key=lambda item: item[0][0]):
                logs = tuple(log for _, log in placed)
                time_ns = _time_ns(logs)
                if time_ns is None or _within(time_ns, start_ns, end_ns):
                    yield RecordedBlock(number, time_ns, logs)
        finally:
            for file in files:
                file.close()
        if problems:
            raise problems[0]

    def span_ns(self, start_ns: int | None = None, end_ns: int | None = None) -> tuple[int, int] | None:
        """First and last timestamp of the blocks, None if there is none. Reads the recording once to its end."""
        times: list[int] = []
        try:
            for block in self.blocks(start_ns, end_ns):
                if block.time_ns is not None:
                    times[1:] = [block.time_ns]
        except RecordingError:
            pass  # said when the recording is replayed
        finally:
            self.refused.clear()
        return (times[0], times[-1]) if times else None

    def _logs(self, path: Path, file: BinaryIO, problems: list[RecordingError]) -> Iterator[Placed]:
        position: Position = (0, 0)
        read = 0
        try:
            for line in file:
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
        except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
            problems.append(
                RecordingError(
                    f"{path} is cut off or damaged behind line {read} ({error}); what was read before it was used; "
                    "fetch the file again"
                )
            )


def _open(path: Path) -> BinaryIO:
    try:
        file = path.open("rb")
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
    except OSError as error:
        raise RecordingError(f"expected a recording at {path}, found: {error.strerror}") from error
    return cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb")) if packed else file


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


def _time_ns(logs: Iterable[RpcLog]) -> int | None:
    for log in logs:
        if log.block_timestamp is not None:
            try:
                return int(log.block_timestamp, 16) * 1_000_000_000
            except ValueError:
                continue
    return None


def _within(time_ns: int, start_ns: int | None, end_ns: int | None) -> bool:
    return (start_ns is None or time_ns >= start_ns) and (end_ns is None or time_ns < end_ns)
