"""The clock watch: a wall clock that is set while we trade narrows trading or halts it."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import trio

from alphapulse.data.halts import Level

SAMPLE_S = 1.0
TOLERANCE_NS = 1_000_000
"""What reading two clocks one after the other may differ by. The kernel slews both alike: only a step shows."""
REDUCING_NS = 50_000_000
HALT_NS = 500_000_000
CLEAN_NS = 5_000_000_000
"""How long the clock must have kept step before a halt may end."""
TRIES = 5
ACTOR = "clock watch"


@attrs.frozen
class ClockSample:
    """The wall clock against the monotonic one. `doubt_ns`: how long the reading took, by which it may be wrong."""

    offset_ns: int
    at_ns: int
    doubt_ns: int


def read_clocks(now_ns: Callable[[], int], clock_ns: Callable[[], int]) -> ClockSample:
    """The best of a few readings: a task switch between the two clocks is no step."""
    best: ClockSample | None = None
    for _ in range(TRIES):
        before = clock_ns()
        wall = now_ns()
        after = clock_ns()
        sample = ClockSample(wall - (before + after) // 2, after, after - before)
        if best is None or sample.doubt_ns < best.doubt_ns:
            best = sample
        if best.doubt_ns < TOLERANCE_NS:
            break
    assert best is not None  # noqa: S101 - there was one try at least
    return best


def judge(step_ns: int, doubt_ns: int) -> tuple[Level, str] | None:
    """What a change of the offset calls for; None if it is none. Any step back halts, however small."""
    seconds = f"{abs(step_ns) // 1_000_000} ms"
    if step_ns < -(TOLERANCE_NS + doubt_ns):
        return Level.HALTED, f"the wall clock was set back by {seconds}"
    if step_ns - doubt_ns > HALT_NS:
        return Level.HALTED, f"the wall clock jumped ahead by {seconds}"
    if step_ns - doubt_ns > REDUCING_NS:
        return Level.REDUCING, f"the wall clock was set ahead by {seconds}"
    return None


class ClockWatch:
    """A service that compares both clocks each second. Small steps add up: they are counted from the last one judged.

    Args:
        now_ns: wall clock.
        clock_ns: monotonic clock.
        trip: makes the global scope stricter, with level and reason.
    """

    def __init__(
        self, now_ns: Callable[[], int], clock_ns: Callable[[], int], trip: Callable[[Level, str], object]
    ) -> None:
        self._now_ns = now_ns
        self._clock_ns = clock_ns
        self._trip = trip
        self._anchor = read_clocks(now_ns, clock_ns)
        self._stepped_ns: int | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        task_status.started()
        while True:
            self.look()
            await trio.sleep(SAMPLE_S)

    def look(self) -> None:
        """Compare the clocks now."""
        sample = read_clocks(self._now_ns, self._clock_ns)
        step = judge(sample.offset_ns - self._anchor.offset_ns, sample.doubt_ns + self._anchor.doubt_ns)
        if step is not None:
            self._anchor, self._stepped_ns = sample, sample.at_ns
            self._trip(*step)

    def precondition(self) -> tuple[str, bool, str]:
        """Of a resume: the clock has kept step for 5 s."""
        self.look()
        if self._stepped_ns is None:
            return "clock", True, "it has kept step"
        left_ns = self._stepped_ns + CLEAN_NS - self._clock_ns()
        text = f"it was set: wait {-(-left_ns // 1_000_000_000)} s more" if left_ns > 0 else "it keeps step again"
        return "clock", left_ns <= 0, text
