"""Small recordings made of the real day's logs, whole and broken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from alphapulse.collectors.recorded.recording import RecordedBlock, Recording
from alphapulse.errors import RecordingError
from tests.rules.events.recorded_day import log_objects

Log = dict[str, Any]


def whole_blocks(count: int) -> list[Log]:
    """The logs of the day's first `count` blocks."""
    blocks = groupby(log_objects(), key=lambda log: log["blockNumber"])
    return [dict(log) for _, (_, logs) in zip(range(count), blocks, strict=False) for log in logs]


def line(log: Mapping[str, Any]) -> bytes:
    """A log as one line of a recording, without its end."""
    return json.dumps(log).encode()


def text(logs: Iterable[Mapping[str, Any] | bytes]) -> bytes:
    """A file's content: logs, and lines of anything else as they are."""
    return b"".join((log if isinstance(log, bytes) else line(log)) + b"\n" for log in logs)


def write(path: Path, logs: Iterable[Mapping[str, Any] | bytes], *, packed: bool = False) -> Path:
    """A recording at `path`."""
    content = text(logs)
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    return path


def position(log: Mapping[str, Any]) -> tuple[int, int]:
    """(block number, log index) of a JSON log."""
    return int(log["blockNumber"], 16), int(log["logIndex"], 16)


def read(paths: Path | Sequence[Path]) -> tuple[list[RecordedBlock], RecordingError | None, dict[str, int]]:
    """All blocks, what ended the recording early, and what was refused."""
    recording = Recording([paths] if isinstance(paths, Path) else paths)
    blocks: list[RecordedBlock] = []
    try:
        blocks.extend(recording.blocks())
    except RecordingError as error:
        return blocks, error, dict(recording.refused)
    return blocks, None, dict(recording.refused)


def positions(blocks: Iterable[RecordedBlock]) -> list[tuple[int, int]]:
    """(block number, log index) of each log that was delivered, in order."""
    return [(int(log.block_number, 16), int(log.log_index, 16)) for block in blocks for log in block.logs]
