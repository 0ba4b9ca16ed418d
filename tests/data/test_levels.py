"""Levels: the strictest counts, and the wire's numbers say nothing about it."""

from __future__ import annotations

from itertools import permutations

import pytest

from alphapulse.data.halts import STRICTEST_FIRST, Level, strictest


def test_every_level_has_its_rank() -> None:
    assert sorted(Level, key=lambda level: level.rank) == list(STRICTEST_FIRST)
    assert [level.name for level in STRICTEST_FIRST] == ["LOCKED", "HALTED", "REDUCING", "PROBATION", "ACTIVE"]


def test_the_strictest_of_any_levels_in_any_order_counts() -> None:
    for size in range(1, len(Level) + 1):
        for levels in permutations(Level, size):
            assert strictest(levels) is next(level for level in STRICTEST_FIRST if level in levels)


def test_where_nothing_is_said_all_may_be_done() -> None:
    assert strictest(()) is Level.ACTIVE


@pytest.mark.parametrize("level", Level)
def test_what_a_level_allows(level: Level) -> None:
    assert level.stopped == (level in {Level.LOCKED, Level.HALTED})
    assert level.trades == (level in {Level.PROBATION, Level.ACTIVE})
