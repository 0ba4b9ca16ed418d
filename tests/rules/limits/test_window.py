"""Sliding windows: exact at both edges, whatever the clock does."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.limits import window as window_module
from alphapulse.rules.limits.window import SlidingWindow, SteadyTime

SECOND = 10**9
FEW, MANY = 20_000, 1_000_000
COUNT = int(os.environ.get("ALPHAPULSE_THROTTLE_TIMESTAMPS", "0"))


def test_an_entry_counts_until_the_window_has_passed_and_not_at_its_end() -> None:
    window = SlidingWindow(SECOND)
    window.add(0, 3)
    assert [window.total(at) for at in (0, 1, SECOND - 1, SECOND, SECOND + 1)] == [3, 3, 3, 0, 0]


def test_what_is_taken_back_counts_no_more_and_leaves_the_rest() -> None:
    """Of two entries of one moment one goes; what is no longer kept, or was never there, changes nothing."""
    window = SlidingWindow(SECOND)
    for at, amount in ((0, 3), (5, 4), (5, 4), (9, 1)):
        window.add(at, amount)
    window.take_back(5, 4)
    window.take_back(7, 1)
    assert [window.total(at) for at in (9, SECOND, SECOND + 5)] == [8, 5, 1]
    window.take_back(0, 3)
    assert window.total(SECOND + 5) == 1


def test_a_clock_that_steps_back_is_taken_for_no_time() -> None:
    time = SteadyTime()
    assert [time.at(at) for at in (10, 15, 5, 6, 20, 20)] == [10, 15, 15, 16, 30, 30]


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 8))
def test_the_total_is_that_of_a_list_of_all_entries(steps: list[int], width: int) -> None:
    window, entries, now = SlidingWindow(width), [], 0
    for step in steps:
        now += step
        window.add(now, step + 1)
        entries.append((now, step + 1))
        assert window.total(now) == sum(amount for at, amount in entries if now - width < at <= now)


def test_more_entries_than_are_kept_apart_leave_late_and_never_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_module, "MOST_ENTRIES", 2)
    window = SlidingWindow(10)
    for at in (0, 4, 8):
        window.add(at)
    assert [window.total(at) for at in (9, 10, 13, 14, 17, 18)] == [3, 3, 3, 1, 1, 0]


def throttled(seed: int, count: int) -> tuple[int, int]:
    """Windows with more than were allowed, and denials without need, of a throttle in front of random timestamps.

    A second, plain count judges it: over the admitted moments, in the time that the clock has really run forward.
    """
    chance = random.Random(seed)
    width, most = chance.choice([(1, 1), (7, 3), (1_000, 10), (SECOND, 100)])
    window, time = SlidingWindow(width), SteadyTime()
    clock = steady = chance.randrange(10**18)
    admitted: list[int] = []
    over = needless = 0
    for _ in range(count):
        step = chance.choice([0, 0, 1, width - 1, width, width + 1, width // most, chance.randrange(2 * width + 1)])
        if chance.random() < 0.001:
            step = -chance.choice([1, width, 3600 * SECOND, chance.randrange(10 * width)])
        clock, steady = clock + step, steady + max(step, 0)
        # The one that would be the first of `most + 1` in a row of admitted ones.
        crowded = len(admitted) >= most and steady - admitted[-most] < width
        now = time.at(clock)
        if window.total(now) + 1 <= most:
            window.add(now)
            over += crowded
            admitted.append(steady)
            del admitted[:-most]
        else:
            needless += not crowded
    return over, needless


@pytest.mark.parametrize("seed", range(8))
def test_a_throttle_lets_no_window_over_its_limit_and_denies_nothing_without_need(seed: int) -> None:
    """At the edges, on equal timestamps, and over steps of the clock."""
    assert throttled(seed, FEW) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 104))
def test_a_throttle_is_exact_over_millions_of_timestamps(seed: int) -> None:
    assert throttled(seed, (COUNT or MANY) // 4) == (0, 0)
