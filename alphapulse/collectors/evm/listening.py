"""The subscription to heads and logs: one node after the other, as long as each tells of anything."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec
import trio

from alphapulse.collectors.evm.contract_reader import Nodes
from alphapulse.connections.node_pool import PoolReport
from alphapulse.connections.subscription import HEADS, Notice, Topic
from alphapulse.errors import AnswerRefused, LogRefused, NodeError
from alphapulse.rules.chain.header import HeaderReader, RpcHeader
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.chain.tracker import ChainTracker
from alphapulse.rules.events.rpc_log import decode_frame
from alphapulse.rules.nodes.rpc_call import RpcCall

logger = logging.getLogger(__name__)


class Subscribed(Protocol):
    """One connection to one node: lists of notices, until it ends by a NodeError."""

    @property
    def node(self) -> str:
        """The node's label."""

    def __aiter__(self) -> AsyncIterator[Sequence[Notice]]:
        """All that came at once."""


class LiveNodes(Nodes, Protocol):
    """What is needed of a node pool to follow a chain."""

    @property
    def max_block_range(self) -> int:
        """Blocks that one `eth_getLogs` may span."""

    def subscribe(self, *topics: Topic) -> AbstractAsyncContextManager[Subscribed]:
        """The topics over one WebSocket of one node, the best one. Waits for one."""

    def blame(self, label: str, reason: str) -> None:
        """A cross-check has found the node wrong."""

    async def ask_each(self, call: RpcCall) -> dict[str, Any]:
        """What each node says by itself, by label: an answer, an RpcError or a NodeError."""

    def health(self) -> PoolReport:
        """How the nodes are."""


class Listening:
    """Subscribes, and subscribes anew whenever that ends.

    `on_begin` is called with each new subscription, `on_notices` with what it brings, `on_end` with why it ended.
    """

    def __init__(
        self,
        nodes: LiveNodes,
        wanted: LogFilter,
        *,
        on_begin: Callable[[], None],
        on_notices: Callable[[Sequence[Notice]], None],
        on_end: Callable[[str], None],
    ) -> None:
        self.node = ""
        """Label of the node that tells of heads and logs, or did last."""
        self._nodes = nodes
        self._topics = (HEADS, Topic("logs", (wanted.parameters(),)))
        self._on_begin = on_begin
        self._on_notices = on_notices
        self._on_end = on_end
        self._connection = trio.CancelScope()
        self._said = ""

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            try:
                with trio.CancelScope() as self._connection:
                    async with self._nodes.subscribe(*self._topics) as subscribed:
                        self.node, self._said = subscribed.node, ""
                        self._on_begin()
                        async for notices in subscribed:
                            self._on_notices(notices)
            except NodeError as problem:
                logger.log(self._level_of(str(problem)), "the subscription has ended: %s", problem)
                self._on_end(str(problem))
                await trio.lowlevel.checkpoint()

    def _level_of(self, problem: str) -> int:
        """What was said last is not said again and again: an outage lasts for hours."""
        said, self._said = self._said, problem
        return logging.DEBUG if problem == said else logging.WARNING

    def blame(self, reason: str) -> None:
        """What this node tells lacks something: another connection is wanted."""
        logger.error("%s: %s", self.node, reason)
        self._nodes.blame(self.node, reason)
        self._connection.cancel()


class _HeadParams(msgspec.Struct, frozen=True, gc=False):
    result: RpcHeader


class _HeadFrame(msgspec.Struct, frozen=True, gc=False):
    params: _HeadParams


_head_decoder = msgspec.json.Decoder(_HeadFrame)


def tell(tracker: ChainTracker, notices: Sequence[Notice], headers: HeaderReader) -> bool:
    """Tell the tracker of heads (topic 0) and logs (topic 1); garbage is counted. True if a head was among them."""
    heard = False
    for notice in notices:
        try:
            if notice.topic == 0:
                tracker.take_head(headers.read(_head_decoder.decode(notice.frame).params.result))
                heard = True
            else:
                tracker.take_log(decode_frame(notice.frame), notice.received_ns)
        except (LogRefused, AnswerRefused) as refusal:
            tracker.faults[refusal.reason] += 1
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            tracker.faults["not_json"] += 1
    return heard
