"""The clock watch: a step back halts, a step ahead narrows or halts, drift of both clocks alike does nothing."""

from __future__ import annotations

import random

import attrs
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from alphapulse.data.halts import Level
from alphapulse.safety.clock_watch import HALT_NS, REDUCING_NS, TOLERANCE_NS, ClockWatch, judge, read_clocks

MS = 1_000_000
WALL_NS = 1_704_437_087_000_000_000


@attrs.define
class Clocks:
    """A wall clock that can be set, beside a monotonic one that cannot."""

    step_ns: int = 0
    trips: list[tuple[float, Level]] = attrs.field(factory=list)

    def monotonic_ns(self) -> int:
        return round(trio.current_time() * 1_000_000_000)

    def wall_ns(self) -> int:
        return WALL_NS + self.monotonic_ns() + self.step_ns

    def trip(self, level: Level, reason: str) -> None:
        assert "the wall clock" in reason
        self.trips.append((trio.current_time(), level))


@pytest.mark.parametrize(
    ("step_ms", "level"),
    [
        (-3_600_000, Level.HALTED),
        (-1, None),
        (-2, Level.HALTED),
        (0, None),
        (1, None),
        (50, None),
        (51, Level.REDUCING),
        (500, Level.REDUCING),
        (501, Level.HALTED),
        (3_600_000, Level.HALTED),
    ],
)
def test_what_a_step_calls_for(step_ms: int, level: Level | None) -> None:
    found = judge(step_ms * MS, 0)
    assert (found and found[0]) == level


@given(st.integers(-(10**13), 10**13), st.integers(0, 5 * MS))
def test_a_step_that_is_beyond_doubt_is_never_passed_over(step_ns: int, doubt_ns: int) -> None:
    found = judge(step_ns, doubt_ns)
    if step_ns < -(TOLERANCE_NS + doubt_ns) or step_ns > HALT_NS + doubt_ns:
        assert found is not None
        assert found[0] is Level.HALTED
    elif step_ns > REDUCING_NS + doubt_ns:
        assert found is not None
        assert found[0] is Level.REDUCING
    else:
        assert found is None


async def test_each_of_500_steps_is_found_at_the_next_look(autojump_clock: MockClock) -> None:
    """Of a second to an hour, either way, at any moment: within one sample."""
    clocks, chance = Clocks(), random.Random(14)
    watch = ClockWatch(clocks.wall_ns, clocks.monotonic_ns, clocks.trip)
    async with trio.open_nursery() as nursery:
        await nursery.start(watch.run)
        for number in range(1, 501):
            await trio.sleep(chance.uniform(0.01, 3))
            clocks.step_ns += chance.choice((-1, 1)) * chance.randrange(1_000 * MS, 3_600_000 * MS)
            set_at = trio.current_time()
            await trio.sleep(1.001)
            assert len(clocks.trips) == number
            assert clocks.trips[-1][0] - set_at <= 1.0
            assert clocks.trips[-1][1] is Level.HALTED
        nursery.cancel_scope.cancel()


@pytest.mark.slow
async def test_a_clock_that_keeps_step_for_a_day_trips_nothing(autojump_clock: MockClock) -> None:
    clocks = Clocks()
    watch = ClockWatch(clocks.wall_ns, clocks.monotonic_ns, clocks.trip)
    with trio.move_on_after(86_400):
        await watch.run()
    assert clocks.trips == []


async def test_small_steps_add_up(autojump_clock: MockClock) -> None:
    """Twenty of 3 ms each are 60 ms: the operator sees them although none alone is much."""
    clocks = Clocks()
    watch = ClockWatch(clocks.wall_ns, clocks.monotonic_ns, clocks.trip)
    for _ in range(20):
        clocks.step_ns += 3 * MS
        watch.look()
    assert [level for _, level in clocks.trips] == [Level.REDUCING]


async def test_a_halt_ends_only_once_the_clock_has_kept_step_for_5_s(autojump_clock: MockClock) -> None:
    clocks = Clocks()
    watch = ClockWatch(clocks.wall_ns, clocks.monotonic_ns, clocks.trip)
    assert watch.precondition() == ("clock", True, "it has kept step")
    clocks.step_ns -= 5 * MS
    assert watch.precondition() == ("clock", False, "it was set: wait 5 s more")
    assert [level for _, level in clocks.trips] == [Level.HALTED]
    await trio.sleep(4.5)
    assert watch.precondition()[1] is False
    await trio.sleep(0.5)
    assert watch.precondition() == ("clock", True, "it keeps step again")


def test_a_task_switch_between_two_readings_is_no_step() -> None:
    """Each reading but the third takes 30 ms: that one is taken."""
    moments = iter([0, 30, 60, 90, 90, 120, *range(200, 2_000, 30)])
    times: list[int] = []

    def clock_ns() -> int:
        times.append(next(moments) * MS)
        return times[-1]

    sample = read_clocks(lambda: WALL_NS, clock_ns)
    assert sample.doubt_ns == 30 * MS
    quick = read_clocks(lambda: WALL_NS, iter([0, 30 * MS, 60 * MS, 60 * MS]).__next__)
    assert quick.doubt_ns == 0
