"""The whole daemon on a real chain: gaps that traders open are traded on paper, and a dead node closes the gate."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from alphapulse.collectors.recorded.recording import Recording
from alphapulse.config import Config, parse_config
from alphapulse.daemon import Daemon, open_daemon
from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest
from alphapulse.data.market import StreamState
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.devnet.stock import Family
from alphapulse.devnet.world import World
from alphapulse.rules.events.log_decoder import LogDecoder
from tests.chain.fault_proxy import open_proxy
from tests.chain.worlds import open_test_world

pytestmark = pytest.mark.real_io

WAIT_S = 60.0
BLOCK_TIME_MS = 30_000
"""No worry that no block comes, however long this machine takes for the next one."""


def pool_file(world: World, path: Path) -> None:
    """The world's pools as a pool file."""
    tokens = {}
    pools = []
    for pool in world.pools.values():
        entry: dict[str, object] = {"name": pool.name, "address": pool.address, "kind": pool.family.value}
        for side, token in (("token0", pool.token0), ("token1", pool.token1)):
            entry[side] = token.address
            tokens[token.address] = {"symbol": token.symbol, "decimals": token.decimals}
        if pool.family is not Family.ALGEBRA:
            entry["fee_ppm"] = pool.fee_ppm
        if pool.spacing:
            entry["tick_spacing"] = pool.spacing
        pools.append(entry)
    path.write_bytes(msgspec.json.encode({"chainId": 137, "pools": pools, "tokens": tokens}))


def live_config(world: World, urls: tuple[str, str], folder: Path, *, pending: bool = False) -> Config:
    """Paper trading at block ends, or by pending transactions, by way of a node (HTTP and WebSocket URL)."""
    pool_file(world, folder / "pools.json")
    return parse_config(
        {
            "daemon": {"data_folder": str(folder / "data")},
            "collectors": {
                "chain": {
                    "kind": "evm",
                    "chain_id": 137,
                    "block_time_ms": BLOCK_TIME_MS,
                    "multicall": world.places["Multicall3"],
                    "verify_ppm": 1_000_000,
                    "pending": pending,
                    "nodes": [{"label": "one", "http": urls[0], "ws": urls[1], "requests_per_s": 10_000}],
                }
            },
            "strategies": {
                "flash_arbitrage": {
                    "evaluate": "log" if pending else "block",
                    "base_tokens": [world.tokens["USDC.e"].address, world.tokens["WPOL"].address],
                }
            },
            "capture": {"enabled": True, "file": str(folder / "live.apcap")},
            "execution": {"latency": {"blocks": 0 if pending else 1}},
            "limits": {"max_input_age_s": 3_600, "loop_stall_s": 600, "loop_exit_s": 1_200},
            "breakers": {"max_loop_lag_ms": 600_000},
        },
        folder=folder,
    )


@asynccontextmanager
async def live_daemon(config: Config) -> AsyncIterator[tuple[Daemon, list[Any]]]:
    """A daemon that runs without its control plane, and all that its relays carry."""
    told: list[Any] = []

    async def listen(daemon: Daemon) -> None:
        with daemon.bus.subscribe_to_all("test") as subscription:
            while True:
                told.extend(await subscription.receive())

    async with open_daemon(config) as daemon, trio.open_nursery() as nursery:
        nursery.start_soon(listen, daemon)
        async with trio.open_nursery() as running:
            await running.start(daemon.run)
            yield daemon, told
            daemon.request_stop("the test is over")
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def world_of_now() -> AsyncIterator[World]:
    """A chain whose newest block is of this moment, as a live one's is."""
    now_s = int(time.time())
    async with open_test_world(genesis_s=now_s - 600) as world:
        await world.set_time(now_s)
        await world.mine()
        yield world


async def until(wanted: Callable[[], bool]) -> None:
    """Return as soon as it is so; it has to be so soon."""
    with trio.fail_after(WAIT_S):
        while not wanted():  # noqa: ASYNC110 - no event tells of it
            await trio.sleep(0.02)


def stream(daemon: Daemon) -> StreamState:
    """What is said of the chain's stream."""
    return daemon.bus.streams["chain"].state


@pytest.mark.slow
async def test_a_gap_is_traded_on_paper_and_a_dead_node_closes_the_gate(tmp_path: Path) -> None:
    """Live blocks, a signal at the end of the block with the gap, a fill in the next; silence is STALE, then FRESH.

    What was captured can be replayed.
    """
    async with (
        world_of_now() as world,
        open_proxy(world) as proxy,
        live_daemon(live_config(world, (proxy.http_url, proxy.ws_url), tmp_path)) as (daemon, told),
    ):
        await until(lambda: "chain" in daemon.bus.streams and stream(daemon) is StreamState.FRESH)
        pool = world.pools["Uniswap V3 WPOL/USDC.e 500"]
        amount = 40_000 * 10**pool.token1.decimals
        await world.act(world.moves.swap(pool, amount, zero_for_one=False))
        await proxy.sync()
        await until(lambda: any(isinstance(one, OrderRequest) for one in told))
        await world.mine()
        await proxy.sync()
        await until(lambda: any(isinstance(one, Fill) for one in told))

        proxy.deaf = True
        await proxy.cut_all()
        await until(lambda: stream(daemon) is StreamState.STALE)
        assert daemon.bus.stream_trouble(daemon.pools[0].id.venue) is not None
        for _ in range(5):
            await world.mine()
        proxy.deaf = False
        await proxy.sync()
        await until(lambda: stream(daemon) is StreamState.FRESH)
        assert daemon.bus.stream_trouble(daemon.pools[0].id.venue) is None
        handed_over = sum(daemon.collector.counts.events.values())
        pools = daemon.pools
    decoder = LogDecoder(pools)
    recorded = [log for block in Recording([tmp_path / "live.apcap"]).blocks() for log in block.logs]
    assert len([decoder.decode_log(log, 0) for log in recorded]) == handed_over > 0


@pytest.mark.slow
async def test_a_transaction_that_is_not_mined_yet_is_acted_on(tmp_path: Path) -> None:
    """The signal is of the next block, is there before it, and is filled at its end; nothing is signalled later."""
    async with world_of_now() as world:
        config = live_config(world, (world.http_url, world.ws_url), tmp_path, pending=True)
        async with live_daemon(config) as (daemon, told):
            await until(lambda: "chain" in daemon.bus.streams and stream(daemon) is StreamState.FRESH)
            live = daemon.sources.live if daemon.sources is not None else None
            assert live is not None
            await until(lambda: live.pending is not None and live.pending.counts["subscriptions"] > 0)
            head = await world.mine()
            await until(lambda: live.publisher.tip is not None and live.publisher.tip.number == head)
            pool = world.pools["Uniswap V3 WPOL/USDC.e 500"]
            await world.send([world.moves.swap(pool, 40_000 * 10**pool.token1.decimals, zero_for_one=False)])
            await until(lambda: any(isinstance(one, ArbitrageSignal) for one in told))
            assert await world.block_number() == head
            assert {one.block_number for one in told if isinstance(one, ArbitrageSignal)} == {head + 1}
            await world.mine()
            await until(lambda: any(isinstance(one, Fill | ExecutionReport) for one in told))
            assert {one.block_number for one in told if isinstance(one, ArbitrageSignal)} == {head + 1}
