"""Keeps books in the folder that is its argument, as fast as it can, until it is killed. Says a byte per append."""

from __future__ import annotations

import os
import sys
from itertools import islice
from pathlib import Path

import trio

from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal import Journal
from alphapulse.journal.ledger_writer import LedgerWriter
from tests.journal.journal_samples import Clock, history


async def keep_books(folder: Path, seed: int) -> None:
    run_blocking = trio.to_thread.run_sync
    async with (
        Journal.open(folder / "journal", now_ns=Clock(), run_blocking=run_blocking) as journal,
        trio.open_nursery() as nursery,
    ):
        writer = LedgerWriter(journal, sqlite_url(folder / "ledger.db"), run_blocking=run_blocking)
        journal.on_append = writer.offer
        await nursery.start(writer.run)
        records = history(seed)
        while True:
            await journal.append(list(islice(records, 7)), sync=journal.records % 3 == 0)
            os.write(1, b".")


if __name__ == "__main__":
    trio.run(keep_books, Path(sys.argv[1]), int(sys.argv[2]))
