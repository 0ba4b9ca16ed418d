"""A disk that is full from one moment on, a real one: halted, nothing lost that was told, said, and a next start."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from alphapulse.data.execution import OrderRequest
from alphapulse.data.halts import GLOBAL
from alphapulse.journal.audit import head_at
from alphapulse.journal.journal_file import verify
from alphapulse.safety.latch import read_latch
from tests.daemon.books import records
from tests.daemon.live_daemon import LiveDaemon, wait_for
from tests.prove.outcome import Outcome
from tests.prove.trading_daemon import (
    full_speed,
    grows,
    is_stopped,
    readers,
    resume,
    socket_answers,
    unsettled,
)

DISK_MIB = 320
"""More than the room below which the daemon's own health halts it: the disk must fill up between two of its looks."""
MOST_LEFT = 64 << 10
COOL_DOWN_S = 10.5
RESUMED_EVERY = 4
"""A halt that no person asked for must cool down; so not each one is resumed."""


def may_mount() -> bool:
    """Whether this user can have a small disk of its own."""
    return subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0


def tried(count: int, folder: Path) -> Outcome:
    """So many times full, at moments of its own, with a little room left or none."""
    if not may_mount():
        return Outcome(0, notes=("left out: a small disk cannot be mounted here, which takes root",))
    chance = random.Random(4)
    broken: list[str] = []
    unlatched = 0
    for number in range(count):
        home = folder / str(number)
        home.mkdir()
        with _small_disk(home / "data"):
            found, latched = _filled(home, chance, resumed=number % RESUMED_EVERY == 0)
            broken += [f"disk {number}: {text}" for text in found]
            unlatched += not latched
    return Outcome(count, tuple(broken), notes=(f"{count - unlatched} halts were latched on the full disk",))


def _filled(home: Path, chance: random.Random, *, resumed: bool) -> tuple[list[str], bool]:
    broken: list[str] = []
    readers(home / "data", 1)
    config = full_speed(20).write(home)
    ballast = home / "data" / "ballast"
    with LiveDaemon(config) as daemon:
        daemon.wait_open()
        grows(daemon.paths.journal, 1_000)
        time.sleep(chance.uniform(0, 0.5))
        head = daemon.get("/audit/head")
        fills = {row["intent_id"]: row for row in daemon.get("/fills?limit=50")["fills"]}
        _fill(ballast, chance.randrange(MOST_LEFT))
        wait_for(lambda: daemon.process.poll() is not None or daemon.get("/status")["state"] != "active", "a halt")
        status = daemon.get("/status")
        if not is_stopped(status["state"]):
            broken.append(f"expected it halted, found {status['state']}")
        if "space" not in status["cause"] or "No space left" not in daemon.stderr:
            broken.append(f"it does not say why: {status['cause']}")
        size = daemon.paths.journal.stat().st_size
        time.sleep(0.2)
        if daemon.paths.journal.stat().st_size != size:
            broken.append("the journal grew while nothing could be written")
        with suppress(subprocess.TimeoutExpired):
            daemon.stop()
    latched = (latch := read_latch(daemon.paths.latch)) is not None and latch.of(GLOBAL) is not None
    intents = len(records(daemon.paths.journal, OrderRequest))
    if head_at(daemon.paths.journal, int(head["records"])) != bytes.fromhex(head["head_hash"]):
        broken.append("what the API had told of the journal's head is not in it any more")
    ballast.unlink()
    with LiveDaemon(config) as daemon:
        level = socket_answers(daemon)[GLOBAL]
        if not is_stopped(level):
            broken.append(f"the next start came up {level.upper()}")
        daemon.wait_open()
        if (problem := verify(daemon.paths.journal).problem) is not None:
            broken.append(f"the journal is not sound: {problem}")
        again = {row["intent_id"]: row for row in daemon.get("/fills?limit=200")["fills"]}
        if lost := [name for name, row in fills.items() if again.get(name) != row]:
            broken.append(f"{len(lost)} of {len(fills)} fills that the API had told are gone")
        if left := unsettled(daemon.paths.journal):
            broken.append(f"{left} intents were left open by the start")
        if resumed and is_stopped(level):
            time.sleep(COOL_DOWN_S)
            resume(daemon)
            wait_for(lambda: len(records(daemon.paths.journal, OrderRequest)) > intents, "trading again")
        if (code := daemon.stop()) != 0:
            broken.append(f"the next life ended with {code}")
    return broken, latched


def _fill(ballast: Path, left: int) -> None:
    """Take all of the disk's room but so many bytes, at once. The daemon may take some of it meanwhile."""
    filled = 0
    with ballast.open("wb") as file:
        for step in (1 << 24, 1 << 20, 1 << 12):
            while _room(ballast) >= left + step:
                try:
                    os.posix_fallocate(file.fileno(), filled, step)
                except OSError:  # the daemon was faster
                    break
                filled += step


def _room(path: Path) -> int:
    space = os.statvfs(path)
    return space.f_bavail * space.f_frsize


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=700", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
