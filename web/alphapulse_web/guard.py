"""A connection of Hypercorn that can harm nothing but itself.

Hypercorn 0.18 lets exceptions of a connection out of its server, and sends inside a shield without a deadline: one
odd byte would end the daemon, and one client that stops reading would keep it from ending.
"""

from __future__ import annotations

import logging
import ssl
from functools import partial
from importlib.metadata import version

import attrs
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState
from hypercorn.utils import parse_socket_addr

from alphapulse.errors import ConfigError
from alphapulse_web.doorkeeper import TRUST
from alphapulse_web.http11 import Http11
from alphapulse_web.mailbox import MailboxTaskGroup
from alphapulse_web.turnstile import Turnstile

GUARDED_VERSION = "0.18.0"
"""What is guarded here are parts that no version promises to keep."""
SEND_LIMIT_S = 2.0
"""A client that takes none of 64 KiB for so long is cut off."""
SLICE_BYTES = 64 * 1024
HEARD_BYTES = 4 * 1024
"""Read and understood in one go. In pure Python a WebSocket's mask or a chunked body takes up to 1 us a byte, and
trading waits meanwhile."""
NOTICE_LIMIT_S = 1.0
"""How long the application may take to hear that its connection is gone."""
HANDSHAKE_LIMIT_S = 5.0
MAX_CONNECTIONS = 100


class Ward:
    """The open connections: how many odd ones failed (`contained`), made room (`displaced`) or `stalled`.

    A newcomer is never turned away, since he may have come to stop trading: when 100 are open, the one goes that has
    been there longest without having logged in, and only if there is no such one, the one that has been there longest.
    """

    def __init__(self, log: logging.Logger) -> None:
        self.contained = 0
        self.displaced = 0
        self.stalled = 0
        self._log = log
        self._streams: dict[trio.SocketStream, bool] = {}
        self._empty = trio.Event()

    def admit(self, stream: trio.SocketStream) -> None:
        """Count a connection in; another makes room if need be."""
        if len(self._streams) >= MAX_CONNECTIONS:
            strangers = (known for known, trusted in self._streams.items() if not trusted)
            self._displace(next(strangers, next(iter(self._streams))))
        self._streams[stream] = False

    def trust(self, stream: trio.SocketStream) -> None:
        """Somebody who is logged in speaks on this connection."""
        if stream in self._streams:
            self._streams[stream] = True

    def _displace(self, stream: trio.SocketStream) -> None:
        self.displaced += 1
        self._log.warning("a connection was closed for a new one: %d are open already", MAX_CONNECTIONS)
        # Whoever sends or receives on it is told, and ends it.
        stream.socket.close()
        self.dismiss(stream)

    def dismiss(self, stream: trio.SocketStream) -> None:
        """The connection is over."""
        self._streams.pop(stream, None)
        if not self._streams:
            self._empty.set()

    def contain(self, group: BaseExceptionGroup[Exception]) -> None:
        """Count and log what a connection failed of."""
        self.contained += 1
        problems = ", ".join(repr(error) for error in leaves(group))
        self._log.warning("a connection failed and was closed: %s", problems)

    def close_all(self) -> None:
        """Close every raw stream at once; whoever sends or receives on one is told."""
        for stream in self._streams:
            stream.socket.close()

    async def emptied(self) -> None:
        """Wait until no connection is open."""
        while self._streams:
            self._empty = trio.Event()
            await self._empty.wait()


def check_server_version() -> None:
    """Raises ConfigError if the Hypercorn that is installed is not the one whose parts are guarded."""
    if (found := version("hypercorn")) != GUARDED_VERSION:
        problem = f"expected Hypercorn {GUARDED_VERSION}, whose connections are guarded, found {found}"
        raise ConfigError("web", f"{problem}; install the locked packages (make run)")


