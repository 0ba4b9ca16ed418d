"""Sweeps over start, submission, kill and resume: a few points here, every point by `make simulate`."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import trio

from alphapulse.execution.paper import PaperExecutor
from alphapulse.journal.journal import Journal
from tests.simulation.sweep import Sweep, points, tell

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[None]:
    """What the daemon logs while it is interrupted is of no use here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_the_story_that_is_swept_starts_trades_is_killed_and_trades_on() -> None:
    told = tell(None, None)
    assert told.problem is None
    assert told.submitted >= 2
    assert told.calls > 20
    assert told.steps > 1_000


@pytest.mark.parametrize("number", [1, 2, 5, 9, 14, 20])
@pytest.mark.parametrize("sweep", [Sweep.POWER_CUT, Sweep.ERROR])
def test_the_disk_fails_at_one_call_and_nothing_is_lost(sweep: Sweep, number: int) -> None:
    told = tell(sweep, number)
    assert told.reached
    assert told.problem is None


@pytest.mark.parametrize("number", [1, 40, 136, 200, 700, 1_000])
def test_the_daemon_is_cancelled_at_one_step_and_leaves_nothing(number: int) -> None:
    told = tell(Sweep.CANCEL, number)
    assert told.reached
    assert told.problem is None


@pytest.mark.slow
@pytest.mark.parametrize(("sweep", "stride"), [(Sweep.POWER_CUT, 1), (Sweep.ERROR, 1), (Sweep.CANCEL, 53)])
def test_many_points_leave_nothing_behind(sweep: Sweep, stride: int) -> None:
    """No task, file, lock or thread, no swallowed Cancelled, no intent that nobody knows."""
    for number in range(1, points(sweep) + 1, stride):
        assert tell(sweep, number).problem is None, number


def test_a_task_that_does_not_go_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    run = PaperExecutor.run

    async def stay(executor: PaperExecutor, *, task_status: trio.TaskStatus[None]) -> None:
        try:
            await run(executor, task_status=task_status)
        finally:
            with trio.move_on_after(60, shield=True):
                await trio.sleep_forever()

    monkeypatch.setattr(PaperExecutor, "run", stay)
    problem = tell(Sweep.CANCEL, 900).problem
    assert problem is not None
    assert "still there" in problem


def test_a_journal_that_tries_a_failed_sync_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgiving(journal: Journal, act: str, error: OSError) -> Exception:
        return OSError(f"could not {act}")

    monkeypatch.setattr(Journal, "_fail", forgiving)
    problems = [tell(Sweep.ERROR, number).problem for number in (3, 5, 8)]
    assert any(problem is not None for problem in problems)
