"""Transactions that are not mined yet: what a node offers, simulated one by one on top of the newest block."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec
import trio

from alphapulse.collectors.evm.contract_reader import Nodes
from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.collectors.evm.terms import EvmTerms
from alphapulse.connections.subscription import Notice, Topic
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import StreamState
from alphapulse.data.pending import MOST_POOLS, PendingPool, PendingTransaction
from alphapulse.errors import LogRefused, NodeError, RpcError
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.solidly import SolidlyState
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.simulation import SimulatedBlock, simulate_params, simulated_logs
from alphapulse.rules.events.hex_text import read_bytes
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.nodes.rpc_call import RpcCall

logger = logging.getLogger(__name__)

WAITING = 512
"""Transactions that wait to be simulated. The oldest are let go first: younger ones are likelier to be pending yet."""

AT_ONCE = 16
"""Transactions simulated in one batch."""

PENDING = Topic("newPendingTransactions", (True,))
"""With their bodies; a node that sends hashes only is asked for each."""


class Subscribed(Protocol):
    """One connection to one node."""

    def __aiter__(self) -> AsyncIterator[Sequence[Notice]]:
        """All that came at once."""


class PendingNodes(Nodes, Protocol):
    """What is needed of a node pool."""

    def subscribe(self, *topics: Topic) -> AbstractAsyncContextManager[Subscribed]:
        """The topics over one WebSocket of one node."""


class _Params(msgspec.Struct, frozen=True, gc=False):
    result: dict[str, Any] | str


class _Frame(msgspec.Struct, frozen=True, gc=False):
    params: _Params


_frame_decoder = msgspec.json.Decoder(_Frame)

Waiting = tuple[dict[str, Any] | str, int]
"""A transaction, or its hash, and when it was received (ns, wall clock)."""


class PendingFeed:
    """Publishes a PendingTransaction for each that would change a followed pool. `counts` has what became of all.

    Nothing is simulated while the newest block is not complete: the states on top of which it would be are not known.
    """

    def __init__(
        self,
        terms: EvmTerms,
        nodes: PendingNodes,
        publisher: ChainPublisher,
        publish: Callable[[Sequence[object]], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._terms = terms
        self._nodes = nodes
        self._publisher = publisher
        self._publish = publish
        self._waiting: deque[Waiting] = deque()
        self._arrived = trio.Event()

    async def run(self) -> None:
        """Runs until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._simulate)
            while True:
                try:
                    async with self._nodes.subscribe(PENDING) as subscribed:
                        self.counts["subscriptions"] += 1
                        async for notices in subscribed:
                            self._take(notices)
                except NodeError as problem:
                    logger.warning("no pending transactions are told of: %s", problem)
                    await trio.lowlevel.checkpoint()

    def _take(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            try:
                told = _frame_decoder.decode(notice.frame).params.result
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                self.counts["not_json"] += 1
                continue
            if isinstance(told, str) or _does_something(told):
                self._waiting.append((told, notice.received_ns))
            else:
                self.counts["plain"] += 1
        while len(self._waiting) > WAITING:
            self._waiting.popleft()
            self.counts["too_many"] += 1
        self._arrived.set()

    async def _simulate(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived = trio.Event()
            while self._waiting:
                some = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                base = self._publisher.tip
                if base is None or self._publisher.state is not StreamState.FRESH:
                    self.counts["not_fresh"] += len(some)
                    continue
                try:
                    await self._answer(await self._with_bodies(some), base)
                except NodeError as problem:
                    self.counts["unanswered"] += len(some)
                    logger.warning("%d pending transactions were not simulated: %s", len(some), problem)

    async def _with_bodies(self, some: Sequence[Waiting]) -> list[tuple[dict[str, Any], int]]:
        """The transactions whose bodies are known or can be had."""
        hashes = [(told, received_ns) for told, received_ns in some if isinstance(told, str)]
        whole = [(told, received_ns) for told, received_ns in some if isinstance(told, dict)]
        if hashes:
            calls = [RpcCall("eth_getTransactionByHash", (told,), dict[str, Any] | None) for told, _ in hashes]
            answers = await self._nodes.batch(calls)
            for (_, received_ns), answer in zip(hashes, answers, strict=True):
                if isinstance(answer, dict) and answer.get("blockHash") is None and _does_something(answer):
                    whole.append((answer, received_ns))
        return whole

    async def _answer(self, some: Sequence[tuple[dict[str, Any], int]], base: Header) -> None:
        calls = [
            RpcCall("eth_simulateV1", simulate_params(transaction, base), list[SimulatedBlock])
            for transaction, _ in some
        ]
        answers = await self._nodes.batch(calls) if calls else []
        if self._publisher.tip != base:
            self.counts["overtaken"] += len(some)
            return
        for (transaction, received_ns), answer in zip(some, answers, strict=True):
            if isinstance(answer, RpcError):
                self.counts[f"refused ({answer.kind})"] += 1
                continue
            try:
                transaction_hash = str(transaction["hash"])
                logs = simulated_logs(answer, transaction_hash, base)
                pools = [] if logs is None else self._changed(logs, received_ns)
                told = read_bytes(transaction_hash, 32, "a transaction hash")
            except (LogRefused, KeyError):
                self.counts["garbage"] += 1
                continue
            self.counts["other_base" if logs is None else "changes" if pools else "changes_nothing"] += 1
            if pools:
                self._tell(told, base, received_ns, pools)

    def _changed(self, logs: Sequence[RpcLog], received_ns: int) -> list[PendingPool]:
        """The followed pools that the logs change, as they would be."""
        pools = self._publisher.pools
        decoder = LogDecoder(
            pool for pool in pools.values() if any(log.address.lower() == pool.id.name for log in logs)
        )
        states: dict[InstrumentId, AmmState] = {}
        for log in logs:
            try:
                event = decoder.decode_log(log, received_ns)
            except LogRefused:
                continue
            before = states.get(event.pool) or self._publisher.book.state(event.pool)
            if before is not None and (after := before.applied(event)) is not before:
                states.pop(event.pool, None)
                states[event.pool] = after
        return [_as_told(pool, state) for pool, state in states.items()][-MOST_POOLS:]

    def _tell(self, transaction_hash: bytes, base: Header, received_ns: int, pools: Sequence[PendingPool]) -> None:
        message = PendingTransaction(
            self._terms.name,
            self._terms.chain_id,
            transaction_hash,
            base.number,
            base.hash,
            base.venue_time_ns,
            received_ns,
            tuple(pools),
        )
        self._publish([message])


def _does_something(transaction: dict[str, Any]) -> bool:
    """False for transfers of coin and for new contracts: neither trades."""
    return transaction.get("to") is not None and len(str(transaction.get("input", "0x"))) > len("0x")


def _as_told(pool: InstrumentId, state: AmmState) -> PendingPool:
    if isinstance(state, ConstantProductState | SolidlyState):
        return PendingPool(pool, None, None, None, state.reserve0, state.reserve1)
    if isinstance(state, ConcentratedState):
        return PendingPool(pool, state.sqrt_price_x96, state.liquidity, state.tick, None, None)
    return PendingPool(pool, None, None, None, None, None)
