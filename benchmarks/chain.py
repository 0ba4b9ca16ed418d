"""A live chain: from frames to complete blocks of events, states read from contracts, memory, and other decoders.

What needs a real node is measured on a local one (`make devnet-packages`) and left out where there is none. Other
libraries are installed into a folder that is thrown away, in whatever version there is.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
import venv
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import trio
import trio.testing

from alphapulse.collectors.evm.contract_reader import ContractReader
from alphapulse.collectors.evm.snapshot import SnapshotReader
from alphapulse.connections.endpoint import HTTP, WEBSOCKET, read_endpoint
from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.connections.node_transport import open_transport
from alphapulse.connections.subscription import Notice, Subscription, Topic
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.devnet.call_data import Call
from alphapulse.devnet.creation import open_world
from alphapulse.devnet.moves import DevPool
from alphapulse.devnet.packages import Packages
from alphapulse.devnet.stock import Family
from alphapulse.devnet.world import World
from alphapulse.errors import DevnetError
from alphapulse.rules.amm.tick_map import TickMap
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.chain.header import RpcHeader, header_of
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.nodes.rpc_call import RpcCall
from benchmarks.chain_rig import MemoryNode, collector_of
from benchmarks.day import Day
from benchmarks.figures import ROUNDS, Figure, quantile

PER_BLOCK = 100
TICKS = 200
"""Initialised ticks of an ordinary V3 pool."""

POOLS = 1_000
SWAPS = 20
BLOCKS = 40
OUTAGE = 150
KINDS = {Family.V2: PoolKind.V2, Family.V3: PoolKind.V3, Family.ALGEBRA: PoolKind.ALGEBRA}
DEVNET = Path(__file__).parents[1] / ".cache" / "devnet"
PEERS = Path(__file__).with_name("chain_peers.py")
INSTALL_S = 300


def measure(day: Day) -> list[Figure]:
    """In memory, on a real local chain, and beside others."""
    figures = [
        Figure("logs through subscription, completion, decoding, relay", "1/s", _rounds(_through, day)),
        Figure("logs decoded and applied to a book", "1/s", tuple(_decoded(day) for _ in range(ROUNDS))),
        Figure(f"1,000 V3 pools with {TICKS} ticks each", "MB", (_memory(),)),
    ]
    packages = Packages(DEVNET)
    try:
        packages.anvil  # noqa: B018 - looks whether it is there
    except DevnetError:
        return [*figures, *_beside_peers(day)]
    return [*figures, *trio.run(_on_a_chain, packages), *_beside_peers(day)]


def _rounds(what: Callable[[Day], Awaitable[float]], day: Day) -> tuple[float, ...]:
    return tuple(trio.run(what, day) for _ in range(3))


async def _through(day: Day) -> float:
    node = MemoryNode(day.logs, PER_BLOCK)
    async with collector_of(day.pools, node.open, chain_id=1) as collected:
        await node.wait_subscribed()
        await trio.testing.wait_all_tasks_blocked()
        began = time.perf_counter()
        node.start()
        await collected.wait_block(node.newest)
        return collected.events / (time.perf_counter() - began)


def _decoded(day: Day) -> float:
    decoder, book = LogDecoder(day.pools), PoolBook(day.pools)
    began = time.perf_counter()
    for log in day.logs:
        book.apply(decoder.decode_log(log, 0))
    return len(day.logs) / (time.perf_counter() - began)


def _memory() -> float:
    random = Random(1)  # noqa: S311 - numbers to fill memory with
    tracemalloc.start()
    maps = []
    for _ in range(POOLS):
        ticks = random.sample(range(-3_000, 3_000), TICKS)
        maps.append(TickMap.of(60, [(tick * 60, random.getrandbits(90), random.getrandbits(80)) for tick in ticks]))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 1e6


async def _on_a_chain(packages: Packages) -> list[Figure]:
    async with open_world(packages) as world:
        pools = [_pool(pool) for pool in world.pools.values()]
        multicall = bytes.fromhex(world.places["Multicall3"][2:])

        @asynccontextmanager
        async def open_nodes() -> AsyncIterator[NodePool]:
            async with _nodes(world) as nodes:
                yield nodes

        snapshot = await _snapshots(world, pools, multicall)
        async with collector_of(pools, open_nodes, chain_id=137, multicall=multicall) as collected:
            await collected.wait_block(await world.block_number())
            for _ in range(BLOCKS):
                await world.send([_swap(world, at) for at in range(SWAPS)])
                await collected.wait_block(await world.mine())
            delays_ns = collected.delays_ns
        return [*snapshot, *_delays(delays_ns), *await _catch_up(world, pools, multicall)]


def _delays(delays_ns: list[int]) -> list[Figure]:
    return [
        Figure(
            f"frame to event of a complete block, local node, p{share}", "ms", (quantile(delays_ns, share / 100) / 1e6,)
        )
        for share in (50, 99)
    ]


async def _snapshots(world: World, pools: list[Pool], multicall: bytes) -> list[Figure]:
    """The world's pools over and over: to the node they are so many contracts to read."""
    many = [pools[at % len(pools)] for at in range(POOLS)]
    taken, requests = [], []
    async with _nodes(world) as nodes:
        (answer,) = await nodes.batch([RpcCall("eth_getBlockByNumber", ("latest", False), RpcHeader)])
        header = header_of(answer)
        for _ in range(3):
            reader = ContractReader(nodes, multicall)
            began = time.perf_counter()
            await SnapshotReader(reader, now_ns=time.time_ns).take(many, header)
            taken.append(time.perf_counter() - began)
            requests.append(reader.requests)
    return [
        Figure("snapshot of 1,000 pools (11 of 18 with ticks)", "s", tuple(taken)),
        Figure("the same in requests", "calls", tuple(map(float, requests))),
    ]


