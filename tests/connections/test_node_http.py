"""Whatever a node answers over HTTP, it is an answer or a typed error within its deadline, and the next one works.

Real sockets on the loopback interface. Deadlines are short here; `fail_after` only keeps a hang from lasting for ever.
"""

from __future__ import annotations

import gzip
import json
import ssl
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
import trio

from alphapulse.connections.endpoint import HTTP, read_endpoint
from alphapulse.connections.http import node_client
from alphapulse.connections.node import Node
from alphapulse.connections.node_http import NodeHttp
from alphapulse.connections.node_terms import NodeTerms
from alphapulse.connections.node_transport import SocketTransport, open_transport
from alphapulse.errors import (
    AnswerTooLarge,
    BadAnswer,
    NodeError,
    NodeFault,
    NodeRefused,
    NodeTimeout,
    NodeUnreachable,
    RangeTooWide,
    RateLimited,
    RpcError,
)
from alphapulse.rules.nodes.rpc_call import RpcCall
from tests.connections.bad_nodes import (
    drips,
    endless_body,
    endless_head,
    endless_patience,
    good,
    reads_nothing,
    reply,
    replying,
    results,
    saying,
)
from tests.connections.bad_servers import Handler, hangs_up, resets, serving, silent
from tests.fakes.inline_blocking import run_inline

HANG_S = 60
LIMIT_S = 0.4
"""For what never answers; all else has time, as the machine may be busy."""
MOST = 100_000
BOMB = zlib.compressobj(9, zlib.DEFLATED, 31)
BOMB_BYTES = b"".join(BOMB.compress(bytes(1 << 20)) for _ in range(200)) + BOMB.flush()
NEVER_ANSWER = {"silent", "reads nothing", "drips", "endless patience"}
WIDE = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32614,"message":"eth_getLogs is limited to a 10,000 range"}}'

