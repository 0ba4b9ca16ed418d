"""What it costs to write an act down before it happens."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns, time_ns
from typing import cast

import trio

from alphapulse.data.runs import AuditTrail
from alphapulse.journal.blocking import RunBlocking
from alphapulse.journal.journal import Journal
from benchmarks.day import Day
from benchmarks.figures import ROUNDS, Figure

UNSYNCED, SYNCED = 2_000, 20
RECORD = AuditTrail(
    "operator", "control.kill", "global", "a reason of usual length", "halt 1", 1_704_412_800_000_000_000
)
US, MS = 1e3, 1e6


def measure(_day: Day) -> list[Figure]:
    """One record at a time; a sync waits for the disk of the folder for temporary files."""
    unsynced, synced = trio.run(_rounds)
    return [
        Figure("journal: append of a record", "µs", tuple(ns / US for ns in unsynced)),
        Figure("journal: append of a record, synced to the disk", "ms", tuple(ns / MS for ns in synced)),
    ]


async def _rounds() -> tuple[list[float], list[float]]:
    unsynced: list[float] = []
    synced: list[float] = []
    run_blocking = cast(RunBlocking, trio.to_thread.run_sync)
    with TemporaryDirectory() as folder:
        path = Path(folder, "benchmark.journal")
        async with Journal.open(path, now_ns=time_ns, run_blocking=run_blocking) as journal:
            for _ in range(ROUNDS):
                began = perf_counter_ns()
                for _ in range(UNSYNCED):
                    journal.append_now([RECORD])
                unsynced.append((perf_counter_ns() - began) / UNSYNCED)
                await journal.sync()
                began = perf_counter_ns()
                for _ in range(SYNCED):
                    await journal.append([RECORD], sync=True)
                synced.append((perf_counter_ns() - began) / SYNCED)
    return unsynced, synced
