"""Where the running daemon can be reached: a small file in its data folder, for the command line."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

NAME = "control.json"


class ControlFile(msgspec.Struct, frozen=True):
    """The daemon's process id and start (clock ticks since boot), and its control plane's address, None without one."""

    pid: int
    started: int | None
    url: str | None

    def is_running(self) -> bool:
        """Whether that very process still runs; False too where the system does not tell when a process started."""
        return self.started is not None and self.started == process_start(self.pid)


def write_control_file(folder: Path, url: str | None) -> None:
    """Say where this process can be reached; replaced as a whole, mode 0600."""
    path = folder / NAME
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(ControlFile(os.getpid(), process_start(os.getpid()), url)))
    fresh.replace(path)


def read_control_file(folder: Path) -> ControlFile | None:
    """What the last daemon said, None if none did; whether it still runs is another question."""
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=ControlFile)
    except (OSError, msgspec.DecodeError):
        return None


def remove_control_file(folder: Path) -> None:
    """The daemon has ended."""
    (folder / NAME).unlink(missing_ok=True)


def process_start(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None if there is none or it has ended.

    It is the 22nd field of `/proc/PID/stat`, of which only the second can hold blanks. One that has ended and that
    nobody has waited for yet is still listed there, as a zombie.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])
