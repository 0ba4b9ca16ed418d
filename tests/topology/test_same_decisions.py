"""The recorded half day gives the same decisions in every topology, equal byte for byte when encoded."""

from __future__ import annotations

import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

import pytest
import trustme

from tests.topology.example import Example
from tests.transport.nats_server import nats_server_binary

pytestmark = [pytest.mark.slow, pytest.mark.real_io]


@pytest.mark.parametrize("name", ["distributed", "sharded"])
def test_several_processes_decide_as_one_does_and_end_with_the_recording(name: str, tmp_path: Path) -> None:
    with Example(name, tmp_path) as example:
        example.command("up")
        example.wait_for("ended")
        digest = example.digest()
        assert digest.endswith(" 76 decisions\n")
        assert digest == example.digest_of_one_process()


def test_a_nats_server_can_carry_the_relays(tmp_path: Path) -> None:
    port = free_port()
    server = subprocess.Popen(
        [nats_server_binary(), "--jetstream", "-a", "127.0.0.1", "-p", str(port), "-sd", str(tmp_path / "store")],
        stderr=subprocess.DEVNULL,
    )
    try:
        with Example("nats", tmp_path) as example:
            example.replace("127.0.0.1:4222", f"127.0.0.1:{port}")
            example.command("up")
            example.wait_for("ended")
            assert example.digest() == example.digest_of_one_process()
    finally:
        server.kill()
        server.wait()


def test_tcp_with_certificates_for_each_process_can_join_them(tmp_path: Path) -> None:
    with Example("distributed", tmp_path) as example:
        authority = trustme.CA()
        tls = example.folder / "tls"
        tls.mkdir()
        authority.cert_pem.write_to_path(tls / "ca.pem")
        for service in example.services:
            certificate = authority.issue_cert(service)
            certificate.cert_chain_pems[0].write_to_path(tls / f"{service}.pem")
            certificate.private_key_pem.write_to_path(tls / f"{service}.key")
            (tls / f"{service}.key").chmod(0o600)
        for relay in ("market_data", "signals", "execution"):
            example.replace(f"unix:run/{relay}.sock", f"tcp:127.0.0.1:{free_port()}")
        example.command("up")
        example.wait_for("ended")
        assert example.digest() == example.digest_of_one_process()


def free_port() -> int:
    """Of those that the system gives to nobody who does not name one: no other test takes it meanwhile."""
    while True:
        port = SystemRandom().randrange(15_000, 30_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
