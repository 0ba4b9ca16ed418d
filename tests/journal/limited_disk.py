"""A disk that is full, slow or sick when told to be."""

from __future__ import annotations

import errno
import os

from alphapulse.journal.journal import SystemCalls


class Disk:
    """Takes `room` bytes, `step` at a time at most, and syncs unless it is `sick`."""

    def __init__(self, *, room: int = 1 << 30, step: int = 1 << 30, sick: bool = False) -> None:
        self.room = room
        self.step = step
        self.sick = sick
        self.syncs = 0

    @property
    def calls(self) -> SystemCalls:
        return SystemCalls(write=self.write, fdatasync=self.sync)

    def write(self, descriptor: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(descriptor, data[: min(self.step, self.room)])
        self.room -= written
        return written

    def sync(self, descriptor: int) -> None:
        self.syncs += 1
        if self.sick:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fdatasync(descriptor)
