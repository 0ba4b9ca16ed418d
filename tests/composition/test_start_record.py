"""What a start finds: the latch, and what the journal knows beyond it."""

from __future__ import annotations

from pathlib import Path

import pytest

from alphapulse.composition.start_record import StartRecord, find_start
from alphapulse.data.halts import GLOBAL, FlattenRecord, FlattenStage, HaltChange, Level, Via
from alphapulse.journal.journal import Journal
from alphapulse.safety.latch import LatchRecord, write_latch
from tests.fakes.inline_blocking import run_inline


def halted(halt_id: int, level: Level = Level.HALTED) -> HaltChange:
    return HaltChange(halt_id, halt_id + 1, GLOBAL, level, "dana", Via.LOCAL_SOCKET, "odd prices", 1)


def flattened(stage: FlattenStage) -> FlattenRecord:
    return FlattenRecord(1, GLOBAL, stage, "dana", Via.API, "out", 1, 0, "sold", 2)


async def found(folder: Path, *records: object) -> StartRecord:
    """What the next start finds behind these records."""
    path = folder / "paper.journal"
    async with Journal.open(path, now_ns=lambda: 1, run_blocking=run_inline) as journal:
        await journal.append(records, sync=True)
    async with Journal.open(path, now_ns=lambda: 1, run_blocking=run_inline) as journal:
        return find_start(journal, folder / "paper.halt", folder / "HALT")


@pytest.mark.parametrize("stage", [FlattenStage.BEGUN, FlattenStage.DONE])
async def test_a_flatten_happens_once_in_a_halt_whose_latch_was_lost(tmp_path: Path, stage: FlattenStage) -> None:
    """The journal tells of it, also where the halt was made stricter since, and where an old latch lies there."""
    records = (halted(1), flattened(stage), halted(2, Level.LOCKED))
    start = await found(tmp_path, *records)
    assert start.latch.flattened == (2,)
    write_latch(tmp_path / "paper.halt", LatchRecord().after(halted(1)))
    assert (await found(tmp_path)).latch.flattened == (2,)
    assert [lost.halt_id for lost in start.lost_flattens(3)] == ([1] if stage is FlattenStage.BEGUN else [])


async def test_a_halt_that_ended_leaves_no_flatten_behind(tmp_path: Path) -> None:
    start = await found(tmp_path, halted(1), flattened(FlattenStage.DONE), halted(1, Level.ACTIVE), halted(3))
    assert start.latch.flattened == ()