async def _catch_up(world: World, pools: list[Pool], multicall: bytes) -> list[Figure]:
    """Blocks that were mined while the subscription was silent: one head tells of all of them."""

    @asynccontextmanager
    async def open_nodes() -> AsyncIterator[Muted]:
        async with _nodes(world) as nodes:
            muted.nodes = nodes
            yield muted

    muted = Muted()
    async with collector_of(pools, open_nodes, chain_id=137, multicall=multicall) as collected:
        await collected.wait_block(await world.block_number())
        muted.muted = True
        for _ in range(OUTAGE):
            await world.send([_swap(world, at) for at in range(SWAPS)])
            await world.mine()
        muted.muted = False
        events, began = collected.events, time.perf_counter()
        await collected.wait_block(await world.mine())
        took = time.perf_counter() - began
    return [
        Figure(f"catching up with {OUTAGE} blocks", "blocks/s", (OUTAGE / took,)),
        Figure("the same in events", "1/s", ((collected.events - events) / took,)),
    ]


class Muted:
    """A node pool whose subscription can be made to tell nothing."""

    def __init__(self) -> None:
        self.nodes: NodePool | None = None
        self.muted = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.nodes, name)

    @asynccontextmanager
    async def subscribe(self, *topics: Topic) -> AsyncIterator[MutedStream]:
        """What it brings while it is not muted."""
        if self.nodes is None:
            raise ValueError("expected to be opened first")
        async with self.nodes.subscribe(*topics) as stream:
            yield MutedStream(stream, self)


class MutedStream:
    """One subscription of a muted pool."""

    def __init__(self, stream: Subscription, pool: Muted) -> None:
        self.node = stream.node
        self._stream = stream
        self._pool = pool

    def __aiter__(self) -> AsyncIterator[Sequence[Notice]]:
        self._notices = aiter(self._stream)
        return self

    async def __anext__(self) -> Sequence[Notice]:
        while True:
            notices = await anext(self._notices)
            if not self._pool.muted:
                return notices


@asynccontextmanager
async def _nodes(world: World) -> AsyncIterator[NodePool]:
    terms = NodeTerms(
        label="local",
        http=read_endpoint(world.http_url, "http", HTTP),
        ws=read_endpoint(world.ws_url, "ws", WEBSOCKET),
        requests_per_s=100_000,
        batch_size=100,
    )
    async with open_transport(trio.to_thread.run_sync, time.time_ns) as transport, trio.open_nursery() as nursery:
        nodes = NodePool(
            ChainTerms(name="local", chain_id=137, block_time_ms=10_000),
            [terms],
            transport=transport,
            now_ns=time.time_ns,
            monotonic_ns=time.monotonic_ns,
            random=Random(1),  # noqa: S311 - it picks a delay
        )
        await nursery.start(nodes.run)
        yield nodes
        nursery.cancel_scope.cancel()


def _swap(world: World, at: int) -> Call:
    pool = list(world.pools.values())[at % len(world.pools)]
    return world.moves.swap(pool, 10**pool.token0.decimals // 1_000, zero_for_one=True)


def _pool(pool: DevPool) -> Pool:
    tokens = [Token(bytes.fromhex(one.address[2:]), one.symbol, one.decimals) for one in (pool.token0, pool.token1)]
    pool_id = InstrumentId.from_pool_address(bytes.fromhex(pool.address[2:]), Venue.POLYGON)
    return Pool(pool_id, KINDS[pool.family], pool.name, tokens[0], tokens[1], pool.fee_ppm, pool.spacing or None)


def _beside_peers(day: Day) -> list[Figure]:
    """The same Swap logs by other libraries; none where they cannot be installed."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        venv.create(folder, with_pip=True)
        logs = Path(folder) / "logs.json"
        logs.write_bytes(msgspec.json.encode(day.swap_logs()))
        figures = []
        for package in ("web3", "degenbot"):
            install = [str(python), "-m", "pip", "install", "--quiet", package]
            try:
                subprocess.run(install, check=True, capture_output=True, timeout=INSTALL_S)  # noqa: S603
                run = [str(python), str(PEERS), package, str(logs)]
                told = subprocess.run(run, check=True, capture_output=True, timeout=INSTALL_S)  # noqa: S603
            except (subprocess.SubprocessError, OSError) as problem:
                print(f"{package} is left out: {problem}", file=sys.stderr)  # noqa: T201 - a benchmark's remark
                continue
            for name, rates in json.loads(told.stdout).items():
                figures.append(Figure(f"V3 Swap logs decoded by {name}", "1/s", tuple(rates)))
        return figures
