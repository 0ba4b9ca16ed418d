"""`alphapulsed` as a process of its own: its start, its API, its halt, its memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, perf_counter_ns, sleep
from typing import Any

import attrs
import httpx

from alphapulse.cli.control_file import read_control_file
from alphapulse.connections.http import control_client
from alphapulse.data.roles import Role
from alphapulse_web.key_file import KeyFile
from benchmarks.day import Day
from benchmarks.figures import ROUNDS, Budget, Figure, quantile

CONFIG = Path(__file__).parents[1] / "config.toml"
PROGRAM = (sys.executable, "-c", "from alphapulse.cli.daemon import main; main()")
POLL_S = 0.005
START_LIMIT_S = 30
STOP_LIMIT_S = 10
MEMORY_AT_S = (10, 30)
MEMORY_PROCESSES = 3
STATUS_CALLS = 100
MS = 1e6

START_BUDGET = Budget(1.5)
MEMORY_BUDGET = Budget(130)
API_BUDGET = Budget(50)
GATE_BUDGET = Budget(1)
SCOPES_BUDGET = Budget(100)


@attrs.frozen
class Running:
    """A started daemon, and how long it took until it was ready."""

    process: subprocess.Popen[bytes]
    folder: Path
    url: str
    ready_s: float

    def client(self) -> httpx.Client:
        """A client that bears the daemon's token."""
        return control_client(self.url, (self.folder / "data" / "token").read_text("ascii").strip())

    def readers(self) -> list[dict[str, str]]:
        """Headers of ten viewers: each may ask ten times in a second."""
        file = KeyFile(self.folder / "data")
        readers = [{"Authorization": f"Bearer {file.add(f'reader-{n}', Role.VIEWER, 1).reveal()}"} for n in range(10)]
        sleep(2)  # the daemon looks for new keys each second
        return readers

    def resident_mb(self) -> float:
        """VmRSS in MB (10^6 bytes)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        (kib,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        return kib * 1024 / 1e6


def measure(_day: Day) -> list[Figure]:
    """The shipped configuration on any free port, with a fresh data folder each time."""
    starts = []
    for _ in range(ROUNDS):
        with alphapulsed() as daemon:
            starts.append(daemon.ready_s)
    with alphapulsed() as daemon, daemon.client() as client:
        calls, gates, scopes, kills = _api(client, daemon.readers())
    return [
        Figure("alphapulsed: start -> ready", "s", tuple(starts), START_BUDGET),
        Figure("GET /api/v1/status, round trip, p99", "ms", calls, API_BUDGET),
        Figure("POST /api/v1/control/kill, round trip", "ms", kills, API_BUDGET),
        Figure("kill: gate closed", "ms", gates, GATE_BUDGET),
        Figure("kill: strategies and engine gone", "ms", scopes, SCOPES_BUDGET),
        *_memory(),
    ]


def _api(client: httpx.Client, readers: list[dict[str, str]]) -> tuple[tuple[float, ...], ...]:
    calls, gates, scopes, kills = [], [], [], []
    for _ in range(ROUNDS):
        taken = []
        for reader in islice(cycle(readers), STATUS_CALLS):
            began = perf_counter_ns()
            client.get("/api/v1/status", headers=reader).raise_for_status()
            taken.append(perf_counter_ns() - began)
        calls.append(quantile(taken, 0.99) / MS)
        began = perf_counter_ns()
        report = _post(client, "kill", scope="global", reason="benchmark")
        kills.append((perf_counter_ns() - began) / MS)
        steps = {step["name"]: float(step["ms"]) for step in report["steps"]}
        gates.append(steps["gate closed"])
        scopes.append(steps["strategies and engine gone"])
        challenge = _post(client, "challenge", scope="global")
        typed = {name: challenge[name] for name in ("nonce", "phrase")}
        _post(client, "resume", scope="global", reason="benchmark", **typed)
        sleep(1)  # the engine is at work again before it is stopped anew, and the readers may ask again
    return tuple(calls), tuple(gates), tuple(scopes), tuple(kills)


def _post(client: httpx.Client, action: str, **body: str) -> Any:
    key = {"Idempotency-Key": os.urandom(16).hex()}
    reply = client.post(f"/api/v1/control/{action}", json=body, headers=key)
    return reply.raise_for_status().json()


def _memory() -> list[Figure]:
    """Several daemons side by side, as their memory does not depend on each other."""
    with ExitStack() as running:
        daemons = [running.enter_context(alphapulsed()) for _ in range(MEMORY_PROCESSES)]
        began = perf_counter()
        figures = []
        for at_s in MEMORY_AT_S:
            sleep(began + at_s - perf_counter())
            values = tuple(daemon.resident_mb() for daemon in daemons)
            figures.append(Figure(f"alphapulsed: resident memory after {at_s} s", "MB", values, MEMORY_BUDGET))
    return figures


@contextmanager
def alphapulsed() -> Iterator[Running]:
    """A ready daemon with the shipped configuration, on any free port and in a folder of its own; stopped when left."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        text = CONFIG.read_text("utf-8").replace("port = 8321", "port = 0")
        (folder / "config.toml").write_text(text, "utf-8")
        began = perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*PROGRAM, "--config", str(folder / "config.toml")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            url = _wait_ready(process, folder / "data")
            yield Running(process, folder, url, perf_counter() - began)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_ready(process: subprocess.Popen[bytes], data: Path) -> str:
    """The address, once `/readyz` says yes."""
    limit = perf_counter() + START_LIMIT_S
    while perf_counter() < limit and process.poll() is None:
        sleep(POLL_S)
        control = read_control_file(data)
        if control is not None and control.url is not None:
            try:
                if httpx.get(f"{control.url}/readyz", trust_env=False).is_success:
                    return control.url
            except httpx.TransportError:
                continue
    raise RuntimeError(f"alphapulsed was not ready within {START_LIMIT_S} s; start it by hand to see why")
