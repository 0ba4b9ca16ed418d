"""The one writer of the ledger: applies what the journal holds, in batches, in a worker thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import trio

from alphapulse.errors import LedgerError
from alphapulse.journal.blocking import RunBlocking
from alphapulse.journal.journal import Journal
from alphapulse.journal.journal_file import JournalPosition
from alphapulse.journal.ledger import BATCH_RECORDS, Ledger

QUEUE_RECORDS = 8192
"""Records that wait in memory. More are not queued: the writer then catches up from the journal's file."""

GATHER_S = 0.05
"""How long records are gathered before they are applied: a transaction costs a millisecond of the interpreter's time,
which the hot path would have to wait for."""

CLOSE_TIMEOUT_S = 5.0


class LedgerWriter:
    """A service that keeps the ledger in step with the journal.

    `journal.on_append` must be (or call) `offer`. Nothing is lost if the service ends or the process is killed: it
    begins by applying what the journal holds beyond the ledger, and can be run again after a failure.
    """

    def __init__(self, journal: Journal, url: str, *, run_blocking: RunBlocking) -> None:
        self._journal = journal
        self._url = url
        self._run_blocking = run_blocking
        self._limiter = trio.CapacityLimiter(1)
        self._queue: deque[tuple[Sequence[tuple[int, object]], JournalPosition]] = deque()
        self._queued_records = 0
        self._behind = True
        self._running = False
        self._applied_records = 0
        self._offered = trio.Event()
        self._progress = trio.Event()
        self._hurry = trio.Event()

    @property
    def applied_records(self) -> int:
        """Index of the last record that the ledger shows."""
        return self._applied_records

    def offer(self, records: Sequence[tuple[int, object]]) -> None:
        """Takes the records that the journal has just written; synchronous, never blocks, never raises."""
        if not self._behind:
            if self._queued_records + len(records) > QUEUE_RECORDS:
                self._fall_behind()
            else:
                self._queue.append((records, self._journal.position))
                self._queued_records += len(records)
        self._offered.set()

    async def flush(self) -> None:
        """Returns when all that the journal holds now is in the ledger. Raises LedgerError if nobody writes it."""
        await trio.lowlevel.checkpoint()
        target = self._journal.records
        while self._applied_records < target:
            if not self._running:
                raise LedgerError(
                    f"expected a running ledger writer, found none: records up to {target} are not applied"
                )
            self._hurry.set()
            await self._progress.wait()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Opens the ledger, brings it up to date, reports ready and follows the journal until cancelled.

        Raises:
            LedgerError: the ledger cannot be opened or written.
            JournalError: the journal's file cannot be read.
        """
        self._fall_behind()
        self._running = True
        try:
            ledger = await self._call(Ledger.open, self._url)
            try:
                await self._catch_up(ledger)
                task_status.started()
                while True:
                    await self._follow(ledger)
            finally:
                with trio.move_on_after(CLOSE_TIMEOUT_S, shield=True):
                    await self._call(ledger.close)
        finally:
            self._running = False
            self._fall_behind()
            self._announce()

    async def _follow(self, ledger: Ledger) -> None:
        if self._behind:
            await self._catch_up(ledger)
        elif self._queue:
            with trio.move_on_after(GATHER_S):
                await self._hurry.wait()
            self._hurry = trio.Event()
            await self._apply_batch(ledger)
        else:
            self._offered = trio.Event()
            await self._offered.wait()

    async def _catch_up(self, ledger: Ledger) -> None:
        self._behind = False  # from here on, what is offered lies beyond `end` and waits in the queue
        end = self._journal.position
        await self._call(ledger.catch_up, self._journal.path, end)
        self._applied_records = end.records
        self._announce()

    async def _apply_batch(self, ledger: Ledger) -> None:
        batch: list[tuple[int, object]] = []
        end = ledger.position
        while self._queue and len(batch) < BATCH_RECORDS:
            records, end = self._queue.popleft()
            batch.extend(records)
        self._queued_records -= len(batch)
        await self._call(ledger.apply, batch, end)
        self._applied_records = end.records
        self._announce()

    async def _call(self, call: Any, *args: object) -> Any:
        return await self._run_blocking(call, *args, limiter=self._limiter)

    def _fall_behind(self) -> None:
        self._behind = True
        self._queue.clear()
        self._queued_records = 0

    def _announce(self) -> None:
        self._progress.set()
        self._progress = trio.Event()
