"""HTTP servers on the loopback interface that answer as nodes must not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import trio

from tests.connections.bad_servers import Handler, until_gone

Make = Callable[[Any], bytes]


async def request_body(stream: trio.SocketStream, rest: bytes = b"") -> tuple[bytes, bytes] | None:
    """Head and body of the next request; None at the end."""
    data = rest
    while b"\r\n\r\n" not in data:
        more = await stream.receive_some()
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head.lower())
    assert found is not None
    while len(body) < int(found[1]):
        body += await stream.receive_some()
    return head, body


def reply(body: bytes, *, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    """A whole answer of HTTP/1.1."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{headers}\r\n".encode() + body


def replying(make: Make) -> Handler:
    """A server that answers each request with what `make` gives for its JSON."""

    async def serve(stream: trio.SocketStream) -> None:
        while (request := await request_body(stream)) is not None:
            await stream.send_all(make(json.loads(request[1])))

    return serve


def saying(answer: bytes, *, hang: bool = True) -> Handler:
    """A server that answers with these bytes, and then stands still or ends the connection."""

    async def serve(stream: trio.SocketStream) -> None:
        await request_body(stream)
        await stream.send_all(answer)
        if hang:
            await until_gone(stream)

    return serve


async def drips(stream: trio.SocketStream) -> None:
    """A byte now and then, for ever."""
    await request_body(stream)
    await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        await stream.send_all(b" ")
        await trio.sleep(0.01)


async def endless_head(stream: trio.SocketStream) -> None:
    """Headers without an end."""
    await request_body(stream)
    await stream.send_all(b"HTTP/1.1 200 OK\r\n")
    while True:
        await stream.send_all(b"X-Filler: " + b"x" * 1000 + b"\r\n")


async def endless_body(stream: trio.SocketStream) -> None:
    """Chunks without an end."""
    await request_body(stream)
    await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await stream.send_all(b"2000\r\n" + b" " * 0x2000 + b"\r\n")


async def endless_patience(stream: trio.SocketStream) -> None:
    """`100 Continue` without an end."""
    await request_body(stream)
    while True:
        await stream.send_all(b"HTTP/1.1 100 Continue\r\n\r\n")
        await trio.sleep(0.001)


async def reads_nothing(stream: trio.SocketStream) -> None:
    """Takes the connection, and no byte."""
    await trio.sleep(60)
    await stream.aclose()


def results(request: Any) -> bytes:
    """What a node is like: each call's method is its result."""
    one = {"jsonrpc": "2.0"}
    if isinstance(request, list):
        return json.dumps([one | {"id": call["id"], "result": call["method"]} for call in request]).encode()
    return json.dumps(one | {"id": request["id"], "result": request["method"]}).encode()


good = replying(lambda request: reply(results(request)))
