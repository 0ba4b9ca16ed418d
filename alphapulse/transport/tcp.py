"""TCP with mutual TLS 1.3: links between machines, each side known by the name in its certificate."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from functools import partial

import trio

from alphapulse.errors import AddressInUse, ConnectFailed, LinkClosed, PeerRefused, TransportError
from alphapulse.transport.acceptor import Acceptor, accept_socket
from alphapulse.transport.address import Address, TcpAddress
from alphapulse.transport.admission import Admission
from alphapulse.transport.byte_link import ByteLink, Handler, PeerIdentity
from alphapulse.transport.socket_stream import SocketStream
from alphapulse.transport.stream_link import StreamLink
from alphapulse.transport.tls import TlsFiles, certificate_names
from alphapulse.transport.tls_errors import tls_error

BACKLOG = 128
_BIND_PROBLEMS = {
    errno.EADDRNOTAVAIL: "it is no address of this machine",
    errno.EACCES: "ports below 1024 need a privilege; use a higher one",
}


class TcpListener:
    """Listens on a port, and lets in those whose certificate is the authority's and whose name is on the allow-list."""

    def __init__(self, address: TcpAddress, admission: Admission, files: TlsFiles, *, write_stall_s: float) -> None:
        self._address = address
        self._admission = admission
        self._files = files
        self._write_stall_s = write_stall_s

    @property
    def address(self) -> Address:
        """The host and port; while it serves, the port is the real one."""
        return self._address

    async def serve(
        self, handler: Handler, *, task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled; see `Listener`.

        Raises:
            TlsFileError: the certificate or key cannot be used.
        """
        identify = partial(self._identify, self._files.server_context())
        with contextlib.ExitStack() as sockets:
            bound = [sockets.enter_context(one) for one in await _bound(self._address)]
            self._address = TcpAddress(self._address.host, bound[0].getsockname()[1])
            acceptor = Acceptor(identify, self._check, self._admission.connections)
            async with trio.open_nursery() as nursery:
                for listening in bound:
                    nursery.start_soon(acceptor.run, partial(accept_socket, listening), handler)
                task_status.started(self._address)

    async def _identify(self, context: ssl.SSLContext, connection: socket.socket) -> ByteLink:
        """The link of a peer that has shown a certificate of the authority."""
        stream, names = await _secured(connection, context, None, _words(connection), self._write_stall_s)
        return StreamLink(stream, PeerIdentity(self._admission.name_of(names)))

    def _check(self, link: ByteLink) -> None:
        self._admission.check_name(link.peer.name)


async def connect_tcp(address: TcpAddress, files: TlsFiles, peer_name: str, *, write_stall_s: float) -> ByteLink:
    """A link to a listener whose certificate is the authority's and carries `peer_name`; not yet greeted.

    Raises:
        ConnectFailed: nobody answers there.
        PeerRefused: its certificate is not what it must be, or it refuses ours.
        TlsFileError: the own certificate or key cannot be used.
    """
    context = files.client_context()
    try:
        reached = await trio.open_tcp_stream(address.host, address.port)
    except socket.gaierror as problem:
        raise ConnectFailed(f"no connection to {address}: unknown host name ({problem.strerror})") from problem
    except OSError as problem:
        raise ConnectFailed(f"nobody answers at {address}: {_first_words(problem)}") from problem
    connection = socket.socket(fileno=reached.socket.detach())
    stream, _ = await _secured(connection, context, peer_name, str(address), write_stall_s)
    return StreamLink(stream, PeerIdentity(peer_name))


async def _secured(
    connection: socket.socket, context: ssl.SSLContext, peer_name: str | None, where: str, write_stall_s: float
) -> tuple[SocketStream, tuple[str, ...]]:
    """The connection after the TLS handshake, and the peer's names. `peer_name` is given by who has connected."""
    opened = connection
    ready = False
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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


async def _bound(address: TcpAddress) -> list[socket.socket]:
    """Sockets that listen on every address that the host's name stands for, all on one port."""
    try:
        found = await trio.socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except socket.gaierror as problem:
        raise TransportError(f"cannot listen at {address}: unknown host name ({problem.strerror})") from problem
    bound: list[socket.socket] = []
    try:
        for family, _, _, _, place in found:
            port = bound[0].getsockname()[1] if bound else address.port
            listening = socket.socket(family, socket.SOCK_STREAM)
            bound.append(listening)
            _listen(listening, (place[0], port, *place[2:]))
    except OSError as problem:
        for listening in bound:
            listening.close()
        if problem.errno == errno.EADDRINUSE:
            raise AddressInUse(f"another process listens at {address}; stop it or use another port") from problem
        words = _BIND_PROBLEMS.get(problem.errno or 0, problem.strerror)
        raise TransportError(f"cannot listen at {address}: {words}") from problem
    return bound


def _listen(listening: socket.socket, place: tuple[object, ...]) -> None:
    listening.setblocking(False)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if listening.family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listening.bind(place)
    listening.listen(BACKLOG)


def _words(connection: socket.socket) -> str:
    try:
        host, port = connection.getpeername()[:2]
    except OSError:
        return "a peer that has gone already"
    return f"{host} port {port}"


def _first_words(problem: OSError) -> str:
    """Why connecting failed; Trio hides the attempts' own errors behind its summary."""
    cause = problem.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    return (cause.strerror if isinstance(cause, OSError) else None) or problem.strerror or str(problem)
