"""A sweep as it is stored, in JSON lines: a head, one line for each replay as it ends, a last line when it is over.

What was done is whole at any moment: a sweep that is ended early keeps every line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TextIO

import msgspec

from alphapulse.errors import EvidenceError, OutputError

FORMAT = 1
SUFFIX = ".sweep.jsonl"


class AxisHead(msgspec.Struct, frozen=True):
    """A setting and its values as typed."""

    path: str
    values: tuple[str, ...]


class SpanHead(msgspec.Struct, frozen=True):
    """A part of the recordings, and whether settings may be chosen by it."""

    name: str
    kind: Literal["fit", "test"]


class SweepHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep is to do. `token` is the one that combinations are compared by: an address and its symbol."""

    sweep: int
    created: str
    axes: tuple[AxisHead, ...]
    recordings: tuple[str, ...]
    spans: tuple[SpanHead, ...]
    token: str
    symbol: str
    decimals: int
    runs: int


class SweepRun(msgspec.Struct, frozen=True, kw_only=True):
    """One replay: its settings as typed, and what it found and earned. Amounts are raw units as decimal text.

    `problem` says why there is no result, or why it is not that of the whole recording.
    """

    settings: dict[str, str]
    recording: str
    span: str
    kind: Literal["fit", "test"]
    opportunities: int = 0
    trades: int = 0
    reverted: int = 0
    refused: int = 0
    net: dict[str, str] = {}
    problem: str | None = None


class SweepEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of a sweep that ended, by itself or by a person."""

    finished: bool
    elapsed_s: int


class StoredSweep(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep as it was read."""

    head: SweepHead
    runs: tuple[SweepRun, ...]
    end: SweepEnd | None


class SweepWriter:
    """Writes a sweep line by line. Raises OutputError if the disk takes no more."""

    def __init__(self, path: Path, head: SweepHead) -> None:
        self.path = path
        try:
            _make_folders(path.parent)
            self._file: TextIO = path.open("x", encoding="utf-8")
        except OSError as error:
            problem = f"expected to make the file {path}, found: {error.strerror}; name another one with --out"
            raise OutputError(problem) from error
        self.put(head)

    def put(self, line: SweepHead | SweepRun | SweepEnd) -> None:
        """One more line, handed to the system at once."""
        try:
            self._file.write(msgspec.json.encode(line).decode() + "\n")
            self._file.flush()
        except OSError as error:
            raise OutputError(f"expected all lines in {self.path}, found: {error.strerror}; make room") from error

    def close(self) -> None:
        """May be called twice."""
        self._file.close()


def _make_folders(folder: Path) -> None:
    """The missing ones, each for its owner alone: one of them may be the daemon's data folder."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700)


def read_sweep(path: Path) -> StoredSweep:
    """A stored sweep; a last line that was cut off is left out.

    Raises:
        EvidenceError: the file cannot be read, or is no sweep.
    """
    try:
        first, *lines = path.read_bytes().splitlines(keepends=True) or [b""]
    except OSError as error:
        raise EvidenceError(f"expected a sweep at {path}, found: {error.strerror}") from error
    try:
        head = msgspec.json.decode(first, type=SweepHead)
        if head.sweep != FORMAT:
            raise EvidenceError(f"{path}: expected a sweep of format {FORMAT}, found {head.sweep}")
        whole = [line for line in lines if line.endswith(b"\n")]
        end = msgspec.json.decode(whole[-1], type=SweepEnd) if whole and b'"finished"' in whole[-1][:12] else None
        runs = whole[:-1] if end is not None else whole
        return StoredSweep(head=head, runs=tuple(msgspec.json.decode(line, type=SweepRun) for line in runs), end=end)
    except msgspec.DecodeError as error:
        raise EvidenceError(f"{path}: expected the lines of a sweep: {error}") from error
