"""The nodes of one chain: who is asked, who is left alone, and what counts as their answer."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Final, NoReturn

import attrs
import trio

from alphapulse.connections.node import Node
from alphapulse.connections.node_reads import read_batch, read_batch_each, read_each, read_quorum
from alphapulse.connections.node_sends import send_everywhere
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.connections.node_transport import NodeTransport
from alphapulse.connections.node_watch import NodeWatch
from alphapulse.connections.subscription import SILENT_BLOCKS, Subscription, Topic, open_subscription
from alphapulse.errors import FeedClosed, NodeError, NoNode, RpcError
from alphapulse.rules.nodes.backoff import Backoff
from alphapulse.rules.nodes.block_mark import BlockMark
from alphapulse.rules.nodes.node_health import NodeReport, NodeState
from alphapulse.rules.nodes.ranking import median_head, ranked
from alphapulse.rules.nodes.rpc_call import OF_STATE, RpcCall
from alphapulse.rules.nodes.send_verdict import SendReport

NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
RECONNECTS: Final = Backoff(first_ns=NS_PER_S // 4, longest_ns=30 * NS_PER_S)
"""Between two WebSockets to one node."""

log = logging.getLogger(__name__)


@attrs.frozen
class PoolReport:
    """The nodes of a chain as operators see them."""

    chain: str
    chain_id: int
    nodes: tuple[NodeReport, ...]
    usable: int
    degraded: bool
    """Every node is quarantined, and one of them is asked all the same."""
    split: str
    """Who stands against whom if the nodes follow two branches and neither are more; empty if all is well."""


class NodePool:
    """The nodes of one chain. `run` must run while it is used.

    Reads go to the best node, and to the next one if it fails; reads on which money is spent (`quorum`) go to several,
    and count if enough say the same at one block. `monotonic_ns` is a steady clock.
    """

    def __init__(
        self,
        terms: ChainTerms,
        nodes: Sequence[NodeTerms],
        *,
        transport: NodeTransport,
        now_ns: Callable[[], int],
        monotonic_ns: Callable[[], int],
        random: Random,
    ) -> None:
        if not nodes or len({node.label for node in nodes}) < len(nodes):
            raise ValueError("expected at least one node, each with a label of its own")
        self.terms = terms
        self._monotonic_ns = monotonic_ns
        self._random = random
        self._block_time_ns = terms.block_time_ms * NS_PER_MS
        self._nodes = [Node(node, transport, monotonic_ns=monotonic_ns, random=random) for node in nodes]
        self._watch = NodeWatch(terms, self._nodes, now_ns=now_ns, monotonic_ns=monotonic_ns)
        self._reconnects = {node.label: _Reconnects() for node in self._nodes}

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> NoReturn:
        """Look after the nodes until cancelled. Ready once each has been looked at once, whatever came of it."""
        await self._watch.run(task_status=task_status)

    async def call(
        self,
        method: str,
        params: Sequence[Any] = (),
        *,
        type: Any = Any,
        quorum: int = 1,
        block_hash: bytes | None = None,
    ) -> Any:
        """The answer to one call, read as a `type` (see `RpcCall`).

        With `quorum` so many nodes must give the same answer; what depends on the state then needs a `block_hash`, at
        which all are asked. `block_hash` is added as the last parameter (EIP-1898).

        Raises:
            RpcError: the node answered by an error; with a quorum only CallReverted, if enough said so.
            NoQuorum: too few say the same.
            NodeError: nobody could be asked, or nobody answered.
        """
        call = RpcCall(method, params, type)
        if block_hash is not None:
            call = call.at_block(block_hash)
        elif quorum > 1 and method in OF_STATE:
            raise ValueError(f"expected a block hash for a quorum on {method}: nodes stand at several blocks")
        if quorum > 1:
            answer = await read_quorum(self._best(), call, quorum, self.terms.name)
        else:
            (answer,) = await self.batch([call])
        if isinstance(answer, RpcError):
            raise answer
        return answer

    async def batch(self, calls: Sequence[RpcCall]) -> list[Any]:
        """The answers to calls, in their order; an RpcError stands where one failed. Any number of calls.

        Raises:
            NodeError: for some there is no answer at all.
        """
        return await read_batch(self._best, calls, self._no_node)

    async def ask_each(self, call: RpcCall) -> dict[str, Any]:
        """What each node that may be asked says by itself: an answer, an RpcError or a NodeError, by label."""
        return await read_each(self._best(), call)

    async def batch_each(self, calls: Sequence[RpcCall], *, limit_s: float) -> dict[str, list[Any] | NodeError]:
        """What each node that may be asked says to all calls, by label; a NodeError for one that did not answer all.

        Nobody is waited for longer than `limit_s`, whatever a node's rate makes of the calls.
        """
        return await read_batch_each(self._best(), calls, limit_s)

    async def send_raw(
        self, raw: bytes, transaction_hash: bytes, permit: Callable[[], bool] = lambda: True
    ) -> SendReport:
        """Send a signed transaction to all nodes, and say what became of it. A node that is not sure is asked for it.

        `permit` is asked directly before the bytes leave for a node; where it says no, they do not.

        Raises:
            NoNode: it was sent to nobody.
        """
        nodes = self._best()
        if not nodes:
            raise self._no_node()
        report = await send_everywhere(nodes, raw, transaction_hash, permit)
        if report.alarm:
            log.critical("%s: %s", self.terms.name, report.alarm)
        return report

    @asynccontextmanager
    async def subscribe(self, *topics: Topic) -> AsyncIterator[Subscription]:
        """Subscriptions over one WebSocket of the best node that has one. See `Subscription`.

        Whoever comes back after an error is given the best node of that moment, which may be another one, and waits
        if need be: there is no need for a back-off of one's own.

        Raises:
            NoNode: no node with a WebSocket may be asked.
            NodeError: the WebSocket cannot be opened; afterwards, why it ended.
        """
        node = await self._for_subscription()
        reconnects = self._reconnects[node.label]
        reconnects.begin(self._monotonic_ns(), self._random)

        def on_head(mark: BlockMark) -> None:
            reconnects.failures = 0
            self._watch.head(node, mark)

        def check(chain_id: int, genesis: bytes) -> None:
            self._watch.check(node, chain_id, genesis)

        def leave() -> str:
            return self._why_leave(node)

        silent_s = SILENT_BLOCKS * self._block_time_ns / NS_PER_S
        stream: Subscription | None = None
        try:
            async with open_subscription(
                node, topics, silent_s=silent_s, check=check, on_head=on_head, leave=leave
            ) as stream:
                log.info("%s: subscribed at %s", self.terms.name, node.label)
                yield stream
        except NodeError as problem:
            # An end as such is no fault: nodes restart, and providers move connections.
            if stream is None or (stream.ended_by is problem and not isinstance(problem, FeedClosed)):
                node.failed(problem.problem)
            self._watch.judge()
            raise
        finally:
            reconnects.end(self._monotonic_ns())

    def blame(self, label: str, reason: str, *, quarantine: bool = False) -> None:
        """A check of one's own has found a node wrong, such as logs that its subscription did not bring."""
        for node in self._nodes:
            if node.label == label:
                log.warning("%s: %s: %s", self.terms.name, label, reason)
                if quarantine:
                    node.quarantine(reason)
                else:
                    node.failed(reason)
        self._watch.judge()

    def health(self) -> PoolReport:
        """How the nodes are, now."""
        now_ns = self._monotonic_ns()
        healths = [node.health for node in self._nodes]
        median = median_head(healths)
        return PoolReport(
            chain=self.terms.name,
            chain_id=self.terms.chain_id,
            nodes=tuple(health.report(now_ns, median) for health in healths),
            usable=sum(health.usable for health in healths),
            degraded=any(health.degraded for health in healths),
            split=self._watch.split,
        )

    @property
    def requests_per_s(self) -> int:
        """Calls that every node takes in a second."""
        return min(node.terms.requests_per_s for node in self._nodes)

    @property
    def max_block_range(self) -> int:
        """Blocks in one query of logs that the node takes which would be asked now."""
        best = self._best()
        return min(node.terms.max_block_range for node in best[:1] or self._nodes)

    def _best(self) -> list[Node]:
        """The nodes that may be asked, the best first."""
        healths = [node.health for node in self._nodes]
        if not any(health.usable for health in healths):
            self._watch.judge()  # the last one may just have been quarantined
        waits_ns = [node.wait_ns() for node in self._nodes]
        return [self._nodes[position] for position in ranked(healths, self._block_time_ns, waits_ns)]

    async def _for_subscription(self) -> Node:
        """The node to subscribe at, once its back-off is over: who is ready soonest, of those the best."""
        await trio.lowlevel.checkpoint()
        nodes = [node for node in self._best() if node.terms.ws is not None]
        if not nodes:
            await self._watch.wait_look()
            nodes = [node for node in self._best() if node.terms.ws is not None]
        if not nodes:
            raise self._no_node()
        now_ns = self._monotonic_ns()
        waits_ns = {node.label: max(self._reconnects[node.label].ready_ns - now_ns, 0) for node in nodes}
        node = min(nodes, key=lambda node: waits_ns[node.label])  # the first of equals: the best
        await trio.sleep(waits_ns[node.label] / NS_PER_S)
        return node

    def _why_leave(self, node: Node) -> str:
        """Why a node should not be listened to any more: its heads may come, but late or of another branch."""
        health = node.health
        if health.state in (NodeState.OK, NodeState.NEW):
            return ""
        if health.state is NodeState.WRONG_CHAIN or health.forked:
            return health.reason
        better = (other.health.state is NodeState.OK and other.terms.ws is not None for other in self._nodes)
        return health.reason if any(better) else ""

    def _no_node(self) -> NoNode:
        reasons = "; ".join(f"{node.label} is {node.health.state}: {node.health.reason}" for node in self._nodes)
        return NoNode(self.terms.name, f"no node can be asked now ({reasons})")


@attrs.define
class _Reconnects:
    """A node's WebSockets: attempts in a row that brought no head, and from when on the next one may begin."""

    failures: int = 0
    begun_ns: int = 0
    ready_ns: int = 0

    def begin(self, now_ns: int, random: Random) -> None:
        """A WebSocket is opened."""
        self.failures += 1
        self.begun_ns = now_ns
        self.ready_ns = now_ns + RECONNECTS.delay_ns(self.failures, random)

    def end(self, now_ns: int) -> None:
        """It is left. One that lived longer than the longest delay was none that failed."""
        if now_ns - self.begun_ns > RECONNECTS.longest_ns:
            self.failures = 0
