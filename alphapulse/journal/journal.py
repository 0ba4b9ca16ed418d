"""The journal: the one append-only, hash-chained file of what was decided and done. It is the audit.

Records are encoded and written by the caller itself, at once and without an await: order of calls is order in the
file, a cancellation can neither lose nor tear a record, and there is no queue that could be lost. That costs a few
microseconds; only what takes long, the sync to the disk, runs in a thread. Callers that wait for a sync share it: one
is under way at most, and the next covers all records that were written meanwhile.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import attrs
import trio

from alphapulse.data.runs import ChainLink
from alphapulse.data.wire import Source
from alphapulse.errors import JournalError
from alphapulse.journal.append_file import open_to_append
from alphapulse.journal.blocking import RunBlocking
from alphapulse.journal.journal_file import JournalPosition, check, read_records
from alphapulse.rules.wire.frame import encode_frame

SYNC_INTERVAL_S = 0.1
"""How much of what nobody waits for a power cut may take."""

CLOSE_TIMEOUT_S = 5.0


@attrs.frozen
class SystemCalls:
    """What the journal asks of the operating system; tests put failing disks in place of it."""

    write: Callable[[int, bytes], int] = os.write
    fdatasync: Callable[[int], None] = os.fdatasync


class Journal:
    """The open journal. All methods belong to Trio's thread; not to signal handlers, not to other threads.

    `on_append` is called after each write, in order, with the records written and their indices, before anybody else
    hears of them. It must be quick and must not raise.
    """

    def __init__(
        self,
        path: Path,
        descriptor: int,
        position: JournalPosition,
        cut_bytes: int,
        *,
        now_ns: Callable[[], int],
        run_blocking: RunBlocking,
        system: SystemCalls,
    ) -> None:
        self.path = path
        self.cut_bytes = cut_bytes
        self.beat: Callable[[], None] = lambda: None
        """Called by `run` after each sync; a supervisor replaces it."""
        self.on_append: Callable[[Sequence[tuple[int, object]]], None] | None = None
        self._descriptor = descriptor
        self._recovered = position
        self._position = position
        self._synced_records = position.records
        self._sync_end: trio.Event | None = None
        self._sync_limiter = trio.CapacityLimiter(1)
        self._failure: JournalError | None = None
        self._on_failure: Callable[[JournalError], None] | None = None
        self._writing = False
        self._now_ns = now_ns
        self._run_blocking = run_blocking
        self._system = system

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        *,
        now_ns: Callable[[], int],
        run_blocking: RunBlocking,
        system: SystemCalls = SystemCalls(),
    ) -> AsyncIterator[Self]:
        """The journal at `path`, locked, checked from end to end, cut to its last whole frame; synced when left.

        Raises:
            JournalError: another process holds it, it cannot be read or written, it is rotten or its chain is broken.
        """
        descriptor, position, cut_bytes = await run_blocking(_open_file, path)
        try:
            journal = cls(
                path, descriptor, position, cut_bytes, now_ns=now_ns, run_blocking=run_blocking, system=system
            )
            try:
                yield journal
            finally:
                await journal._close()  # noqa: ASYNC102 - it shields itself, with a deadline
        finally:
            os.close(descriptor)

    @property
    def position(self) -> JournalPosition:
        """Records, bytes and head hash as of the last write."""
        return self._position

    @property
    def records(self) -> int:
        """Number of records, which is the index of the last one."""
        return self._position.records

    @property
    def size_bytes(self) -> int:
        """Length of the file."""
        return self._position.size_bytes

    @property
    def head_hash(self) -> bytes:
        """SHA-256 of the last frame: whoever knows it can prove that nothing before it was changed or cut off."""
        return self._position.head_hash

    @property
    def failure(self) -> JournalError | None:
        """Why the journal takes no more records, None while it does."""
        return self._failure

    @property
    def recovered(self) -> Iterator[tuple[int, object]]:
        """The records that were found at opening, with their indices, read as they are asked for (in a thread, please).

        Records of types that this version does not know are left out.
        """
        end = self._recovered.records
        if end == 0:
            return
        for position, record in read_records(self.path):
            if record is not None:
                yield position.records, record
            if position.records == end:
                return

    def on_failure(self, callback: Callable[[JournalError], None]) -> None:
        """Has `callback` called once, when a write or a sync fails; at once if that has happened already."""
        self._on_failure = callback
        if self._failure is not None:
            callback(self._failure)

    async def append(self, messages: Sequence[object], *, sync: bool) -> int:
        """Writes records and, if `sync`, waits until the disk has them; the index of the last one.

        The records are written before the first await: after a cancellation they are in the file, and the caller must
        take them as said. Without `sync` they reach the disk with the next sync, within 0.1 s while `run` runs.

        Raises:
            JournalError: this or an earlier write or sync failed; whether the records last is not known.
            ProtocolError: a message cannot be encoded; nothing was written.
        """
        last = self.append_now(messages)
        if sync:
            await self._sync_through(last)
        else:
            await trio.lowlevel.checkpoint()
        return last

    def append_now(self, messages: Sequence[object]) -> int:
        """Writes records without a sync or an await, also while a sync is under way; the index of the last one.

        Raises:
            JournalError: this or an earlier write or sync failed, or a write was interrupted by this one.
            ProtocolError: a message cannot be encoded; nothing was written.
        """
        if self._failure is not None:
            raise self._refusal()
        if self._writing:
            raise JournalError("a record was appended in the midst of another: do not call the journal from a handler")
        self._writing = True
        try:
            first = self._position.records + 1
            data, position = self._encode(messages)
            self._write(data)
            self._position = position
        finally:
            self._writing = False
        if self.on_append is not None:
            self.on_append(tuple(enumerate(messages, first)))
        return position.records

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The service that brings to the disk, each 0.1 s, what nobody waits for. Raises JournalError once it fails."""
        task_status.started()
        while True:
            await trio.sleep(SYNC_INTERVAL_S)
            await self.sync()
            self.beat()

    async def sync(self) -> None:
        """Returns when everything written so far is on the disk. Raises JournalError as `append` does."""
        await self._sync_through(self._position.records)

    def _encode(self, messages: Sequence[object]) -> tuple[bytes, JournalPosition]:
        index, size_bytes, head_hash = self._position.records, self._position.size_bytes, self._position.head_hash
        frames = []
        for message in messages:
            index += 1
            frame = encode_frame(
                [message, ChainLink(previous=head_hash)],
                source=Source.EXECUTION_ENGINE,
                sequence=index,
                timestamp_ns=self._now_ns(),
            )
            head_hash = hashlib.sha256(frame).digest()
            size_bytes += len(frame)
            frames.append(frame)
        return b"".join(frames), JournalPosition(index, size_bytes, head_hash)

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[self._system.write(self._descriptor, data) :]
        except OSError as error:
            raise self._fail("write", error) from error

    async def _sync_through(self, index: int) -> None:
        await trio.lowlevel.checkpoint()  # whoever else is ready now writes first and shares the sync
        while self._synced_records < index:
            if self._failure is not None:
                raise self._refusal()
            if self._sync_end is None:
                await self._sync_once()
            else:
                await self._sync_end.wait()

    async def _sync_once(self) -> None:
        """One sync for all who wait. If it is cancelled before its thread has begun, one of them takes over."""
        covered = self._position.records
        self._sync_end = trio.Event()
        try:
            await self._run_blocking(self._system.fdatasync, self._descriptor, limiter=self._sync_limiter)
            self._synced_records = covered
        except OSError as error:
            # After a failed sync the kernel may have dropped the dirty pages: a second try would succeed and lie.
            raise self._fail("sync", error) from error
        finally:
            self._sync_end.set()
            self._sync_end = None

    def _fail(self, act: str, error: OSError) -> JournalError:
        self._failure = JournalError(
            f"the journal {self.path} could not {act}: {error.strerror or error}; it takes no more records: "
            f"see to the disk, then restart"
        )
        if self._on_failure is not None:
            self._on_failure(self._failure)
        return self._failure

    def _refusal(self) -> JournalError:
        return JournalError(f"the journal has failed before: {self._failure}")

    async def _close(self) -> None:
        """Brings the rest to the disk; shielded, since the last records tell how it ended.

        The deadline ends the wait for others' syncs; a sync of our own that has begun is waited for, as threads are.
        """
        if self._failure is None:
            with trio.move_on_after(CLOSE_TIMEOUT_S, shield=True):
                await self.sync()


def _open_file(path: Path) -> tuple[int, JournalPosition, int]:
    """A locked descriptor, the position at the end of the last whole frame, and how many torn bytes were cut off."""
    try:
        return open_to_append(path, lambda file: check(path, file))
    except BlockingIOError as error:
        raise JournalError(
            f"the journal {path} is held by another process: two daemons must not share a data folder; "
            f"stop the other one or choose another folder"
        ) from error
    except OSError as error:
        raise JournalError(f"expected a journal that can be written at {path}, found: {error.strerror}") from error
