"""TCP with mutual TLS: who is let in, what is said to those who are not, and what strangers cannot do."""

from __future__ import annotations

import contextlib
import datetime
import os
import random
import socket
import ssl
from pathlib import Path

import pytest
import trio
import trustme

from alphapulse.errors import (
    AddressInUse,
    ConnectFailed,
    LinkClosed,
    PeerRefused,
    TlsFileError,
    TransportError,
)
from alphapulse.transport import acceptor, endpoints
from alphapulse.transport.address import Address, TcpAddress
from alphapulse.transport.admission import Admission
from alphapulse.transport.byte_link import ByteLink
from alphapulse.transport.endpoints import connect, listen
from alphapulse.transport.tls import TlsFiles, certificate_names
from tests.transport.conftest import Certify
from tests.transport.mediums import LISTENER, PEER, Medium, medium, receive_exactly, receive_to_end

pytestmark = pytest.mark.real_io

LIMIT_S = 60.0
YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)


@pytest.fixture
def tcp(tmp_path: Path, certify: Certify) -> Medium:
    return medium("tcp", tmp_path, certify)


async def echo(link: ByteLink) -> None:
    while data := await link.receive_some(65_536):
        await link.send_all(data)


def place(address: Address) -> tuple[str, int]:
    assert isinstance(address, TcpAddress)
    return address.host, address.port


async def refusal(tcp: Medium, files: TlsFiles, *, peer_name: str = LISTENER) -> str:
    """What `connect` says to somebody with these files."""
    with trio.fail_after(LIMIT_S):
        async with tcp.serving(echo) as address:
            with pytest.raises(PeerRefused) as refused:
                await connect(address, tls=files, peer_name=peer_name)
    return str(refused.value)


