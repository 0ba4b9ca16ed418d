"""The watchdog: a thread outside the loop that halts trading when the loop stands still."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable

import trio

from alphapulse.errors import LifecycleError
from alphapulse.journal.blocking import RunBlocking
from alphapulse.safety.stall_watch import StallWatch

BEAT_S = 0.1
JOIN_TIMEOUT_S = 1.0
STANDARD_ERROR = 2
MOST_TOLD_BYTES = 2048
"""Less than what a pipe must take at once if it takes anything."""


class Watchdog:
    """A service that beats from the loop, and owns the thread that listens.

    Error handling: raises LifecycleError if the thread has ended; then nobody watches any more. A loop that holds the
    interpreter's own lock without end stops the thread too: against that only a service manager's watchdog helps.

    Args:
        make_watch: a fresh watch for the thread.
        trip: halts the global scope on the loop, with the reason.
        run_blocking: waits for the thread's end.
    """

    def __init__(
        self, make_watch: Callable[[], StallWatch], trip: Callable[[str], object], *, run_blocking: RunBlocking
    ) -> None:
        self.beat: Callable[[], None] = lambda: None
        """Replaced by the supervisor: the heartbeat in the tree is the watchdog's own."""
        self._make_watch = make_watch
        self._trip = trip
        self._run_blocking = run_blocking

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled; the thread has then ended. Raises LifecycleError if it ended before."""
        watch = self._make_watch()
        # A daemon thread: a process that is to end must not wait for it.
        thread = threading.Thread(target=watch.run, name="watchdog", daemon=True)
        thread.start()
        try:
            task_status.started()
            await self._beat_on(watch, thread)
        finally:
            watch.stop()
            with trio.move_on_after(2 * JOIN_TIMEOUT_S, shield=True):  # it ends within moments
                await self._run_blocking(thread.join, JOIN_TIMEOUT_S)

    async def _beat_on(self, watch: StallWatch, thread: threading.Thread) -> None:
        answered = 0
        while thread.is_alive():
            if watch.stalls != answered:
                answered = watch.stalls
                self._trip(watch.reason())
            watch.beat()
            self.beat()
            await trio.sleep(BEAT_S)
        raise LifecycleError("expected the watchdog's thread to run, found that it has ended; see its traceback above")


def tell_standard_error(text: str) -> None:
    """Write a line to standard error, cut to 2 KiB; left out rather than waited for if nobody reads there."""
    line = f"alphapulse watchdog: {text}".encode(errors="replace")[:MOST_TOLD_BYTES] + b"\n"
    try:
        if select.select([], [STANDARD_ERROR], [], 0)[1]:
            os.write(STANDARD_ERROR, line)
    except OSError:
        return  # closed: there is nowhere left to say so
