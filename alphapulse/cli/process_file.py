"""What a process of a topology says of itself, for the commands that start, watch and stop it: a small file."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from alphapulse.cli.control_file import process_start
from alphapulse.errors import LaunchError
from alphapulse.nursery.failure import describe_failure, sole_failure

logger = logging.getLogger(__name__)

FOLDER = "services"
LOGS = "logs"
WHOLE = "alphapulsed"
"""The name of the one process that runs everything."""

State = Literal["starting", "ready", "ended", "failed"]


class ProcessFile(msgspec.Struct, frozen=True):
    """A process: its id and start (clock ticks since boot), how far it is, since when, and why."""

    pid: int
    started: int | None
    state: State
    since_ns: int
    reason: str = ""

    def is_running(self) -> bool:
        """Whether that very process still runs; a number that another process has by now is not it."""
        return self.started is not None and self.started == process_start(self.pid)

    @property
    def shown_state(self) -> str:
        """`state`, or `died` for a process that did not come to say how it ended."""
        if self.is_running() or self.state in ("ended", "failed"):
            return self.state
        return "died"


def process_path(data_folder: Path, service: str) -> Path:
    """Where the process that runs `service` says how it is."""
    return data_folder / FOLDER / f"{service}.json"


def log_path(data_folder: Path, service: str) -> Path:
    """Where that process logs."""
    return data_folder / LOGS / f"{service}.log"


def read_process(data_folder: Path, service: str) -> ProcessFile | None:
    """What the last process of that name said; None if there was none, or if the file cannot be believed."""
    try:
        return msgspec.json.decode(process_path(data_folder, service).read_bytes(), type=ProcessFile)
    except (OSError, msgspec.DecodeError):
        return None


def write_process(data_folder: Path, service: str, state: State, *, reason: str = "") -> None:
    """Say how this process is; the file is replaced as a whole, mode 0600."""
    path = process_path(data_folder, service)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    pid = os.getpid()
    said = ProcessFile(pid, process_start(pid), state, time.time_ns(), reason)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(said))
    fresh.replace(path)


@contextmanager
def declared(data_folder: Path, service: str) -> Iterator[Callable[[], None]]:
    """This process says that it starts, by the function that is given that it is ready, and at last how it ended.

    Raises:
        LaunchError: another process runs that service.
    """
    with _alone(data_folder, service):
        write_process(data_folder, service, "starting")
        try:
            yield lambda: write_process(data_folder, service, "ready")
        except BaseException as error:
            _say_at_last(data_folder, service, "failed", describe_failure(sole_failure(error)))
            raise
        _say_at_last(data_folder, service, "ended")


@contextmanager
def _alone(data_folder: Path, service: str) -> Iterator[None]:
    """Hold what only one process of a name can hold; the kernel takes it back from one that was killed."""
    path = process_path(data_folder, service).with_suffix(".lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = read_process(data_folder, service)
            found = f"process {other.pid}" if other is not None and other.is_running() else "one that starts just now"
            raise LaunchError(
                f"expected to be the only {service} of {data_folder}, found {found}; stop it with "
                "`alphapulse down`, or give this one another data folder"
            ) from None
        yield


def _say_at_last(data_folder: Path, service: str, state: State, reason: str = "") -> None:
    """How the process ended, if the disk takes it: a full one must not stand before the reason of the end."""
    try:
        write_process(data_folder, service, state, reason=reason)
    except OSError:
        logger.warning("that %s has %s could not be written down in %s", service, state, data_folder, exc_info=True)
