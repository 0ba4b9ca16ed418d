"""Unix sockets: links within one machine, between users that the kernel vouches for."""

from __future__ import annotations

import socket
from functools import partial

import trio

from alphapulse.errors import ConnectFailed
from alphapulse.transport.acceptor import Acceptor, accept_socket
from alphapulse.transport.address import Address, UnixAddress
from alphapulse.transport.admission import Admission
from alphapulse.transport.byte_link import ByteLink, Handler
from alphapulse.transport.socket_file import listening_socket, peer_credentials
from alphapulse.transport.socket_stream import SocketStream
from alphapulse.transport.stream_link import StreamLink

FULL_QUEUE_PAUSE_S = 0.01
"""A listener whose queue is full takes hundreds of connections in this time."""


class UnixListener:
    """Listens on a socket file, and lets in those users whom its allow-list names."""

    def __init__(self, address: UnixAddress, admission: Admission, *, write_stall_s: float) -> None:
        self._address = address
        self._admission = admission
        self._write_stall_s = write_stall_s

    @property
    def address(self) -> Address:
        """The socket file."""
        return self._address

    async def serve(
        self, handler: Handler, *, task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled; see `Listener`. The socket file is gone afterwards."""
        with listening_socket(self._address.path) as listening:
            acceptor = Acceptor(self._identify, self._check, self._admission.connections)
            task_status.started(self._address)
            await acceptor.run(partial(accept_socket, listening), handler)

    async def _identify(self, connection: socket.socket) -> ByteLink:
        return _link(connection, self._write_stall_s)

    def _check(self, link: ByteLink) -> None:
        if link.peer.uid is not None:
            self._admission.check_uid(link.peer.uid)


async def connect_unix(address: UnixAddress, *, write_stall_s: float) -> ByteLink:
    """A link to the listener of a socket file, not yet greeted.

    Raises:
        ConnectFailed: nobody listens there, or it may not be opened.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        await trio.lowlevel.checkpoint()
        while not _connected(connection, address):  # noqa: ASYNC110 - the kernel tells nobody when there is room
            await trio.sleep(FULL_QUEUE_PAUSE_S)
        return _link(connection, write_stall_s)
    except BaseException:
        connection.close()
        raise


def _connected(connection: socket.socket, address: UnixAddress) -> bool:
    """Whether the connection is made: at once, or not while the listener's queue is full."""
    try:
        connection.connect(str(address.path))
    except BlockingIOError:
        return False
    except FileNotFoundError:
        raise ConnectFailed(f"nobody listens at {address}: there is no such file") from None
    except ConnectionRefusedError:
        raise ConnectFailed(f"nobody listens at {address}: the socket file is a stale one") from None
    except PermissionError:
        raise ConnectFailed(f"{address} may not be opened by this user; sockets belong to who listens") from None
    except OSError as problem:
        raise ConnectFailed(f"no connection to {address}: {problem.strerror}") from problem
    return True


def _link(connection: socket.socket, write_stall_s: float) -> ByteLink:
    return StreamLink(SocketStream(connection, write_stall_s), peer_credentials(connection))
