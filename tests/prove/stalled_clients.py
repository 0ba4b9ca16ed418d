"""Clients that never read, and a stop that does not wait for them."""

from __future__ import annotations

import signal
import socket
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import attrs

from tests.daemon.live_daemon import LiveDaemon
from tests.daemon.socket_page import SocketPage
from tests.prove.outcome import Figure, Outcome
from tests.prove.trading_daemon import ended, full_speed, readers

EXIT_MS = 5_000
CLIENTS = 200
PAGES = 15
"""The daemon opens twenty, and a hundred connections in all: who is beyond that waits or is cut off, and stalls too."""
RECEIVE_BUFFER = 2_048
REQUESTS = 20


def tried(count: int, folder: Path) -> Outcome:
    """So many stops, each with two hundred stalled clients."""
    broken: list[str] = []
    took: list[float] = []
    connected = 0
    for number in range(count):
        home = folder / str(number)
        home.mkdir()
        tokens = readers(home / "data", 10)
        with LiveDaemon(attrs.evolve(full_speed(20), at_end="hold").write(home)) as daemon, ExitStack() as clients:
            daemon.wait_open()
            for page in range(PAGES):
                clients.enter_context(SocketPage(daemon.url, tokens[page % len(tokens)], receive_buffer=RECEIVE_BUFFER))
            for client in range(CLIENTS - PAGES):
                connected += _stall(daemon, tokens[client % len(tokens)], clients)
            daemon.send(signal.SIGTERM)
            try:
                code, took_ms = ended(daemon)
            except subprocess.TimeoutExpired:
                broken.append(f"stop {number} did not end at all")
                continue
            took.append(took_ms)
            if code != 0:
                broken.append(f"stop {number} ended with {code}: {daemon.stderr[-300:]}")
    figure = Figure("SIGTERM to the end", tuple(took), EXIT_MS, share=1)
    return Outcome(
        count, tuple(broken), (figure,), (f"{connected + PAGES * count:,} clients had asked and never read",)
    )


def _stall(daemon: LiveDaemon, token: str, clients: ExitStack) -> bool:
    """One more client that asks for much and reads nothing; whether it could say all that it wanted."""
    client = clients.enter_context(socket.socket())
    client.settimeout(5)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    client.connect(("127.0.0.1", int(daemon.url.rpartition(":")[2])))
    head = f"GET /api/v1/pairs HTTP/1.1\r\nHost: {daemon.url[7:]}\r\nAuthorization: Bearer {token}\r\n\r\n"
    with suppress(OSError):
        client.sendall(head.encode() * REQUESTS)
        return True
    return False
