"""Flash arbitrage among many pools: a real snapshot with its dead pools, longer cycles, and blocks taken back."""

from __future__ import annotations

import csv
from functools import cache
from itertools import combinations, count
from pathlib import Path

import attrs
import pytest

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import BlockCompleted, LogStamp, PoolSwap
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.rules.amm.tick_math import tick_at_sqrt_ratio
from alphapulse.rules.arbitrage.appraisal import Bounds
from alphapulse.rules.arbitrage.candidate import Stage
from alphapulse.rules.arbitrage.gas import GasTerms
from alphapulse.strategies.flash_arbitrage import FlashArbitrage, FlashArbitrageTerms
from tests.rules.arbitrage.market_graphs import address, graph_pool

SNAPSHOT = Path(__file__).parents[1] / "vectors/arbitrage/polygon_2025-11-04_snapshot.csv"
SPACINGS = {100: 1, 500: 10, 3000: 60, 10_000: 200}
USDT, WETH, NATIVE = (
    bytes.fromhex(one)
    for one in (
        "c2132d05d31c914a87c6611c10748aeb04b58e8f",
        "7ceb23fd6bc0add59e62ac25578270cff1b9f619",
        "0d500b1d8e8ef31e21c99d1db9a6444d3adf1270",
    )
)


def stamp(block_number: int, log_index: int) -> LogStamp:
    return LogStamp(block_number, log_index, 0, bytes(32), None, block_number * 10**9, 0)


@cache
def snapshot() -> tuple[tuple[Pool, ...], tuple[object, ...]]:
    """The pools of Polygon on 2025-11-04 as one block of events."""
    pools: list[Pool] = []
    events: list[object] = []
    with SNAPSHOT.open() as file:
        for at, row in enumerate(csv.DictReader(file)):
            fee_ppm = int(row["fee_ppm"])
            low, high = (
                Token(bytes.fromhex(row[f"token{one}"][2:]), row[f"symbol{one}"], int(row[f"decimals{one}"]))
                for one in (0, 1)
            )
            pool_id = InstrumentId.from_pool_address(bytes.fromhex(row["pool"][2:]), Venue.POLYGON)
            if row["version"] == "v2":
                pools.append(Pool(pool_id, PoolKind.V2, "v2", low, high, fee_ppm, None))
                events.append(PoolSync(stamp(1, at), pool_id, int(row["reserve0"]), int(row["reserve1"])))
            else:
                price = int(row["sqrt_price_x96"])
                pools.append(Pool(pool_id, PoolKind.V3, "v3", low, high, fee_ppm, SPACINGS[fee_ppm]))
                tick = tick_at_sqrt_ratio(price)
                events.append(PoolSwap(stamp(1, at), pool_id, 1, -1, price, int(row["liquidity"]), tick))
    events.append(BlockCompleted(137, 1, len(events) - 1, 10**9, len(events), None, None))
    return tuple(pools), tuple(events)


def strategy(pools: tuple[Pool, ...], terms: FlashArbitrageTerms) -> FlashArbitrage:
    ids = count(1)
    return FlashArbitrage("flash", terms, pools, next_signal_id=lambda: next(ids), run=lambda: 1, halt_epoch=lambda: 1)


def watched(floor: int | None, most_hops: int) -> tuple[FlashArbitrage, list[ArbitrageSignal]]:
    pools, events = snapshot()
    bounds = Bounds(min_pool_value=floor)
    terms = FlashArbitrageTerms("block", (USDT, WETH), NATIVE, bounds=bounds, numeraire=USDT, most_hops=most_hops)
    flash = strategy(pools, terms)
    return flash, flash.on_events(events)


def test_a_floor_of_10_000_dollars_leaves_one_pair_of_the_snapshot() -> None:
    """17 pairs of live pools show gaps, most of them in pools that hold next to nothing; WBTC/WETH survives."""
    free, signals = watched(None, 2)
    opened = {one.cycle.hops[0].pool.pair for one in free.candidates.newest(10_000)}
    by_id = {pool.id: pool for pool in snapshot()[0]}
    opened |= {by_id[signal.legs[0].pool].pair for signal in signals}
    floored, sound = watched(10_000 * 10**6, 2)
    assert len({one.cycle.hops[0].pool.pair for one in floored.candidates.newest(10_000)}) == 17
    assert len(opened) <= 17
    assert [[by_id[leg.pool].token0.symbol for leg in signal.legs] for signal in sound] == [["WBTC", "WBTC"]]
    refused = floored.candidates.newest(1, stage=Stage.LIQUIDITY)[0]
    assert (refused.limits[0].limit, refused.size) == (10_000 * 10**6, None)
    assert free.counts.opportunities == floored.counts.opportunities == 68


