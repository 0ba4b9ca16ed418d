"""Where the running daemon can be reached: a small file in its data folder, for the command line."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

NAME = "control.json"


class ControlFile(msgspec.Struct, frozen=True):
    """The daemon's process id, and the address of its control plane, None if it has none."""

    pid: int
    url: str | None


def write_control_file(folder: Path, url: str | None) -> None:
    """Say where this process can be reached; replaced as a whole, mode 0600."""
    path = folder / NAME
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(ControlFile(os.getpid(), url)))
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
