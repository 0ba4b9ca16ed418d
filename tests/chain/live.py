"""A collector on a real chain, as the daemon runs it, and a consumer of what it publishes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import attrs
import trio
import trio.testing

from alphapulse.collectors.evm.collector import EvmCollector
from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.collectors.evm.terms import EvmTerms
from alphapulse.connections.endpoint import HTTP, WEBSOCKET, read_endpoint
from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.connections.node_transport import open_transport
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import BlockCompleted, StreamState, StreamStatus
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.data.wire import Domain
from alphapulse.devnet.moves import DevPool, DevToken
from alphapulse.devnet.stock import Family
from alphapulse.devnet.world import World
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay import Relay
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.chain.finality import FinalityRule
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.topics import topics_of
from tests.chain.truth import Truth, read_truth

KINDS = {Family.V2: PoolKind.V2, Family.V3: PoolKind.V3, Family.ALGEBRA: PoolKind.ALGEBRA}
WAIT_S = 60.0


def pool_of(pool: DevPool) -> Pool:
    """A devnet's pool as the product knows it."""
    address = bytes.fromhex(pool.address[2:])
    return Pool(
        InstrumentId.from_pool_address(address, Venue.POLYGON),
        KINDS[pool.family],
        pool.name,
        _token(pool.token0),
        _token(pool.token1),
        pool.fee_ppm,
        pool.spacing or None,
    )


def _token(token: DevToken) -> Token:
    return Token(bytes.fromhex(token.address[2:]), token.symbol, token.decimals)


@attrs.define
class Live:
    """A collector that runs, and what it has published."""

    world: World
    collector: EvmCollector
    pools: dict[str, Pool]
    book: PoolBook
    messages: list[Any]
    broken: list[str]
    runs: list[str]
    arrived: trio.lowlevel.ParkingLot

    async def wait(self, wanted: Callable[[Any], bool], since: int = 0) -> Any:
        """The first message like that, from the message number `since` on."""
        with trio.fail_after(WAIT_S):
            while True:
                for message in self.messages[since:]:
                    if wanted(message):
                        return message
                await self.arrived.park()

    async def wait_block(self, block_hash: str, since: int = 0) -> BlockCompleted:
        """The completion of a block."""
        wanted = bytes.fromhex(block_hash[2:])
        found = await self.wait(lambda one: isinstance(one, BlockCompleted) and one.block_hash == wanted, since)
        assert isinstance(found, BlockCompleted)
        return found

    async def wait_tip(self) -> BlockCompleted:
        """The completion of the chain's newest block."""
        return await self.wait_block((await self.world.block())["hash"])

    async def wait_state(self, state: StreamState, since: int = 0) -> StreamStatus:
        """The stream is said to be in this state."""
        found = await self.wait(lambda one: isinstance(one, StreamStatus) and one.state is state, since)
        assert isinstance(found, StreamStatus)
        return found

    async def differing(self) -> list[str]:
        """The pools whose followed state is not that of the chain at its newest block."""
        pools = list(self.world.pools.values())
        number = await self.world.block_number()
        truth = await read_truth(self.world.rpc, self.world.places["Multicall3"], pools, number)
        return [pool.name for pool in pools if self.truth_of(pool.name) != truth[pool.name]]

    def truth_of(self, name: str) -> Truth | None:
        """A pool's followed state in the oracle's form."""
        state = self.book.state(self.pools[name].id)
        if isinstance(state, ConstantProductState):
            return Truth((state.reserve0, state.reserve1))
        if isinstance(state, ConcentratedState):
            fee_ppm = state.fee_ppm if self.pools[name].kind is PoolKind.ALGEBRA else None
            ticks = tuple(state.ticks) if state.ticks is not None else ()
            return Truth(None, state.sqrt_price_x96, state.tick, state.liquidity, ticks, fee_ppm)
        return None


@asynccontextmanager
async def live_collector(
    world: World,
    *,
    nodes: tuple[tuple[str, str], ...] = (),
    block_time_ms: int = 1_000,
    verify_ppm: int = 1_000_000,
    pending: bool = False,
    max_block_range: int = 500,
    leave_out: tuple[str, ...] = (),
) -> AsyncIterator[Live]:
    """A collector of all pools of a world but `leave_out`, by way of `nodes` (HTTP and WebSocket URLs)."""
    pools = {name: pool_of(pool) for name, pool in world.pools.items()}
    followed = [pool for name, pool in pools.items() if name not in leave_out]
    terms = EvmTerms("live", 137, block_time_ms, FinalityRule(), verify_ppm, pending)
    node_terms = [
        NodeTerms(
            label=f"node-{place}",
            http=read_endpoint(http, "http", HTTP),
            ws=read_endpoint(ws, "ws", WEBSOCKET),
            requests_per_s=10_000,
            batch_size=100,
            max_block_range=max_block_range,
        )
        for place, (http, ws) in enumerate(nodes or ((world.http_url, world.ws_url),))
    ]
    chain_terms = ChainTerms(name="live", chain_id=137, block_time_ms=block_time_ms)

    @asynccontextmanager
    async def open_nodes() -> AsyncIterator[NodePool]:
        async with open_transport(trio.to_thread.run_sync, time.time_ns) as transport, trio.open_nursery() as nursery:
            pool = NodePool(
                chain_terms,
                node_terms,
                transport=transport,
                now_ns=time.time_ns,
                monotonic_ns=time.monotonic_ns,
                random=Random(1),
            )
            await nursery.start(pool.run)
            yield pool
            nursery.cancel_scope.cancel()

    relay = Relay(Domain.MARKET_DATA, Flow())
    runs: list[str] = []
    broken: list[str] = []

    async def begin_run(reason: str) -> None:
        runs.append(reason)

    publisher = ChainPublisher(terms, followed, LogDecoder(followed), relay, now_ns=time.time_ns, on_block=lambda: None)
    collector = EvmCollector(
        terms,
        publisher,
        LogFilter(topics_of(PoolKind)),
        open_nodes=open_nodes,
        flow=relay.flow,
        begin_run=begin_run,
        on_broken=broken.append,
        multicall=bytes.fromhex(world.places["Multicall3"][2:]),
        now_ns=time.time_ns,
        random=Random(2),
    )
    live = Live(world, collector, pools, PoolBook(pools.values()), [], broken, runs, trio.lowlevel.ParkingLot())

    async def consume() -> None:
        with relay.subscribe("test") as subscription:
            while True:
                for message in await subscription.receive():
                    live.messages.append(message)
                    live.book.apply(message)
                live.arrived.unpark_all()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(consume)
        await trio.testing.wait_all_tasks_blocked()
        await nursery.start(collector.run)
        await live.wait_state(StreamState.FRESH)
        yield live
        nursery.cancel_scope.cancel()
