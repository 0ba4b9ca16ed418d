"""The only opener of WebSockets: what goes wrong is a NodeError, within a deadline, and leaves nothing behind."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, cast

import attrs
import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection, wrap_client_stream

from alphapulse.connections.endpoint import Endpoint
from alphapulse.connections.frame_tap import FrameTap
from alphapulse.connections.http_status import status_error
from alphapulse.connections.socket_words import connection_error
from alphapulse.errors import BadAnswer, FeedClosed, FeedOverrun, FeedSilent, NodeError, NodeTimeout, NodeUnreachable

READ_BYTES: Final = 65_536
MOST_HEAD_BYTES: Final = 65_536
"""Of what a server says before it has agreed to a WebSocket."""
ABNORMAL: Final = 1006
"""The code of RFC 6455 for a connection that ended without a close frame."""


@attrs.frozen
class FeedLimits:
    """How long and how much a WebSocket may take."""

    open_s: float = 10.0
    """For the address, TCP, TLS and the handshake together."""
    send_s: float = 5.0
    close_s: float = 0.25
    """For saying goodbye: who does not answer it is left without."""
    message_bytes: int = 4 * 1024 * 1024
    """A block's header or a log has a few thousand; long answers travel over HTTP."""
    waiting: int = 65_536
    """Messages that are there and not yet taken."""
    waiting_bytes: int = 64 * 1024 * 1024


DEFAULT_LIMITS: Final = FeedLimits()


Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]


class Frame(NamedTuple):
    """A message, and when it had come: ns since 1970 UTC."""

    text: bytes
    received_ns: int


class Feed:
    """An open WebSocket. Messages that are not taken wait here; beyond a limit of them it ends.

    To stop reading instead would leave pings unanswered, and what is late is of no use either.
    """

    def __init__(self, node: str, now_ns: Callable[[], int], limits: FeedLimits) -> None:
        self.node = node
        self.limits = limits
        self.failure: NodeError | None = None
        self._now_ns = now_ns
        self._send: Callable[[str], Awaitable[None]] | None = None
        self._waiting: list[Frame] = []
        self._waiting_bytes = 0
        self._news = trio.lowlevel.ParkingLot()

    async def send(self, text: str) -> None:
        """Send a message.

        Raises:
            NodeError: why the feed has ended; FeedClosed also if the node takes nothing for `send_s`.
        """
        if self.failure is None and self._send is not None:
            with trio.move_on_after(self.limits.send_s):
                try:
                    await self._send(text)
                except ConnectionClosed as closed:
                    self.end(_closed(self.node, closed))
                else:
                    return
            self.end(FeedClosed(self.node, f"it has taken nothing for {self.limits.send_s:g} s"))
        raise self.failure or FeedClosed(self.node, "the WebSocket is not open")

    async def receive(self, until: float = float("inf")) -> list[Frame]:
        """All messages that have come, one at least. `until` is a moment of Trio's clock.

        Raises:
            FeedSilent: none has come until then.
            NodeError: why the feed has ended, once all that came before has been taken.
        """
        await trio.lowlevel.checkpoint()
        if not self._waiting and self.failure is None:
            with trio.CancelScope(deadline=until) as waiting:
                await self._news.park()
            if waiting.cancelled_caught:
                # If this process stood still itself, what has come meanwhile is still to be read.
                await trio.lowlevel.checkpoint()
        if self._waiting:
            taken, self._waiting = self._waiting, []
            self._waiting_bytes = 0
            return taken
        raise self.failure or FeedSilent(self.node, "its WebSocket is open, but nothing has come in time")

    def put(self, messages: list[bytes]) -> None:
        """Messages have come."""
        received_ns = self._now_ns()
        self._waiting += [Frame(message, received_ns) for message in messages]
        self._waiting_bytes += sum(map(len, messages))
        self._news.unpark_all()
        if len(self._waiting) > self.limits.waiting or self._waiting_bytes > self.limits.waiting_bytes:
            problem = f"{len(self._waiting)} messages with {self._waiting_bytes} bytes wait to be taken"
            self.end(FeedOverrun(self.node, f"{problem}; read faster, or subscribe to less"))

    def end(self, problem: NodeError) -> None:
        """It is over; the first reason counts."""
        self.failure = self.failure or problem
        self._news.unpark_all()


@asynccontextmanager
async def open_feed(
    endpoint: Endpoint,
    *,
    node: str,
    now_ns: Callable[[], int],
    tls: ssl.SSLContext | None = None,
    limits: FeedLimits = DEFAULT_LIMITS,
) -> AsyncIterator[Feed]:
    """A WebSocket to `endpoint`; `node` is its label.

    Resource handling: the socket is ours, and is closed on the way out whatever the server does or does not do.

    Raises:
        NodeTimeout: it was not open within `open_s`.
        NodeUnreachable, NodeRefused, RateLimited, NodeFault, BadAnswer: why it could not be opened.
    """
    feed = Feed(node, now_ns, limits)
    raised: Exception | None = None
    async with trio.open_nursery() as nursery:
        stream: Stream | None = None
        try:
            connection: WebSocketConnection | None = None
            with trio.move_on_after(limits.open_s) as opening:
                stream = await _connected(endpoint, feed, tls)
                if stream is not None:
                    connection = await _upgraded(stream, endpoint, feed, nursery, opening)
            if connection is None:
                raised = feed.failure or NodeTimeout(node, f"no WebSocket was open within {limits.open_s:g} s")
            else:
                feed._send = connection.send_message
                nursery.start_soon(_watch, connection, feed)
                try:
                    yield feed
                except Exception as error:  # noqa: BLE001 - it travels on below, without a group around it
                    raised = error
                await _say_goodbye(connection, feed)
        finally:
            feed.end(FeedClosed(node, "the WebSocket was closed here"))
            nursery.cancel_scope.cancel("the feed is left")
            if stream is not None:
                await trio.aclose_forcefully(stream)
    if raised is not None:
        raise raised


