"""What watches the loop from outside: a plain thread that needs neither Trio nor the loop to act."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType

NS_PER_S = 1_000_000_000
TICK_S = 0.1
LONGEST_TICK_NS = 200_000_000
"""What one look counts at most. A process that was stopped as a whole is no loop that stalls: it just goes on."""
SHOWN_FRAMES = 12


class StallWatch:
    """Counts how long no beat has come, and acts at two deadlines: `beat` belongs to the loop, the rest to the thread.

    At the first the gate is closed and the halt is written to the disk, at the second the process is ended. A beat
    between them begins the count anew. The halt is written by a further thread, since the disk may be what the loop
    waits for, and the second deadline must not wait with it.

    Args:
        close_gate: lets nothing through from now on; callable from any thread.
        write_halt: puts the halt on the disk, with the reason; callable from any thread.
        end: ends the process at once.
        tell: writes a line for the operator. It must not wait, whoever reads it.
        clock_ns: monotonic clock, ns, that any thread can read.
        stall_ns: first deadline.
        exit_ns: second deadline, counted from the same beat.
    """

    def __init__(
        self,
        *,
        close_gate: Callable[[], None],
        write_halt: Callable[[str], None],
        end: Callable[[], None],
        tell: Callable[[str], None],
        clock_ns: Callable[[], int],
        stall_ns: int,
        exit_ns: int,
    ) -> None:
        self.stalls = 0
        """How often the first deadline has passed; the gate is closed before this counts on."""
        self.silent_ns = 0
        """How long the loop has been silent, as far as the thread saw it."""
        self._close_gate = close_gate
        self._write_halt = write_halt
        self._end = end
        self._tell = tell
        self._clock_ns = clock_ns
        self._stall_ns = stall_ns
        self._exit_ns = exit_ns
        self._beats = 0
        self._seen = -1
        self._looked_ns = clock_ns()
        self._passed: set[int] = set()
        self._watched = threading.get_ident()
        self._stopped = threading.Event()

    def beat(self) -> None:
        """The loop turns. Call it in the thread that is watched."""
        self._beats += 1

    def run(self) -> None:
        """Look every 0.1 s, until `stop`. This is what the thread does."""
        while not self._stopped.wait(TICK_S):
            self.look()

    def stop(self) -> None:
        """Have `run` return at once."""
        self._stopped.set()

    def look(self) -> None:
        """Count the time since the last look, and act if a deadline has passed, once for each silence."""
        now_ns = self._clock_ns()
        passed_ns, self._looked_ns = now_ns - self._looked_ns, now_ns
        if self._beats != self._seen:
            self._seen, self.silent_ns = self._beats, 0
            self._passed.clear()
            return
        self.silent_ns += min(passed_ns, LONGEST_TICK_NS)
        if self._is_due(self._stall_ns):
            self._halt()
        if self._is_due(self._exit_ns):
            self._tell(f"{self.reason()}: the process is ended now; the halt holds over the restart")
            self._end()

    def reason(self) -> str:
        """The silence in words."""
        tenths = self.silent_ns * 10 // NS_PER_S
        return f"the loop stalled for {tenths // 10}.{tenths % 10} s"

    def _is_due(self, deadline_ns: int) -> bool:
        if self.silent_ns < deadline_ns or deadline_ns in self._passed:
            return False
        self._passed.add(deadline_ns)
        return True

    def _halt(self) -> None:
        self._close_gate()
        self.stalls += 1
        reason = self.reason()
        threading.Thread(target=self._keep_halt, args=(reason,), name="watchdog: latch", daemon=True).start()
        self._tell(f"{reason}: the gate is closed; it stands at {self._whereabouts()}")

    def _keep_halt(self, reason: str) -> None:
        try:
            self._write_halt(reason)
        except Exception as error:  # noqa: BLE001 - a thread has nobody above it; the gate is closed all the same
            self._tell(f"{reason}: the halt is not on the disk: {error}")

    def _whereabouts(self) -> str:
        """The innermost calls of the watched thread. No source is read: the disk may be what it waits for."""
        frame: FrameType | None = sys._current_frames().get(self._watched)
        calls: list[str] = []
        while frame is not None and len(calls) < SHOWN_FRAMES:
            calls.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_qualname}")
            frame = frame.f_back
        return " < ".join(calls) or "a place that is not known"
