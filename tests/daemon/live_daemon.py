"""`alphapulsed` as a process of its own, and its control plane as a user's program meets it."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from alphapulse.cli.control_file import read_control_file
from alphapulse.composition.environment import DataPaths
from alphapulse.data.execution import Mode

PROGRAM = (sys.executable, "-c", "from alphapulse.cli.daemon import main; main()")
PATIENT = (
    sys.executable,
    "-c",
    """
from alphapulse.cli.daemon import main
from alphapulse.composition import control_desk
from alphapulse.safety import clearance
from alphapulse_web import daemon_backend
from alphapulse_web.views import halts_view
clearance.GONE_DEADLINE_S = control_desk.REPORT_WAIT_S = halts_view.REPORT_WAIT_S = daemon_backend.MOVE_WAIT_S = 60
main()
""",
)
"""Reports of halts are whole, and tasks are where they were sent, before it answers, however busy the machine is."""
PATIENCE_S = 90
"""More than anything may take, even on a busy machine."""


def wait_for(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds. Raises TimeoutError if it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"expected {what} within {PATIENCE_S} s")
        time.sleep(0.01)


class LiveDaemon:
    """A daemon's process. Its output goes to files beside the configuration."""

    def __init__(self, config: Path, *, program: tuple[str, ...] = PROGRAM) -> None:
        self.folder = config.parent
        self.paths = DataPaths.in_folder(self.folder / "data", Mode.PAPER)
        self._out, self._err = (self.folder / name for name in ("stdout.txt", "stderr.txt"))
        with self._out.open("ab") as out, self._err.open("ab") as err:
            self._said_before = out.tell()
            self._told_before = err.tell()
            self.process = subprocess.Popen(
                [*program, "--config", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={"PYTHONPATH": ":".join(sys.path), "PATH": os.environ["PATH"], "HOME": str(self.folder)},
            )
        self.url = ""

    @property
    def stdout(self) -> str:
        """What this process has said on standard output."""
        return self._out.read_bytes()[self._said_before :].decode()

    @property
    def stderr(self) -> str:
        """What it has logged."""
        return self._err.read_bytes()[self._told_before :].decode()

    @property
    def token(self) -> str:
        return (self.paths.folder / "token").read_text().strip()

    def wait_open(self) -> Self:
        """Return when its control plane answers and a run has begun."""
        wait_for(lambda: "/#code=" in self.stdout or self.process.poll() is not None, "a dashboard")
        running = read_control_file(self.paths.folder)
        assert running is not None, self.stderr
        assert running.url is not None, self.stderr
        self.url = running.url
        wait_for(lambda: self.get("/status")["run"]["number"] > 0, "a run")
        return self

    def ask(self, method: str, path: str, body: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """One request with the bearer token, over a connection of its own; it waits where it asks too often."""
        sent = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": secrets.token_hex(8), **headers}
        with httpx.Client(base_url=self.url, timeout=PATIENCE_S, trust_env=False) as client:
            while True:
                reply = client.request(method, f"/api/v1{path}", json=body, headers=sent)
                if reply.status_code != httpx.codes.TOO_MANY_REQUESTS:
                    return reply
                time.sleep(0.1)

    def get(self, path: str) -> Any:
        """A resource of the API."""
        return self.ask("GET", path).raise_for_status().json()

    def kill_trading(self, reason: str = "a drill") -> Any:
        """The report of a kill over the API."""
        return self.ask("POST", "/control/kill", {"reason": reason}).raise_for_status().json()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit code."""
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """What the kernel does to a process that has no time left."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.send(signal.SIGTERM)
        return self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()
