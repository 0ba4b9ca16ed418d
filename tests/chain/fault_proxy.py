"""A node between client and chain that commits faults: HTTP and WebSocket, each fault counted and switchable.

It looks at the chain when it is told to (`sync`) or by itself (`follow`), and announces what is new as its `ChainView`
says. Without faults it is a well-behaved node.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import attrs
import msgspec
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from alphapulse.connections.http import devnet_client
from alphapulse.devnet.rpc import NodeRpc
from alphapulse.devnet.world import World
from tests.chain.chain_view import HEADS, LOGS, Announcement, ChainView, is_wanted
from tests.chain.fault_plan import NONE, FaultPlan
from tests.chain.http_side import HttpSide

LOOK_S = 0.02
PATIENCE_S = 5.0
"""Who takes nothing for so long is cut off."""


@attrs.define(eq=False)
class Client:
    """One WebSocket connection: what it has subscribed to, and the frames that come to it late."""

    socket: WebSocketConnection
    plan: FaultPlan
    subscriptions: dict[str, tuple[str, dict[str, Any]]] = attrs.field(factory=dict)
    late: list[bytes] = attrs.field(factory=list)


class FaultProxy:
    """One node. Set `faults`, `silent`, `lag`, `chain_id`, `deaf` at any time; `counts` says what it has done."""

    def __init__(self, world: World, *, seed: int = 0, takes_back: bool = False) -> None:
        self.faults = NONE
        self.silent: set[str] = set()
        """Topics of which nothing is announced, while everything else goes on."""
        self.lag = 0
        """So many blocks behind the chain, in answers and in announcements."""
        self.chain_id: int | None = None
        """What it says its chain is, if not the truth."""
        self.deaf = False
        """Connections are taken and nothing is ever answered."""
        self.counts: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        """Requests over HTTP, by method."""
        self.http_url = ""
        self.ws_url = ""
        self.rpc = NodeRpc(world.http_url)
        self.upstream = devnet_client(world.http_url, timeout_s=60.0)
        self.view = ChainView(self.rpc, takes_back)
        self._clients: set[Client] = set()
        self._held: deque[list[Announcement]] = deque()
        self._connections = itertools.count()
        self._seed = seed
        self._looking = trio.Lock()

    @property
    def head(self) -> int:
        """The newest block that this node admits to know."""
        return self.view.head - self.lag

    def plan(self) -> FaultPlan:
        """The faults of the next connection: the same seed, the same faults."""
        return FaultPlan(Random(f"{self._seed} {next(self._connections)}"), self.counts)

    async def sync(self) -> None:
        """Look at the chain and announce what is new, except for what lags."""
        async with self._looking:
            self._held.extend(await self.view.advance())
            while len(self._held) > self.lag:
                block = self._held.popleft()
                for client in tuple(self._clients):
                    with trio.move_on_after(PATIENCE_S) as patience:
                        await self._announce(client, block)
                    if patience.cancelled_caught:
                        self.counts["slow client"] += 1
                        await self._cut(client)

    async def follow(self) -> None:
        """`sync` for ever."""
        while True:
            await self.sync()
            await trio.sleep(LOOK_S)

    async def cut_all(self) -> None:
        """Break all WebSocket connections, as a node that dies."""
        for client in tuple(self._clients):
            self.counts["cut"] += 1
            await self._cut(client)

    @property
    def clients(self) -> int:
        """How many WebSocket connections there are."""
        return len(self._clients)

    @property
    def subscriptions(self) -> int:
        """How many subscriptions there are, of all clients."""
        return sum(len(client.subscriptions) for client in self._clients)

    async def serve(self, request: WebSocketRequest) -> None:
        """One WebSocket connection, until it ends."""
        socket = await request.accept()
        client = Client(socket, self.plan())
        self._clients.add(client)
        try:
            while True:
                asked = msgspec.json.decode(await socket.get_message())
                if not self.deaf:
                    await socket.send_message(msgspec.json.encode(await self._answer(client, asked)).decode())
        except ConnectionClosed:
            pass
        finally:
            self._clients.discard(client)

    async def _answer(self, client: Client, asked: Any) -> Any:
        if isinstance(asked, dict) and asked.get("method") == "eth_subscribe":
            topic, *rest = asked["params"]
            number = hex(client.plan.chance.getrandbits(128))
            client.subscriptions[number] = (topic, rest[0] if rest and isinstance(rest[0], dict) else {})
            return {"jsonrpc": "2.0", "id": asked["id"], "result": number}
        if isinstance(asked, dict) and asked.get("method") == "eth_unsubscribe":
            found = client.subscriptions.pop(asked["params"][0], None) is not None
            return {"jsonrpc": "2.0", "id": asked["id"], "result": found}
        return await HttpSide(self).answers(asked, client.plan)

    async def _announce(self, client: Client, block: list[Announcement]) -> None:
        frames = [frame for one in block for frame in self._frames(client, one)]
        before, client.late = client.late, []
        try:
            for frame in client.plan.order(frames, self.faults.reorder):
                if client.plan.strikes("late", self.faults.late):
                    client.late.append(frame)
                    continue
                if client.plan.strikes("cut", self.faults.cut):
                    await self._cut(client)
                    return
                for sent in client.plan.damaged(frame, self.faults):
                    await client.socket.send_message(sent.decode())
            for frame in before:
                await client.socket.send_message(frame.decode())
        except ConnectionClosed:
            self._clients.discard(client)

    def _frames(self, client: Client, one: Announcement) -> list[bytes]:
        if one.topic in self.silent:
            self.counts["silent"] += bool(client.subscriptions)
            return []
        return [
            msgspec.json.encode(
                {
                    "jsonrpc": "2.0",
                    "method": "eth_subscription",
                    "params": {"subscription": number, "result": one.payload},
                }
            )
            for number, (topic, wanted) in client.subscriptions.items()
            if topic == one.topic and (topic == HEADS or (topic == LOGS and is_wanted(one.payload, wanted)))
        ]

    async def _cut(self, client: Client) -> None:
        self._clients.discard(client)
        await trio.aclose_forcefully(client.socket._stream)


@asynccontextmanager
async def open_proxy(world: World, *, seed: int = 0, takes_back: bool = False) -> AsyncIterator[FaultProxy]:
    """A node before a world's own, for as long as the block lasts. It knows the chain as it is now."""
    proxy = FaultProxy(world, seed=seed, takes_back=takes_back)
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
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
            await proxy.rpc.aclose()
            await proxy.upstream.aclose()
