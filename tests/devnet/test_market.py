"""Traders on a local chain: reproducible, and worth looking at."""

from __future__ import annotations

from random import Random

import pytest
import trio

from alphapulse.devnet.market import PATIENCE_BLOCKS, PPM, Market
from alphapulse.devnet.prices import read_prices
from alphapulse.devnet.rival import Rival
from alphapulse.devnet.stock import Family
from tests.chain.truth import Truth, read_truth
from tests.chain.worlds import LIMIT_S, chain_packages, open_test_world

pytestmark = pytest.mark.real_io

BLOCKS = 30


@pytest.fixture(autouse=True)
def _chain_or_skipped() -> None:
    chain_packages()


async def traded(seed: int) -> tuple[str, dict[str, Truth], int, int]:
    """The last block's hash, all pools, and how many transactions there were and reverted, after some blocks."""
    async with open_test_world() as world:
        market = Market(world, Random(seed))
        hashes, last = [], await world.block_number()
        for _ in range(BLOCKS):
            for account, calls in await market.orders():
                hashes += await world.send(calls, account)
            last = await world.mine()
        receipts = await world.rpc.ask_all([("eth_getTransactionReceipt", [one]) for one in hashes])
        truth = await read_truth(world.rpc, world.places["Multicall3"], tuple(world.pools.values()), last)
        reverted = sum(receipt["status"] != "0x1" for receipt in receipts)
        return (await world.block())["hash"], truth, len(receipts), reverted


@pytest.mark.slow
async def test_the_same_seed_trades_the_same_way() -> None:
    """Same seed: same last hash, another seed: another; hardly anything reverts."""
    with trio.fail_after(LIMIT_S):
        one, again, other = [await traded(seed) for seed in (1, 1, 2)]
    assert one == again
    assert one[0] != other[0]
    assert one[2] > 3 * BLOCKS
    assert one[3] * 20 < one[2]


@pytest.mark.slow
async def test_gaps_open_between_pools_of_one_pair() -> None:
    """Somewhere on the way two exchanges differ by more than their fees on WPOL/USDC.e."""
    with trio.fail_after(LIMIT_S):
        async with open_test_world() as world:
            market, widest_ppm = Market(world, Random(5)), 0
            pair = [pool for name, pool in world.pools.items() if "WPOL/USDC.e" in name]
            for _ in range(BLOCKS):
                await market.block()
                found = await read_prices(world.rpc, pair)
                at = [
                    price.reserve1 * 10**30 // price.reserve0
                    if pool.family is Family.V2
                    else price.sqrt_price_x96**2 * 10**30 >> 192
                    for pool, price in zip(pair, found, strict=True)
                ]
                widest_ppm = max(widest_ppm, (max(at) - min(at)) * 1_000_000 // min(at))
    assert widest_ppm > 6_500


@pytest.mark.slow
async def test_gaps_come_as_often_as_was_asked_and_a_rival_comes_first() -> None:
    """With no other trade a gap opens in every second block; he trades a pool back before what was sent before him."""
    with trio.fail_after(LIMIT_S):
        async with open_test_world(order="fees") as world:
            market = Market(world, Random(5), swaps=0, supply_ppm=0, gap_every=2, is_modest=True)
            rival = Rival(market, Random(6), world.accounts[3], share_ppm=PPM)
            places = []
            for number in range(PATIENCE_BLOCKS - 1):
                sent = await rival.act()
                await market.block()
                assert len((await world.block())["transactions"]) - len(sent) == (number % 2 == 0)
                receipts = [await world.rpc.ask("eth_getTransactionReceipt", one) for one in sent]
                places += [(receipt["status"], receipt["transactionIndex"]) for receipt in receipts]
    assert places
    assert set(places) == {("0x1", "0x0")}
