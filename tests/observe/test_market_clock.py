"""The market clock runs with the data, at the recording's speed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.observe.market_clock import MarketClock

SECOND = 1_000_000_000
START = 1_704_412_800 * SECOND


class Monotonic:
    """A monotonic clock that stands until the test moves it."""

    def __init__(self) -> None:
        self.ns = 123_456_789

    def __call__(self) -> int:
        return self.ns


def clocks() -> tuple[MarketClock, Monotonic]:
    monotonic = Monotonic()
    return MarketClock(monotonic), monotonic


def test_before_the_first_event_there_is_no_time() -> None:
    clock, monotonic = clocks()
    monotonic.ns += SECOND
    assert clock.now_ns() is None


def test_at_full_speed_time_stands_at_the_last_event() -> None:
    clock, monotonic = clocks()
    clock.run_from(START, 0)
    monotonic.ns += 3600 * SECOND
    assert clock.now_ns() == START
    clock.run_from(START + 12 * SECOND, 0)
    assert clock.now_ns() == START + 12 * SECOND


def test_at_speed_one_time_is_the_wall_clocks() -> None:
    clock, monotonic = clocks()
    clock.run_from(START, 1_000_000)
    for _ in range(3):
        monotonic.ns += 7
    assert clock.now_ns() == START + 21


def test_at_sixty_times_a_second_is_a_minute() -> None:
    clock, monotonic = clocks()
    clock.run_from(START, 60_000_000)
    monotonic.ns += SECOND
    assert clock.now_ns() == START + 60 * SECOND


def test_slow_motion_rounds_down_to_whole_nanoseconds() -> None:
    clock, monotonic = clocks()
    clock.run_from(START, 1)
    monotonic.ns += 1_999_999
    assert clock.now_ns() == START + 1


def test_time_ends_where_the_recording_ends() -> None:
    """After the last event nothing is known: the clock stands at the end and goes no further."""
    clock, monotonic = clocks()
    clock.run_from(START, 1_000_000, START + 5)
    for passed, expected in ((4, 4), (5, 5), (10**15, 5)):
        monotonic.ns = 123_456_789 + passed
        assert clock.now_ns() == START + expected


def test_an_end_before_the_event_does_not_take_time_back() -> None:
    clock, monotonic = clocks()
    clock.run_from(START, 1_000_000, START - SECOND)
    monotonic.ns += SECOND
    assert clock.now_ns() == START


def test_a_call_sets_the_clock_also_back() -> None:
    """A new run begins where the recording begins; the old limit is forgotten."""
    clock, monotonic = clocks()
    clock.run_from(START + 100 * SECOND, 1_000_000, START + 100 * SECOND)
    monotonic.ns += SECOND
    clock.run_from(START, 1_000_000)
    assert clock.now_ns() == START
    monotonic.ns += 200 * SECOND
    assert clock.now_ns() == START + 200 * SECOND


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**12), max_size=20), st.none() | st.integers(-(10**12), 10**13))
def test_between_two_calls_time_never_goes_back(speed_ppm: int, waits: list[int], span_ns: int | None) -> None:
    clock, monotonic = clocks()
    clock.run_from(START, speed_ppm, None if span_ns is None else START + span_ns)
    before = START
    for wait in waits:
        monotonic.ns += wait
        now = clock.now_ns()
        assert now is not None
        assert now >= before
        before = now
