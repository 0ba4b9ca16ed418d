"""A loop that stands still: the watchdog's thread closes the gate, writes the latch, and at last ends the process."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import attrs

from alphapulse.data.halts import GLOBAL, Level, Via
from alphapulse.errors import HaltError
from alphapulse.safety.latch import read_latch
from tests.daemon.live_daemon import LiveDaemon, wait_for
from tests.prove.dying_daemon import COMPUTES, HELD, SLEEPS, WAITS
from tests.prove.hard_kills import DYING
from tests.prove.outcome import Figure, Outcome
from tests.prove.trading_daemon import acts_while_closed, ended, full_speed, grows, is_stopped, socket_answers

STALL_S, EXIT_S = 1, 4
GATE_MS = 2_000
EXIT_MS = 15_000
EXIT_STALLED = 70
STALLED_S = 2.0
FOR_EVER_S = 60.0
KINDS = {"a call that blocks": SLEEPS, "a computation": COMPUTES, "a lock that nobody opens": WAITS}


def tried(count: int, folder: Path) -> Outcome:
    """So many stalls: of two seconds, without an end, and of the process as a whole, in turn."""
    broken: list[str] = []
    gates: list[float] = []
    exits: list[float] = []
    kinds = list(KINDS.items())
    for number in range(count):
        home = folder / str(number)
        home.mkdir()
        name, kind = kinds[number // 3 % len(kinds)]
        match number % 3:
            case 0:
                found = _stall(home, kind, gates)
            case 1:
                found = _never_back(home, kind, gates, exits)
            case _:
                name, found = "SIGSTOP", _stopped_as_a_whole(home)
        broken += [f"stall {number} ({name}): {text}" for text in found]
    return Outcome(
        count,
        tuple(broken),
        (
            Figure(f"latch written, loop_stall_s = {STALL_S}", tuple(gates), GATE_MS, share=1),
            Figure(f"process ended, loop_exit_s = {EXIT_S}", tuple(exits), EXIT_MS, share=1),
        )[: 2 if exits else 1],
    )


def _daemon(home: Path, held_s: float) -> LiveDaemon:
    (home / HELD).write_text(str(held_s))
    day = attrs.evolve(full_speed(20), loop_stall_s=STALL_S, loop_exit_s=EXIT_S)
    daemon = LiveDaemon(day.write(home), program=DYING)
    daemon.wait_open()
    grows(daemon.paths.journal, 1_000)
    return daemon


def _latched_by(daemon: LiveDaemon) -> Via | None:
    """By which path the latch is halted; None if it is not."""
    try:
        latch = read_latch(daemon.paths.latch)
    except HaltError:
        return None
    change = latch.of(GLOBAL) if latch is not None else None
    return change.via if change is not None and change.level is Level.HALTED else None


def _hold_up(daemon: LiveDaemon, kind: int, gates: list[float]) -> list[str]:
    began = time.monotonic()
    daemon.process.send_signal(signal.SIGRTMIN + kind)
    wait_for(lambda: _latched_by(daemon) is not None, "a latch")
    gates.append((time.monotonic() - began) * 1000)
    return [] if _latched_by(daemon) is Via.WATCHDOG else [f"it was halted by {_latched_by(daemon)}"]


def _stall(home: Path, kind: int, gates: list[float]) -> list[str]:
    """Two seconds, then the loop goes on, and finds itself halted."""
    with _daemon(home, STALLED_S) as daemon:
        broken = _hold_up(daemon, kind, gates)
        wait_for(lambda: bool((daemon.get("/status")["report"] or {}).get("complete")), "a complete report")
        status = daemon.get("/status")
        if not is_stopped(status["state"]) or "stalled" not in status["cause"]:
            broken.append(f"it is {status['state']}: {status['cause']}")
        if "the gate is closed; it stands at" not in daemon.stderr:
            broken.append("standard error was not told where the loop stands")
        if (code := daemon.stop()) != 0:
            broken.append(f"it ended with {code}")
    return broken + acts_while_closed(daemon.paths.journal)


def _never_back(home: Path, kind: int, gates: list[float], exits: list[float]) -> list[str]:
    """The process is ended, and the next one is halted."""
    with _daemon(home, FOR_EVER_S) as daemon:
        began = time.monotonic()
        broken = _hold_up(daemon, kind, gates)
        try:
            code, _ = ended(daemon)
        except subprocess.TimeoutExpired:
            return [*broken, "it did not end"]
        exits.append((time.monotonic() - began) * 1000)
        if code != EXIT_STALLED:
            broken.append(f"it ended with {code}")
    with LiveDaemon(home / "config.toml") as daemon:
        level = socket_answers(daemon)[GLOBAL]
        if not is_stopped(level):
            broken.append(f"the next start came up {level.upper()}")
    return broken


def _stopped_as_a_whole(home: Path) -> list[str]:
    """A process that was stopped longer than both deadlines has not stalled: the watchdog lets it go on.

    Its loop did come round late, for which the breaker of its own health may halt it.
    """
    with _daemon(home, 0) as daemon:
        daemon.send(signal.SIGSTOP)
        time.sleep(EXIT_S + 1)
        daemon.send(signal.SIGCONT)
        status = daemon.get("/status")
        broken = []
        if _latched_by(daemon) is Via.WATCHDOG or (is_stopped(status["state"]) and "late" not in status["cause"]):
            broken.append(f"it is {status['state']}: {status['cause']}")
        if (code := daemon.stop()) != 0:
            broken.append(f"it ended with {code}")
    return broken
