"""TCP with mutual TLS 1.3: links between machines, each side known by the name in its certificate."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from functools import partial

import trio

from alphapulse.errors import AddressInUse, TransportError
from alphapulse.transport.acceptor import Acceptor, accept_socket
from alphapulse.transport.address import Address, TcpAddress
from alphapulse.transport.admission import Admission
from alphapulse.transport.byte_link import ByteLink, Handler, PeerIdentity
from alphapulse.transport.stream_link import StreamLink
from alphapulse.transport.tcp_connection import reach, secured
from alphapulse.transport.tls import TlsFiles

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
        stream, names = await secured(connection, context, None, _words(connection), self._write_stall_s)
        return StreamLink(stream, PeerIdentity(self._admission.name_of(names), names))

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
    connection = await reach(address)
    stream, _ = await secured(connection, context, peer_name, str(address), write_stall_s)
    return StreamLink(stream, PeerIdentity(peer_name))


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
