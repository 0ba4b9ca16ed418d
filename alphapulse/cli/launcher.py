"""Starts and stops the processes of a topology on this machine: each by itself, in a session of its own."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from alphapulse.cli.process_file import FOLDER, WHOLE, ProcessFile, log_path, read_process
from alphapulse.errors import LaunchError

READY_S = 30.0
"""How long a process may take until it says that it is ready."""
STOP_S = 15.0
"""How long it may take to stop; its own stages end within ten seconds."""
POLL_S = 0.02
KEPT_LOG_BYTES = 16_777_216
"""A log that is longer when its process starts is set aside as NAME.log.1, in place of the one before."""
MS_PER_S = 1_000
TAIL_BYTES = 65_536


@attrs.frozen
class Launcher:
    """The processes of one configuration. `services` holds their names in the order in which they start."""

    config_path: Path | None
    """None for the packaged default."""
    data_folder: Path
    services: tuple[str, ...]

    def running(self, service: str) -> ProcessFile | None:
        """The process that runs a service now, None if none does."""
        process = read_process(self.data_folder, service)
        return process if process is not None and process.is_running() else None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else starts or stops these processes meanwhile. Raises LaunchError if somebody does."""
        folder = self.data_folder / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "lock").open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LaunchError(
                    f"expected to be the only command that starts or stops the processes of {self.data_folder}, found "
                    "another one at it; wait until it is done"
                ) from None
            yield

    def start(self, service: str) -> ProcessFile:
        """Start a process and wait until it is ready, or has ended well.

        Raises:
            LaunchError: it failed, or was not ready in time.
        """
        log = log_path(self.data_folder, service)
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            if log.stat().st_size > KEPT_LOG_BYTES:
                log.replace(log.with_suffix(".log.1"))
        command = [sys.executable, "-m", "alphapulse.cli.daemon"]
        command += [] if self.config_path is None else ["--config", str(self.config_path)]
        command += [] if service == WHOLE else ["--service", service]
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own program, its arguments as a list
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.data_folder,
                start_new_session=True,
            )
        return self._wait_ready(service, process)

    def stop(self, service: str) -> str:
        """Stop a process in stages and return how it ended, in words. One that does not stop in time is killed.

        It is named by a descriptor, and its start is compared: nothing that has its number by now is ever signalled.
        """
        process = read_process(self.data_folder, service)
        if process is None or not process.is_running():
            return "not running"
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return "not running"
        try:
            if not process.is_running():
                return "not running"
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)
            if _ended(descriptor, STOP_S):
                return "stopped"
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            _ended(descriptor, STOP_S)
            return f"killed, as it did not stop within {STOP_S:.0f} s"
        finally:
            os.close(descriptor)

    def _wait_ready(self, service: str, process: subprocess.Popen[bytes]) -> ProcessFile:
        deadline = time.monotonic() + READY_S
        while True:
            code = process.poll()
            said = read_process(self.data_folder, service)
            if said is not None and said.pid != process.pid:
                said = None  # its predecessor's
            if said is not None and (said.state == "ready" or (said.state == "ended" and code == 0)):
                return said
            if code is not None:
                reason = f": {said.reason}" if said is not None and said.reason else ""
                raise LaunchError(f"{service} ended with exit code {code}{reason}")
            if time.monotonic() > deadline:
                _end(process)
                raise LaunchError(
                    f"expected {service} (process {process.pid}) to be ready within {READY_S:.0f} s; it was stopped, "
                    f"and its log is {log_path(self.data_folder, service)}"
                )
            time.sleep(POLL_S)


def last_lines(path: Path, count: int, end: int | None = None) -> list[str]:
    """The last lines of a log, or of its first `end` bytes: at most `count`, from 64 KiB at most; none without one."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END) if end is None else end
            start = max(0, size - TAIL_BYTES)
            file.seek(start)
            return file.read(size - start).decode("utf-8", "replace").splitlines()[-count:] if count else []
    except FileNotFoundError:
        return []


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop a process that did not start, before those that it stands on are stopped."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ended(descriptor: int, timeout_s: float) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(timeout_s * MS_PER_S))
