"""A faulty node in front of a real chain: HTTP and WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import attrs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from alphapulse.devnet.world import World
from tests.chain.faulty_node import FaultyNode, LineEnded
from tests.chain.http_side import HttpSide
from tests.chain.upstream import RealUpstream


class FaultProxy(FaultyNode):
    """A faulty node with addresses."""

    http_url = ""
    ws_url = ""

    def __init__(self, upstream: RealUpstream, *, seed: int = 0, takes_back: bool = False) -> None:
        super().__init__(upstream, seed=seed, takes_back=takes_back)
        self._real = upstream

    async def aclose(self) -> None:
        """Close the connections to the chain."""
        await self._real.aclose()

    async def serve(self, request: WebSocketRequest) -> None:
        """One WebSocket connection, until it ends."""
        socket = await request.accept()
        client = self.connect(_SocketLine(socket))
        try:
            while True:
                await self.take(client, await socket.get_message())
        except (ConnectionClosed, LineEnded):
            pass
        finally:
            self.leave(client)


Proxy = TypeVar("Proxy", bound=FaultProxy)


@attrs.frozen
class _SocketLine:
    socket: WebSocketConnection

    async def send(self, text: bytes) -> None:
        try:
            await self.socket.send_message(text.decode())
        except ConnectionClosed as error:
            raise LineEnded from error

    async def cut(self) -> None:
        await trio.aclose_forcefully(self.socket._stream)


@asynccontextmanager
async def open_proxy(world: World, *, seed: int = 0, takes_back: bool = False) -> AsyncIterator[FaultProxy]:
    """A node before a world's own, for as long as the block lasts. It knows the chain as it is now."""
    async with serving(FaultProxy(RealUpstream(world.http_url), seed=seed, takes_back=takes_back)) as proxy:
        yield proxy


@asynccontextmanager
async def serving(proxy: Proxy) -> AsyncIterator[Proxy]:
    """A node of this or a derived kind, with its addresses."""
    try:
        await proxy.view.advance()
        async with trio.open_nursery() as nursery:
            server = await nursery.start(serve_websocket, proxy.serve, "127.0.0.1", 0, None)
            proxy.ws_url = f"ws://127.0.0.1:{server.port}"
            http = await nursery.start(HttpSide(proxy).run)
            proxy.http_url = f"http://127.0.0.1:{http}"
            yield proxy
            nursery.cancel_scope.cancel()
    finally:
        await proxy.aclose()
