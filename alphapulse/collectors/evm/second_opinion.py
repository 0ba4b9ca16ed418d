"""Other nodes' word on blocks that have been handed over: a log that one of them has and we had not is no opinion."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Protocol

import trio

from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.connections.node_pool import PoolReport
from alphapulse.data.pools import Pool
from alphapulse.errors import AnswerRefused, NodeError
from alphapulse.rules.chain.block_logs import HeardLog, judged
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.nodes.rpc_call import RpcCall

logger = logging.getLogger(__name__)

WAITING_BLOCKS = 4
"""Blocks that wait to be asked about; while so many wait no others are picked."""


class Opinions(Protocol):
    """What is needed of a node pool."""

    async def ask_each(self, call: RpcCall) -> dict[str, Any]:
        """What each node says by itself, by label: an answer, an RpcError or a NodeError."""

    def health(self) -> PoolReport:
        """How the nodes are."""


class SecondOpinion:
    """Asks every node for the logs of blocks that chance picks, `verify_ppm` in a million.

    A log in the block's bloom that was not handed over proves that it was incomplete: the pool that emitted it is
    quarantined, and `on_divergent` is called. A node that lacks logs may only be behind: it is counted.
    """

    def __init__(
        self,
        nodes: Opinions,
        wanted: LogFilter,
        publisher: ChainPublisher,
        verify_ppm: int,
        random: Random,
        *,
        on_divergent: Callable[[Sequence[Pool]], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._nodes = nodes
        self._wanted = wanted
        self._publisher = publisher
        self._verify_ppm = verify_ppm
        self._random = random
        self._on_divergent = on_divergent
        self._send, self._receive = trio.open_memory_channel[tuple[Header, frozenset[int]]](WAITING_BLOCKS)

    def block_closed(self, header: Header, logs: Sequence[HeardLog]) -> None:
        """A block has been handed over with these logs."""
        if self._random.randrange(1_000_000) >= self._verify_ppm or self._nodes.health().usable < 2:
            return
        try:
            self._send.send_nowait((header, frozenset(int(heard.log.log_index, 16) for heard in logs)))
        except trio.WouldBlock:
            self.counts["skipped"] += 1

    async def run(self) -> None:
        """Runs until cancelled."""
        async for header, indices in self._receive:
            wanted = self._wanted.parameters() | {"blockHash": f"0x{header.hash.hex()}"}
            try:
                answers = await self._nodes.ask_each(RpcCall("eth_getLogs", (wanted,), list[RpcLog]))
            except NodeError as problem:
                logger.info("no second opinion on block %d: %s", header.number, problem)
                continue
            for node, answer in answers.items():
                if isinstance(answer, list):
                    self._compare(node, answer, header, indices)

    def _compare(self, node: str, logs: list[RpcLog], header: Header, indices: frozenset[int]) -> None:
        try:
            found = judged(header, logs, self._wanted)
        except AnswerRefused as refusal:
            self.counts["garbage"] += 1
            logger.warning("%s gives no second opinion on block %d: %s", node, header.number, refusal)
            return
        missing = [log for index, log in found.items() if index not in indices]
        if indices - found.keys():
            self.counts["fewer"] += 1
            logger.warning("%s lacks %d logs of block %d", node, len(indices - found.keys()), header.number)
        elif not missing:
            self.counts["equal"] += 1
        emitters = {log.address.lower() for log in missing}
        touched = [pool for pool in self._publisher.pools.values() if pool.id.name in emitters]
        for pool in touched:
            self.counts["divergent"] += 1
            problem = f"{node} has a log of it in block {header.number} that was not handed over"
            self._publisher.quarantine(pool, header.number, problem)
        if touched:
            self._on_divergent(touched)
