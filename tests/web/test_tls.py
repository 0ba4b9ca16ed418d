"""TLS of the control plane's own, and what a bind beyond loopback needs."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trio
import trustme

from alphapulse.config_sections.process import WebSection
from alphapulse.connections.http import control_client
from alphapulse.errors import ConfigError
from alphapulse_web.app import create_app
from alphapulse_web.bind import check_bind, tls_context
from alphapulse_web.serve import ControlPlane
from tests.web.fake_backend import FakeBackend
from tests.web.hostile import GET
from tests.web.web_client import TOKEN, Clock, web_settings

BEYOND = ("0.0.0.0", "::", "192.0.2.1", "desk.example", "", "127.0.0.1.example", "0")  # noqa: S104 - never bound


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for a name that is not asked for here, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    issued = trustme.CA().issue_cert("desk.example")
    certificate, key = folder / "web.pem", folder / "web.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.touch(mode=0o600)
    key.write_bytes(issued.private_key_pem.bytes())
    return certificate, key


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.9.1"])
def test_loopback_needs_nothing(host: str) -> None:
    check_bind(WebSection(host=host))


@pytest.mark.parametrize("host", BEYOND)
def test_beyond_loopback_the_flag_and_tls_are_wanted(host: str) -> None:
    with pytest.raises(ConfigError, match=r"web\.host: expected a loopback address"):
        check_bind(WebSection(host=host))
    with pytest.raises(ConfigError, match=r"web\.host: expected a loopback address"):
        check_bind(WebSection(host=host, tls_certificate="c", tls_key="k"))
    with pytest.raises(ConfigError, match=r"web\.tls_certificate: expected TLS"):
        check_bind(WebSection(host=host, allow_other_hosts=True))
    check_bind(WebSection(host=host, allow_other_hosts=True, tls_certificate="c", tls_key="k"))


def test_a_certificate_wants_its_key() -> None:
    with pytest.raises(ConfigError, match=r"web\.tls_key: expected"):
        check_bind(WebSection(tls_certificate="c"))
    with pytest.raises(ConfigError, match=r"web\.tls_certificate: expected"):
        check_bind(WebSection(tls_key="k"))


def test_a_key_that_others_can_read_or_that_does_not_fit_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    certificate, key = files
    tls_context(certificate, key)
    open_key = tmp_path / "key"
    open_key.write_bytes(key.read_bytes())
    open_key.chmod(0o644)
    with pytest.raises(ConfigError, match="expected mode 0600"):
        tls_context(certificate, open_key)
    other = tmp_path / "other"
    other.touch(mode=0o600)
    other.write_bytes(trustme.CA().issue_cert("x").private_key_pem.bytes())
    for wrong in (other, tmp_path / "missing"):
        with pytest.raises(ConfigError):
            tls_context(certificate, wrong)
    with pytest.raises(ConfigError):
        tls_context(tmp_path / "missing", key)
    with pytest.raises(ConfigError):
        tls_context(key, key)


@pytest.mark.real_io
async def test_over_tls_the_command_line_believes_the_certificate_that_it_knows(files: tuple[Path, Path]) -> None:
    plane = ControlPlane(create_app(FakeBackend(), web_settings(Clock(), secure=True)), port=0, tls=tls_context(*files))
    async with trio.open_nursery() as nursery:
        url = await nursery.start(plane.run)
        assert url.startswith("https://127.0.0.1:")

        def ask() -> tuple[int, str]:
            with control_client(url, TOKEN, files[0]) as client:
                code = client.post("/api/v1/session/code").json()["code"]
                reply = client.post("/api/v1/session", json={"code": code}, headers={"Origin": url})
                return client.get("/api/v1/status").status_code, reply.headers["Set-Cookie"]

        status, cookie = await trio.to_thread.run_sync(ask)
        assert status == 200
        assert cookie.startswith("__Host-alphapulse=")
        assert "Secure" in cookie
        with pytest.raises(httpx.ConnectError):
            await trio.to_thread.run_sync(lambda: httpx.get(url + "/livez", timeout=60, trust_env=False))
        nursery.cancel_scope.cancel()


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        yield client


@pytest.mark.real_io
async def test_who_speaks_no_tls_is_closed_and_harms_nobody(files: tuple[Path, Path]) -> None:
    plane = ControlPlane(create_app(FakeBackend(), web_settings(Clock(), secure=True)), port=0, tls=tls_context(*files))
    async with trio.open_nursery() as nursery:
        url = await nursery.start(plane.run)
        port = int(url.rpartition(":")[2])

        def shout(words: bytes) -> bytes:
            with connected(port) as client:
                client.sendall(words)
                try:
                    return client.recv(65_536)
                except ConnectionResetError:
                    return b""

        for words in (GET, b"\x16\x03\x01\xff\xff" + b"\x00" * 100, b"\x00" * 1_000, bytes(range(256))):
            assert b"HTTP" not in await trio.to_thread.run_sync(shout, words)

        def vanish() -> None:
            with connected(port) as client:
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                wrapped = context.wrap_socket(client, server_hostname="desk.example")
                wrapped.sendall(GET)
                wrapped.close()

        await trio.to_thread.run_sync(vanish)
        with trio.fail_after(60):
            await plane.ward.emptied()

        def is_well() -> int:
            with control_client(url, TOKEN, files[0]) as client:
                return client.get("/livez").status_code

        assert await trio.to_thread.run_sync(is_well) == 200
        assert plane.ward.contained == 0
        nursery.cancel_scope.cancel()