FAULTS: dict[str, tuple[Handler, type[NodeError]]] = {
    "silent": (silent, NodeTimeout),
    "reads nothing": (reads_nothing, NodeTimeout),
    "hangs up": (hangs_up, NodeUnreachable),
    "resets": (resets, NodeUnreachable),
    "drips": (drips, NodeTimeout),
    "an endless head": (endless_head, BadAnswer),
    "an endless body": (endless_body, AnswerTooLarge),
    "endless patience": (endless_patience, NodeTimeout),
    "garbage": (saying(b"\x00\xff\x00\xff\r\n\r\n"), BadAnswer),
    "no HTTP/1": (saying(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), BadAnswer),
    "cut short": (saying(reply(b'{"id":1,', length=100), hang=False), NodeUnreachable),
    "a length that is none": (saying(b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n"), BadAnswer),
    "too long": (saying(reply(b" " * (MOST + 1))), AnswerTooLarge),
    "a bomb": (saying(reply(BOMB_BYTES, headers="Content-Encoding: gzip\r\n")), AnswerTooLarge),
    "gzip that is none": (saying(reply(b"hello", headers="Content-Encoding: gzip\r\n")), BadAnswer),
    "gzip that is cut": (saying(reply(gzip.compress(b"{}")[:-6], headers="Content-Encoding: gzip\r\n")), BadAnswer),
    "another packing": (saying(reply(b"\x0b\x02", headers="Content-Encoding: br\r\n")), BadAnswer),
    "no JSON": (saying(reply(b"<html>busy</html>")), BadAnswer),
    "nothing": (saying(reply(b"")), BadAnswer),
    "bad UTF-8": (saying(reply(b'{"id":"\xff\xfe"}')), BadAnswer),
    "nested too deep": (saying(reply(b"[" * 50_000)), BadAnswer),
    "another's answer": (saying(reply(b'{"jsonrpc":"2.0","id":99,"result":"0x1"}')), BadAnswer),
    "500": (saying(reply(b"oops", status="500 Oops")), NodeFault),
    "503": (saying(reply(b"", status="503 Busy")), NodeFault),
    "503 for a while": (saying(reply(b"", status="503 Busy", headers="Retry-After: 2\r\n")), RateLimited),
    "429": (saying(reply(b"", status="429 Many")), RateLimited),
    "401": (saying(reply(b"", status="401 Who")), NodeRefused),
    "a redirect": (saying(reply(b"", status="307 There", headers="Location: http://127.0.0.1:9/\r\n")), NodeRefused),
    "404": (saying(reply(b"", status="404 Gone")), BadAnswer),
    "413": (saying(reply(b"", status="413 Large")), AnswerTooLarge),
    "504": (saying(reply(b"", status="504 Slow")), NodeTimeout),
    "a status of its own": (saying(reply(b"", status="799 Hm")), BadAnswer),
}


@asynccontextmanager
async def transport() -> AsyncIterator[SocketTransport]:
    async with open_transport(run_inline, time.time_ns, most_answer_bytes=MOST) as opened:
        yield opened


def node_at(url: str, opened: SocketTransport, **terms: Any) -> Node:
    http = read_endpoint(url.replace("ws://", "http://"), "http", HTTP)
    return Node(NodeTerms(label="one", http=http, **terms), opened, monotonic_ns=time.monotonic_ns, random=Random(1))


async def asked(url: str, opened: SocketTransport, *methods: str, limit_s: float = HANG_S) -> list[Any]:
    return await node_at(url, opened).ask([RpcCall(method) for method in methods], limit_s=limit_s)


@pytest.mark.real_io
@pytest.mark.parametrize("name", FAULTS)
async def test_an_answer_that_is_none_is_a_typed_error(name: str) -> None:
    """It says what is wrong, names the node by its label alone, and leaves a client that goes on working."""
    handler, kind = FAULTS[name]
    limit_s = LIMIT_S if name in NEVER_ANSWER else HANG_S
    with trio.fail_after(HANG_S):
        async with transport() as opened:
            async with serving(handler) as server:
                with pytest.raises(kind, match=r"^one: ") as raised:
                    await asked(server.url, opened, "eth_chainId", limit_s=limit_s)
                assert type(raised.value) is kind
                problem: BaseException | None = raised.value
                while problem is not None:
                    assert "key-0123456789abcdef" not in repr(problem) + str(vars(problem))
                    problem = problem.__context__
            async with serving(good) as server:
                assert await asked(server.url, opened, "eth_chainId") == ["eth_chainId"]


@pytest.mark.real_io
async def test_a_good_node_is_answered_by_whatever_the_packing() -> None:
    """Plain, gzip, chunked, slowly, over one connection."""
    packed = replying(lambda request: reply(gzip.compress(results(request)), headers="Content-Encoding: GZIP\r\n"))
    with trio.fail_after(HANG_S):
        async with transport() as opened:
            async with serving(packed) as server:
                node = node_at(server.url, opened)
                for _ in range(3):
                    assert await node.ask([RpcCall("a"), RpcCall("b")]) == ["a", "b"]
                assert server.came == 1
            body = results({"id": 1, "method": "a"})
            chunks = b"".join(b"1\r\n" + body[at : at + 1] + b"\r\n" for at in range(len(body))) + b"0\r\n\r\n"
            async with serving(saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)) as server:
                assert await asked(server.url, opened, "a") == ["a"]


@pytest.mark.real_io
async def test_the_wait_that_a_node_asks_for_is_read_in_both_forms() -> None:
    """Seconds, and a date; neither is a failure, and the next call waits."""
    date = "Thu, 01 Jan 2099 00:00:00 GMT"
    with trio.fail_after(HANG_S):
        async with transport() as opened:
            for text, wait_ns in (("7", 7_000_000_000), (date, 3_600_000_000_000)):
                answer = reply(b"", status="429 Many", headers=f"Retry-After: {text}\r\n")
                async with serving(saying(answer)) as server:
                    node = node_at(server.url, opened)
                    with pytest.raises(RateLimited) as limited:
                        await node.ask([RpcCall("a")])
                    assert limited.value.retry_after_ns == wait_ns
                    assert 0 < node.wait_ns() <= wait_ns
                    assert node.health.error_ppm == 0


@pytest.mark.real_io
@pytest.mark.parametrize("status", ["200 OK", "400 Bad", "413 Large", "404 No"])
async def test_a_refusal_is_read_whatever_the_status(status: str) -> None:
    """Providers tell of their limits with many statuses: the call is answered by an error, the node is well."""
    with trio.fail_after(HANG_S):
        async with transport() as opened, serving(saying(reply(WIDE, status=status))) as server:
            (answer,) = await asked(server.url, opened, "eth_getLogs")
            assert isinstance(answer, RangeTooWide)


@pytest.mark.real_io
async def test_calls_of_a_batch_fail_one_by_one() -> None:
    def mixed(request: Any) -> bytes:
        first, _, third = request
        return reply(
            json.dumps(
                [
                    {"id": third["id"], "error": {"code": -32000, "message": "header not found"}},
                    {"id": first["id"], "result": "0x1"},
                ]
            ).encode()
        )

    with trio.fail_after(HANG_S):
        async with transport() as opened, serving(replying(mixed)) as server:
            first, second, third = await asked(server.url, opened, "a", "b", "c")
            assert first == "0x1"
            assert [answer.kind for answer in (second, third)] == ["no_answer", "block_unknown"]
            assert isinstance(second, RpcError)


@pytest.mark.real_io
async def test_a_node_has_no_more_under_way_than_agreed() -> None:
    under_way, most = 0, 0

    async def counts(stream: trio.SocketStream) -> None:
        nonlocal under_way, most
        async with trio.open_nursery():
            under_way += 1
            most = max(most, under_way)
            await trio.sleep(0.02)
            under_way -= 1
            await good(stream)

    with trio.fail_after(HANG_S):
        async with transport() as opened, serving(counts) as server:
            node = node_at(server.url, opened, max_in_flight=3, requests_per_s=1_000)
            async with trio.open_nursery() as nursery:
                for _ in range(20):
                    nursery.start_soon(node.ask, [RpcCall("a")])
            assert server.came <= 3


@pytest.mark.real_io
async def test_cancelled_requests_leave_the_client_whole() -> None:
    with trio.fail_after(HANG_S):
        async with transport() as opened:
            async with serving(drips) as server:
                for _ in range(5):
                    with trio.move_on_after(0.05) as scope:
                        await asked(server.url, opened, "a")
                    assert scope.cancelled_caught
            async with serving(good) as server:
                assert await asked(server.url, opened, "a") == ["a"]


@pytest.mark.real_io
async def test_nobody_listens() -> None:
    with trio.fail_after(HANG_S):
        async with transport() as opened:
            async with serving(good) as server:
                url = server.url
            with pytest.raises(NodeUnreachable, match="connection refused"):
                await asked(url, opened, "a")
            with pytest.raises(NodeUnreachable, match="host name is not known"):
                await asked("http://no-such-host.invalid/", opened, "a")


async def test_who_asks_at_an_end_is_told_so_or_ends() -> None:
    """The client may be closed before everybody who asks has heard of the end."""
    client = node_client(ssl.create_default_context())
    await client.aclose()
    http, endpoint = NodeHttp(client, time.time_ns), read_endpoint("http://127.0.0.1:1", "http", HTTP)
    with pytest.raises(NodeUnreachable, match="nodes are asked no more"):
        await http.post(endpoint, b"{}", node="a", limit_s=1)
    with trio.CancelScope() as ended:
        ended.cancel()
        await http.post(endpoint, b"{}", node="a", limit_s=1)
    assert ended.cancelled_caught
