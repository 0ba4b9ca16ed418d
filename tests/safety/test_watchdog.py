"""The watchdog: what its thread does at each deadline, and what the loop does when it turns again."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.composition.environment import EXIT_STALLED
from alphapulse.data.halts import GLOBAL, HaltChange, Level
from alphapulse.errors import HaltError, LifecycleError
from alphapulse.safety.latch import read_latch
from alphapulse.safety.stall_watch import StallWatch
from alphapulse.safety.watchdog import BEAT_S, Watchdog
from tests.daemon.books import records
from tests.daemon.day_config import Day
from tests.fakes.inline_blocking import run_inline

MS = 1_000_000


class Watched:
    """A loop that beats when the test says so, under a clock that the test moves."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.told: list[str] = []
        self.latched = threading.Event()
        self.now_ns = 0
        self.disk: Callable[[], object] = lambda: None
        self.watch = StallWatch(
            close_gate=lambda: self.events.append("gate"),
            write_halt=self.write_halt,
            end=lambda: self.events.append("end"),
            tell=self.told.append,
            clock_ns=lambda: self.now_ns,
            stall_ns=1000 * MS,
            exit_ns=3000 * MS,
        )
        self.look(0)

    def write_halt(self, reason: str) -> None:
        try:
            self.disk()
            self.events.append(f"latch: {reason}")
        finally:
            self.latched.set()

    def look(self, *after_ms: int) -> None:
        """One look of the thread after each of these times."""
        for passed in after_ms:
            self.now_ns += passed * MS
            self.watch.look()

    def wait_latched(self) -> None:
        assert self.latched.wait(30)


def test_a_loop_that_beats_between_looks_is_left_alone() -> None:
    one = Watched()
    for _ in range(100):
        one.look(*[100] * 9)
        one.watch.beat()
        one.look(100)
    assert (one.events, one.told, one.watch.stalls) == ([], [], 0)


def test_the_first_deadline_closes_the_gate_and_latches_once() -> None:
    one = Watched()
    one.look(*[100] * 9)
    assert one.events == []
    one.look(*[100] * 10)
    one.wait_latched()
    assert one.events == ["gate", "latch: the loop stalled for 1.0 s"]
    assert one.watch.stalls == 1
    assert one.told[0].startswith("the loop stalled for 1.0 s: the gate is closed; it stands at ")
    assert "test_watchdog.py" in one.told[0]


def test_the_second_deadline_ends_the_process_even_if_the_disk_does_not_answer() -> None:
    """The disk may be what the loop waits for: the latch is written beside the count, not within it."""
    one, answer = Watched(), threading.Event()
    one.disk = answer.wait
    one.look(*[100] * 29)
    assert one.events == ["gate"]
    one.look(*[100] * 10)
    assert one.events == ["gate", "end"]
    assert one.told[-1] == ("the loop stalled for 3.0 s: the process is ended now; the halt holds over the restart")
    answer.set()
    one.wait_latched()


def test_a_beat_between_the_deadlines_begins_the_count_anew() -> None:
    one = Watched()
    one.look(*[100] * 15)
    one.watch.beat()
    one.look(100)
    assert one.watch.silent_ns == 0
    one.look(*[100] * 9)
    assert one.watch.stalls == 1
    one.look(100)
    assert one.watch.stalls == 2
    assert one.events.count("gate") == 2
    assert "end" not in one.events


def test_a_process_that_was_stopped_as_a_whole_is_not_ended_when_it_goes_on() -> None:
    """SIGSTOP, a suspended machine: the thread slept as well, so it knows nothing against the loop."""
    one = Watched()
    one.look(3_600_000)
    assert one.events == []
    one.watch.beat()
    one.look(3_600_000, 100)
    assert one.watch.silent_ns == 100 * MS


def test_a_halt_that_is_not_on_the_disk_is_told() -> None:
    one = Watched()

    def fail() -> None:
        raise HaltError("the disk is full")

    one.disk = fail
    one.look(*[100] * 10)
    one.wait_latched()
    one.look(*[100] * 20)
    assert one.events == ["gate", "end"]
    assert "the loop stalled for 1.0 s: the halt is not on the disk: the disk is full" in one.told


class Fate:
    """A watch whose thread the test ends, and the trips that the service made."""

    def __init__(self) -> None:
        self.trips: list[str] = []
        self.beats = 0
        self.watches: list[StallWatch] = []
        self.service = Watchdog(self.make_watch, self.trips.append, run_blocking=run_inline)
        self.service.beat = self.beat

    def make_watch(self) -> StallWatch:
        def ignore(*_: str) -> None:
            return

        self.watches.append(
            StallWatch(
                close_gate=ignore, write_halt=ignore, end=ignore, tell=ignore,
                clock_ns=lambda: 0, stall_ns=10**9, exit_ns=10**10,
            )
        )  # fmt: skip
        return self.watches[-1]

    def beat(self) -> None:
        self.beats += 1


def watchdog_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "watchdog"]


async def test_the_service_beats_ten_times_a_second_and_takes_its_thread_with_it(autojump_clock: MockClock) -> None:
    fate = Fate()
    async with trio.open_nursery() as nursery:
        await nursery.start(fate.service.run)
        assert len(watchdog_threads()) == 1
        await trio.sleep(9.5 * BEAT_S)
        nursery.cancel_scope.cancel("test over")
    assert (fate.beats, fate.watches[0]._beats) == (10, 10)
    assert watchdog_threads() == []
    assert fate.trips == []