def leaves(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    """The single exceptions of a group."""
    found: list[Exception] = []
    for error in group.exceptions:
        found += leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


@attrs.frozen
class Server:
    """What all connections share."""

    application: AppWrapper
    config: Config
    context: WorkerContext
    state: ConnectionState
    ward: Ward
    hearing: Turnstile
    tls: ssl.SSLContext | None = None


class GuardedConnection(TCPServer):
    """One connection. Its failures end here; its sends have a deadline; it never outlives its stream."""

    stream: trio.SocketStream | trio.SSLStream[trio.SocketStream]  # type: ignore[assignment]  # upstream takes both
    protocol: Http11  # type: ignore[assignment]  # upstream wraps it, to change over to HTTP/2

    def __init__(self, server: Server, stream: trio.SocketStream) -> None:
        super().__init__(server.application, server.config, server.context, server.state, stream)  # type: ignore[arg-type]
        self._ward = server.ward
        self._hearing = server.hearing
        self._tls = server.tls
        self._raw = stream
        self._life = trio.CancelScope()
        self._heard_out = False

    async def run(self) -> None:
        """Serve until the connection ends. Raises nothing but Cancelled."""
        self._ward.admit(self._raw)
        try:
            await self._converse()
        except* Exception as group:  # noqa: BLE001  # the border: nothing of a connection goes further
            self._ward.contain(group)
        finally:
            self._ward.dismiss(self._raw)
            await trio.aclose_forcefully(self._raw)

    async def _converse(self) -> None:
        socket = self._raw.socket
        try:
            if self._tls is not None and not await self._shake_hands(self._tls):
                return
            client = parse_socket_addr(socket.family, socket.getpeername())
            server = parse_socket_addr(socket.family, socket.getsockname())
            with self._life:
                await self._talk(client, server)
        finally:
            await self._close()  # noqa: ASYNC102 - cancelled, it ends at once, and `run` closes the stream

    async def _shake_hands(self, tls: ssl.SSLContext) -> bool:
        """False for a client that speaks no TLS, or takes too long for it."""
        self.stream = trio.SSLStream(self._raw, tls, server_side=True, https_compatible=True)
        with trio.move_on_after(HANDSHAKE_LIMIT_S):
            try:
                await self.stream.do_handshake()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return False
            return True
        return False

    async def _close(self) -> None:
        # The last words of TLS are sent, and a peer may take none of them.
        with trio.move_on_after(NOTICE_LIMIT_S):
            await super()._close()

    async def _talk(self, client: tuple[str, int] | None, server: tuple[str, int] | None) -> None:
        async with MailboxTaskGroup() as tasks:
            self._task_group = tasks
            self.protocol = Http11(
                self.app,
                self.config,
                self.context,
                tasks,
                ConnectionState(self.state.copy() | {TRUST: partial(self._ward.trust, self._raw)}),
                self._tls is not None,
                client,
                server,
                self.protocol_send,
            )
            await self.idle_task.restart(tasks, self._idle_timeout)
            await self._read_data()
            # Nobody is there any more: the idle timer would hold the connection's place for seconds.
            self._heard_out = True
            await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        """Send bytes with a deadline that moves with their progress; other events go to Hypercorn."""
        if isinstance(event, Updated) and self._heard_out:
            return
        if not isinstance(event, RawData):
            # Quart-Trio cancels the application's task when a request is over, and that task is the one that brings
            # these events: without a shield the connection would be neither closed nor given an idle timer.
            with trio.move_on_after(NOTICE_LIMIT_S, shield=True):
                await super().protocol_send(event)
            return
        async with self.send_lock:
            gone = await self._send(event.data)
        if gone:
            # The reader may wait for a request to end whose end nobody will report, so all of the connection ends here.
            self._life.cancel()

    async def _read_data(self) -> None:
        # Hypercorn's own, but in small pieces, and with no limit on a silence: the idle timer sets that.
        while True:
            try:
                data = await self.stream.receive_some(HEARD_BYTES)
            except (trio.ClosedResourceError, trio.BrokenResourceError):
                break
            await self._hearing.turn()
            await self.protocol.handle(RawData(bytes(data)))
            if not data:
                break
        await self.protocol.handle(Closed())

    async def _send(self, data: bytes) -> bool:
        """True if the peer is gone or has to go. Shielded, since half a message would garble the connection."""
        view = memoryview(data)
        with trio.move_on_after(SEND_LIMIT_S, shield=True) as scope:
            try:
                for start in range(0, len(view), SLICE_BYTES):
                    scope.deadline = trio.current_time() + SEND_LIMIT_S
                    await self.stream.send_all(view[start : start + SLICE_BYTES])
            except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
                # Busy: Hypercorn's own close is saying the end of the stream, without the lock.
                return True
        if scope.cancelled_caught:
            self._ward.stalled += 1
            return True
        return False

    async def _idle_timeout(self) -> None:
        with trio.move_on_after(self.config.keep_alive_timeout):
            await self.context.terminated.wait()
        with trio.move_on_after(NOTICE_LIMIT_S, shield=True):
            await self._initiate_server_close()
