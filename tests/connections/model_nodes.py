"""Nodes as a test wants them, reached without a socket: each answers from a chain of its own, or misbehaves."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from random import Random
from typing import Any

import attrs
import msgspec
import trio

from alphapulse.connections.endpoint import HTTP, WEBSOCKET, Endpoint, read_endpoint
from alphapulse.connections.feed import DEFAULT_LIMITS, Feed
from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.errors import FeedClosed, NodeError

CHAIN_ID = 137
BLOCK_TIME_MS = 2_000
START_NS = 1_700_000_000_000_000_000
Answer = Callable[[list[Any]], Any]


def wall_ns() -> int:
    """The wall clock of a mock clock's test."""
    return START_NS + int(trio.current_time() * 1e9)


def steady_ns() -> int:
    """The steady clock of a mock clock's test."""
    return int(trio.current_time() * 1e9)


def block_hash(branch: str, number: int) -> str:
    return "0x" + hashlib.sha256(f"{branch}{number}".encode()).hexdigest()


class ModelNode:
    """A node whose head follows the clock, a block each two seconds. Its attributes can make it a bad one."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.chain_id = CHAIN_ID
        self.genesis = "main"
        self.branch = "main"
        self.forked_at = 0
        self.behind = 0
        self.frozen_at: int | None = None
        self.fault: NodeError | None = None
        self.delay_s = 0.0
        self.answers: dict[str, Answer] = {}
        self.slow: dict[str, float] = {}
        """Methods that take so many seconds."""
        self.asked: list[str] = []
        self.requests = 0
        self.feeds: list[ModelFeed] = []
        self.silent = False
        """Its WebSocket brings no heads."""

    def head(self) -> int:
        if self.frozen_at is not None:
            return self.frozen_at
        return 100 + int(trio.current_time() * 1_000) // BLOCK_TIME_MS - self.behind

    def block(self, number: int) -> dict[str, str]:
        def named(at: int) -> str:
            return block_hash(self.genesis if at <= 0 else self.branch if at >= self.forked_at else "main", at)

        time_s = START_NS // 1_000_000_000 + (number - 100) * BLOCK_TIME_MS // 1_000
        return {"number": hex(number), "hash": named(number), "parentHash": named(number - 1), "timestamp": hex(time_s)}

    def answer(self, method: str, params: list[Any]) -> Any:
        self.asked.append(method)
        if method in self.answers:
            return self.answers[method](params)
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method == "eth_getBlockByNumber":
            number = self.head() if params[0] == "latest" else int(params[0], 16)
            return self.block(number) if number <= self.head() else None
        if method == "eth_subscribe":
            return f"0x{params[0]}"
        raise AssertionError(method)

    def reply(self, request: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        found = self.answer(request["method"], request["params"])
        return body | ({"error": found} if isinstance(found, Refusal) else {"result": found})


class Refusal(dict[str, Any]):
    """An error of JSON-RPC."""


def refusal(code: int, text: str, **more: Any) -> Refusal:
    return Refusal(code=code, message=text, **more)


class ModelTransport:
    """Reaches model nodes. A WebSocket brings a head each block until its node is silent or the feed is ended."""

    def __init__(self, *nodes: ModelNode) -> None:
        self.nodes = {node.label: node for node in nodes}

    async def post(self, endpoint: Endpoint, body: bytes, *, node: str, limit_s: float) -> bytes:
        model = self.nodes[node]
        model.requests += 1
        await trio.sleep(model.delay_s)
        if model.fault is not None:
            raise model.fault
        asked = msgspec.json.decode(body)
        if not isinstance(asked, list):
            await trio.sleep(model.slow.get(asked["method"], 0))
        return msgspec.json.encode(
            [model.reply(one) for one in asked] if isinstance(asked, list) else model.reply(asked)
        )

    def open_feed(self, endpoint: Endpoint, *, node: str) -> AbstractAsyncContextManager[Feed]:
        return self._feed(self.nodes[node])

    @asynccontextmanager
    async def _feed(self, model: ModelNode) -> AsyncIterator[Feed]:
        await trio.sleep(model.delay_s)
        if model.fault is not None:
            raise model.fault
        feed = ModelFeed(model)
        model.feeds.append(feed)
        raised: Exception | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(feed.bring_heads)
            try:
                yield feed
            except Exception as error:  # noqa: BLE001 - without a group around it, as the real one does
                raised = error
            nursery.cancel_scope.cancel("the feed is left")
        if raised is not None:
            raise raised


class ModelFeed(Feed):
    """A WebSocket of a model node."""

    def __init__(self, model: ModelNode) -> None:
        super().__init__(model.label, wall_ns, DEFAULT_LIMITS)
        self._model = model
        self._wanted: set[str] = set()

    async def send(self, text: str) -> None:
        await trio.lowlevel.checkpoint()
        request = msgspec.json.decode(text)
        self.put([msgspec.json.encode(self._model.reply(request))])
        if request["method"] == "eth_subscribe":
            self._wanted.add(request["params"][0])

    def notify(self, topic: str, result: Any) -> None:
        params = {"subscription": f"0x{topic}", "result": result}
        self.put([msgspec.json.encode({"jsonrpc": "2.0", "method": "eth_subscription", "params": params})])

    async def bring_heads(self) -> None:
        while True:
            await trio.sleep(BLOCK_TIME_MS / 1_000)
            if "newHeads" in self._wanted and not self._model.silent:
                self.notify("newHeads", self._model.block(self._model.head()))

    def drop(self) -> None:
        self.end(FeedClosed(self.node, "dropped by the test", 1006))


def terms_of(label: str, **changes: Any) -> NodeTerms:
    """Terms with addresses that nobody listens at."""
    http = read_endpoint(f"http://127.0.0.1:9/{label}", "http", HTTP)
    websocket = read_endpoint(f"ws://127.0.0.1:9/{label}", "ws", WEBSOCKET)
    return attrs.evolve(NodeTerms(label=label, http=http, ws=websocket, requests_per_s=1_000), **changes)


def pool_of(
    *nodes: ModelNode, genesis: str | None = "main", transport: ModelTransport | None = None, **changes: Any
) -> NodePool:
    """A pool of model nodes on Trio's clock."""
    expected = None if genesis is None else bytes.fromhex(block_hash(genesis, 0)[2:])
    return NodePool(
        ChainTerms(name="polygon", chain_id=CHAIN_ID, block_time_ms=BLOCK_TIME_MS, genesis_hash=expected),
        [terms_of(node.label, **changes) for node in nodes],
        transport=transport or ModelTransport(*nodes),
        now_ns=wall_ns,
        monotonic_ns=steady_ns,
        random=Random(1),
    )
