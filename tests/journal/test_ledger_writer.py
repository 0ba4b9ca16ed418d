"""The ledger follows the journal, also when it falls behind, fails or is stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import trio

from alphapulse.errors import LedgerError
from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal import Journal
from alphapulse.journal.ledger import rebuild
from alphapulse.journal.ledger_writer import QUEUE_RECORDS, LedgerWriter
from tests.journal.journal_samples import Clock, audit, fill, history, signal
from tests.journal.ledger_dump import column, dump


class Threads:
    """Runs what blocks in threads, one call at a time while `gate` is closed; remembers which calls there were."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.gate = trio.Event()
        self.gate.set()
        self.refuse = False

    async def run(self, call: Callable[..., Any], /, *args: object, limiter: trio.CapacityLimiter | None = None) -> Any:
        self.calls.append(call.__name__)
        await self.gate.wait()
        if self.refuse:
            raise LedgerError("the disk is full")
        return await trio.to_thread.run_sync(call, *args, limiter=limiter)


@asynccontextmanager
async def books(folder: Path, threads: Threads) -> AsyncIterator[tuple[Journal, LedgerWriter]]:
    run_blocking = trio.to_thread.run_sync
    async with Journal.open(folder / "journal", now_ns=Clock(), run_blocking=run_blocking) as journal:
        writer = LedgerWriter(journal, sqlite_url(folder / "ledger.db"), run_blocking=threads.run)
        journal.on_append = writer.offer
        yield journal, writer


def assert_ledger_equals_a_rebuild(folder: Path) -> None:
    rebuild(folder / "journal", sqlite_url(folder / "fresh.db"))
    assert dump(folder / "ledger.db") == dump(folder / "fresh.db")


@pytest.fixture
def threads() -> Threads:
    return Threads()


async def test_flush_returns_when_everything_written_is_in_the_ledger(tmp_path: Path, threads: Threads) -> None:
    async with books(tmp_path, threads) as (journal, writer), trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        records = history(1)
        for _ in range(50):
            journal.append_now(list(islice(records, 30)))
            await writer.flush()
            assert writer.applied_records == journal.records
        nursery.cancel_scope.cancel()
    assert_ledger_equals_a_rebuild(tmp_path)


async def test_what_waits_is_applied_in_one_transaction(tmp_path: Path, threads: Threads) -> None:
    async with books(tmp_path, threads) as (journal, writer), trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        for i in range(100):
            journal.append_now([signal(i)])
        await writer.flush()
        assert threads.calls == ["open", "catch_up", "apply"]
        nursery.cancel_scope.cancel()


async def test_start_applies_what_was_written_without_a_writer(tmp_path: Path, threads: Threads) -> None:
    async with books(tmp_path, threads) as (journal, writer), trio.open_nursery() as nursery:
        journal.append_now(list(islice(history(2), 600)))
        await nursery.start(writer.run)
        assert writer.applied_records == 600
        nursery.cancel_scope.cancel()
    assert_ledger_equals_a_rebuild(tmp_path)


@pytest.mark.slow
async def test_overflow_is_caught_up_from_the_file(tmp_path: Path, threads: Threads) -> None:
    async with books(tmp_path, threads) as (journal, writer), trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        threads.gate = trio.Event()
        journal.append_now([audit()])
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(QUEUE_RECORDS // 64 + 1):
            journal.append_now([fill()] * 64)
        threads.gate.set()
        await writer.flush()
        assert threads.calls == ["open", "catch_up", "apply", "catch_up"]
        journal.append_now([audit()])
        await writer.flush()
        assert threads.calls[-1] == "apply"
        nursery.cancel_scope.cancel()
    assert_ledger_equals_a_rebuild(tmp_path)


async def test_flush_without_a_writer_is_refused(tmp_path: Path, threads: Threads) -> None:
    async with books(tmp_path, threads) as (journal, writer):
        journal.append_now([audit()])
        with pytest.raises(LedgerError, match="expected a running ledger writer, found none"):
            await writer.flush()


async def test_failure_ends_the_service_and_wakes_who_waits_and_a_restart_catches_up(
    tmp_path: Path, threads: Threads
) -> None:
    async with books(tmp_path, threads) as (journal, writer):
        with pytest.RaisesGroup(
            pytest.RaisesExc(LedgerError, match="the disk is full"),
            pytest.RaisesExc(LedgerError, match="found none"),
        ):
            async with trio.open_nursery() as nursery:
                await nursery.start(writer.run)
                threads.refuse = True
                journal.append_now([signal()])
                nursery.start_soon(writer.flush)
        threads.refuse = False
        journal.append_now([fill()])
        async with trio.open_nursery() as nursery:
            await nursery.start(writer.run)
            assert writer.applied_records == 2
            nursery.cancel_scope.cancel()
    assert_ledger_equals_a_rebuild(tmp_path)


async def test_cancelled_writer_leaves_a_ledger_that_goes_on_where_it_stopped(tmp_path: Path, threads: Threads) -> None:
    async with books(tmp_path, threads) as (journal, writer):
        records = history(3)
        for _ in range(5):
            async with trio.open_nursery() as nursery:
                await nursery.start(writer.run)
                for _ in range(20):
                    await journal.append(list(islice(records, 10)), sync=False)
                nursery.cancel_scope.cancel()
        async with trio.open_nursery() as nursery:
            await nursery.start(writer.run)
            nursery.cancel_scope.cancel()
    assert column(tmp_path / "ledger.db", "meta", "applied") == [1000]
    assert_ledger_equals_a_rebuild(tmp_path)
