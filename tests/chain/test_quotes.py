"""Pools of the genuine contracts on a real chain: followed from their first event, and asked what their quoters say."""

from __future__ import annotations

from collections import Counter
from random import Random

import msgspec
import pytest

from alphapulse.data.market import PoolSwap
from alphapulse.data.pools import PoolKind, Trust
from alphapulse.devnet.call_data import call, returned
from alphapulse.devnet.market import Market
from alphapulse.devnet.moves import DevPool
from alphapulse.devnet.stock import Family
from alphapulse.devnet.world import World
from alphapulse.errors import DevnetError, QuoteRefused
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.tick_swap import price_limit
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.events.topics import topics_of
from tests.chain.live import pool_of
from tests.chain.truth import read_truth

BLOCKS = 30
SIZES = 6
"""Amounts that are asked of each pool, each way, to sell and to buy."""

INPUT = "quoteExactInputSingle((address,address,uint256,uint24,uint160))"
OUTPUT = "quoteExactOutputSingle((address,address,uint256,uint24,uint160))"


@pytest.mark.slow
async def test_pools_follow_from_their_first_event_and_quote_as_the_contracts_do(world: World) -> None:
    """Every swap from its amounts; ticks, prices and reserves at the end; V2's router and V3's quoter to the unit."""
    market = Market(world, Random(11), swaps=8, supply_ppm=900_000)
    number = [await market.block() for _ in range(BLOCKS)][-1]
    pools = {pool.name: pool_of(pool) for pool in world.pools.values()}
    book, seen = PoolBook(pools.values()), Counter[str]()
    for log in await logs(world, number):
        event = LogDecoder(pools.values()).decode_log(log, 0)
        state = book.state(event.pool)
        if isinstance(event, PoolSwap):
            assert isinstance(state, ConcentratedState)
            seen[how(state, event)] += 1
        book.apply(event)
    assert seen["not explained"] == 0, seen
    assert seen["by its input"] > 40, seen
    truth = await read_truth(world.rpc, world.places["Multicall3"], list(world.pools.values()), number)
    for name, dev in world.pools.items():
        state = book.state(pools[name].id)
        if dev.family is Family.V2:
            assert isinstance(state, ConstantProductState)
            assert truth[name].reserves == state[:2]
            await routed(world, dev, state, number)
            continue
        assert isinstance(state, ConcentratedState)
        found = truth[name]
        assert state[:3] == (found.sqrt_price_x96, found.liquidity, found.tick)
        assert (state.trust, tuple(state.ticks or ())) == (Trust.PROVEN, found.ticks)
        if dev.family is Family.V3:
            await quoted(world, dev, state, number)
        else:
            assert state.fee_ppm == found.fee_ppm


async def logs(world: World, number: int) -> list[RpcLog]:
    """Every log of the pools since the chain began."""
    addresses = [pool.address for pool in world.pools.values()]
    found = await world.rpc.ask("eth_getLogs", {"fromBlock": "0x0", "toBlock": hex(number), "address": addresses})
    wanted = {"0x" + topic.hex() for topic in topics_of(set(PoolKind))}
    return [msgspec.convert(log, RpcLog) for log in found if log["topics"][0] in wanted]


def how(state: ConcentratedState, event: PoolSwap) -> str:
    """What its caller fixed, if the loop then gives price, liquidity, tick and both amounts of the event."""
    down = event.amount0 > 0
    paid, taken = (event.amount0, -event.amount1) if down else (event.amount1, -event.amount0)
    end = price_limit(zero_for_one=down)
    for words, amount, limit in (
        ("by its input", paid, end),
        ("by its output", -taken, end),
        ("by its price limit", 1 << 200, event.sqrt_price_x96),
    ):
        try:
            done = state.swapped(amount, limit, zero_for_one=down)
        except QuoteRefused:
            continue
        if (done.amount_in, done.amount_out, *done[3:6]) == (
            paid,
            taken,
            event.sqrt_price_x96,
            event.liquidity,
            event.tick,
        ):
            return words
    return "not explained"


async def routed(world: World, pool: DevPool, state: ConstantProductState, number: int) -> None:
    """A pair against the router's getAmountsOut and getAmountsIn."""
    router = world.places["QuickSwap router" if pool.name.startswith("QuickSwap") else "SushiSwap router"]
    for way, (sold, bought) in (((0, 1), (pool.token0, pool.token1)), ((1, 0), (pool.token1, pool.token0))):
        reserves = state.reserve0, state.reserve1
        for size in sizes(reserves[way[0]], pool):
            path = [sold.address, bought.address]
            for function, quote in (("getAmountsOut", state.quote_in), ("getAmountsIn", state.quote_out)):
                asked = size if function == "getAmountsOut" else min(size, reserves[way[1]] - 1)
                answer = await world.rpc.read(call(router, f"{function}(uint256,address[])", asked, path), hex(number))
                (amounts,) = returned("uint256[]", answer)
                assert quote(*way, asked)[:2] == tuple(amounts)


async def quoted(world: World, pool: DevPool, state: AmmState, number: int) -> None:
    """A V3 pool against QuoterV2: amounts and the price behind them, or both refuse."""
    quoter = world.places["Uniswap V3 quoter"]
    for way, (sold, bought) in (((0, 1), (pool.token0, pool.token1)), ((1, 0), (pool.token1, pool.token0))):
        for size in sizes(10**24, pool):
            for function, quote in ((INPUT, state.quote_in), (OUTPUT, state.quote_out)):
                asked = call(quoter, function, (sold.address, bought.address, size, pool.fee_ppm, 0))
                found = quote(*way, size)
                try:
                    answer = await world.rpc.read(asked, hex(number))
                except DevnetError:
                    assert function == OUTPUT
                    assert found.amount_out < size  # the quoter wants all of it
                    continue
                other, price = returned("uint256,uint160", answer[:64])
                assert isinstance(found.after, ConcentratedState)
                assert found.after.sqrt_price_x96 == price
                assert (found.amount_out if function == INPUT else found.amount_in) == other


def sizes(most: int, pool: DevPool) -> list[int]:
    """Amounts from a few units to more than the pool has; the same for a pool each time."""
    chance = Random(pool.name)
    return [chance.randint(1, max(1, most // 10**digits)) for digits in range(0, 4 * SIZES, 4)]
