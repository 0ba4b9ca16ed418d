"""Whether a start trades: what the daemon makes of the journal and the latch that it finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock

from alphapulse.composition.environment import DataPaths
from alphapulse.data.execution import ExecutionReport, Mode, OrderRequest, Outcome
from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.errors import JournalError
from tests.daemon.books import records
from tests.daemon.daemon_rig import Rig, paths_in, running_daemon
from tests.daemon.day_config import Day
from tests.daemon.resuming import resume

pytestmark = pytest.mark.slow

FIRST_GAP = Day(speed=60, start="2024-01-05T01:15:00Z", end="2024-01-05T01:20:00Z")
BOOKS_BUT_NO_LATCH = "there are books but no durable record that says ACTIVE"


def change_of(rig: Rig) -> HaltChange:
    return rig.daemon.halts.changes[GLOBAL]


def spoil_latch(paths: DataPaths) -> None:
    paths.latch.write_bytes(paths.latch.read_bytes().replace(b"ACTIVE", b"HALTED"))


def cut_latch(paths: DataPaths) -> None:
    paths.latch.write_bytes(paths.latch.read_bytes()[:40])


def empty_latch(paths: DataPaths) -> None:
    paths.latch.write_bytes(b"")


def lose_latch(paths: DataPaths) -> None:
    paths.latch.unlink()


def put_folder_in_its_place(paths: DataPaths) -> None:
    paths.latch.unlink()
    paths.latch.mkdir()


async def test_a_fresh_folder_comes_up_active(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        change = change_of(rig)
        assert (change.level, change.via) == (Level.ACTIVE, Via.START_RULE)
        assert change.reason == "the books are new and the mode is paper"


async def test_an_orderly_restart_comes_up_active(tmp_path: Path, autojump_clock: MockClock) -> None:
    for _ in range(2):
        async with running_daemon(tmp_path, FIRST_GAP) as rig:
            await rig.until(trio.current_time() + 4)
            assert change_of(rig).level is Level.ACTIVE
    assert [one.run for one in records(paths_in(tmp_path).journal, OrderRequest)] == [1, 2]


@pytest.mark.parametrize(
    ("harm", "cause"),
    [
        (spoil_latch, "is not what was written"),
        (cut_latch, "is not what was written"),
        (empty_latch, "is not what was written"),
        (lose_latch, BOOKS_BUT_NO_LATCH),
    ],
)
async def test_books_whose_latch_cannot_be_believed_come_up_halted(
    tmp_path: Path, autojump_clock: MockClock, harm: Callable[[DataPaths], None], cause: str
) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(4)
    harm(paths_in(tmp_path))
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(trio.current_time() + 4)
        change = change_of(rig)
        assert (change.level, change.via) == (Level.HALTED, Via.START_RULE)
        assert cause in change.reason
        assert len(records(paths_in(tmp_path).journal, OrderRequest)) == 1
        resume(rig.daemon, reason="I have looked")
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        assert change_of(rig).level is Level.ACTIVE


async def test_a_latch_that_can_neither_be_read_nor_written_keeps_it_halted(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
    put_folder_in_its_place(paths_in(tmp_path))
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(trio.current_time() + 1)
        assert change_of(rig).level is Level.HALTED
        assert rig.daemon.halts.level("flash_arbitrage") is Level.HALTED


@pytest.mark.parametrize("scope", [GLOBAL, "strategy:flash_arbitrage"])
async def test_a_halt_that_the_latch_could_not_take_is_in_force_by_the_journal(
    tmp_path: Path, autojump_clock: MockClock, scope: str
) -> None:
    """The latch of a disk that refused still says ACTIVE; the last durable record is the journal's."""
    paths = paths_in(tmp_path)
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        before = paths.latch.read_bytes()
        rig.daemon.kill(scope, reason="a drill", actor="ann", via=Via.API)
        await rig.until(2)
    paths.latch.write_bytes(before)
    began = trio.current_time()
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(began + 1)
        assert rig.daemon.halts.level("flash_arbitrage") is Level.HALTED
        assert (rig.daemon.halts.changes[scope].actor, rig.daemon.halts.changes[scope].reason) == ("ann", "a drill")
        resume(rig.daemon, scope)
        await rig.until(began + 2)
    began = trio.current_time()
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(began + 1)
        assert rig.daemon.halts.level("flash_arbitrage").trades


