"""The daemon's own health: how late its loop comes round, what its memory holds, what its disk has left."""

from __future__ import annotations

from typing import Final, NamedTuple

SECOND_NS: Final = 1_000_000_000
LAG_FOR_NS: Final = 3 * SECOND_NS
MEMORY_PERCENT: Final = 80
DISK_WARN_PERCENT: Final = 20
DISK_LOW_PERCENT: Final = 10
DISK_FULL_PERCENT: Final = 5
DISK_FULL_BYTES: Final = 256 << 20


class DiskSpace(NamedTuple):
    """A file system, in bytes; `free` is what the daemon's user may still take."""

    free: int
    total: int


class LoopLag:
    """The loop has been late for long if each of its rounds in 3 s came more than `limit_ns` late."""

    def __init__(self, limit_ns: int) -> None:
        self._limit_ns = limit_ns
        self._late_since_ns: int | None = None

    def take(self, now_ns: int, late_ns: int) -> str | None:
        """A round came `late_ns` late; the cause to trip, if it is one. `now_ns` is a monotonic clock."""
        if late_ns <= self._limit_ns:
            self._late_since_ns = None
            return None
        if self._late_since_ns is None:
            self._late_since_ns = now_ns - late_ns
        lasted_ns = now_ns - self._late_since_ns
        if lasted_ns < LAG_FOR_NS:
            return None
        return f"the loop has come round late for {lasted_ns // SECOND_NS} s, last by {late_ns // 1_000_000} ms"


def memory_cause(used: int, limit: int | None) -> str | None:
    """The cause to trip if `used` bytes are over 80% of `limit`; None without a limit."""
    if limit is None or used * 100 <= limit * MEMORY_PERCENT:
        return None
    return f"the process holds {used >> 20} MiB, over {MEMORY_PERCENT}% of {limit >> 20} MiB"


def disk_warning(space: DiskSpace) -> str | None:
    """What to tell while nothing is stopped yet."""
    return _words(space) if space.free * 100 < space.total * DISK_WARN_PERCENT else None


def disk_low(space: DiskSpace) -> str | None:
    """The cause to reduce."""
    return _words(space) if space.free * 100 < space.total * DISK_LOW_PERCENT else None


def disk_full(space: DiskSpace) -> str | None:
    """The cause to halt: the journal must still have room for what the halt itself writes."""
    full = space.free * 100 < space.total * DISK_FULL_PERCENT or space.free < DISK_FULL_BYTES
    return _words(space) if full else None


def _words(space: DiskSpace) -> str:
    percent = space.free * 100 // space.total if space.total else 0
    return f"{space.free >> 20} MiB of the data folder's disk are free, {percent}%"
