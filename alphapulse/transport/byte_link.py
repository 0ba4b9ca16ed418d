"""What every transport gives: connected byte streams, and listeners that hand them out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

import attrs
import trio

from alphapulse.transport.address import Address


@attrs.frozen
class PeerIdentity:
    """Who is at the other end: proven by the kernel (Unix) or by a certificate (TCP).

    `name` is the certificate's name, or the user and process in words; `certified` are all names of the certificate
    of who has connected. User, group and process numbers are known on Unix sockets only.
    """

    name: str
    certified: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None
    pid: int | None = None


class ByteLink(Protocol):
    """One connected, reliable byte stream: what is sent arrives in order, whole, or the link ends.

    One task may send and one may receive at a time; a second one gets trio.BusyResourceError.
    """

    @property
    def peer(self) -> PeerIdentity:
        """Who is at the other end."""

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything.

        A send that fails or is cancelled may have sent a part, so it is the last one: later ones raise LinkClosed.

        Raises:
            LinkStalled: the other side took no byte within the link's write limit.
            LinkClosed: the connection is gone, or was closed here.
        """

    async def receive_some(self, max_bytes: int) -> bytes:
        """Some bytes, as soon as there are any; `b""` once the other side has ended the stream in order.

        Raises:
            LinkClosed: the connection broke off, or was closed here.
        """

    async def aclose(self) -> None:
        """End the stream. Takes a second at most, also in a cancelled scope; a second time does nothing."""


Handler: TypeAlias = Callable[[ByteLink], Awaitable[None]]


class Listener(Protocol):
    """Waits for peers at an address, admits those that are allowed, and serves each with a handler."""

    @property
    def address(self) -> Address:
        """Where it listens. While it serves, a TCP port is the real one."""

    async def serve(
        self, handler: Handler, *, task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled; reports the address. Each link is closed when its handler returns or fails.

        What a handler raises ends its own connection, and is logged.

        Raises:
            AddressInUse: another process listens there.
            TransportError: it is not possible to listen there.
        """
