"""`alphapulsed` that can be told to be killed (SIGKILL) at its n-th step of the latch: SIGRTMIN + n, n from 1 on.

A step is the time before, and the time behind, each call that makes the latch durable. The same process can be told to
hold up its loop: SIGRTMIN + 20 sleeps, + 21 computes, + 22 waits for a lock, each for the seconds that the file
`held_s` beside the configuration says. The daemon itself knows nothing of it.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

STEPS = 8
"""Before and behind: a new file, its renaming, its sync, its folder's sync."""
SLEEPS, COMPUTES, WAITS = 20, 21, 22
HELD = "held_s"


class Countdown:
    """Steps left until the end; none while it is not set."""

    def __init__(self) -> None:
        self.left: int | None = None

    def step(self) -> None:
        """One step of the latch; the last one does not return."""
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call with a step before and one behind it."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.step()
            result = call(*args, **kwargs)
            self.step()
            return result

        return counted


def main() -> None:
    """Run the daemon."""
    countdown = Countdown()

    def arm(number: int, _frame: FrameType | None) -> None:
        countdown.left = number - signal.SIGRTMIN

    for step in range(1, STEPS + 1):
        signal.signal(signal.SIGRTMIN + step, arm)
    for kind in (SLEEPS, COMPUTES, WAITS):
        signal.signal(signal.SIGRTMIN + kind, _hold_up)
    for holder, name in ((os, "fsync"), (Path, "replace"), (tempfile, "mkstemp")):
        setattr(holder, name, countdown.around(getattr(holder, name)))
    from alphapulse.cli.daemon import main as run  # noqa: PLC0415 - what it imports sees the counted calls

    run()


def _hold_up(number: int, _frame: FrameType | None) -> None:
    """The handler runs in the loop's thread: nothing else turns there until it returns."""
    seconds = float(Path(sys.argv[-1]).with_name(HELD).read_text())
    match number - signal.SIGRTMIN:
        case int(kind) if kind == SLEEPS:
            time.sleep(seconds)
        case int(kind) if kind == COMPUTES:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                sum(range(1_000))
        case _:
            taken = threading.Lock()
            taken.acquire()
            taken.acquire(timeout=seconds)
