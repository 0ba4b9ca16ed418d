"""A disk that fails, is slow and loses power: in front of the journal, the latch and every blocking call."""

from __future__ import annotations

import enum
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import trio

from alphapulse.journal.journal import SystemCalls
from alphapulse.safety.latch import LatchRecord, write_latch
from tests.simulation.fault_mix import FaultMix
from tests.simulation.trace import Trace

T = TypeVar("T")

THREAD_S = 0.0003
"""How long a call in a thread takes on a healthy day."""
SLOW_S = 2.0


class Fault(enum.Enum):
    """What a chosen call of the disk meets."""

    ERROR = "error"
    POWER_CUT = "power cut"


class ModelDisk:
    """One life's view of the disk. After `lose_power` nothing reaches it any more, though every call seems to succeed.

    What a sync has covered lasts; of what was only written a power cut keeps any part, a process's end all.
    """

    def __init__(self, journal: Path, faults: FaultMix, trace: Trace) -> None:
        self.synced = journal.stat().st_size if journal.exists() else 0
        self.dead = False
        self.calls = 0
        self.broken = False
        """A sync or a write has failed: the product must never call it again."""
        self.called_after_failure = False
        self.latches_asked = 0
        self.latches_written = 0
        self.on_moment: Callable[[str], None] = lambda _: None
        """Told when something is about to be, or has just been, put on the disk."""
        self._journal = journal
        self._faults = faults
        self._trace = trace
        self.struck = False
        """The call of `at_call` has come."""
        self.on_power_cut: Callable[[], None] = lambda: None
        self._at_call: tuple[int, Fault] | None = None

    @property
    def system(self) -> SystemCalls:
        """The journal's system calls."""
        return SystemCalls(write=self._write, fdatasync=self._sync)

    def at_call(self, number: int, what: Fault) -> None:
        """Let this happen at the `number`-th write, sync or latch of this life."""
        self._at_call = (number, what)

    def write_latch(self, path: Path, record: LatchRecord) -> None:
        """The latch's write: whole or not at all."""
        self.latches_asked += 1
        if self._is_struck() or self._faults.strikes("latch_error"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        if not self.dead:
            write_latch(path, record)
            self.latches_written += 1
            self._trace.note(f"latch: {[(one.scope, one.level.name) for one in record.changes]}")

    async def run_blocking(
        self, call: Callable[..., T], /, *args: object, limiter: trio.CapacityLimiter | None = None
    ) -> T:
        """A thread that takes simulated time. As with a real one, a call that has begun is waited for."""
        await trio.lowlevel.checkpoint_if_cancelled()
        async with limiter or trio.CapacityLimiter(1):
            if self.dead and call.__name__ not in ("close", "dispose"):
                await trio.sleep_forever()  # the process is no more; only its handles are given back
            slow = call == self._sync and self._faults.strikes("slow_sync")
            if call == self._sync:
                self.on_moment("a sync begins")
            with trio.CancelScope(shield=True):
                await trio.sleep(SLOW_S if slow else THREAD_S)
            return call(*args)

    def lose_power(self) -> None:
        """Nothing reaches the disk from now on."""
        self.dead = True

    def cut_journal(self, *, power: bool) -> int:
        """The journal as the next life finds it; how many written bytes are lost. Only for a life that has ended."""
        if not power or not self._journal.exists():
            return 0
        size = self._journal.stat().st_size
        kept = self._faults.chance.randint(min(self.synced, size), size)
        os.truncate(self._journal, kept)
        return size - kept

    def _write(self, descriptor: int, data: bytes) -> int:
        self._note_call()
        if self._is_struck() or self._faults.strikes("write_error"):
            # A part of it may be there: a torn tail.
            torn = self._faults.chance.randrange(len(data))
            if not self.dead:
                os.write(descriptor, data[:torn])
            self.broken = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.dead:
            return len(data)
        self._trace.note_bytes("journal", data)
        written = os.write(descriptor, data)
        self.on_moment("records are written")
        return written

    def _sync(self, descriptor: int) -> None:
        self._note_call()
        if self._is_struck() or self._faults.strikes("sync_error"):
            self.broken = True
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if not self.dead:
            self.synced = os.fstat(descriptor).st_size
            self.on_moment("records are synced")

    def _note_call(self) -> None:
        if self.broken and not self.dead:
            self.called_after_failure = True

    def _is_struck(self) -> bool:
        """Whether this call is to fail. A power cut lets it seem to succeed."""
        self.calls += 1
        if self._at_call is None or self.calls != self._at_call[0]:
            return False
        self.struck = True
        if self._at_call[1] is Fault.POWER_CUT:
            self.lose_power()
            self.on_power_cut()
            return False
        return True
