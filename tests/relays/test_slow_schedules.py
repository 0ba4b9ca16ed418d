"""What a relay does about consumers that do not keep up, for each class of delivery."""

from __future__ import annotations

import pytest

from tests.relays.slow_schedules import CLASSES, run_schedule


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, len(CLASSES)))])
def test_a_slow_consumer_holds_up_nobody_and_is_told_what_it_missed(seed: int) -> None:
    assert run_schedule(seed).problems == []


@pytest.mark.slow
def test_many_schedules_with_slow_consumers_keep_every_promise() -> None:
    """`make prove-bus` runs five hundred."""
    assert [problem for seed in range(4, 12) for problem in run_schedule(seed).problems] == []
