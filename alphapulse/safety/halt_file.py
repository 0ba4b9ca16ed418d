"""The halt file: while a file of that name lies in the data folder, nothing is traded, whatever else works."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import trio

from alphapulse.data.wire import SENTENCE
from alphapulse.journal.blocking import RunBlocking
from alphapulse.safety.clipped import clipped

NAME = "HALT"
LOOK_S = 0.1
ACTOR = "halt file"


def read_halt_file(path: Path) -> str | None:
    """Why the file halts trading, with its first line as the reason; None if there is nothing at `path`. Blocking.

    Whatever has that name counts: a folder, a dangling link, a file that cannot be read. So does a folder that cannot
    be looked into: what is not known refuses.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"expected to be able to look for {path}, found: {error.strerror}; see to it, then resume"
    said = _first_line(path) if stat.S_ISREG(found.st_mode) else ""
    return f"the file {path} is there{f' and says: {said}' if said else ''}; remove it, then resume"


def leave(path: Path, reason: str) -> None:
    """Make the file, for a daemon that is to come; one that is there already stays as it is. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(" ".join(reason.split()) + "\n")
        file.flush()
        os.fsync(file.fileno())


class HaltFileWatch:
    """A service that looks for the halt file ten times a second.

    Args:
        path: the file.
        trip: halts the global scope, with the reason; called once for each time that the file appears.
        run_blocking: for the look at the disk.
        found: what the start found.
    """

    def __init__(
        self, path: Path, trip: Callable[[str], object], *, run_blocking: RunBlocking, found: str | None
    ) -> None:
        self.found = found
        """Why the file halts trading, as of the last look; None if it is not there."""
        self._path = path
        self._trip = trip
        self._run_blocking = run_blocking

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled. A look that hangs holds up the next one, and nobody else."""
        limiter = trio.CapacityLimiter(1)
        task_status.started()
        while True:
            before, self.found = self.found, await self._run_blocking(read_halt_file, self._path, limiter=limiter)
            if self.found is not None and before is None:
                self._trip(self.found)
            await trio.sleep(LOOK_S)

    def precondition(self) -> tuple[str, bool, str]:
        """Of a resume: the file is gone."""
        return "halt file", self.found is None, self.found or "there is none"


def _first_line(path: Path) -> str:
    try:
        # A pipe or a link that has taken its place since must not make this wait or read elsewhere.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        text = os.read(descriptor, SENTENCE.limit).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    words = " ".join("".join(one if one.isprintable() else " " for one in text.split("\n")[0]).split())
    return clipped(words, 512)
