"""A TCP connection to a host, and TLS on top of it: what byte links and the NATS client share."""

from __future__ import annotations

import os
import socket
import ssl

import trio

from alphapulse.errors import ConnectFailed, LinkClosed, PeerRefused
from alphapulse.transport.address import NatsAddress, TcpAddress
from alphapulse.transport.socket_stream import SocketStream
from alphapulse.transport.tls import certificate_names
from alphapulse.transport.tls_errors import tls_error


async def reach(address: TcpAddress | NatsAddress) -> socket.socket:
    """A connected socket; the fastest of the host's addresses that answers. The caller bounds the time.

    Raises:
        ConnectFailed: nobody answers there.
    """
    try:
        reached = await trio.open_tcp_stream(address.host, address.port)
    except socket.gaierror as problem:
        raise ConnectFailed(f"no connection to {address}: unknown host name ({problem.strerror})") from problem
    except OSError as problem:
        raise ConnectFailed(f"nobody answers at {address}: {_first_words(problem)}") from problem
    return socket.socket(fileno=reached.socket.detach())  # Trio has set TCP_NODELAY


async def secured(
    connection: socket.socket, context: ssl.SSLContext, peer_name: str | None, where: str, write_stall_s: float
) -> tuple[SocketStream, tuple[str, ...]]:
    """The connection after the TLS handshake, and the peer's names. `peer_name` is given by who has connected."""
    opened = connection
    ready = False
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if peer_name is not None:
            peer_name.encode("idna")  # the ssl module does so when it has taken the socket already, and drops it then
        opened = wrapped = context.wrap_socket(
            connection,
            server_side=peer_name is None,
            server_hostname=peer_name,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=False,
        )
        stream = SocketStream(wrapped, write_stall_s)
        await stream.handshake()
        names = certificate_names(wrapped.getpeercert() or {})
        ready = True
    except ssl.SSLError as problem:
        raise tls_error(problem, where, peer_name) from problem
    except OSError as problem:
        raise LinkClosed(f"the connection to {where} broke off in the handshake: {problem.strerror}") from problem
    except ValueError as problem:
        raise PeerRefused(f"{where}: {peer_name!r} can be no certificate's name") from problem
    finally:
        if not ready:
            opened.close()
    return stream, names


def _first_words(problem: OSError) -> str:
    """Why connecting failed; Trio hides the attempts' own errors behind its summary."""
    cause = problem.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    number = cause.errno if isinstance(cause, OSError) else problem.errno
    return os.strerror(number).lower() if number else str(problem)