async def _connected(endpoint: Endpoint, feed: Feed, tls: ssl.SSLContext | None) -> Stream | None:
    """A connection to the server, encrypted if its URL says so; None if there is none, the feed then knows why."""
    stream: Stream | None = None
    ready = False
    try:
        plain = stream = await trio.open_tcp_stream(endpoint.host.reveal(), endpoint.port)
        if endpoint.tls:
            context = tls or ssl.create_default_context()
            stream = trio.SSLStream(plain, context, server_hostname=endpoint.host.reveal(), https_compatible=True)
            await stream.do_handshake()
        ready = True
    except (OSError, trio.BrokenResourceError, ValueError) as problem:
        feed.end(connection_error(feed.node, problem))
    finally:
        if not ready and stream is not None:
            await trio.aclose_forcefully(stream)
    return stream if ready else None


async def _upgraded(
    stream: Stream, endpoint: Endpoint, feed: Feed, nursery: trio.Nursery, opening: trio.CancelScope
) -> WebSocketConnection | None:
    """The connection once the server has agreed; None if it does not, the feed then knows why."""
    reading = _Contained(nursery, feed, opening)
    headers = [] if endpoint.authorization is None else [(b"Authorization", endpoint.authorization.reveal().encode())]
    connection = await wrap_client_stream(
        cast(trio.Nursery, reading),
        cast(trio.SocketStream, _TappedStream(stream, feed)),
        endpoint.authority.reveal(),
        endpoint.target.reveal(),
        extra_headers=headers,
        max_message_size=feed.limits.message_bytes,
        receive_buffer_size=READ_BYTES,
    )
    reading.opened = True
    return connection if feed.failure is None else None


async def _watch(connection: WebSocketConnection, feed: Feed) -> None:
    """Take what the library has read itself, and see how it ends."""
    try:
        while True:
            message = await connection.get_message()
            feed.put([message.encode() if isinstance(message, str) else message])
    except ConnectionClosed as closed:
        feed.end(_closed(feed.node, closed))


async def _say_goodbye(connection: WebSocketConnection, feed: Feed) -> None:
    if feed.failure is None:
        with trio.move_on_after(feed.limits.close_s):
            await connection.aclose()


class _Contained:
    """A nursery as the library uses it: its reader ends the feed instead of everybody."""

    def __init__(self, nursery: trio.Nursery, feed: Feed, opening: trio.CancelScope) -> None:
        self._nursery = nursery
        self._feed = feed
        self._opening = opening
        self.opened = False

    def start_soon(self, reader: Callable[..., Awaitable[Any]], *args: object) -> None:
        self._nursery.start_soon(self._run, reader, *args)

    async def _run(self, reader: Callable[..., Awaitable[Any]], *args: object) -> None:
        try:
            await reader(*args)
        except ConnectionRejected as refusal:
            retry_after = dict(refusal.headers).get(b"retry-after", b"").decode("latin-1")
            self._feed.end(status_error(self._feed.node, refusal.status_code, retry_after, self._feed._now_ns()))
        except Exception as problem:  # noqa: BLE001 - whatever the library makes of a stranger's bytes
            kind = type(problem).__name__
            self._feed.end(BadAnswer(self._feed.node, f"what it sends is no WebSocket ({kind})"))
        else:
            if not self._opening.cancel_called and not self.opened:
                self._feed.end(NodeUnreachable(self._feed.node, "the connection ended before a WebSocket was open"))
        finally:
            self._opening.cancel("the library has stopped reading")


class _TappedStream(trio.abc.Stream):
    """The connection as the library sees it: without the messages that it need not see."""

    def __init__(self, stream: Stream, feed: Feed) -> None:
        self._stream = stream
        self._feed = feed
        self._tap = FrameTap(feed.limits.message_bytes)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What the library has to see; `b""` at the end of the stream."""
        while self._feed.failure is None:
            data = await self._stream.receive_some(READ_BYTES)
            if not data:
                return b""
            messages, rest = self._tap.feed(bytes(data))
            if messages:
                self._feed.put(messages)
            if self._tap.head_bytes > MOST_HEAD_BYTES:
                problem = f"expected a handshake, found more than {MOST_HEAD_BYTES} bytes of something else"
                self._feed.end(BadAnswer(self._feed.node, problem))
            elif rest:
                return rest
        raise trio.BrokenResourceError

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Return when the socket takes bytes."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close at once: TLS's own goodbye has no deadline."""
        await trio.aclose_forcefully(self._stream)


def _closed(node: str, closed: ConnectionClosed) -> FeedClosed:
    reason = closed.reason
    if reason is None or reason.code == ABNORMAL:
        return FeedClosed(node, "the connection ended without a goodbye", ABNORMAL)
    name = reason.name.lower().replace("_", " ")
    return FeedClosed(node, f"the WebSocket was closed with code {reason.code} ({name})", reason.code)
