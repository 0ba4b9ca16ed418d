"""How fast a count grows, from its samples."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.links.pace import NS_PER_S, WINDOW_NS, Pace, Rate


def test_one_sample_says_nothing() -> None:
    pace = Pace()
    assert pace.rate() is None
    pace.sample(7, 100)
    pace.sample(7, 100)
    assert pace.rate() is None


def test_the_rate_is_of_the_last_five_seconds() -> None:
    pace = Pace()
    for second in range(20):
        pace.sample(second * NS_PER_S, second * 10 if second < 10 else 100)
    assert pace.rate() == Rate(0, WINDOW_NS)
    pace.sample(20 * NS_PER_S, 103)
    rate = pace.rate()
    assert rate == Rate(3, WINDOW_NS)
    assert rate.tenths_per_s == 6


def test_a_count_that_shrinks_and_a_clock_that_goes_back_begin_anew() -> None:
    for at_ns, count in ((3 * NS_PER_S, 4), (NS_PER_S, 6)):
        pace = Pace()
        pace.sample(NS_PER_S, 5)
        pace.sample(2 * NS_PER_S, 6)
        pace.sample(at_ns, count)
        assert pace.rate() is None


@given(st.lists(st.tuples(st.integers(1, 3 * NS_PER_S), st.integers(0, 1000)), min_size=2, max_size=100))
def test_a_rate_is_between_the_slowest_and_the_fastest_step(steps: list[tuple[int, int]]) -> None:
    pace, at_ns, count = Pace(), 0, 0
    for wait_ns, more in steps:
        at_ns, count = at_ns + wait_ns, count + more
        pace.sample(at_ns, count)
    rate = pace.rate()
    assert rate is not None
    speeds = [more / wait for wait, more in steps]
    assert min(speeds) * 0.999 <= rate.grown / rate.over_ns <= max(speeds) * 1.001
