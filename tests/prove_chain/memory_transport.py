"""Ways to faulty nodes in memory: what `connections` expects of sockets, without any."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

import attrs
import msgspec
import trio

from alphapulse.connections.endpoint import Endpoint
from alphapulse.connections.feed import DEFAULT_LIMITS, Feed
from alphapulse.errors import FeedClosed, NodeFault, NodeTimeout, NodeUnreachable, RateLimited
from tests.chain.fault_plan import FaultPlan
from tests.chain.faulty_node import FaultyNode, LineEnded

ANSWER_S = 0.01
"""How long a request takes."""
FRAME_S = 0.005
"""How long a frame is on its way."""
NS_PER_S = 1_000_000_000


@attrs.frozen
class _FeedLine:
    """The node's end of a feed."""

    feed: Feed

    async def send(self, text: bytes) -> None:
        """Raises LineEnded."""
        await trio.sleep(FRAME_S)
        if self.feed.failure is not None:
            raise LineEnded
        self.feed.put([text])

    async def cut(self) -> None:
        """Break it."""
        self.feed.end(FeedClosed(self.feed.node, "the connection broke"))


class MemoryTransport:
    """Reaches faulty nodes by their labels."""

    def __init__(self, nodes: Mapping[str, FaultyNode], now_ns: Callable[[], int]) -> None:
        self._nodes = nodes
        self._now_ns = now_ns
        self._plans: dict[str, FaultPlan] = {}

    async def post(self, endpoint: Endpoint, body: bytes, *, node: str, limit_s: float) -> bytes:
        """The body of the answer. Raises NodeError."""
        del endpoint
        there = self._nodes[node]
        plan, faults = self._plans.setdefault(node, there.plan()), there.faults
        await trio.sleep(limit_s if there.deaf else ANSWER_S)
        if there.deaf:
            raise NodeTimeout(node, f"it gave no answer within {limit_s:g} s")
        if plan.strikes("http_cut", faults.http_cut):
            raise NodeUnreachable(node, "the connection broke")
        if plan.strikes("too_many", faults.too_many):
            raise RateLimited(node, "too many requests", NS_PER_S)
        if plan.strikes("failing", faults.failing):
            raise NodeFault(node, "it answered 500")
        answer = msgspec.json.encode(await there.answers(msgspec.json.decode(body), plan))
        if plan.strikes("http_garbage", faults.http_garbage):
            return plan.garbage()
        if plan.strikes("http_truncate", faults.http_truncate):
            return answer[: plan.chance.randrange(1, len(answer))]
        return answer

    @asynccontextmanager
    async def open_feed(self, endpoint: Endpoint, *, node: str) -> AsyncIterator[Feed]:
        """A WebSocket. Raises NodeError."""
        del endpoint
        there, feed = self._nodes[node], Feed(node, self._now_ns, DEFAULT_LIMITS)
        client = there.connect(_FeedLine(feed))
        raised: Exception | None = None
        async with trio.open_nursery() as nursery:

            async def answer(text: str) -> None:
                with suppress(LineEnded):  # the client finds out when it reads
                    await there.take(client, text)

            async def send(text: str) -> None:
                nursery.start_soon(answer, text)
                await trio.lowlevel.checkpoint()

            feed._send = send
            try:
                yield feed
            except Exception as error:  # noqa: BLE001 - it travels on below, without a group around it
                raised = error
            finally:
                there.leave(client)
                feed.end(FeedClosed(node, "the WebSocket was closed here"))
                nursery.cancel_scope.cancel()
        if raised is not None:
            raise raised