@pytest.mark.slow
def test_thousands_of_open_cycles_among_dead_pools_hide_nothing() -> None:
    """With up to four hops 3,445 cycles stand open at once; the floor leaves the same one."""
    floored, sound = watched(10_000 * 10**6, 4)
    assert floored.counts.opportunities > 3_000
    assert len(sound) == 1
    free, signals = watched(None, 4)
    assert free.counts.left_out == 1
    assert 0 < len(signals) <= 64


POOLS = (graph_pool(1, 1, 2), graph_pool(2, 2, 3), graph_pool(3, 1, 3))
E18 = 10**18


def sync(pool: Pool, block_number: int, log_index: int, reserve0: int, reserve1: int) -> PoolSync:
    return PoolSync(stamp(block_number, log_index), pool.id, reserve0 * E18, reserve1 * E18)


FAIR = [sync(pool, 1, at, 1000, 1000) for at, pool in enumerate(POOLS)]
TRIANGLE = FlashArbitrageTerms("log", (address(1),), address(1))


def test_a_triangle_of_pairs_is_traded_in_the_direction_that_pays() -> None:
    """Three legs, each selling what the one before bought; episodes are the cycle's, whichever way round."""
    flash = strategy(POOLS, TRIANGLE)
    assert flash.on_events(FAIR) == []
    (first,) = flash.on_events([sync(POOLS[1], 2, 0, 1000, 1100)])
    (turned,) = flash.on_events([sync(POOLS[1], 3, 0, 1100, 1000)])
    assert [leg.pool for leg in first.legs] == [POOLS[0].id, POOLS[1].id, POOLS[2].id]
    assert [leg.pool for leg in turned.legs] == [POOLS[2].id, POOLS[1].id, POOLS[0].id]
    for signal in (first, turned):
        assert signal.profit_token == signal.legs[0].token_in == signal.legs[-1].token_out == address(1)
        for one, following in zip(signal.legs, signal.legs[1:], strict=False):
            assert (one.token_out, one.amount_out) == (following.token_in, following.amount_in)
        assert signal.profit == signal.legs[-1].amount_out - signal.size > 0
        assert signal.fees_ppm == 9000
    assert first.episode == turned.episode == first.signal_id


def reorganised(ancestor: int, old_head: int) -> ChainReorganised:
    return ChainReorganised("live", 1, ancestor, bytes(32), old_head, bytes(32), old_head + 1, bytes(32), 0)


def test_what_a_reorganisation_undoes_is_not_proposed_and_the_episode_keeps_its_number() -> None:
    """The gap of block 2 closed in block 3; without block 3 it is open again, under the number it had."""
    flash = strategy(POOLS, TRIANGLE)
    (first,) = flash.on_events([*FAIR, sync(POOLS[1], 2, 0, 1000, 1100)])
    closed = sync(POOLS[1], 3, 0, 1000, 1000)
    opened = sync(POOLS[0], 4, 0, 1000, 1100)
    assert flash.on_events([closed, opened, reorganised(2, 4)]) == []
    (again,) = flash.on_events([sync(POOLS[0], 3, 0, 1000, 1001)])
    assert again.episode == first.episode
    assert again.block_number == 3
    assert again.legs[1].pool == POOLS[1].id


def test_a_block_that_is_taken_back_before_its_end_is_not_looked_at() -> None:
    flash = strategy(POOLS, attrs.evolve(TRIANGLE, evaluate="block"))
    end = BlockCompleted(1, 2, 0, 0, 1, None, None)
    assert flash.on_events([*FAIR, sync(POOLS[1], 2, 0, 1000, 1100), reorganised(1, 2), end]) == []
    (found,) = flash.on_events([sync(POOLS[1], 2, 0, 1000, 1100), end])
    assert found.position == (2, 0)


def test_live_gas_follows_the_heads_of_its_chain() -> None:
    flash = strategy(POOLS, attrs.evolve(TRIANGLE, gas=GasTerms(priority_fee_wei=1)))
    opening = [*FAIR, sync(POOLS[1], 2, 0, 1000, 1100)]
    assert flash.on_events(opening) == []
    assert flash.candidates.totals[Stage.COSTS] == 1
    heads = [
        ChainHead("live", chain_id, 2, bytes(32), bytes(32), 0, 0, fee, None, None, "a")
        for chain_id, fee in ((1, 41), (1, None), (137, 99))
    ]
    (signal,) = flash.on_events([*heads, sync(POOLS[1], 3, 0, 1000, 1100)])
    assert signal.gas_price_wei == 42


def test_pairs_with_more_loops_than_are_looked_at_are_named() -> None:
    """Nothing is left out in silence: 70 tokens that all trade with each other make more than 4,096 loops a pair."""
    tokens = range(1, 71)
    pools = tuple(graph_pool(at, *pair) for at, pair in enumerate(combinations(tokens, 2)))
    flash = strategy(pools, TRIANGLE)
    assert flash.crowded_pairs == []
    flash.on_events([sync(pools[0], 1, 0, 1000, 1000), sync(pools[-1], 1, 1, 1000, 1000)])
    assert flash.crowded_pairs == ["T1/T2"]
