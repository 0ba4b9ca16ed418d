"""The map of initialised ticks, against a plain dictionary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import AmmError
from alphapulse.rules.amm.tick_map import TickMap
from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK

PLACES = st.one_of(st.integers(-20, 20), st.integers(-2000, 2000), st.integers(MIN_TICK // 60 + 1, MAX_TICK // 60))
CHANGES = st.lists(st.tuples(PLACES, st.integers(0, 3), st.integers(-3, 3)), max_size=12)


@given(CHANGES, PLACES, PLACES)
def test_it_is_a_dictionary_that_can_be_asked_for_neighbours(
    changes: list[tuple[int, int, int]], one: int, other: int
) -> None:
    """Old maps stay as they were; ticks without liquidity are gone."""
    ticks, plain, past = TickMap(60), dict[int, tuple[int, int]](), list[tuple[TickMap, list[tuple[int, int, int]]]]()
    for place, gross, drawn in changes:
        tick, net = place * 60, max(-gross, min(drawn, gross))
        ticks = ticks.with_tick(tick, gross, net)
        plain[tick] = (gross, net)
        plain = {at: both for at, both in plain.items() if both[0]}
        past.append((ticks, sorted((at, *both) for at, both in plain.items())))
    for old, expected in past:
        assert list(old) == expected
        assert old == TickMap.of(60, expected)
        assert len(old) == len(expected)
    low, high = sorted((one * 60 - 7, other * 60 + 7))
    assert ticks.net_between(low, high) == sum(net for at, (_, net) in plain.items() if low < at <= high)
    assert ticks.net_moving(low, high) == -ticks.net_moving(high, low)
    assert ticks.next_below(high) == max((at for at in plain if at <= high), default=None)
    assert ticks.next_above(low) == min((at for at in plain if at > low), default=None)
    assert ticks.at(one * 60) == plain.get(one * 60, (0, 0))


def test_positions_come_and_go() -> None:
    empty = TickMap(10)
    held = empty.with_position(-20, 10, 7).with_position(10, 30, 5)
    assert list(held) == [(-20, 7, 7), (10, 12, -2), (30, 5, -5)]
    assert held.with_position(10, 30, -5).with_position(-20, 10, -7) == empty
    assert held.with_position(-20, 10, 0) is held
    assert held != 5


@pytest.mark.parametrize("wrong", [(5, 1, 1), (MAX_TICK + 8, 1, 1), (10, 1, 2), (10, -1, 0)])
def test_ticks_that_cannot_be_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(AmmError):
        TickMap(10).with_tick(*wrong)
    with pytest.raises(AmmError):
        TickMap(10).with_position(0, 10, 5).with_position(0, 10, -6)
