"""A node that commits faults, each counted and switchable: what it knows, answers and announces. It has no sockets.

It looks at the chain when it is told to (`sync`) or by itself (`follow`), and announces what is new as its `ChainView`
says. Without faults it is a well-behaved node.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from random import Random
from typing import Any, Protocol

import attrs
import msgspec
import trio

from tests.chain.chain_view import HEADS, LOGS, Announcement, ChainView, is_wanted
from tests.chain.fault_plan import NONE, FaultPlan
from tests.chain.kept_transactions import Refused, TransactionPool
from tests.chain.upstream import Upstream

LOOK_S = 0.02
PATIENCE_S = 5.0
"""Who takes nothing for so long is cut off."""
AT_BLOCK = {"eth_call": 1, "eth_getBalance": 1, "eth_getCode": 1, "eth_getTransactionCount": 1, "eth_getStorageAt": 2}
"""Methods that name a block, and where."""


class LineEnded(ConnectionError):
    """The client has left, or its connection was broken."""


class Line(Protocol):
    """The way to one client."""

    async def send(self, text: bytes) -> None:
        """Raises LineEnded."""

    async def cut(self) -> None:
        """Break it, without a word."""


@attrs.define(eq=False)
class Client:
    """One WebSocket connection: what it has subscribed to, and the frames that come to it late."""

    line: Line
    plan: FaultPlan
    subscriptions: dict[str, tuple[str, dict[str, Any]]] = attrs.field(factory=dict)
    late: list[bytes] = attrs.field(factory=list)


class FaultyNode:
    """One node. Set `faults`, `silent`, `lag`, `chain_id`, `deaf` at any time; `counts` says what it has done."""

    def __init__(self, upstream: Upstream, *, seed: int = 0, takes_back: bool = False) -> None:
        self.faults = NONE
        self.silent: set[str] = set()
        """Topics of which nothing is announced, while everything else goes on."""
        self.lag = 0
        """So many blocks behind the chain, in answers and in announcements."""
        self.chain_id: int | None = None
        """What it says its chain is, if not the truth."""
        self.deaf = False
        """Connections are taken and nothing is ever answered."""
        self.keeps = False
        """Transactions that are sent here stay until they are mined, as on real nodes; anvil drops them."""
        self.kept = TransactionPool(upstream)
        self.pending_offset = 0
        """By how much the count of pending transactions is wrong, while `keeps`."""
        self.counts: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        """Requests over HTTP, by method."""
        self.upstream = upstream
        self.view = ChainView(upstream, takes_back)
        self._clients: set[Client] = set()
        self._held: deque[list[Announcement]] = deque()
        self._connections = itertools.count()
        self._seed = seed
        self._looking = trio.Lock()

    @property
    def head(self) -> int:
        """The newest block that this node admits to know: it answers no more than it has announced."""
        return self.view.head - self.lag

    def plan(self) -> FaultPlan:
        """The faults of the next connection: the same seed, the same faults."""
        return FaultPlan(Random(f"{self._seed} {next(self._connections)}"), self.counts)

    def behave(self) -> None:
        """No more faults of any kind; what lagged is announced at the next look."""
        self.faults, self.silent, self.lag, self.chain_id, self.deaf = NONE, set(), 0, None, False

    async def sync(self) -> None:
        """Look at the chain and announce what is new, except for what lags."""
        async with self._looking:
            self._held.extend(await self.view.advance())
            if self.keeps:
                await self.kept.look()
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

    def connect(self, line: Line) -> Client:
        """A new client."""
        client = Client(line, self.plan())
        self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """A client is gone."""
        self._clients.discard(client)

    async def take(self, client: Client, text: bytes | str) -> None:
        """A client asks something over its WebSocket. Raises LineEnded."""
        if not self.deaf:
            await client.line.send(msgspec.json.encode(await self._answer(client, msgspec.json.decode(text))))

    async def _answer(self, client: Client, asked: Any) -> Any:
        if isinstance(asked, dict) and asked.get("method") == "eth_subscribe":
            topic, *rest = asked["params"]
            number = hex(client.plan.chance.getrandbits(128))
            client.subscriptions[number] = (topic, rest[0] if rest and isinstance(rest[0], dict) else {})
            return {"jsonrpc": "2.0", "id": asked["id"], "result": number}
        if isinstance(asked, dict) and asked.get("method") == "eth_unsubscribe":
            found = client.subscriptions.pop(asked["params"][0], None) is not None
            return {"jsonrpc": "2.0", "id": asked["id"], "result": found}
        return await self.answers(asked, client.plan)

    async def _announce(self, client: Client, block: list[Announcement]) -> None:
        frames = [frame for one in block for frame in self._frames(client, one)]
        before, client.late = client.late, []
        if any(one.topic in self.silent for one in block) and client.subscriptions:
            self.counts["silent"] += 1
        try:
            for frame in client.plan.order(frames, self.faults.reorder):
                if client.plan.strikes("late", self.faults.late):
                    client.late.append(frame)
                    continue
                if client.plan.strikes("cut", self.faults.cut):
                    await self._cut(client)
                    return
                for sent in client.plan.damaged(frame, self.faults):
                    await client.line.send(sent)
            for frame in before:
                await client.line.send(frame)
        except LineEnded:
            self._clients.discard(client)

    def _frames(self, client: Client, one: Announcement) -> list[bytes]:
        if one.topic in self.silent:
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
        await client.line.cut()

    async def answers(self, asked: Any, plan: FaultPlan) -> Any:
        """The answer to a request, or to each of a batch."""
        requests = asked if isinstance(asked, list) else [asked]
        fixed = [
            await self._taken(one)
            if self.keeps and one["method"] == "eth_sendRawTransaction"
            else self._own_answer(one, plan)
            for one in requests
        ]
        passed = [self._as_of_head(one) for one, own in zip(requests, fixed, strict=True) if own is None]
        brought: dict[Any, Any] = {}
        if passed:
            brought = {answer.get("id"): answer for answer in await self.upstream.exchange(passed)}
        found = [own or self._aged(one, brought[one["id"]]) for one, own in zip(requests, fixed, strict=True)]
        if self.keeps:
            found = [await self._kept_answer(one, answer) for one, answer in zip(requests, found, strict=True)]
        return found if isinstance(asked, list) else found[0]

    async def _kept_answer(self, one: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """An answer of a node that keeps transactions."""
        method, params = one["method"], one.get("params") or []
        if method == "eth_getTransactionByHash" and answer.get("result") is None:
            return _result(one, self.kept.by_hash(params[0]))
        if method == "eth_getTransactionCount" and params[-1] == "pending" and "result" in answer:
            count = self.kept.pending_count(params[0], int(answer["result"], 16)) + self.pending_offset
            return _result(one, hex(max(0, count)))
        return answer

    async def _taken(self, one: dict[str, Any]) -> dict[str, Any]:
        """The answer to a transaction that is sent."""
        try:
            return _result(one, await self.kept.take(bytes.fromhex(one["params"][0][2:])))
        except Refused as refusal:
            return _error(one, -32000, str(refusal))

    def _own_answer(self, one: dict[str, Any], plan: FaultPlan) -> dict[str, Any] | None:
        """What the proxy answers itself; None passes the request on."""
        method, params = one["method"], one.get("params") or []
        self.requests[method] += 1
        found: dict[str, Any] | None = None
        if plan.strikes("rate_error", self.faults.rate_error):
            found = _error(one, -32005, "limit exceeded")
        elif method == "eth_chainId" and self.chain_id is not None:
            found = _result(one, hex(self.chain_id))
        elif method == "net_version" and self.chain_id is not None:
            found = _result(one, str(self.chain_id))
        elif method == "eth_getLogs" and plan.strikes("no_logs", self.faults.no_logs):
            found = _result(one, [])
        elif method == "eth_blockNumber":
            found = _result(one, hex(self.head))
        elif method == "eth_getBlockByNumber" and _number(params[0]) > self.head:
            found = _result(one, None)
        return found

    def _as_of_head(self, one: dict[str, Any]) -> dict[str, Any]:
        """A request in which `latest` means the head that this node admits to know."""
        head, method = hex(self.head), one["method"]
        params = list(one.get("params") or [])
        at = 0 if method == "eth_getBlockByNumber" else AT_BLOCK.get(method)
        if at is not None and at < len(params) and params[at] in (("latest", "pending") if self.lag else ("latest",)):
            params[at] = head
        if method == "eth_getLogs" and params[0].get("toBlock") in {None, "latest"} and "blockHash" not in params[0]:
            params[0] = {**params[0], "toBlock": head}
        return {**one, "params": params}

    def _aged(self, one: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """An answer without the blocks that this node does not know yet."""
        found, method = answer.get("result"), one["method"]
        if not found:
            return answer
        if method == "eth_getBlockByHash" and int(found["number"], 16) > self.head:
            return _result(one, None)
        if method == "eth_getLogs" and any(int(log["blockNumber"], 16) > self.head for log in found):
            return _error(one, -32000, "unknown block")
        return answer


def _number(block: Any) -> int:
    """A block's number; 0 for a tag, which is never too new."""
    return int(block, 16) if isinstance(block, str) and block.startswith("0x") else 0


def _result(one: dict[str, Any], value: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": one["id"], "result": value}


def _error(one: dict[str, Any], code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": one["id"], "error": {"code": code, "message": message}}
