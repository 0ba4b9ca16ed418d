"""What the operating system tells of this process and its disk."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from alphapulse.rules.breakers.own_health import DiskSpace

STATM = Path("/proc/self/statm")
RESIDENT = 1
"""Which of its numbers is the resident memory, in pages."""


@attrs.frozen
class LinuxMachine:
    """Asked in a thread: a disk that hangs answers late."""

    def disk(self, folder: Path) -> DiskSpace:
        """Room on the folder's file system."""
        found = os.statvfs(folder)
        return DiskSpace(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)

    def memory(self) -> int:
        """Resident memory in bytes."""
        return int(STATM.read_text("ascii").split()[RESIDENT]) * os.sysconf("SC_PAGE_SIZE")
