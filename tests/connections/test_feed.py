"""Whatever a server does, a feed ends by a typed error within its deadline, and the next connection works.

Real sockets on the loopback interface. Deadlines are short here; `fail_after` only keeps a hang from lasting for ever.
"""

from __future__ import annotations

import time

import attrs
import pytest
import trio

from alphapulse.connections.endpoint import WEBSOCKET, Endpoint, read_endpoint
from alphapulse.connections.feed import Feed, FeedLimits, open_feed
from alphapulse.errors import (
    BadAnswer,
    FeedClosed,
    FeedOverrun,
    FeedSilent,
    NodeError,
    NodeFault,
    NodeRefused,
    NodeTimeout,
    NodeUnreachable,
    RateLimited,
)
from tests.connections.bad_servers import (
    HELLO,
    Handler,
    accepted,
    agree,
    answering,
    drips_a_message,
    drips_the_handshake,
    endless_head,
    floods,
    floods_pings_and_reads_nothing,
    good,
    hangs_up,
    pings_only,
    request_of,
    resets,
    saying,
    serving,
    silent,
    text_frame,
    until_gone,
)

HANG_S = 60
LIMITS = FeedLimits(open_s=HANG_S, send_s=0.4, close_s=0.2, message_bytes=100_000, waiting=5_000)
SHORT_S = 0.4
"""For what is to take too long; all else has time, as the machine may be busy."""

REFUSED: dict[str, tuple[Handler, type[NodeError]]] = {
    "silent": (silent, NodeTimeout),
    "hangs up in the handshake": (hangs_up, NodeUnreachable),
    "resets in the handshake": (resets, NodeUnreachable),
    "drips the handshake": (drips_the_handshake, NodeTimeout),
    "an endless head": (endless_head, BadAnswer),
    "garbage": (answering(b"\x00\xff garbage \r\n\r\n" * 9), BadAnswer),
    "another protocol": (answering(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), BadAnswer),
    "a wrong accept key": (
        answering(b"HTTP/1.1 101 Y\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"),
        BadAnswer,
    ),
    "503": (answering(b"HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy"), NodeFault),
    "503 that never ends": (answering(b"HTTP/1.1 503 No\r\nContent-Length: 4000\r\n\r\nbusy"), NodeTimeout),
    "429": (answering(b"HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"), RateLimited),
    "401": (answering(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), NodeRefused),
    "a redirect": (
        answering(b"HTTP/1.1 302 No\r\nLocation: ws://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"),
        NodeRefused,
    ),
}
ENDED: dict[str, tuple[Handler, type[NodeError], int | None]] = {
    "open, but silent": (saying(), FeedSilent, None),
    "pings only": (pings_only, FeedSilent, None),
    "drips a message": (drips_a_message, FeedSilent, None),
    "ends TCP without a goodbye": (saying(HELLO, hang=False), FeedClosed, 1006),
    "cut within a frame": (saying(b"\x81\x20hel", hang=False), FeedClosed, 1006),
    "a close whose TCP stays open": (saying(b"\x88\x02\x03\xe9"), FeedClosed, 1001),
    "a bad close code": (saying(b"\x88\x02\x00\x01"), FeedClosed, 1002),
    "reserved bits": (saying(b"\xf1\x05hello"), FeedClosed, 1002),
    "a reserved opcode": (saying(HELLO + b"\x83\x05hello"), FeedClosed, 1002),
    "a masked frame": (saying(b"\x81\x85\x00\x00\x00\x00hello"), FeedClosed, 1002),
    "a long ping": (saying(b"\x89\x7e\x00\x7e" + b"x" * 126), FeedClosed, 1002),
    "a continuation of nothing": (saying(b"\x80\x05hello"), FeedClosed, 1002),
    "bad UTF-8": (saying(text_frame(b"\xff\xfe")), FeedClosed, 1007),
    "a message too long": (saying(text_frame(b"x" * 100_001)), FeedClosed, 1009),
    "fragments that are too long": (
        saying(b"\x01\x7e\xff\xff" + b"x" * 65535 + b"\x80\x7e\xff\xff" + b"x" * 65535),
        FeedClosed,
        1009,
    ),
    "a length of 2^62": (saying(b"\x81\x7f\x40" + b"\0" * 7 + b"x" * 200_000), FeedClosed, 1009),
    "floods": (floods, FeedOverrun, None),
    "pings that drown us": (floods_pings_and_reads_nothing, FeedSilent, None),
}


