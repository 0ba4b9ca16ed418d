"""Books that are killed at any moment are whole when they are opened again."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal import Journal
from alphapulse.journal.journal_file import verify
from alphapulse.journal.ledger import rebuild
from alphapulse.journal.ledger_writer import LedgerWriter
from tests.journal.journal_samples import Clock
from tests.journal.ledger_dump import dump

PROGRAM = Path(__file__).with_name("books_until_killed.py")
RECORDS_PER_APPEND = 7


def run_and_kill(folder: Path, seed: int, after_appends: int) -> int:
    """How many appends the process had reported when it died."""
    environment = {"PYTHONPATH": ":".join([*sys.path, str(PROGRAM.parents[2])])}
    with subprocess.Popen(
        [sys.executable, PROGRAM, folder, str(seed)], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        reported = process.stdout.read(after_appends)
        process.kill()
        reported += process.stdout.read()
    return len(reported)


async def reopen(folder: Path) -> int:
    """Brings the ledger up to date as a start of the daemon does; the number of records."""
    run_blocking = trio.to_thread.run_sync
    async with (
        Journal.open(folder / "journal", now_ns=Clock(), run_blocking=run_blocking) as journal,
        trio.open_nursery() as nursery,
    ):
        writer = LedgerWriter(journal, sqlite_url(folder / "ledger.db"), run_blocking=run_blocking)
        journal.on_append = writer.offer
        await nursery.start(writer.run)
        await writer.flush()
        nursery.cancel_scope.cancel()
    return journal.records


@pytest.mark.slow
@pytest.mark.real_io
async def test_books_killed_at_random_moments_lose_nothing_that_was_reported(tmp_path: Path) -> None:
    """Five lives, each going on with the books of the one before; after each, the ledger equals a fresh rebuild."""
    moments = random.Random(20240105)
    reported = 0
    for life in range(5):
        reported += await trio.to_thread.run_sync(run_and_kill, tmp_path, life, moments.randrange(1, 150))
        records = await reopen(tmp_path)
        assert records >= reported * RECORDS_PER_APPEND
        assert verify(tmp_path / "journal").problem is None
        rebuild(tmp_path / "journal", sqlite_url(tmp_path / f"fresh{life}.db"))
        assert dump(tmp_path / "ledger.db") == dump(tmp_path / f"fresh{life}.db")
