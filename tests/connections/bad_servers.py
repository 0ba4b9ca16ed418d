"""WebSocket servers on the loopback interface: a good one, and those that do what servers must not do."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
HELLO = b"\x81\x05hello"
Handler = Callable[[trio.SocketStream], Awaitable[None]]


def text_frame(payload: bytes) -> bytes:
    """An unmasked text frame, whole."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + struct.pack("!H", size) + payload
    return b"\x81\x7f" + struct.pack("!Q", size) + payload


async def request_of(stream: trio.SocketStream) -> bytes:
    """The handshake's request, whole."""
    request = b""
    while b"\r\n\r\n" not in request:
        data = await stream.receive_some()
        if not data:
            break
        request += data
    return request


def accepted(request: bytes) -> bytes:
    """What a server answers that agrees."""
    (key,) = (line[19:] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key: "))
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())  # noqa: S324 - RFC 6455 wants it
    lines = (b"HTTP/1.1 101 Yes", b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Accept: " + accept)
    return b"\r\n".join((*lines, b"", b""))


async def agree(stream: trio.SocketStream) -> None:
    """Do the handshake."""
    await stream.send_all(accepted(await request_of(stream)))


def saying(*parts: bytes, hang: bool = True) -> Handler:
    """A server that agrees, sends this and then stands still, or ends the connection without a goodbye."""

    async def serve(stream: trio.SocketStream) -> None:
        await agree(stream)
        for part in parts:
            await stream.send_all(part)
        if hang:
            await until_gone(stream)

    return serve


def answering(reply: bytes, *, hang: bool = True) -> Handler:
    """A server that answers the handshake with this."""

    async def serve(stream: trio.SocketStream) -> None:
        await request_of(stream)
        await stream.send_all(reply)
        if hang:
            await until_gone(stream)

    return serve


async def until_gone(stream: trio.SocketStream) -> None:
    """Take what comes until the client has closed."""
    while await stream.receive_some():
        pass


async def silent(stream: trio.SocketStream) -> None:
    """Accepts, and never answers the handshake."""
    await until_gone(stream)


async def hangs_up(stream: trio.SocketStream) -> None:
    """Ends the connection in the handshake."""
    await request_of(stream)


async def resets(stream: trio.SocketStream) -> None:
    """Ends it by a reset."""
    await request_of(stream)
    stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, struct.pack("ii", 1, 0))


async def drips_the_handshake(stream: trio.SocketStream) -> None:
    """Sends headers byte by byte, for ever."""
    await request_of(stream)
    await stream.send_all(b"HTTP/1.1 101 Yes\r\nX: ")
    while True:
        await stream.send_all(b"x")
        await trio.sleep(0.01)


async def endless_head(stream: trio.SocketStream) -> None:
    """Sends headers as fast as it can, for ever."""
    await request_of(stream)
    await stream.send_all(b"HTTP/1.1 101 Yes\r\n")
    while True:
        await stream.send_all(b"X-Filler: " + b"x" * 1000 + b"\r\n")


async def pings_only(stream: trio.SocketStream) -> None:
    """Is alive, and says nothing."""
    await agree(stream)
    while True:
        await stream.send_all(b"\x89\x01p")
        await trio.sleep(0.01)


async def drips_a_message(stream: trio.SocketStream) -> None:
    """A message that never becomes whole."""
    await agree(stream)
    await stream.send_all(b"\x81\x7e\xff\xff")
    while True:
        await stream.send_all(b"x")
        await trio.sleep(0.01)


async def floods(stream: trio.SocketStream) -> None:
    """Messages as fast as the socket takes them."""
    await agree(stream)
    while True:
        await stream.send_all(HELLO * 1000)


async def floods_pings_and_reads_nothing(stream: trio.SocketStream) -> None:
    """Wants pongs that it never takes."""
    await agree(stream)
    while True:
        await stream.send_all((b"\x89\x7d" + b"p" * 125) * 100)


async def good(stream: trio.SocketStream) -> None:
    """What a server is like."""
    await agree(stream)
    await stream.send_all(HELLO)
    await until_gone(stream)


class Served:
    """A server that counts who came and who has gone."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.port = 0
        self.came = 0
        self.gone = 0
        self.left = trio.Event()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v2/key-0123456789abcdef"

    async def _serve(self, stream: trio.SocketStream) -> None:
        self.came += 1
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async with stream:
                await self._handler(stream)
        self.gone += 1
        self.left.set()

    async def emptied(self) -> None:
        """Wait until all have gone who came; a client that was given little time may not even have come."""
        while self.gone < self.came:
            await self.left.wait()


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Served]:
    """The server, on a port of its own."""
    served = Served(handler)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, served._serve, 0)
        for listener in listeners:
            listener.socket.listen(8)
        served.port = listeners[0].socket.getsockname()[1]
        yield served
        nursery.cancel_scope.cancel("the test is over")