async def taken(url: str, kind: type[NodeError]) -> list[bytes]:
    """The messages of a server until its feed ends, which it does by an error of that kind."""
    endpoint = read_endpoint(url, "ws", WEBSOCKET)
    limits = attrs.evolve(LIMITS, open_s=SHORT_S if kind is NodeTimeout else HANG_S)
    silence_s = SHORT_S if kind is FeedSilent else HANG_S
    found: list[bytes] = []
    async with open_feed(endpoint, node="one", now_ns=time.time_ns, limits=limits) as feed:
        while True:
            found += [frame.text for frame in await feed.receive(trio.current_time() + silence_s)]


async def greeted_by_good_server() -> None:
    async with serving(good) as server:
        endpoint = read_endpoint(server.url, "ws", WEBSOCKET)
        async with open_feed(endpoint, node="good", now_ns=time.time_ns) as feed:
            (frame,) = await feed.receive()
            assert frame.text == b"hello"
        await server.left.wait()


@pytest.mark.real_io
@pytest.mark.parametrize("name", REFUSED)
async def test_a_server_that_lets_nobody_in_is_a_typed_error(name: str) -> None:
    """The handshake fails by the error that says why, the socket is closed, and the next connection works."""
    handler, kind = REFUSED[name]
    with trio.fail_after(HANG_S):
        async with serving(handler) as server:
            with pytest.raises(kind, match=r"^one: ") as raised:
                await taken(server.url, kind)
            await server.emptied()
            assert type(raised.value) is kind
            assert "key-0123456789abcdef" not in repr(raised.value)
        await greeted_by_good_server()


@pytest.mark.real_io
@pytest.mark.parametrize("name", ENDED)
async def test_a_feed_ends_by_a_typed_error(name: str) -> None:
    """An open feed ends by the error that says why, the socket is closed, and the next connection works."""
    handler, kind, code = ENDED[name]
    with trio.fail_after(HANG_S):
        async with serving(handler) as server:
            with pytest.raises(kind, match=r"^one: ") as raised:
                await (unread(server.url) if kind is FeedOverrun else taken(server.url, kind))
            await server.left.wait()
            assert type(raised.value) is kind
            assert getattr(raised.value, "code", None) == code
        await greeted_by_good_server()


async def unread(url: str) -> None:
    """A consumer that does not take what comes until the feed has ended."""
    async with open_feed(read_endpoint(url, "ws", WEBSOCKET), node="one", now_ns=time.time_ns, limits=LIMITS) as feed:
        await wait_for_end(feed)
        assert len(await feed.receive()) > LIMITS.waiting
        await feed.receive()


@pytest.mark.real_io
async def test_what_came_before_the_end_is_taken_first() -> None:
    """Messages that were whole before the connection broke are handed over, in order, and then the error."""
    with trio.fail_after(HANG_S):
        async with serving(
            saying(HELLO, b"\x01\x03hal", b"\x80\x02lo" + text_frame(b"x" * 70_000), hang=False)
        ) as server:
            endpoint = read_endpoint(server.url, "ws", WEBSOCKET)
            async with open_feed(endpoint, node="one", now_ns=lambda: 7, limits=LIMITS) as feed:
                await wait_for_end(feed)
                frames = await feed.receive()
                assert [frame.text for frame in frames] == [b"hello", b"hallo", b"x" * 70_000]
                assert {frame.received_ns for frame in frames} == {7}
                with pytest.raises(FeedClosed):
                    await feed.receive()
                with pytest.raises(FeedClosed):
                    await feed.send("too late")


async def wait_for_end(feed: Feed) -> None:
    while feed.failure is None:  # noqa: ASYNC110 - what waits for it in the product is `receive`
        await trio.sleep(0.001)


