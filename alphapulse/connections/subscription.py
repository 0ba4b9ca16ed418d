"""Subscriptions to a node: heads, logs, pending transactions, all over one WebSocket of one node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import msgspec
import trio

from alphapulse.connections.feed import Feed, Frame
from alphapulse.connections.node import Node, block_call, read_identity
from alphapulse.errors import BadAnswer, FeedClosed, FeedSilent, NodeError, NodeRefused, NodeTimeout, RpcError
from alphapulse.rules.nodes.block_mark import GENESIS, BlockMark, RpcBlock, read_block
from alphapulse.rules.nodes.rpc_answers import read_answers
from alphapulse.rules.nodes.rpc_call import RpcCall, request_bytes
from alphapulse.secret import masked

ANSWER_LIMIT_S: Final = 10.0
"""For all answers to what is asked when a WebSocket is open."""
SILENT_BLOCKS: Final = 3
"""Block times without a new head, and the connection is given up."""


class Topic(NamedTuple):
    """What is subscribed to: the name and the further parameters of `eth_subscribe`."""

    name: str
    params: tuple[Any, ...] = ()


HEADS: Final = Topic("newHeads")


class Notice(NamedTuple):
    """A frame of a subscription. `topic` counts the topics as they were asked for; `received_ns` is the wall clock."""

    topic: int
    frame: bytes
    received_ns: int


class _Params(msgspec.Struct, frozen=True, gc=False):
    subscription: str


class _Notification(msgspec.Struct, frozen=True, gc=False):
    params: _Params | None = None


class _HeadParams(msgspec.Struct, frozen=True, gc=False):
    result: RpcBlock


class _HeadFrame(msgspec.Struct, frozen=True, gc=False):
    params: _HeadParams


_notification = msgspec.json.Decoder(_Notification)
_head = msgspec.json.Decoder(_HeadFrame)


class Subscription:
    """What has been subscribed to at a node. `node` is its label.

    With heads among the topics it is silent when no new head has come for three block times, however many logs or
    pings do: heads are what a chain always has.
    """

    def __init__(
        self,
        feed: Feed,
        topics: Sequence[Topic],
        *,
        silent_s: float,
        on_head: Callable[[BlockMark], None],
        leave: Callable[[], str] = str,
    ) -> None:
        self.node = feed.node
        self.ended_by: NodeError | None = None
        self._feed = feed
        self._topics = topics
        self._numbers: dict[str, int] = {}
        self._early: list[Frame] = []
        self._silent_s = silent_s
        self._on_head = on_head
        self._leave = leave
        self._heads = {number for number, topic in enumerate(topics) if topic.name == HEADS.name}
        self._last_head = b""
        self._due = trio.current_time() + silent_s if self._heads else float("inf")

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> list[Notice]:
        """All notices that have come, one at least. It never ends but by an error.

        Raises:
            FeedSilent: no new head has come for three block times.
            FeedClosed: the node is not one to listen to any more.
            BadAnswer: a frame came that cannot be read.
            NodeError: why the WebSocket has ended.
        """
        try:
            while not (notices := await self._notices()):
                pass
        except NodeError as problem:
            self.ended_by = problem
            raise
        return notices

    async def begin(self) -> None:
        """Subscribe to the topics. Raises NodeError."""
        calls = [RpcCall("eth_subscribe", (topic.name, *topic.params), str) for topic in self._topics]
        for number, answer in enumerate(await self.ask(calls)):
            if isinstance(answer, RpcError):
                problem = f"it does not let us subscribe to {self._topics[number].name}: {answer.text}"
                raise NodeRefused(self.node, problem)
            self._numbers[answer] = number
        if self._heads:
            self._due = trio.current_time() + self._silent_s

    async def ask(self, calls: Sequence[RpcCall]) -> list[Any]:
        """The answers (or the RpcErrors) to calls over the WebSocket. Notices that come meanwhile are kept.

        Raises:
            NodeError: there are none.
        """
        due = trio.current_time() + ANSWER_LIMIT_S
        answers = []
        for number, call in enumerate(calls, 1):
            await self._feed.send(request_bytes([call], number, batch=False).decode())
            answers += read_answers(await self._answer(due), [call], number, self.node, masked)
        return answers

    async def _notices(self) -> list[Notice]:
        """What has come; nothing if it was for nobody here."""
        overdue = trio.current_time() >= self._due
        frames, self._early = self._early, []
        if not frames:
            try:
                frames = await self._feed.receive(self._due)
            except FeedSilent:
                overdue = True
        notices = [notice for frame in frames if (notice := self._notice(frame)) is not None]
        if overdue and trio.current_time() >= self._due:  # a head would have moved it
            raise FeedSilent(self.node, f"its WebSocket has brought no new head for {self._silent_s:g} s")
        if reason := self._leave():
            raise FeedClosed(self.node, f"its WebSocket is left: {reason}")
        return notices

    async def _answer(self, due: float) -> bytes:
        """The next frame that is no notification."""
        found: list[Frame] = []
        while not found:
            try:
                frames = await self._feed.receive(due)
            except FeedSilent as silence:
                problem = NodeTimeout(self.node, f"its WebSocket gave no answer within {ANSWER_LIMIT_S:g} s")
                raise problem from silence
            found = [frame for frame in frames if self._subscription(frame) is None]
            self._early += [frame for frame in frames if frame not in found]
        if len(found) > 1:
            raise BadAnswer(self.node, f"expected one answer over its WebSocket, found {len(found)}")
        return found[0].text

    def _notice(self, frame: Frame) -> Notice | None:
        """None for a subscription that is not ours: there may be answers to what nobody has asked."""
        number = self._numbers.get(self._subscription(frame) or "")
        if number is None:
            return None
        if number in self._heads:
            self._see_head(frame)
        return Notice(number, frame.text, frame.received_ns)

    def _see_head(self, frame: Frame) -> None:
        try:
            mark = read_block(_head.decode(frame.text).params.result)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            mark = None
        if mark is None:
            raise BadAnswer(self.node, "expected a block's header over its WebSocket, found something else")
        if mark.block_hash != self._last_head:
            self._last_head = mark.block_hash
            self._due = trio.current_time() + self._silent_s
            self._on_head(mark)

    def _subscription(self, frame: Frame) -> str | None:
        """The id of the subscription that a frame belongs to; None if it is an answer."""
        try:
            params = _notification.decode(frame.text).params
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            problem = (
                f"expected a frame of JSON-RPC over its WebSocket, found {len(frame.text)} bytes of something else"
            )
        else:
            return None if params is None else params.subscription
        raise BadAnswer(self.node, problem)


@asynccontextmanager
async def open_subscription(
    node: Node,
    topics: Sequence[Topic],
    *,
    silent_s: float,
    check: Callable[[int, bytes], None],
    on_head: Callable[[BlockMark], None],
    leave: Callable[[], str] = str,
) -> AsyncIterator[Subscription]:
    """Subscriptions at a node. `check` is given chain id and genesis hash that it shows over this very connection.

    `leave` says why the node should not be listened to any more; empty if it may.

    Raises:
        NodeError: they cannot be opened, or `check` raised.
    """
    if node.terms.ws is None:
        raise NodeRefused(node.label, "expected a node with a WebSocket, found one without; set its `ws`")
    async with node.transport.open_feed(node.terms.ws, node=node.label) as feed:
        stream = Subscription(feed, topics, silent_s=silent_s, on_head=on_head, leave=leave)
        chain_id, genesis = await stream.ask([RpcCall("eth_chainId", (), str), block_call(GENESIS)])
        for answer in (chain_id, genesis):
            if isinstance(answer, RpcError):
                raise BadAnswer(node.label, f"its WebSocket does not tell which chain it serves: {answer.text}")
        check(*read_identity(node.label, chain_id, genesis))
        await stream.begin()
        yield stream
