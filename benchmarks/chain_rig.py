"""A collector for the benchmarks, and a node in memory that it follows."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from random import Random
from typing import Any

import msgspec
import trio

from alphapulse.collectors.evm.collector import EvmCollector
from alphapulse.collectors.evm.listening import LiveNodes
from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.collectors.evm.terms import EvmTerms
from alphapulse.connections.node_pool import PoolReport
from alphapulse.connections.subscription import Notice, Topic
from alphapulse.data.market import BlockCompleted
from alphapulse.data.pools import Pool, PoolKind
from alphapulse.data.wire import Domain
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay import Relay
from alphapulse.rules.chain.finality import FinalityRule
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.events.topics import topics_of
from alphapulse.rules.evm.bloom import bloom_of
from alphapulse.rules.evm.multicall import MULTICALL3
from alphapulse.rules.nodes.rpc_call import RpcCall

FRAME = '{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":%s}}'


class Collected:
    """What a collector publishes: when each block was complete, and the delay of each event (ns)."""

    def __init__(self) -> None:
        self.blocks: dict[int, int] = {}
        self.delays_ns: list[int] = []
        self.events = 0
        self._arrived = trio.lowlevel.ParkingLot()

    def take(self, messages: Sequence[Any]) -> None:
        """Messages have come."""
        now_ns = time.time_ns()
        for message in messages:
            if isinstance(message, BlockCompleted):
                self.blocks[message.block_number] = now_ns
                self.events += message.logs
            elif (stamp := getattr(message, "stamp", None)) is not None and stamp.transaction_hash is not None:
                self.delays_ns.append(now_ns - stamp.received_ns)
        self._arrived.unpark_all()

    async def wait_block(self, number: int) -> None:
        """Return when that block is complete."""
        while number not in self.blocks:
            await self._arrived.park()


@asynccontextmanager
async def collector_of(
    pools: Sequence[Pool],
    open_nodes: Callable[[], AbstractAsyncContextManager[LiveNodes]],
    *,
    chain_id: int,
    multicall: bytes = MULTICALL3,
) -> AsyncIterator[Collected]:
    """A collector that runs, and what it publishes."""
    relay, collected = Relay(Domain.MARKET_DATA, Flow()), Collected()

    async def consume() -> None:
        with relay.subscribe("bench") as subscription:
            while True:
                collected.take(await subscription.receive())

    async def begin_run(_: str) -> None:
        await trio.lowlevel.checkpoint()

    terms = EvmTerms("bench", chain_id, 10_000, FinalityRule(), verify_ppm=0)
    publisher = ChainPublisher(terms, pools, LogDecoder(pools), relay, now_ns=time.time_ns, on_block=lambda: None)
    collector = EvmCollector(
        terms,
        publisher,
        LogFilter(topics_of(PoolKind)),
        open_nodes=open_nodes,
        flow=relay.flow,
        begin_run=begin_run,
        on_broken=lambda _: None,
        multicall=multicall,
        now_ns=time.time_ns,
        random=Random(1),  # noqa: S311 - it picks nothing here
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(consume)
        await nursery.start(collector.run)
        yield collected
        nursery.cancel_scope.cancel()


class MemoryNode:
    """A chain of recorded logs, so many in a block, as a node tells it; every answer is read from its JSON."""

    max_block_range = 500

    def __init__(self, logs: Sequence[RpcLog], per_block: int) -> None:
        self.frames: list[list[bytes]] = []
        self._headers: list[bytes] = []
        self._logs: dict[str, bytes] = {}
        self._ready = trio.Event()
        self._begin = trio.Event()
        parent = bytes(32)
        for number, at in enumerate(range(0, len(logs), per_block)):
            parent = self._mine(number, parent, logs[at : at + per_block] if number else [])
        self.head = 0
        self._told = 0

    @property
    def newest(self) -> int:
        """The number of the last block."""
        return len(self._headers) - 1

    def start(self) -> None:
        """Tell of everything."""
        self.head = self.newest
        self._begin.set()

    async def wait_subscribed(self) -> None:
        """Return when somebody listens."""
        await self._ready.wait()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[MemoryNode]:
        """The node itself."""
        yield self

    @asynccontextmanager
    async def subscribe(self, *_: Topic) -> AsyncIterator[MemoryNode]:
        """All heads and logs."""
        yield self

    @property
    def node(self) -> str:
        """Its label."""
        return "memory"

    def __aiter__(self) -> AsyncIterator[Sequence[Notice]]:
        self._ready.set()
        return self

    async def __anext__(self) -> Sequence[Notice]:
        await self._begin.wait()
        self._told += 1
        if self._told >= len(self.frames):
            await trio.sleep_forever()
        head, *logs = self.frames[self._told]
        now_ns = time.time_ns()
        return [Notice(0, head, now_ns), *(Notice(1, log, now_ns) for log in logs)]

    async def batch(self, calls: Sequence[RpcCall]) -> list[Any]:
        """Each answer, read into what is wanted."""
        await trio.lowlevel.checkpoint()
        return [msgspec.json.decode(self._answer(call), type=call.type) for call in calls]

    async def call(self, method: str, params: Sequence[Any] = (), **_: Any) -> Any:
        """One answer."""
        return (await self.batch([RpcCall(method, params)]))[0]

    async def ask_each(self, call: RpcCall) -> dict[str, Any]:
        """The one node's answer."""
        return {self.node: (await self.batch([call]))[0]}

    def blame(self, label: str, reason: str) -> None:
        """Nothing is wrong here."""

    def health(self) -> PoolReport:
        """All is well."""
        return PoolReport("memory", 1, (), 1, degraded=False, split="")

    def _answer(self, call: RpcCall) -> bytes:
        match call.method:
            case "eth_getBlockByNumber":
                number = {"latest": self.head, "finalized": 0}.get(call.params[0])
                return self._headers[int(call.params[0], 16) if number is None else number]
            case "eth_getLogs":
                return self._logs[call.params[0]["blockHash"]]
            case _:
                return b'"0x"'

    def _mine(self, number: int, parent: bytes, logs: Sequence[RpcLog]) -> bytes:
        block_hash = sha256(number.to_bytes(8, "big")).digest()
        stamped = [
            msgspec.structs.replace(
                log,
                block_number=hex(number),
                block_hash=f"0x{block_hash.hex()}",
                log_index=hex(index),
                block_timestamp=hex(1_700_000_000 + number),
            )
            for index, log in enumerate(logs)
        ]
        bloom = bloom_of((bytes.fromhex(log.address[2:]), map(_topic, log.topics)) for log in stamped)
        header = {
            "number": hex(number),
            "hash": f"0x{block_hash.hex()}",
            "parentHash": f"0x{parent.hex()}",
            "timestamp": hex(1_700_000_000 + number),
            "logsBloom": f"0x{bloom.hex()}",
            "baseFeePerGas": "0x7",
        }
        texts = [msgspec.json.encode(log) for log in stamped]
        self._headers.append(msgspec.json.encode(header))
        self._logs[header["hash"]] = b"[" + b",".join(texts) + b"]"
        self.frames.append([(FRAME % text.decode()).encode() for text in (self._headers[-1], *texts)])
        return block_hash


def _topic(text: str) -> bytes:
    return bytes.fromhex(text[2:])
