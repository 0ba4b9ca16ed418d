"""Consumers end up with what a run without loss would have given them, whatever cables and relays do to them."""

from __future__ import annotations

import pytest

from tests.relays.lossy_schedules import run_schedule


@pytest.mark.parametrize("seed", range(5))
def test_a_lossy_schedule_ends_as_one_without_loss(seed: int) -> None:
    assert run_schedule(seed).problems == []


@pytest.mark.slow
def test_many_lossy_schedules_end_as_those_without_loss() -> None:
    """`make prove-bus` runs two thousand."""
    assert [problem for seed in range(5, 20) for problem in run_schedule(seed).problems] == []
