"""Nodes behind TLS: who is not who he must be is refused, in our own words, over HTTP and over WebSockets."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
import trio
import trustme

from alphapulse.connections.endpoint import HTTP, WEBSOCKET, read_endpoint
from alphapulse.connections.feed import FeedLimits
from alphapulse.connections.node import Node
from alphapulse.connections.node_terms import NodeTerms
from alphapulse.connections.node_transport import SocketTransport, open_transport
from alphapulse.errors import NodeRefused, NodeTimeout
from alphapulse.rules.nodes.rpc_call import RpcCall
from tests.connections import bad_nodes, bad_servers
from tests.fakes.inline_blocking import run_inline

HANG_S = 60
LIMIT_S = 0.5
PAST = datetime(2020, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.real_io


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@asynccontextmanager
async def serving(handler: Any, certificate: trustme.LeafCert) -> AsyncIterator[int]:
    """A TLS server, by its port. Clients that break off disturb nobody."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)

    async def serve(stream: Any) -> None:
        try:
            await handler(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_ssl_over_tcp, serve, 0, context)
        yield listeners[0].transport_listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel("the test is over")


@asynccontextmanager
async def transport(authority: trustme.CA, limit_s: float = HANG_S) -> AsyncIterator[SocketTransport]:
    believed = authority.cert_pem.bytes().decode()
    limits = FeedLimits(open_s=limit_s, close_s=0.1)
    async with open_transport(run_inline, time.time_ns, authority=believed, limits=limits) as opened:
        yield opened


async def ask(opened: SocketTransport, host: str, port: int, limit_s: float = HANG_S) -> Any:
    terms = NodeTerms(label="one", http=read_endpoint(f"https://{host}:{port}/key-0123456789", "http", HTTP))
    node = Node(terms, opened, monotonic_ns=time.monotonic_ns, random=Random(1))
    (answer,) = await node.ask([RpcCall("eth_chainId")], limit_s=limit_s)
    return answer


async def listen(opened: SocketTransport, host: str, port: int, _: float = HANG_S) -> bytes:
    endpoint = read_endpoint(f"wss://{host}:{port}/key-0123456789", "ws", WEBSOCKET)
    async with opened.open_feed(endpoint, node="one") as feed:
        return (await feed.receive())[0].text


async def test_a_node_with_a_certificate_that_is_believed(authority: trustme.CA) -> None:
    certificate = authority.issue_cert("localhost")
    with trio.fail_after(HANG_S):
        async with transport(authority) as opened:
            async with serving(bad_nodes.good, certificate) as port:
                assert await ask(opened, "localhost", port) == "eth_chainId"
            async with serving(bad_servers.good, certificate) as port:
                assert await listen(opened, "localhost", port) == b"hello"


@pytest.mark.parametrize("name", ["a stranger's", "another host's", "an old one"])
async def test_a_certificate_that_is_not_believed(authority: trustme.CA, name: str) -> None:
    """The error says what is wrong with it, and no host; over both ways, and the next connection works."""
    certificate, words = {
        "a stranger's": (trustme.CA().issue_cert("localhost"), "its certificate is signed by"),
        "another host's": (authority.issue_cert("elsewhere.example"), "its certificate is another host's"),
        "an old one": (authority.issue_cert("localhost", not_after=PAST), "its certificate has expired"),
    }[name]
    with trio.fail_after(HANG_S):
        async with transport(authority) as opened:
            async with serving(bad_nodes.good, certificate) as port:
                for way in (ask, listen):
                    with pytest.raises(NodeRefused, match=f"^one: {words}") as refused:
                        await way(opened, "localhost", port)
                    assert "localhost" not in str(refused.value)
                    assert "elsewhere" not in str(refused.value)
            async with serving(bad_nodes.good, authority.issue_cert("localhost")) as port:
                assert await ask(opened, "localhost", port) == "eth_chainId"


async def test_a_server_that_speaks_no_tls(authority: trustme.CA) -> None:
    """Plain HTTP where TLS is expected is refused; silence in the handshake ends with the deadline."""

    async def plain(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await bad_servers.until_gone(stream)

    with trio.fail_after(HANG_S):
        for way in (ask, listen):
            async with transport(authority) as opened, bad_servers.serving(plain) as server:
                with pytest.raises(NodeRefused, match="no TLS could be agreed on"):
                    await way(opened, "localhost", server.port)
            async with transport(authority, LIMIT_S) as opened, bad_servers.serving(bad_servers.silent) as server:
                with pytest.raises(NodeTimeout):
                    await way(opened, "localhost", server.port, LIMIT_S)
                await server.emptied()