async def test_a_loop_that_comes_back_trips_the_halt_once_for_each_stall(autojump_clock: MockClock) -> None:
    fate = Fate()
    async with trio.open_nursery() as nursery:
        await nursery.start(fate.service.run)
        await wait_all_tasks_blocked()
        (watch,) = fate.watches
        watch.silent_ns, watch.stalls = 2_340_000_000, 1
        await trio.sleep(1)
        assert fate.trips == ["the loop stalled for 2.3 s"]
        watch.stalls += 1
        await trio.sleep(1)
        assert len(fate.trips) == 2
        nursery.cancel_scope.cancel("test over")


async def test_a_thread_that_has_ended_fails_the_service(autojump_clock: MockClock) -> None:
    """The supervisor starts it anew, with a fresh thread."""
    fate = Fate()
    with pytest.RaisesGroup(pytest.RaisesExc(LifecycleError, match="found that it has ended")):
        async with trio.open_nursery() as nursery:
            await nursery.start(fate.service.run)
            fate.watches[0].stop()
            for thread in watchdog_threads():
                thread.join()


# --- in a process of its own ---------------------------------------------------------------------------------------

STALLING = """
import sys, time
from pathlib import Path
import trio
from alphapulse.config import load_config
from alphapulse.daemon import open_daemon

async def main():
    async with open_daemon(load_config(Path(sys.argv[1]))) as daemon, trio.open_nursery() as nursery:
        await nursery.start(daemon.run)
        await trio.sleep(0.3)
        print(daemon.halts.level("any").name)
        for_ever = sys.argv[2] == "for ever"
        while for_ever or daemon.halts.level("any").name == "ACTIVE":
            time.sleep(0.01)
        print(daemon.halts.level("any").name)
        while daemon.halts.report is None:
            await trio.sleep(0.01)
        print((await daemon.halts.wait_report(1)).cancelled)
        daemon.request_stop("the test is over")

trio.run(main)
"""


def run_stalling(folder: Path, until: str, *, stall_s: int, exit_s: int) -> subprocess.CompletedProcess[str]:
    """A daemon of which one task holds the loop until it is halted, or for ever; these are its deadlines."""
    config = Day(speed=60, loop_stall_s=stall_s, loop_exit_s=exit_s).write(folder)
    return subprocess.run(
        [sys.executable, "-c", STALLING, str(config), until],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def halt_on_disk(folder: Path) -> HaltChange:
    latch = read_latch(folder / "data" / "paper.halt")
    change = latch.of(GLOBAL) if latch is not None else None
    assert change is not None
    assert (change.level, change.halt_id, change.actor) == (Level.HALTED, 1, "watchdog")
    assert re.fullmatch(r"the loop stalled for \d+\.\d s", change.reason)
    return change


@pytest.mark.real_io
@pytest.mark.slow
def test_a_real_stall_halts_and_the_loop_makes_it_whole_when_it_is_back(tmp_path: Path) -> None:
    """The gate is closed before any task runs on; then come scopes, orders, report and journal."""
    done = run_stalling(tmp_path, "halted", stall_s=3, exit_s=600)  # no busy machine stands still for three seconds
    assert (done.returncode, done.stdout.split()) == (0, ["ACTIVE", "HALTED", "0"]), done.stderr
    assert "alphapulse watchdog: the loop stalled for 3." in done.stderr
    assert re.search(r"the gate is closed; it stands at <string>:\d+ main < ", done.stderr)
    told = [one for one in records(tmp_path / "data" / "paper.journal", HaltChange) if one.level is Level.HALTED]
    assert told == [halt_on_disk(tmp_path)]


@pytest.mark.real_io
@pytest.mark.slow
def test_a_stall_without_end_ends_the_process_and_the_next_start_is_halted(tmp_path: Path) -> None:
    done = run_stalling(tmp_path, "for ever", stall_s=1, exit_s=2)
    assert (done.returncode, done.stdout.split()) == (EXIT_STALLED, []), done.stderr
    assert "the process is ended now; the halt holds over the restart" in done.stderr
    change = halt_on_disk(tmp_path)
    start = run_stalling(tmp_path, "halted", stall_s=600, exit_s=1200)
    assert (start.returncode, start.stdout.split()[0]) == (0, "HALTED"), start.stderr
    assert change in records(tmp_path / "data" / "paper.journal", HaltChange)


@pytest.mark.real_io
def test_a_full_pipe_on_standard_error_holds_nobody_up() -> None:
    """Its reader may be the very cause of the stall."""
    program = "from alphapulse.safety.watchdog import tell_standard_error; tell_standard_error('x' * 9000)"
    told = []
    for waiting in (0, 4096):
        read_end, write_end = os.pipe()
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
        os.write(write_end, bytes(waiting))
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": ":".join(sys.path)},
            stderr=write_end,
            timeout=300,
            check=False,
        )
        os.close(write_end)
        told.append(os.read(read_end, 8192)[waiting:])
        os.close(read_end)
        assert done.returncode == 0
    assert told == [b"alphapulse watchdog: " + b"x" * (2048 - 21) + b"\n", b""]
