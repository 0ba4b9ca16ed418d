"""The whole daemon looks at pools: one that nobody listed is found and known to the next start, a bad one left out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
import trio

from alphapulse.config import Config, parse_config
from alphapulse.daemon import open_daemon
from alphapulse.data.execution import Fill, OrderRequest
from alphapulse.data.market import StreamState
from alphapulse.data.pool_cache import PoolInfo
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Trust
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.verdicts import PoolTrustChanged, PoolVerdict
from alphapulse.devnet.call_data import call, returned
from alphapulse.devnet.moves import DevPool
from alphapulse.devnet.world import World
from tests.chain.test_live_daemon import BLOCK_TIME_MS, WAIT_S, live_daemon, stream, until
from tests.chain.worlds import open_test_world

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

LISTED = ("QuickSwap WPOL/USDC.e", "SushiSwap WPOL/USDC.e")
TAXED = "QuickSwap TAXED/WPOL"
UNLISTED = "Uniswap V3 WPOL/USDC.e 500"


def configured(
    world: World, folder: Path, listed: Sequence[str] = (*LISTED, TAXED), base: str = "USDC.e", **changes: object
) -> Config:
    """By default two sound pools are listed and one whose token takes a fee; further ones are looked for."""
    pools, tokens = [], {}
    for name in listed:
        pool = world.pools.get(name) or world.odd_pools[name]
        entry: dict[str, object] = {"name": name, "address": pool.address, "kind": "v2", "fee_ppm": pool.fee_ppm}
        for side, token in (("token0", pool.token0), ("token1", pool.token1)):
            entry[side] = token.address
            tokens[token.address] = {"symbol": token.symbol, "decimals": token.decimals}
        pools.append(entry)
    (folder / "pools.json").write_bytes(msgspec.json.encode({"chainId": 137, "pools": pools, "tokens": tokens}))
    chain = {
        "kind": "evm",
        "chain_id": 137,
        "block_time_ms": BLOCK_TIME_MS,
        "nodes": [{"label": "one", "http": world.http_url, "ws": world.ws_url, "requests_per_s": 10_000}],
        "discovery": {
            "enabled": True,
            "least_age_blocks": 4,
            "numeraire": "USDC.e",
            "least_liquidity": "1000000",
            "requests_per_s": 10_000,
        }
        | changes,
    }
    strategy = {"evaluate": "block", "base_tokens": [world.tokens[base].address]}
    return parse_config(
        {
            "daemon": {"data_folder": str(folder / "data")},
            "collectors": {"chain": chain},
            "strategies": {"flash_arbitrage": strategy},
            "execution": {"latency": {"blocks": 1}},
            "limits": {"max_input_age_s": 3_600, "loop_stall_s": 600, "loop_exit_s": 1_200},
            "breakers": {"max_loop_lag_ms": 600_000},
        },
        folder=folder,
    )


async def run_until_found(config: Config, world: World, told: list[Any]) -> None:
    """Trade in the unlisted pool once the stream is fresh, and wait until its state is proven."""
    wanted = bytes.fromhex(world.pools[UNLISTED].address[2:])
    async with open_daemon(config) as daemon, trio.open_nursery() as nursery:
        with daemon.bus.subscribe_to_all("test") as subscription:
            async with trio.open_nursery() as running:
                await running.start(daemon.run)
                with trio.fail_after(WAIT_S):
                    while (
                        "chain" not in daemon.bus.streams or daemon.bus.streams["chain"].state is not StreamState.FRESH
                    ):
                        told.extend(await subscription.receive())
                    await world.act(world.moves.swap(world.pools[UNLISTED], 10**18, zero_for_one=True))
                    while not any(
                        isinstance(one, PoolTrustChanged) and one.pool.body == wanted and one.trust is Trust.PROVEN
                        for one in told
                    ):
                        told.extend(await subscription.receive())
                daemon.request_stop("the test is over")
        nursery.cancel_scope.cancel()


async def test_a_pool_that_nobody_listed_is_found_and_known_to_the_next_start(tmp_path: Path) -> None:
    now_s = int(time.time())
    told: list[Any] = []
    async with open_test_world(genesis_s=now_s - 600) as world:
        await world.set_time(now_s)
        await world.mine()
        config = configured(world, tmp_path)
        await run_until_found(config, world, told)
        address = bytes.fromhex(world.pools[UNLISTED].address[2:])
        verdict = next(one for one in told if isinstance(one, PoolVerdict) and one.pool.body == address)
        assert verdict.admitted
        taxed = bytes.fromhex(world.odd_pools[TAXED].address[2:])
        (reason,) = {one.reason for one in told if isinstance(one, PoolVerdict) and one.pool.body == taxed}
        assert "were sent out of the pool" in reason
        assert not any(isinstance(one, PoolSync) and one.pool.body == taxed for one in told)
        async with open_daemon(config) as daemon:
            assert len(daemon.pools) == len(LISTED) + 2
            found = daemon.pools[-1]
            assert (found.id.body, found.fee_ppm, found.tick_spacing) == (address, 500, 10)
            assert {token.symbol for token in found.tokens} == {"WPOL", "USDC.e"}


async def test_a_pool_that_is_made_while_the_daemon_runs_is_traded_and_leaves_with_its_trust(tmp_path: Path) -> None:
    """SushiSwap gets a pair of WBTC and WETH, QuickSwap's price moves; then nobody believes the new pair any more."""
    listed = "QuickSwap WBTC/WETH"
    now_s = int(time.time())
    async with open_test_world(genesis_s=now_s - 600) as world:
        await world.set_time(now_s)
        await world.mine()
        config = configured(world, tmp_path, [listed], "WETH", least_age_blocks=2, numeraire="WETH", least_liquidity=0)
        async with live_daemon(config) as (daemon, told):
            await until(lambda: "chain" in daemon.bus.streams and stream(daemon) is StreamState.FRESH)
            known = world.pools[listed]
            factory, pair = world.places["SushiSwap factory"], (known.token0.address, known.token1.address)
            await world.act(call(factory, "createPair(address,address)", *pair))
            (address,) = returned("address", await world.rpc.read(call(factory, "getPair(address,address)", *pair)))
            made = attrs.evolve(known, name="SushiSwap WBTC/WETH", factory=factory, address=address)
            await world.mine(4)
            amounts = [amount // 4 for amount in await reserves(world, known)]
            await world.act(world.moves.mint_pair(made, *amounts))
            wanted = bytes.fromhex(address[2:])
            await until(lambda: any(isinstance(one, PoolInfo) and one.pool.body == wanted for one in told))
            await until(lambda: any(isinstance(one, PoolSync) and one.pool.body == wanted for one in told))
            assert len(daemon.pools) == 2
            await world.act(world.moves.swap(known, amounts[1] // 10, zero_for_one=False))
            await until(lambda: any(isinstance(one, OrderRequest) for one in told))
            await world.mine()
            await until(lambda: any(isinstance(one, Fill) for one in told))
            fill = next(one for one in told if isinstance(one, Fill))
            assert {leg.pool.body for leg in fill.legs} == {wanted, bytes.fromhex(known.address[2:])}

            live = daemon.sources.live if daemon.sources is not None else None
            assert live is not None
            pool = next(one for one in daemon.pools if one.id.body == wanted)
            signals = sum(isinstance(one, ArbitrageSignal) for one in told)
            live.publisher.leave_out(pool, "the test does not believe it")
            assert [one.name for one in daemon.pools] == [listed]
            await world.act(world.moves.swap(known, amounts[1] // 10, zero_for_one=False))
            head = await world.mine()
            await until(lambda: live.publisher.tip is not None and live.publisher.tip.number == head)
            await daemon.bus.flow.wait_idle()
            assert sum(isinstance(one, ArbitrageSignal) for one in told) == signals


async def reserves(world: World, pool: DevPool) -> tuple[int, int]:
    """What a V2 pair holds."""
    answer = await world.rpc.read(call(pool.address, "getReserves()"))
    reserve0, reserve1, _ = returned("uint112,uint112,uint32", answer)
    return reserve0, reserve1