async def test_a_halt_keeps_its_cause_and_its_time_over_a_restart(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        halted = rig.daemon.kill(GLOBAL, reason="a drill", actor="ann", via=Via.DASHBOARD)
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(trio.current_time() + 4)
        kept = change_of(rig)
        assert (kept.level, kept.halt_id, kept.actor, kept.reason, kept.via, kept.at_ns) == (
            Level.HALTED,
            halted.halt_id,
            "ann",
            "a drill",
            Via.DASHBOARD,
            halted.at_ns,
        )
        assert rig.timeline.of("engine")[-1][1] in {"cancelled", "stopped"}
        assert (await rig.daemon.halts.wait_report(halted.halt_id)).halt_id == halted.halt_id


async def test_a_halt_that_a_kill_kept_out_of_the_journal_is_told_at_the_next_start_and_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """The latch is written first; the process may be killed before the journal has heard of it."""
    journal = paths_in(tmp_path).journal
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        before = journal.read_bytes()
        rig.daemon.kill(GLOBAL, reason="a drill", actor="ann", via=Via.API)
        await rig.until(2)
    journal.write_bytes(before)
    paths_in(tmp_path).ledger.unlink()
    for _ in range(3):
        async with running_daemon(tmp_path, FIRST_GAP) as rig:
            await rig.until(trio.current_time() + 1)
            assert change_of(rig).level is Level.HALTED
    told = records(journal, HaltChange)
    assert [(one.level, one.reason) for one in told][1:] == [(Level.HALTED, "a drill")]


async def test_a_strategys_halt_outlives_a_restart(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        rig.daemon.kill("strategy:flash_arbitrage", reason="a drill", actor="ann", via=Via.API)
        await rig.until(1)
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(trio.current_time() + 4)
        assert change_of(rig).level is Level.ACTIVE
        assert rig.daemon.halts.level("flash_arbitrage") is Level.HALTED
    assert records(paths_in(tmp_path).journal, OrderRequest) == []


async def test_a_deleted_journal_beside_a_latch_that_says_halted_stays_halted(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        rig.daemon.kill(GLOBAL, reason="a drill", actor="ann", via=Via.API)
        await rig.until(1)
    paths_in(tmp_path).journal.unlink()
    paths_in(tmp_path).ledger.unlink()
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        assert change_of(rig).level is Level.HALTED


async def test_what_a_killed_daemon_left_open_is_settled_as_lost(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Its journal is kept as it was while a trade waited; on paper the trade is certainly lost."""
    waiting = attrs.evolve(FIRST_GAP, latency="{ blocks = 300 }")
    journal = paths_in(tmp_path).journal
    async with running_daemon(tmp_path, waiting) as rig:
        await rig.until(4)
        assert len(rig.daemon.executor.pending) == 1
        as_killed = journal.read_bytes()
    journal.write_bytes(as_killed)
    paths_in(tmp_path).ledger.unlink()
    async with running_daemon(tmp_path, waiting) as rig:
        await rig.until(trio.current_time() + 1)
        (report,) = records(journal, ExecutionReport)
        assert (report.outcome, report.run) == (Outcome.LOST, 1)
        assert rig.daemon.portfolio.in_flight == {}


async def test_a_second_daemon_on_the_same_books_is_refused(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        with pytest.raises(JournalError, match="two daemons must not share a data folder"):
            async with running_daemon(tmp_path, FIRST_GAP):
                pytest.fail("it has started")
        await rig.until(4)
        assert change_of(rig).level is Level.ACTIVE
    assert paths_in(tmp_path) == DataPaths.in_folder(tmp_path / "data", Mode.PAPER)