@pytest.mark.real_io
async def test_nobody_listens() -> None:
    with trio.fail_after(HANG_S):
        async with serving(good) as server:
            url = server.url
        with pytest.raises(NodeUnreachable, match="connection refused"):
            await taken(url, NodeUnreachable)
        with pytest.raises(NodeUnreachable, match="host name is not known"):
            await taken("ws://no-such-host.invalid/", NodeUnreachable)


@pytest.mark.real_io
async def test_a_node_that_takes_nothing_ends_the_feed() -> None:
    """A message that the server never reads is given up."""

    async def deaf(stream: trio.SocketStream) -> None:
        await agree(stream)
        await trio.sleep_forever()

    with trio.fail_after(HANG_S):
        async with serving(deaf) as server:
            endpoint = read_endpoint(server.url, "ws", WEBSOCKET)
            with pytest.raises(FeedClosed, match="has taken nothing"):
                await talk(endpoint)


async def talk(endpoint: Endpoint) -> None:
    async with open_feed(endpoint, node="one", now_ns=time.time_ns, limits=LIMITS) as feed:
        while True:
            await feed.send("x" * 90_000)


@pytest.mark.real_io
@pytest.mark.parametrize(
    "handler", [silent, saying(), pings_only, floods_pings_and_reads_nothing], ids=lambda h: h.__name__
)
async def test_a_cancelled_feed_is_left_at_once(handler: Handler) -> None:
    """Cancelling travels on, in the handshake and behind it, and closes the socket."""
    with trio.fail_after(HANG_S):
        async with serving(handler) as server:
            endpoint = read_endpoint(server.url, "ws", WEBSOCKET)
            with trio.move_on_after(0.1) as scope:
                async with open_feed(endpoint, node="one", now_ns=time.time_ns) as feed:
                    await feed.receive()
            assert scope.cancelled_caught
            await server.emptied()


@pytest.mark.real_io
async def test_what_the_body_raises_comes_out_as_it_is() -> None:
    """No group is put around it, and the server is told goodbye."""

    class Mine(Exception):
        pass

    with trio.fail_after(HANG_S):
        async with serving(good) as server:
            endpoint = read_endpoint(server.url, "ws", WEBSOCKET)
            with pytest.raises(Mine):
                async with open_feed(endpoint, node="one", now_ns=time.time_ns, limits=LIMITS):
                    raise Mine
            await server.left.wait()


@pytest.mark.real_io
async def test_the_handshake_asks_for_what_the_url_names() -> None:
    """Path, query, host with its port, and the user as a header."""
    asked: list[bytes] = []

    async def notes(stream: trio.SocketStream) -> None:
        request = await request_of(stream)
        asked.extend(request.split(b"\r\n"))
        await stream.send_all(accepted(request) + HELLO)
        await until_gone(stream)

    with trio.fail_after(HANG_S):
        async with serving(notes) as server:
            endpoint = read_endpoint(f"ws://us:pw@127.0.0.1:{server.port}/v2/key?a=b", "ws", WEBSOCKET)
            async with open_feed(endpoint, node="one", now_ns=time.time_ns) as feed:
                await feed.receive()
    assert asked[0] == b"GET /v2/key?a=b HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}".encode() in asked
    assert b"Authorization: Basic dXM6cHc=" in asked


@pytest.mark.real_io
async def test_pings_are_answered_while_nobody_reads() -> None:
    """The library answers pings from its own task, also those that stand between messages that wait."""
    pongs = trio.Event()

    async def asks(stream: trio.SocketStream) -> None:
        await agree(stream)
        await stream.send_all(HELLO + b"\x89\x02hi" + HELLO)
        received = b""
        while len(received) < 8:
            received += await stream.receive_some()
        assert received[0] == 0x8A
        pongs.set()
        await until_gone(stream)

    with trio.fail_after(HANG_S):
        async with serving(asks) as server:
            endpoint = read_endpoint(server.url, "ws", WEBSOCKET)
            async with open_feed(endpoint, node="one", now_ns=time.time_ns, limits=LIMITS) as feed:
                await pongs.wait()
                assert [frame.text for frame in await feed.receive()] == [b"hello", b"hello"]
