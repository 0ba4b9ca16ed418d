"""The whole daemon looks at pools: one that nobody listed is found and known to the next start, a bad one left out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from alphapulse.config import Config, parse_config
from alphapulse.daemon import open_daemon
from alphapulse.data.market import StreamState
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Trust
from alphapulse.data.verdicts import PoolTrustChanged, PoolVerdict
from alphapulse.devnet.world import World
from tests.chain.worlds import open_test_world

pytestmark = pytest.mark.real_io

WAIT_S = 30.0
LISTED = ("QuickSwap WPOL/USDC.e", "SushiSwap WPOL/USDC.e")
TAXED = "QuickSwap TAXED/WPOL"
UNLISTED = "Uniswap V3 WPOL/USDC.e 500"


def configured(world: World, folder: Path) -> Config:
    """Two sound pools are listed and one whose token takes a fee; further ones are looked for."""
    pools, tokens = [], {}
    for name in (*LISTED, TAXED):
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
        "block_time_ms": 1000,
        "nodes": [{"label": "one", "http": world.http_url, "ws": world.ws_url, "requests_per_s": 10_000}],
        "discovery": {
            "enabled": True,
            "least_age_blocks": 4,
            "numeraire": "USDC.e",
            "least_liquidity": "1000000",
            "requests_per_s": 10_000,
        },
    }
    strategy = {"evaluate": "block", "base_tokens": [world.tokens["USDC.e"].address]}
    return parse_config(
        {
            "daemon": {"data_folder": str(folder / "data")},
            "collectors": {"chain": chain},
            "strategies": {"flash_arbitrage": strategy},
            "execution": {"latency": {"blocks": 1}},
            "limits": {"max_input_age_s": 3_600, "loop_stall_s": 20, "loop_exit_s": 60},
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
