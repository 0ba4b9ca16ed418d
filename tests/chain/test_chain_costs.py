"""What lenders of a real chain ask is what trades are charged, to the last unit, and what changes is noticed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from alphapulse.collectors.evm.cost_reader import CostReader, CostTerms
from alphapulse.composition.environment import Environment
from alphapulse.composition.node_pools import open_node_pool
from alphapulse.connections.endpoint import HTTP, read_endpoint
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.data.market import StreamState
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.devnet.call_data import call, returned
from alphapulse.devnet.world import World
from alphapulse.rules.arbitrage.chain_costs import ChainCosts
from alphapulse.rules.arbitrage.flash_loan import LoanSource
from alphapulse.rules.arbitrage.loan_fee import LoanFee
from tests.chain.test_live_daemon import live_config, live_daemon, stream, until, world_of_now
from tests.chain.worlds import open_test_world

pytestmark = pytest.mark.real_io


async def read(world: World, source: LoanSource, place: str) -> LoanFee:
    """What a lender says to the product."""
    address, multicall = (bytes.fromhex(world.places[name][2:]) for name in (place, "Multicall3"))
    costs = ChainCosts()
    reader = CostReader(CostTerms(137, 2_000, multicall, (source, address), None), costs)
    node = NodeTerms(label="one", http=read_endpoint(world.http_url, "http", HTTP), requests_per_s=1_000)
    chain = ChainTerms(name="chain", chain_id=137, block_time_ms=2_000, genesis_hash=None)
    async with open_node_pool(chain, [node], Environment()) as nodes:
        await reader.read(nodes)
    return costs.loan_fees[137]


async def test_the_premium_is_aave_s_own_word_and_follows_it() -> None:
    """Version 3.0's pool rounds half up; its configurator raises it; Balancer's vault asks nothing."""
    async with open_test_world() as world:
        pool = world.places["Aave pool"]
        for bps in (5, 9):
            await world.act(call(pool, "updateFlashloanPremiums(uint128,uint128)", bps, 0), sender=world.accounts[0])
            (said,) = returned("uint128", await world.rpc.read(call(pool, "FLASHLOAN_PREMIUM_TOTAL()")))
            assert await read(world, LoanSource.AAVE, "Aave pool") == LoanFee(said, 10_000, half_up=True)
            assert said == bps
        assert await read(world, LoanSource.BALANCER, "Balancer vault") == LoanFee(0, 10**18)


@pytest.mark.slow
async def test_a_signal_bears_the_premium_that_the_pool_asks(tmp_path: Path) -> None:
    """Of each size, five of ten thousand, rounded as the pool rounds."""
    async with world_of_now() as world:
        config = live_config(world, (world.http_url, world.ws_url), tmp_path)
        strategy = config.strategies.flash_arbitrage
        assert strategy is not None
        config = msgspec.structs.replace(
            config,
            strategies=msgspec.structs.replace(
                config.strategies, flash_arbitrage=msgspec.structs.replace(strategy, flash_loan="aave")
            ),
            execution=msgspec.structs.replace(config.execution, aave_pool=world.places["Aave pool"]),
        )
        async with live_daemon(config) as (daemon, told):
            await until(lambda: "chain" in daemon.bus.streams and stream(daemon) is StreamState.FRESH)
            pool = world.pools["Uniswap V3 WPOL/USDC.e 500"]
            await world.act(world.moves.swap(pool, 40_000 * 10**pool.token1.decimals, zero_for_one=False))
            await until(lambda: any(isinstance(one, ArbitrageSignal) for one in told))
            for signal in (one for one in told if isinstance(one, ArbitrageSignal)):
                assert signal.flash_fee == (signal.size * 5 + 5_000) // 10_000
