"""The way from a node to us: messages over a WebSocket, beside the library read by itself; answers over HTTP.

The server is in the same process, so that each figure holds its share too; it sends 64 logs at a time.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import time
from collections.abc import Awaitable, Callable
from random import Random

import msgspec
import trio
from trio_websocket import open_websocket

from alphapulse.connections.endpoint import HTTP, WEBSOCKET, read_endpoint
from alphapulse.connections.feed import open_feed
from alphapulse.connections.frame_tap import FrameTap
from alphapulse.connections.node import Node
from alphapulse.connections.node_terms import NodeTerms
from alphapulse.connections.node_transport import open_transport
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.nodes.rpc_answers import read_answers
from alphapulse.rules.nodes.rpc_call import RpcCall
from benchmarks.day import Day
from benchmarks.figures import ROUNDS, Figure

LOGS = 25_600
AT_ONCE = 64
CALLS = 20
REQUESTS = 50
LOG = {
    "address": "0x45dda9cb7c25131df268515131f647d726f50608",
    "topics": ["0x" + "c4" * 32, "0x" + "00" * 12 + "e5" * 20, "0x" + "00" * 12 + "e5" * 20],
    "data": "0x" + "0f" * 160,
    "blockNumber": "0x3215c2a",
    "transactionHash": "0x" + "aa" * 32,
    "transactionIndex": "0x1f",
    "blockHash": "0x" + "bb" * 32,
    "logIndex": "0x7b",
    "removed": False,
}
NOTICE = msgspec.json.encode(
    {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"subscription": "0x" + "11" * 16, "result": LOG}}
)
WIRE = (b"\x81\x7e" + struct.pack("!H", len(NOTICE)) + NOTICE) * AT_ONCE


def measure(_: Day) -> list[Figure]:
    """Messages and answers a second."""
    return trio.run(_measured)


async def _measured() -> list[Figure]:
    ours, library = [], []
    answers = []
    async with trio.open_nursery() as nursery:
        pushing = await nursery.start(trio.serve_tcp, _push, 0)
        answering = await nursery.start(trio.serve_tcp, _answer, 0)
        push_port, answer_port = (listeners[0].socket.getsockname()[1] for listeners in (pushing, answering))
        for _ in range(ROUNDS):
            ours.append(await _timed(_through_feed, push_port, LOGS))
            library.append(await _timed(_through_library, push_port, LOGS))
            answers.append(await _timed(_batches, answer_port, REQUESTS * CALLS))
        nursery.cancel_scope.cancel()
    return [
        Figure(f"WebSocket: logs of {len(NOTICE)} B by our feed", "1/s", tuple(ours)),
        Figure("the same by trio-websocket alone", "1/s", tuple(library)),
        Figure("the same, only cut into messages", "1/s", tuple(_cut() for _ in range(ROUNDS))),
        Figure(f"HTTP: calls answered, {CALLS} in a request", "1/s", tuple(answers)),
        Figure("an answer of 1,000 logs read into their type", "logs/s", tuple(_read() for _ in range(ROUNDS))),
    ]


async def _timed(what: Callable[[int], Awaitable[None]], port: int, count: int) -> float:
    begun = time.perf_counter()
    await what(port)
    return count / (time.perf_counter() - begun)


async def _through_feed(port: int) -> None:
    endpoint = read_endpoint(f"ws://127.0.0.1:{port}/", "ws", WEBSOCKET)
    left = LOGS
    async with open_feed(endpoint, node="bench", now_ns=time.time_ns) as feed:
        while left > 0:
            left -= len(await feed.receive())


async def _through_library(port: int) -> None:
    async with open_websocket("127.0.0.1", port, "/", use_ssl=False) as connection:
        for _ in range(LOGS):
            await connection.get_message()


async def _batches(port: int) -> None:
    terms = NodeTerms(
        label="bench", http=read_endpoint(f"http://127.0.0.1:{port}/", "http", HTTP), requests_per_s=100_000
    )
    async with open_transport(trio.to_thread.run_sync, time.time_ns) as transport:
        node = Node(terms, transport, monotonic_ns=time.monotonic_ns, random=Random(1))  # noqa: S311 - it guards nothing
        for _ in range(REQUESTS):
            await node.ask([RpcCall("eth_chainId", (), str)] * CALLS)


def _cut() -> float:
    tap, left = FrameTap(1 << 20), LOGS
    tap.feed(b"HTTP/1.1 101 Yes\r\n\r\n")
    begun = time.perf_counter()
    while left > 0:
        left -= len(tap.feed(WIRE)[0])
    return LOGS / (time.perf_counter() - begun)


def _read() -> float:
    body = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "result": [LOG] * 1_000})
    begun = time.perf_counter()
    for _ in range(10):
        read_answers(body, [RpcCall("eth_getLogs", (), list[RpcLog])], 1, "bench")
    return 10_000 / (time.perf_counter() - begun)


async def _push(stream: trio.SocketStream) -> None:
    """A server that agrees to a WebSocket and sends all logs."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += await stream.receive_some()
    (key,) = (line[19:] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key: "))
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324 - RFC 6455 wants it
    head = b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    try:
        await stream.send_all(head + base64.b64encode(digest) + b"\r\n\r\n")
        for _ in range(LOGS // AT_ONCE):
            await stream.send_all(WIRE)
        await stream.receive_some()
    except trio.BrokenResourceError:
        return


async def _answer(stream: trio.SocketStream) -> None:
    """A server that answers every batch."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = await stream.receive_some()
            if not more:
                return
            data += more
        head, _, data = data.partition(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(data) < size:
            data += await stream.receive_some()
        calls, data = msgspec.json.decode(data[:size]), data[size:]
        body = msgspec.json.encode([{"jsonrpc": "2.0", "id": call["id"], "result": "0x89"} for call in calls])
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
