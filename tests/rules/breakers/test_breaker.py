"""A breaker: closed, open, half open with one probe; and it does not flap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.halts import Level
from alphapulse.data.risk import BreakerAction
from alphapulse.rules.breakers.breaker import PERSON, Breaker, Phase, ResetRule

SECOND = 10**9
HOUR = 3600 * SECOND
CLEAN = ResetRule(clean_ns=30 * SECOND)
PROBED = ResetRule(clean_ns=60 * SECOND, probe=True)
TRADE, OTHER = (1, 7), (1, 8)


def breaker(reset: ResetRule = CLEAN, level: Level = Level.REDUCING) -> Breaker:
    return Breaker(level, reset)


@pytest.mark.parametrize(
    ("level", "action"), [(Level.REDUCING, BreakerAction.REDUCE), (Level.HALTED, BreakerAction.PAUSE)]
)
def test_a_trip_opens_once_and_says_how_far_it_stops(level: Level, action: BreakerAction) -> None:
    one = breaker(level=level)
    assert one.trip(5, "a cause") is action
    assert one.trip(6, "again") is None
    assert (one.phase, one.since_ns, one.reason, one.trips) == (Phase.OPEN, 5, "a cause", 1)


def test_it_closes_after_exactly_the_clean_time() -> None:
    one = breaker()
    one.trip(0, "a cause")
    assert one.look(30 * SECOND - 1) is None
    assert one.look(30 * SECOND) is BreakerAction.RESUME
    assert one.phase is Phase.CLOSED
    assert one.look(31 * SECOND) is None


def test_a_cause_that_goes_on_lets_the_clean_time_begin_anew() -> None:
    one = breaker()
    one.trip(0, "a cause")
    one.trip(20 * SECOND, "still")
    assert one.look(49 * SECOND) is None
    assert one.look(50 * SECOND) is BreakerAction.RESUME


def test_a_clock_that_steps_back_gives_no_clean_time() -> None:
    one = breaker()
    one.trip(100 * SECOND, "a cause")
    assert one.look(10 * SECOND) is None
    assert one.look(39 * SECOND) is None
    assert one.look(40 * SECOND) is BreakerAction.RESUME


def test_the_third_trip_within_an_hour_needs_a_person() -> None:
    one = breaker()
    closes = []
    for at in (0, 100 * SECOND, HOUR - 1):
        one.trip(at, "a cause")
        closes.append(one.look(at + 40 * SECOND))
    assert closes == [BreakerAction.RESUME, BreakerAction.RESUME, None]
    assert one.needs_person
    assert one.look(10 * HOUR) is None
    assert one.resume(10 * HOUR) is BreakerAction.RESUME
    assert not one.needs_person


def test_three_trips_over_more_than_an_hour_do_not() -> None:
    one = breaker()
    for at in (0, 100 * SECOND, HOUR):
        one.trip(at, "a cause")
        assert one.look(at + 40 * SECOND) is BreakerAction.RESUME


def test_what_a_person_resumed_counts_its_trips_anew() -> None:
    one = breaker()
    for at in (0, 1, 2):
        one.trip(at, "a cause")
        one.resume(at)
    assert one.trip(3, "a cause") is BreakerAction.REDUCE
    assert not one.needs_person


def test_what_a_person_must_end_never_ends_by_itself() -> None:
    one = breaker(PERSON, Level.HALTED)
    one.trip(0, "a loss")
    assert one.look(1000 * HOUR) is None
    assert one.resume(1000 * HOUR) is BreakerAction.RESUME
    assert one.resume(1000 * HOUR) is None


def test_half_open_a_fill_of_the_probe_closes_it() -> None:
    one = breaker(PROBED)
    one.trip(0, "a storm")
    assert one.look(60 * SECOND) is BreakerAction.PROBE
    one.send_probe(TRADE)
    assert one.end_probe(OTHER, 61 * SECOND, filled=True, reason="") is None
    assert one.end_probe(TRADE, 61 * SECOND, filled=True, reason="") is BreakerAction.RESUME
    assert one.phase is Phase.CLOSED


def test_half_open_a_failed_probe_opens_it_again() -> None:
    one = breaker(PROBED)
    one.trip(0, "a storm")
    one.look(60 * SECOND)
    one.send_probe(TRADE)
    assert one.end_probe(TRADE, 61 * SECOND, filled=False, reason="reverted") is BreakerAction.REDUCE
    assert (one.phase, one.reason, one.probe) == (Phase.OPEN, "the probe failed: reverted", None)
    assert one.look(121 * SECOND - 1) is None
    assert one.look(121 * SECOND) is BreakerAction.PROBE


def test_a_second_trade_is_never_the_probe() -> None:
    one = breaker(PROBED)
    one.send_probe(TRADE)
    assert one.probe is None
    one.trip(0, "a storm")
    one.look(60 * SECOND)
    one.send_probe(TRADE)
    one.send_probe(OTHER)
    assert one.probe == TRADE


def test_a_breaker_that_a_journal_left_open_is_open() -> None:
    one = breaker(PERSON, Level.HALTED)
    one.restore(5, "a loss of before")
    assert (one.phase, one.needs_person, one.reason) == (Phase.OPEN, True, "a loss of before")
    assert one.look(HOUR) is None


@given(causes=st.lists(st.integers(1, 400), max_size=60))
def test_however_often_the_cause_comes_it_trips_at_most_three_times_an_hour(causes: list[int]) -> None:
    """One look a second, a cause now and then: no burst, no flapping."""
    one, trips, at = breaker(PROBED), [], 0
    for gap in causes:
        for _ in range(gap):
            at += SECOND
            if one.look(at) is BreakerAction.PROBE:
                one.send_probe(TRADE)
                one.end_probe(TRADE, at, filled=True, reason="")
        if one.trip(at, "a cause") is not None:
            trips.append(at)
    assert all(later - earlier >= HOUR for earlier, later in zip(trips, trips[3:], strict=False))
