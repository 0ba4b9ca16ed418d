"""A real nats-server for a test: its own port and folder, and ended with the test."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
import trio

from alphapulse.transport.address import NatsAddress
from alphapulse.transport.nats_connection import NatsConnection
from alphapulse.transport.nats_login import connect_nats
from alphapulse.transport.tls import TlsFiles

START_LIMIT_S = 60.0
FETCHED = Path(sys.prefix) / "nats-server" / "usr" / "sbin"
"""Where `make nats-server` puts it."""
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:{FETCHED}"


def nats_server_binary() -> str:
    """Where nats-server is. Without it the test is skipped, save on CI, where it fails."""
    found = shutil.which("nats-server", path=PATH)
    if found is None:
        words = "nats-server was not found; run `make nats-server`, or install it (Debian: apt install nats-server)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    return found


class NatsServer:
    """One server, which can be stopped hard and started again on its port and its files."""

    def __init__(self, folder: Path, settings: str = "", *, jetstream: bool = True) -> None:
        self._binary = nats_server_binary()
        self._folder = folder
        self._settings = settings
        self._jetstream = jetstream
        self._port = -1  # the server takes a free one
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> NatsAddress:
        return NatsAddress("127.0.0.1", self._port)

    async def start(self) -> None:
        ports = self._folder / "ports"
        shutil.rmtree(ports, ignore_errors=True)
        ports.mkdir(parents=True)
        lines = [f"listen: 127.0.0.1:{self._port}", f"ports_file_dir: {ports}", self._settings]
        if self._jetstream:
            lines.append(f"jetstream {{ store_dir: {self._folder / 'store'} }}")
        configuration = self._folder / "nats.conf"
        configuration.write_text("\n".join(lines))
        self._spawn(configuration)
        with trio.fail_after(START_LIMIT_S):
            while not (found := list(ports.glob("*.ports"))) or not found[0].read_text().strip():
                assert self.is_running(), (self._folder / "nats.log").read_text()
                await trio.sleep(0.01)  # noqa: ASYNC110 - another process tells by a file
        self._port = int(found[0].read_text().split('"nats"')[1].split(":")[3].split('"')[0])

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _spawn(self, configuration: Path) -> None:
        with (self._folder / "nats.log").open("ab") as log:
            self._process = subprocess.Popen([self._binary, "-c", str(configuration)], stdout=log, stderr=log)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)


@contextlib.asynccontextmanager
async def nats_server(folder: Path, settings: str = "", *, jetstream: bool = True) -> AsyncIterator[NatsServer]:
    server = NatsServer(folder, settings, jetstream=jetstream)
    try:
        await server.start()
        yield server
    finally:
        server.kill()


@contextlib.asynccontextmanager
async def connected(
    address: NatsAddress, *, tls: TlsFiles | None = None, peer_name: str | None = None, token: str | None = None
) -> AsyncIterator[NatsConnection]:
    """A connection that runs as long as the context lasts."""
    connection = await connect_nats(address, name="test", random=Random(), tls=tls, peer_name=peer_name, token=token)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.run)
        yield connection
        nursery.cancel_scope.cancel()
