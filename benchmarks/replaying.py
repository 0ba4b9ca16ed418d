"""A recording through the whole pipeline, as `alphapulse replay` runs it: journal, ledger and books included."""

from __future__ import annotations

import gc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import trio

from alphapulse.cli.garbage import spare_collector
from alphapulse.cli.replay import run_replay
from alphapulse.composition.environment import DataPaths
from alphapulse.config import Config
from alphapulse.data.execution import Mode
from alphapulse.studies.headless import headless
from benchmarks.day import Day, shipped_config
from benchmarks.figures import ROUNDS, Budget, Figure

COPIES = 10
BUDGET = Budget(30_000, at_least=True)


def measure(day: Day) -> list[Figure]:
    """The half day once, as it is shipped, and ten times in a row."""
    once = headless(shipped_config())
    with TemporaryDirectory() as folder:
        path = Path(folder, "copies.logs.jsonl.gz")
        many = day.write_copies(path, COPIES)
        longer = msgspec.structs.replace(
            once,
            collectors={
                name: msgspec.structs.replace(section, logs=(str(path),)) for name, section in once.collectors.items()
            },
        )
        few = len(day.lines)
        return [
            _replays(f"replay of the half day, {few:,} logs", once, few),
            _replays(f"replay of ten half days, {many:,} logs", longer, many),
        ]


def _replays(name: str, config: Config, logs: int) -> Figure:
    return Figure(name, "logs/s", tuple(_replay(config, logs)["logs_per_second"] for _ in range(ROUNDS)), BUDGET)


def _replay(config: Config, logs: int) -> dict[str, Any]:
    gc.collect()
    spare_collector()  # as the command does
    with TemporaryDirectory() as folder:
        paths = DataPaths.in_folder(Path(folder), Mode.PAPER)
        result, problem = trio.run(run_replay, config, paths, None, False)
    if problem is not None:
        raise problem
    if result["logs"] != logs or not result["trades"] or result["refused"]:
        raise RuntimeError(f"expected {logs} logs replayed with trades, found {result}: the measurement would lie")
    return result
