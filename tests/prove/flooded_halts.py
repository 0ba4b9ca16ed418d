"""Halts over the local socket while the HTTP side is flooded by strangers, by readers, and by wrong keys."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx

from alphapulse.cli.local_socket import ask_socket
from tests.daemon.live_daemon import LiveDaemon, wait_for
from tests.prove.outcome import Figure, Outcome
from tests.prove.siege import NICENESS
from tests.prove.trading_daemon import CoreWait, acts_while_closed, full_speed, grows, readers, resume, steps_ms

HALT_MS = 50
FLOODERS = 4
ENDLESS = 1_000_000


def tried(count: int, folder: Path) -> Outcome:
    """So many halts over the socket, and every tenth over the API with a right key, all under the flood."""
    broken: list[str] = []
    over_socket: list[float] = []
    over_api: list[float] = []
    gates: list[float] = []
    (token,) = readers(folder / "data", 1)
    with LiveDaemon(full_speed(max(2, count // 2)).write(folder)) as daemon:
        daemon.wait_open()
        port = daemon.url.rpartition(":")[2]
        attacker = subprocess.Popen(
            ["nice", "-n", str(NICENESS), sys.executable, "-m", "tests.prove.attacker", port, "9", str(ENDLESS)]
        )
        over = threading.Event()
        answers: dict[int, int] = {}
        flooders = [
            threading.Thread(target=_flood, args=(daemon.url, token if n % 2 else "wrong", over, answers))
            for n in range(FLOODERS)
        ]
        for flooder in flooders:
            flooder.start()
        try:
            wait_for(lambda: httpx.codes.TOO_MANY_REQUESTS in dict(answers), "refusals for too many requests")
            waited = CoreWait(daemon.process.pid)
            for number in range(count):
                grows(daemon.paths.journal, 500)
                began = time.perf_counter()
                if number % 10 == 9:
                    report = daemon.ask("POST", "/control/kill", {"reason": "a drill"}).raise_for_status().json()
                    over_api.append((time.perf_counter() - began) * 1000)
                else:
                    report = ask_socket(daemon.paths.folder, "kill", reason="a drill")
                    over_socket.append((time.perf_counter() - began) * 1000)
                gates.append(steps_ms(report)["gate closed"])
                wait_for(lambda: ask_socket(daemon.paths.folder, "halt")["complete"], "a complete report")
                resume(daemon)
            core = str(waited)
        finally:
            over.set()
            attacker.kill()
            attacker.wait()
            for flooder in flooders:
                flooder.join()
        if (code := daemon.stop()) != 0:
            broken.append(f"it ended with {code}")
    broken += acts_while_closed(daemon.paths.journal)
    return Outcome(
        count,
        tuple(broken),
        (
            Figure("halt over the socket, with its report", tuple(over_socket), HALT_MS),
            Figure("gate closed", tuple(gates), 1),
            Figure("halt over the API, with a new connection", tuple(over_api)),
        )[: 3 if over_api else 2],
        (f"meanwhile answered over HTTP: {', '.join(f'{n:,} x {code}' for code, n in sorted(answers.items()))}", core),
    )


def _flood(url: str, token: str, over: threading.Event, answers: dict[int, int]) -> None:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        while not over.is_set():
            with suppress(httpx.HTTPError):
                code = client.get("/api/v1/status").status_code
                answers[code] = answers.get(code, 0) + 1
