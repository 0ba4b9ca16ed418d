"""Letting a NATS server know who we are: the way to a connection."""

from __future__ import annotations

import socket
from random import Random

import trio

from alphapulse import __version__
from alphapulse.errors import ConnectFailed, LinkClosed, PeerRefused
from alphapulse.transport.address import NatsAddress
from alphapulse.transport.byte_link import PeerIdentity
from alphapulse.transport.nats_connection import READ_BYTES, NatsConnection, refusal
from alphapulse.transport.nats_protocol import PING, NatsParser, Pong, ServerFault, ServerInfo, connect_line
from alphapulse.transport.socket_stream import SocketStream
from alphapulse.transport.stream_link import StreamLink
from alphapulse.transport.tcp_connection import reach, secured
from alphapulse.transport.tls import TlsFiles

CONNECT_LIMIT_S = 5.0
WRITE_STALL_S = 2.0


async def connect_nats(
    address: NatsAddress,
    *,
    name: str,
    random: Random,
    tls: TlsFiles | None = None,
    peer_name: str | None = None,
    token: str | None = None,
) -> NatsConnection:
    """A connection to a server, ready for `run`. It tries once. `name` is what the server's monitoring shows.

    With `tls` both sides prove who they are, and the server's certificate must carry `peer_name` (by default the
    host); a server without TLS is then refused.

    Raises:
        ConnectFailed: nobody answers there, or not in time.
        PeerRefused: the server refuses us, or its certificate is not what it must be.
        BrokerError: it is no NATS server.
    """
    with trio.move_on_after(CONNECT_LIMIT_S):
        connection = await reach(address)
        link = StreamLink(SocketStream(connection, WRITE_STALL_S), PeerIdentity(str(address)))
        ready = False
        try:
            parser = NatsParser()
            info = await _info(link, parser, address)
            if tls is not None or info.tls_required:
                link = await _with_tls(connection, info, address, tls, peer_name)
            await link.send_all(connect_line(name=name, version=__version__, token=token) + PING)
            await _await_pong(link, parser, address)
            ready = True
        finally:
            if not ready:
                await link.aclose()
        return NatsConnection(link, parser, info, str(address), f"_INBOX.{random.getrandbits(96):024x}")
    raise ConnectFailed(f"{address} did not let us in within {CONNECT_LIMIT_S:g} s")


async def _with_tls(
    connection: socket.socket, info: ServerInfo, address: NatsAddress, tls: TlsFiles | None, peer_name: str | None
) -> StreamLink:
    if tls is None:
        raise PeerRefused(f"{address} wants TLS; name authority, certificate and key")
    if not info.tls_required:
        raise PeerRefused(f"{address} offers no TLS, but TLS files are given; set up TLS in the server's configuration")
    name = peer_name or address.host
    stream, _ = await secured(connection, tls.client_context(), name, str(address), WRITE_STALL_S)
    return StreamLink(stream, PeerIdentity(name))


async def _info(link: StreamLink, parser: NatsParser, address: NatsAddress) -> ServerInfo:
    """What the server says first."""
    while True:
        for event in parser.feed(await _received(link, address)):
            if isinstance(event, ServerInfo):
                return event
            if isinstance(event, ServerFault):
                raise refusal(str(address), event.text)


async def _await_pong(link: StreamLink, parser: NatsParser, address: NatsAddress) -> None:
    """The server answers our first PING once it has accepted who we are."""
    while True:
        for event in parser.feed(await _received(link, address)):
            if isinstance(event, Pong):
                return
            if isinstance(event, ServerFault):
                raise refusal(str(address), event.text)


async def _received(link: StreamLink, address: NatsAddress) -> bytes:
    data = await link.receive_some(READ_BYTES)
    if not data:
        raise LinkClosed(f"{address} ended the connection before it had let us in")
    return data
