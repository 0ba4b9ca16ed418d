"""Writes what collectors receive into a capture, beside the stream and never in its way."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import trio

from alphapulse.errors import CaptureError
from alphapulse.journal.blocking import RunBlocking
from alphapulse.journal.capture import SYSTEM, Capture
from alphapulse.journal.capture_file import CapturedInput
from alphapulse.journal.journal import SystemCalls

logger = logging.getLogger(__name__)

WRITE_INTERVAL_S = 0.1
WRITES_PER_SYNC = 10
"""A power cut takes a second at most of what was received."""

MAX_WAITING_BYTES = 16 << 20
"""What may wait for a slow disk. A capture that falls behind further than that ends: it is whole up to its end, or it
would be of no use."""

CLOSE_TIMEOUT_S = 0.8
"""Within the stage of the staged stop in which collectors end."""


class CaptureRecorder:
    """A service. Its failure is its own: it ends the capture, says so, and nobody else waits for it.

    `offer` belongs to Trio's thread.
    """

    def __init__(
        self,
        path: Path,
        *,
        now_ns: Callable[[], int],
        run_blocking: RunBlocking,
        system: SystemCalls = SYSTEM,
    ) -> None:
        self.path = path
        self.failure: CaptureError | None = None
        self._now_ns = now_ns
        self._run_blocking = run_blocking
        self._system = system
        self._limiter = trio.CapacityLimiter(1)
        self._waiting: deque[CapturedInput] = deque()
        self._waiting_bytes = 0

    def offer(self, source: str, received_ns: int, inputs: Sequence[bytes]) -> None:
        """Take inputs that `source` received at `received_ns` (ns since 1970 UTC). Never waits and never raises."""
        if self.failure is not None:
            return
        self._waiting_bytes += sum(map(len, inputs))
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.failure = CaptureError(
                f"the capture {self.path} could not keep up: over {MAX_WAITING_BYTES} bytes waited for the disk; it "
                "ends there: give it a faster disk"
            )
            return
        self._waiting.extend(CapturedInput(source, received_ns, data) for data in inputs)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled; what waits then is still written.

        Raises:
            CaptureError: the capture cannot be opened or written, or has fallen behind. Then it takes no more.
        """
        try:
            capture = await self._run_blocking(self._open, limiter=self._limiter)
            if capture.cut_bytes:
                logger.warning("cut %s bytes of a torn tail off the capture %s", capture.cut_bytes, self.path)
            task_status.started()
            try:
                await self._write_on(capture)
            finally:
                # The deadline ends the wait for a free thread; a call that has begun is waited for, as threads are.
                with trio.move_on_after(CLOSE_TIMEOUT_S, shield=True):
                    await self._run_blocking(_finish, capture, tuple(self._waiting), limiter=self._limiter)
        except CaptureError as error:
            self.failure = error
            self._waiting.clear()
            raise

    def _open(self) -> Capture:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise CaptureError(f"expected a folder for the capture {self.path}, found: {error.strerror}") from error
        return Capture.open(self.path, now_ns=self._now_ns, system=self._system)

    async def _write_on(self, capture: Capture) -> None:
        synced = capture.position
        while True:
            for _ in range(WRITES_PER_SYNC):
                await trio.sleep(WRITE_INTERVAL_S)
                await self._write_waiting(capture)
                if self.failure is not None:
                    raise self.failure
            if capture.position != synced:
                synced = capture.position
                await self._run_blocking(capture.sync, limiter=self._limiter)

    async def _write_waiting(self, capture: Capture) -> None:
        """Inputs leave the queue once they are written: a cancellation in between loses none."""
        batch = tuple(self._waiting)
        if batch:
            await self._run_blocking(capture.write, batch, limiter=self._limiter)
            for one in batch:
                self._waiting.popleft()
                self._waiting_bytes -= len(one.data)


def _finish(capture: Capture, rest: tuple[CapturedInput, ...]) -> None:
    """Write what is left, bring it to the disk, close."""
    try:
        if not capture.failed:
            capture.write(rest)
    finally:
        capture.close()
