"""A halt switch, an executor and a disk for the tests of gate, engine and paper executor."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import attrs

from alphapulse.data.execution import OrderRequest
from alphapulse.data.halts import Level
from alphapulse.data.instruments import InstrumentId
from alphapulse.journal.journal import Journal, SystemCalls
from alphapulse.journal.journal_file import read_records
from tests.fakes.inline_blocking import run_inline

M = TypeVar("M")


class Halts:
    """The part of the halt switch that the gate sees."""

    def __init__(self) -> None:
        self.epoch = 1
        self.levels: dict[str, Level] = {}
        self.factor = 1_000_000

    def level(self, strategy: str, instruments: Iterable[InstrumentId] = ()) -> Level:
        return self.levels.get(strategy, Level.ACTIVE)

    def factor_ppm(self, strategy: str, instruments: Iterable[InstrumentId] = ()) -> int:
        return self.factor


class Disk:
    """A disk that tells how much of the file was synced, lets a test act in the midst of a sync, and fails if told."""

    def __init__(self) -> None:
        self.written = 0
        self.synced = 0
        self.fail_write = False
        self.fail_sync = False
        self.during_sync: Callable[[], None] = lambda: None

    def write(self, descriptor: int, data: bytes) -> int:
        if self.fail_write:
            raise OSError(28, "No space left on device")
        self.written += len(data)
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self.during_sync()
        if self.fail_sync:
            raise OSError(5, "Input/output error")
        self.synced = self.written


@asynccontextmanager
async def open_journal(folder: Path, disk: Disk | None = None) -> AsyncIterator[Journal]:
    """A journal whose blocking calls run in the test's own thread."""
    disk = disk or Disk()
    system = SystemCalls(write=disk.write, fdatasync=disk.sync)
    async with Journal.open(folder / "journal", now_ns=lambda: 5, run_blocking=run_inline, system=system) as journal:
        yield journal


def records(journal: Journal) -> list[object]:
    """What stands in the journal's file now."""
    if not journal.records:
        return []
    return [record for _, record in read_records(journal.path)]


class RecordingExecutor:
    """Takes intents and notes what the journal held and had synced at that moment."""

    def __init__(self, journal: Journal, disk: Disk) -> None:
        self.intents: list[OrderRequest] = []
        self.calls: list[list[OrderRequest]] = []
        self.held: list[list[object]] = []
        self.unsynced: list[int] = []
        self._journal = journal
        self._disk = disk

    def submit(self, intents: list[OrderRequest]) -> None:
        self.calls.append(list(intents))
        self.intents += intents
        self.held.append(records(self._journal))
        self.unsynced.append(self._disk.written - self._disk.synced)


def of_type(messages: Sequence[object], *types: type) -> list[object]:
    return [message for message in messages if isinstance(message, types)]


def evolved(message: M, **changes: Any) -> M:
    """A message with other fields."""
    return cast(M, attrs.evolve(cast(Any, message), **changes))