async def test_both_ends_know_each_others_name(tcp: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        async with tcp.pair() as (ours, theirs):
            assert ours.peer.name == LISTENER
            assert theirs.peer.name == PEER


async def test_the_name_on_the_list_counts_if_a_certificate_has_several(tcp: Medium, certify: Certify) -> None:
    names: list[str] = []

    async def tell(link: ByteLink) -> None:  # noqa: ASYNC124 - a handler is async
        names.append(link.peer.name)

    with trio.fail_after(LIMIT_S):
        async with tcp.serving(tell) as address:
            link = await connect(address, tls=certify("other.test", PEER), peer_name=LISTENER)
            assert await link.receive_some(1) == b""
            await link.aclose()
    assert names == [PEER]


async def test_a_name_that_is_not_on_the_list_is_told_so(tcp: Medium, certify: Certify) -> None:
    words = await refusal(tcp, certify("portfolio.test"))
    assert "refused the connection: the certificate's name 'portfolio.test' may not connect" in words


async def test_an_empty_list_lets_nobody_in(tcp: Medium, certify: Certify) -> None:
    listener = listen(TcpAddress("127.0.0.1", 0), tls=certify(LISTENER))
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            address = await nursery.start(lambda *, task_status: listener.serve(echo, task_status=task_status))
            with pytest.raises(PeerRefused, match="may not connect"):
                await tcp.connect(address)
            nursery.cancel_scope.cancel()


async def test_a_certificate_of_another_authority_is_refused_by_either_side(tcp: Medium, certify: Certify) -> None:
    stranger = trustme.CA()
    assert "our certificate comes from another authority" in await refusal(tcp, certify(PEER, "a", ca=stranger))
    files = certify(PEER, "b")
    stranger.cert_pem.write_to_path(files.authority)
    assert "its certificate comes from another authority" in await refusal(tcp, files)


async def test_an_expired_certificate_is_refused_by_either_side(tcp: Medium, certify: Certify) -> None:
    words = await refusal(tcp, certify(PEER, "old", expired=YESTERDAY))
    assert "our certificate has expired; issue a new one" in words
    old = Medium("tcp", tcp.address, certify(LISTENER, "old", expired=YESTERDAY), tcp.peer_files)
    assert "its certificate has expired; issue a new one" in await refusal(old, certify(PEER))


async def test_a_listener_with_another_name_is_refused(tcp: Medium, certify: Certify) -> None:
    words = await refusal(tcp, certify(PEER), peer_name="execution.test")
    assert "its certificate carries another name; expected 'execution.test'" in words
    with trio.fail_after(LIMIT_S):
        async with tcp.serving(echo) as address:
            with pytest.raises(PeerRefused, match=r"expected '127\.0\.0\.1'"):
                await connect(address, tls=tcp.peer_files)


@pytest.mark.parametrize("name", [".dot", "a" * 300])
async def test_what_can_be_no_name_is_refused(tcp: Medium, certify: Certify, name: str) -> None:
    assert "can be no certificate's name" in await refusal(tcp, certify(PEER), peer_name=name)


async def test_a_client_without_a_certificate_or_with_older_tls_never_reaches_the_handler(
    tcp: Medium, certify: Certify
) -> None:
    served: list[ByteLink] = []

    async def serve(link: ByteLink) -> None:  # noqa: ASYNC124 - a handler is async
        served.append(link)

    files = certify(PEER)
    bare = ssl.create_default_context(cafile=str(files.authority))
    older = ssl.create_default_context(cafile=str(files.authority))
    older.load_cert_chain(files.certificate, files.key)
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    with trio.fail_after(LIMIT_S):
        async with tcp.serving(serve) as address:
            for context in (bare, older):
                assert await trio.to_thread.run_sync(_alert_of, context, place(address))
    assert not served


def _alert_of(context: ssl.SSLContext, where: tuple[str, int]) -> bool:
    """Whether the server answers this client with an alert."""
    with socket.create_connection(where) as raw:
        try:
            with context.wrap_socket(raw, server_hostname=LISTENER) as secured:
                secured.recv(1)
        except ssl.SSLError as problem:
            return "ALERT" in (problem.reason or "")
    return False


async def test_plain_text_and_garbage_end_only_their_own_connection(tcp: Medium) -> None:
    chance = random.Random(5)
    hello = bytes.fromhex("160301020001fc0303")
    hostile = [b"", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, hello, hello + chance.randbytes(507)]
    hostile += [chance.randbytes(chance.randrange(1, 3000)) for _ in range(40)]
    with trio.fail_after(LIMIT_S):
        async with tcp.serving(echo) as address:
            link = await tcp.connect(address)
            for data in hostile:
                stream = await trio.open_tcp_stream(*place(address))
                async with stream:
                    try:
                        await stream.send_all(data)
                        await stream.send_eof()
                        while await stream.receive_some():
                            pass
                    except trio.BrokenResourceError:
                        pass
                await link.send_all(b"alive")
                assert await receive_exactly(link, 5) == b"alive"
            await link.aclose()


async def test_silent_peers_are_closed_in_time_and_hold_up_nobody(tcp: Medium, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most as many handshakes as connections are waited for, each for a while; links that are up stay up."""
    with trio.fail_after(LIMIT_S):
        async with tcp.serving(echo, connections=3) as address:
            link = await tcp.connect(address)
            monkeypatch.setattr(acceptor, "ADMIT_LIMIT_S", 0.2)
            silent = [await trio.open_tcp_stream(*place(address)) for _ in range(10)]
            await link.send_all(b"alive")
            assert await receive_exactly(link, 5) == b"alive"
            for stream in silent:
                with contextlib.suppress(trio.BrokenResourceError):
                    assert await stream.receive_some() == b""
                await stream.aclose()
            monkeypatch.setattr(acceptor, "ADMIT_LIMIT_S", LIMIT_S)
            again = await tcp.connect(address)
            await again.aclose()
            await link.aclose()


async def test_a_listener_that_says_nothing_is_given_up(tcp: Medium, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "CONNECT_LIMIT_S", 0.1)
    with (
        trio.fail_after(LIMIT_S),
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(ConnectFailed, match=r"did not let us in within 0\.1 s"),
    ):
        await tcp.connect(TcpAddress("127.0.0.1", silent.getsockname()[1]))


async def test_a_link_that_is_torn_off_is_no_orderly_end(tcp: Medium) -> None:
    """Without TLS's goodbye the bytes may have been cut short by anybody on the way."""
    with trio.fail_after(LIMIT_S):
        async with tcp.serving(echo) as address, trio.open_nursery() as nursery:
            told = trio.Event()
            port = await nursery.start(_relay_until_told, place(address), told)
            link = await tcp.connect(TcpAddress("127.0.0.1", port))
            told.set()
            await link.send_all(b"cut")
            with pytest.raises(LinkClosed, match="broke off"):
                await receive_to_end(link)
            await link.aclose()
            nursery.cancel_scope.cancel()


async def _relay_until_told(
    where: tuple[str, int], told: trio.Event, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
) -> None:
    """A proxy that passes everything on, and ends the client's side at the first answer after it was told."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    task_status.started(listeners[0].socket.getsockname()[1])
    async with listeners[0], await listeners[0].accept() as client, await trio.open_tcp_stream(*where) as server:

        async def forward() -> None:
            async for data in client:
                await server.send_all(data)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(forward)
            async for data in server:
                if told.is_set():
                    break
                await client.send_all(data)
            nursery.cancel_scope.cancel()


async def test_a_port_that_is_taken_and_an_address_that_is_not_ours(certify: Certify) -> None:
    files = certify(LISTENER)
    with trio.fail_after(LIMIT_S), socket.create_server(("127.0.0.1", 0)) as other:
        with pytest.raises(AddressInUse, match="another process listens at"):
            await listen(TcpAddress("127.0.0.1", other.getsockname()[1]), tls=files).serve(echo)
        with pytest.raises(TransportError, match="it is no address of this machine"):
            await listen(TcpAddress("192.0.2.1", 0), tls=files).serve(echo)
        with pytest.raises(TransportError, match="unknown host name"):
            await listen(TcpAddress("no-such-host.invalid", 0), tls=files).serve(echo)


async def test_tcp_without_tls_files_is_refused(tcp: Medium) -> None:
    with pytest.raises(TransportError, match="TCP has no plain mode"):
        listen(tcp.address)
    with pytest.raises(TransportError, match="TCP has no plain mode"):
        await connect(tcp.address)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o601])
def test_a_key_that_others_may_read_is_refused(certify: Certify, mode: int) -> None:
    files = certify(PEER)
    files.key.chmod(mode)
    with pytest.raises(TlsFileError, match=f"has mode {mode:04o}; expected one that only its owner may read"):
        files.client_context()


def test_files_that_cannot_be_used_are_named(certify: Certify, tmp_path: Path) -> None:
    files, other = certify(PEER), certify(LISTENER)
    missing = tmp_path / "missing.pem"
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    nonsense.chmod(0o600)
    cases = [
        (TlsFiles(missing, files.certificate, files.key), "authority .*missing.pem cannot be read: No such file"),
        (TlsFiles(files.authority, missing, files.key), "certificate or key .*missing.pem cannot be read"),
        (TlsFiles(files.authority, files.certificate, missing), "the key .*missing.pem cannot be read"),
        (TlsFiles(nonsense, files.certificate, files.key), "the authority .*nonsense.pem is no PEM file"),
        (TlsFiles(files.authority, nonsense, files.key), "nonsense.pem is no PEM file"),
        (TlsFiles(files.authority, files.certificate, other.key), "is not that of the certificate"),
    ]
    for wrong, words in cases:
        with pytest.raises(TlsFileError, match=words):
            wrong.server_context()


@pytest.mark.skipif(os.getuid() == 0, reason="root's own keys are an owner's like others")
def test_a_key_of_ours_may_have_the_narrowest_mode(certify: Certify) -> None:
    files = certify(PEER)
    files.key.chmod(0o400)
    files.client_context()


def test_the_common_name_counts_only_where_there_is_no_alternative_name() -> None:
    subject = ((("organizationName", "x"),), (("commonName", "common"),))
    assert certificate_names({"subject": subject}) == ("common",)
    assert certificate_names({"subject": subject, "subjectAltName": (("DNS", "a"), ("URI", "b"))}) == ("a",)
    assert certificate_names({}) == ()


def test_admission_knows_a_peer_by_the_name_that_is_allowed() -> None:
    admission = Admission(names=frozenset({"b"}))
    assert admission.name_of(("a", "b")) == "b"
    assert admission.name_of(("a", "c")) == "a"
    assert admission.name_of(()) == ""
