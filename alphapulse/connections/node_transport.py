"""How nodes are reached: requests over HTTP, subscriptions over WebSockets. A test puts another in its place."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from alphapulse.connections.endpoint import Endpoint
from alphapulse.connections.feed import DEFAULT_LIMITS, Feed, FeedLimits, open_feed
from alphapulse.connections.http import node_client
from alphapulse.connections.node_http import MOST_ANSWER_BYTES, NodeHttp


class NodeTransport(Protocol):
    """Reaches nodes. `node` is the endpoint's label."""

    async def post(self, endpoint: Endpoint, body: bytes, *, node: str, limit_s: float) -> bytes:
        """The body of the answer. Raises NodeError."""
        ...

    def open_feed(self, endpoint: Endpoint, *, node: str) -> AbstractAsyncContextManager[Feed]:
        """A WebSocket. Raises NodeError."""
        ...


class SocketTransport:
    """Reaches nodes over sockets."""

    def __init__(self, http: NodeHttp, tls: ssl.SSLContext, now_ns: Callable[[], int], limits: FeedLimits) -> None:
        self._tls = tls
        self._now_ns = now_ns
        self._limits = limits
        self.post = http.post

    def open_feed(self, endpoint: Endpoint, *, node: str) -> AbstractAsyncContextManager[Feed]:
        """A WebSocket. Raises NodeError."""
        return open_feed(endpoint, node=node, now_ns=self._now_ns, tls=self._tls, limits=self._limits)


@asynccontextmanager
async def open_transport(
    run_blocking: Callable[..., Awaitable[Any]],
    now_ns: Callable[[], int],
    *,
    authority: str | None = None,
    limits: FeedLimits = DEFAULT_LIMITS,
    most_answer_bytes: int = MOST_ANSWER_BYTES,
) -> AsyncIterator[SocketTransport]:
    """What reaches nodes, for as long as it is needed. `authority` (PEM) is believed in place of the machine's own.

    One for all nodes of a process is enough: it shares nothing between them.
    """
    # The HTTP client writes its protocols into its context; a WebSocket's must not offer them.
    http_tls, feed_tls = [await run_blocking(_context, authority) for _ in range(2)]
    async with node_client(http_tls) as client:
        yield SocketTransport(NodeHttp(client, now_ns, most_answer_bytes), feed_tls, now_ns, limits)


def _context(authority: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority)
