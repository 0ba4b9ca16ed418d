"""Mutated requests and abrupt closes while the firehose streams: how late trading came through it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import attrs

from alphapulse.data.runs import RunEnded
from alphapulse.journal.capture_file import CaptureScan
from alphapulse.rules.events.rpc_log import decode_frame
from tests.daemon.books import records
from tests.daemon.day_config import Day
from tests.daemon.live_daemon import LiveDaemon
from tests.prove.outcome import Figure, Outcome
from tests.prove.pages import Leaving, Listener, listening
from tests.prove.trading_daemon import CoreWait, long_recording, readers
from tests.web.web_client import TOKEN

GAP_MS = 50
LINES_PER_S = 100
REQUESTS_PER_CLOSE = 20
SPEED = 7_200
"""A block of twelve seconds passes in 1.7 ms: that is how finely a gap is seen."""
HALF_DAY_S = 43_200 / SPEED
QUIET_S = 3.0
"""How long it is watched before the attack."""
ATTACKERS = 2
PAGES = 4
CLOSERS = 4
NICENESS = 10
"""Who attacks sits on another machine; here it must not take the daemon's core from it."""


@attrs.frozen
class Siege(Day):
    """Paced, and with a capture: that says when each block was received."""

    def toml(self) -> str:
        return Day.toml(self) + '\n[capture]\nenabled = true\nfile = "received.apcap"\n'


def tried(count: int, folder: Path) -> Outcome:
    """So many mutated requests, and a twentieth of that in abrupt closes, against one trading daemon."""
    copies = 2 + round(count / 100 / HALF_DAY_S)  # a hundred requests a second at the least
    day = Siege(logs=long_recording(copies), speed=SPEED, web=True)
    (folder / "data").mkdir(mode=0o700)
    (folder / "data" / "token").touch(mode=0o600)
    (folder / "data" / "token").write_text(TOKEN)
    tokens = readers(folder / "data", 12)
    closes = max(1, count // REQUESTS_PER_CLOSE)
    broken: list[str] = []
    with LiveDaemon(day.write(folder)) as daemon:
        daemon.wait_open()
        with listening(daemon.url, tokens[:2], PAGES) as read:
            quiet_ns = time.time_ns()
            time.sleep(QUIET_S)
            _part(daemon.process.pid)
            waited, began_ns = CoreWait(daemon.process.pid), time.time_ns()
            attackers = [_attack(daemon, number, count // ATTACKERS) for number in range(ATTACKERS)]
            closed = _closes(daemon, tokens[2:], closes, broken)
            broken += [f"an attacker ended with {one.returncode}" for one in attackers if one.wait() != 0]
            took_s = (time.time_ns() - began_ns) / 1e9
            core = str(waited)
            ended_ns = time.time_ns()
            status = daemon.get("/status")
        if status["state"] != "active":
            broken.append(f"expected it to trade on, found {status['state']}: {status['cause']}")
        if min(read) == 0:
            broken.append("a page on the firehose was sent nothing")
        lines = daemon.stderr.count("\n")
        if lines > LINES_PER_S * (took_s + QUIET_S):
            broken.append(f"expected at most {LINES_PER_S} lines of log a second, found {lines} in {took_s:.0f} s")
        if "Traceback" in daemon.stderr:
            broken.append(f"the log has a traceback: {daemon.stderr[daemon.stderr.index('Traceback') :][:300]}")
        if (code := daemon.stop()) != 0:
            broken.append(f"it ended with {code}")
    if len(records(daemon.paths.journal, RunEnded)) != 1:
        broken.append("expected one run from beginning to end")
    lateness = lateness_ms(folder / "received.apcap")
    before = tuple(ms for at_ns, ms in lateness if quiet_ns <= at_ns < began_ns)
    during = tuple(ms for at_ns, ms in lateness if began_ns <= at_ns <= ended_ns)
    return Outcome(
        count,
        tuple(broken),
        (Figure("trading gap", during, GAP_MS, share=1), Figure("before the attack", before, share=1)),
        (
            f"{closed:,} abrupt closes, {sum(read):,} messages to {PAGES} pages, {lines} lines of log, {took_s:.0f} s",
            f"a gap is how late a block came by the recording's clock; {len(during):,} blocks",
            core,
        ),
    )


def lateness_ms(capture: Path) -> list[tuple[int, float]]:
    """(ns received, ms late) of each block: against the recording's own clock, and the block that came soonest by it.

    The gap in trading that a block ended is as long as it came late, as it was due while nothing was decided.
    """
    rows: list[tuple[int, int]] = []
    with capture.open("rb") as file:
        for one in CaptureScan(file):
            stamp = decode_frame(one.data).block_timestamp
            assert stamp is not None
            due_ns = int(stamp, 16) * 1_000_000_000 // SPEED
            if not rows or rows[-1][0] != one.received_ns:
                rows.append((one.received_ns, one.received_ns - due_ns))
    soonest = min(behind for _, behind in rows)
    return [(at_ns, (behind - soonest) / 1e6) for at_ns, behind in rows]


def _part(pid: int) -> None:
    """The daemon's loop keeps one core for itself; all who attack, this process too, have the others."""
    first, *others = sorted(os.sched_getaffinity(0))
    if others:
        os.sched_setaffinity(pid, {first})
        os.sched_setaffinity(0, others)


def _attack(daemon: LiveDaemon, seed: int, count: int) -> subprocess.Popen[bytes]:
    port = daemon.url.rpartition(":")[2]
    command = (sys.executable, "-m", "tests.prove.attacker", port, str(seed), str(count))
    return subprocess.Popen(["nice", "-n", str(NICENESS), *command])


def _closes(daemon: LiveDaemon, tokens: list[str], count: int, broken: list[str]) -> int:
    """Pages come, listen for a while, and go without a word; returns how many have."""
    left = [0] * CLOSERS

    def close_on(lane: int) -> None:
        chance = random.Random(lane)
        own = tokens[lane::CLOSERS]
        for number in range(lane, count, CLOSERS):
            try:
                page = Listener(daemon.url, own[number // CLOSERS % len(own)])
            except (OSError, AssertionError) as error:
                broken.append(f"page {number} was not let in: {error!r}"[:300])
                return
            with suppress(OSError):  # it may be closed by the daemon first
                for _ in range(chance.randrange(6)):
                    page.next()
                page.leave(chance.choice(list(Leaving)))
            page.close()
            left[lane] += 1

    lanes = [threading.Thread(target=close_on, args=(lane,)) for lane in range(CLOSERS)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    return sum(left)
