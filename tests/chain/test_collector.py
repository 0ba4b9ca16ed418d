"""The collector on a real chain: what it publishes makes books that equal the contracts, whatever happens."""

from __future__ import annotations

from random import Random

import pytest
import trio

from alphapulse.collectors.evm import collector as collector_module
from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.market import BlockCompleted, StreamState, StreamStatus
from alphapulse.data.pending import PendingTransaction
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.devnet.call_data import call
from alphapulse.devnet.market import Market
from alphapulse.devnet.world import World
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.chain import published
from alphapulse.rules.events import uniswap_v2
from tests.chain.fault_plan import NONE, PPM, Faults
from tests.chain.fault_proxy import open_proxy
from tests.chain.live import WAIT_S, live_collector

pytestmark = pytest.mark.real_io


async def test_the_snapshot_is_the_chain_and_proves_every_pool(world: World) -> None:
    """Price, liquidity, every tick and the fee of 18 pools are those of their contracts."""
    async with live_collector(world) as live:
        assert await live.differing() == []
        assert {live.book.trust(pool.id) for pool in live.pools.values()} == {Trust.PROVEN}
        assert live.runs == ["the daemon started"]


async def test_traders_are_followed_block_by_block(world: World) -> None:
    """Behind each of 12 blocks of seeded trade every followed pool equals its contract; the verifier finds no fault."""
    market = Market(world, Random(5))
    async with live_collector(world) as live:
        for _ in range(12):
            await market.block()
            await live.wait_tip()
            assert await live.differing() == []
        assert live.collector.verifier is not None
        assert live.collector.verifier.counts["equal"] > 0
        assert live.collector.verifier.counts["divergent"] == 0
        assert live.collector.faults.get("missed_log", 0) == 0
        blocks = [one.block_number for one in live.messages if isinstance(one, BlockCompleted)]
        assert blocks == list(range(blocks[0], blocks[0] + len(blocks)))


@pytest.mark.slow
async def test_logs_of_which_nothing_tells_are_found_by_the_receipts(world: World) -> None:
    """The only node's subscription brings none, and `eth_getLogs` has none; the root in the header says otherwise."""
    market = Market(world, Random(8))
    async with (
        open_proxy(world) as proxy,
        live_collector(world, nodes=((proxy.http_url, proxy.ws_url),), verify_ppm=0) as live,
    ):
        proxy.silent, proxy.faults = {"logs"}, Faults(no_logs=PPM)
        for _ in range(6):
            await market.block()
            await proxy.sync()
            await live.wait_tip()
            assert await live.differing() == []


@pytest.mark.slow
async def test_reorganisations_are_undone_exactly(world: World) -> None:
    """Depths 1, 7 and 64: what was taken back is undone, what is there now is followed."""
    market = Market(world, Random(6))
    async with live_collector(world) as live:
        for _ in range(70):
            await market.block()
        await live.wait_tip()
        for depth in (1, 7, 64):
            since = len(live.messages)
            await world.reorganise(depth, [[] for _ in range(depth)])
            await market.block()
            await live.wait_tip()
            told = [one for one in live.messages[since:] if isinstance(one, ChainReorganised)]
            assert [one.old_head_number - one.ancestor_number for one in told] == [depth]
            assert await live.differing() == []
        assert live.runs == ["the daemon started"]


@pytest.mark.slow
async def test_an_outage_is_told_and_caught_up_with(world: World) -> None:
    """Connections break and nothing is answered: STALE; afterwards the blocks of the outage follow, and FRESH."""
    market = Market(world, Random(7))
    async with (
        open_proxy(world) as proxy,
        live_collector(world, nodes=((proxy.http_url, proxy.ws_url),), block_time_ms=300, max_block_range=10) as live,
    ):
        for _ in range(3):
            await market.block()
            await proxy.sync()
        await live.wait_tip()
        since = len(live.messages)
        proxy.deaf = True
        await proxy.cut_all()
        proxy.faults = Faults(failing=PPM)
        await live.wait_state(StreamState.STALE, since)
        for _ in range(90):
            await market.block()
        since = len(live.messages)
        proxy.deaf, proxy.faults = False, NONE
        async with trio.open_nursery() as nursery:
            nursery.start_soon(proxy.follow)
            await live.wait_state(StreamState.GAP, since)
            await live.wait_state(StreamState.FRESH, since)
            nursery.cancel_scope.cancel()
        assert await live.differing() == []
        solved = [one for one in live.messages[since:] if isinstance(one, BlockCompleted | StreamStatus)]
        fresh_at = next(at for at, one in enumerate(solved) if getattr(one, "state", None) is StreamState.FRESH)
        assert sum(isinstance(one, BlockCompleted) for one in solved[:fresh_at]) >= 80


async def test_a_pool_that_differs_is_quarantined_and_comes_back_only_when_it_is_equal(world: World) -> None:
    """The verifier tells of it, the book does not trade it, and a fresh reading that stays equal ends it."""
    async with live_collector(world) as live:
        name = "QuickSwap WPOL/WETH"
        pool, publisher = live.pools[name].id, live.collector.publisher
        state = publisher.book.state(pool)
        assert isinstance(state, ConstantProductState)
        wrong = PoolSync(state.stamp, pool, state.reserve0 + 1, state.reserve1)
        publisher.publish([wrong])
        since = len(live.messages)
        await world.mine()
        told = await live.wait(lambda one: isinstance(one, PoolTrustChanged) and one.pool == pool, since)
        assert told.trust is Trust.DIVERGENT
        assert "reserves" in told.reason
        assert live.book.trust(pool) is Trust.DIVERGENT
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_keep_mining, world)
            await live.wait(
                lambda one: isinstance(one, PoolTrustChanged) and one.pool == pool and one.trust is Trust.PROVEN, since
            )
            nursery.cancel_scope.cancel()
        await live.wait_tip()
        assert await live.differing() == []


@pytest.mark.slow
async def test_pools_join_while_the_chain_goes_on(world: World) -> None:
    """Pools that were not followed are read at one block and followed to the tip by the logs since then."""
    market = Market(world, Random(9))
    left_out = ("QuickSwap WPOL/USDC.e", "Uniswap V3 USDC.e/WETH 500", "Algebra WPOL/WETH")
    async with live_collector(world, leave_out=left_out) as live:
        await market.block()
        await live.wait_tip()
        assert all(live.book.state(live.pools[name].id) is None for name in left_out)
        live.collector.admit([live.pools[name] for name in left_out])
        joined: set[object] = set()
        with trio.fail_after(WAIT_S):
            while len(joined) < len(left_out):
                await market.block()
                await live.wait_tip()
                joined = {name for name in left_out if live.book.trust(live.pools[name].id) is Trust.PROVEN}
        assert await live.differing() == []
        since = len(live.messages)
        await market.block()
        await live.wait_block((await world.block())["hash"], since)
        assert await live.differing() == []


async def test_a_reorganisation_past_the_snapshot_reads_everything_anew(world: World) -> None:
    """What was read stood on a block that is gone: RESET, fresh books, and the chain as it is now."""
    market = Market(world, Random(10))
    for _ in range(5):
        await market.block()
    async with live_collector(world) as live:
        await market.block()
        await live.wait_tip()
        since = len(live.messages)
        await world.reorganise(4, [[] for _ in range(4)])
        await market.block()
        await live.wait_state(StreamState.RESET, since)
        await live.wait_tip()
        assert len(live.runs) == 2
        assert await live.differing() == []


async def test_logs_of_an_impostor_change_nothing(world: World) -> None:
    """A contract that utters a pool's event is no pool."""
    async with live_collector(world) as live:
        topics = [bytes.fromhex(uniswap_v2.SYNC_TOPIC[2:])]
        await world.act(call(world.places["impostor"], "utter(bytes32[],bytes)", topics, bytes(64)))
        done = await live.wait_tip()
        assert done.logs == 0
        assert live.collector.counts.refused == {"not_admitted": 1}
        assert await live.differing() == []


async def _keep_mining(world: World) -> None:
    while True:
        await world.mine()
        await trio.sleep(0.2)


async def test_pending_transactions_are_told_of_with_the_state_that_they_then_produce(world: World) -> None:
    """What is simulated before a swap is mined is what the pool is afterwards; books do not move before that."""
    names = ("QuickSwap WPOL/USDC.e", "Uniswap V3 WPOL/USDC.e 500")
    async with live_collector(world, pending=True) as live:
        feed = live.collector.pending
        assert feed is not None
        with trio.fail_after(WAIT_S):
            while not feed.counts["subscriptions"]:  # noqa: ASYNC110 - no event tells of it
                await trio.sleep(0.05)
        await world.mine()
        await live.wait_tip()
        for name in names:
            since = len(live.messages)
            before = live.book.state(live.pools[name].id)
            pool = world.pools[name]
            (transaction,) = await world.send(
                [world.moves.swap(pool, 50 * 10**pool.token0.decimals, zero_for_one=True)]
            )
            told = await live.wait(lambda one: isinstance(one, PendingTransaction), since)
            assert told.transaction_hash.hex() == transaction[2:]
            assert live.book.state(live.pools[name].id) is before
            (changed,) = told.pools
            assert changed.pool == live.pools[name].id
            await world.mine()
            await live.wait_tip()
            truth = live.truth_of(name)
            assert truth is not None
            if truth.reserves is not None:
                assert (changed.reserve0, changed.reserve1) == truth.reserves
            else:
                assert (changed.sqrt_price_x96, changed.tick) == (truth.sqrt_price_x96, truth.tick)
                assert changed.liquidity == truth.liquidity
        assert feed.counts["changes"] == len(names)


@pytest.mark.slow
async def test_a_reorganisation_deeper_than_books_can_undo_is_told_as_such(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is said to be undone, without a known ancestor; then all pools are read anew."""
    monkeypatch.setattr(published, "HISTORY_BLOCKS", 5)
    async with live_collector(world) as live:
        for _ in range(9):
            await world.mine()
            await live.wait_tip()
        since = len(live.messages)
        await world.reorganise(7, [[] for _ in range(8)])
        told = await live.wait(lambda one: isinstance(one, ChainReorganised), since)
        assert told.ancestor_hash == bytes(32)
        await live.wait_state(StreamState.RESET, since)
        await live.wait_tip()
        assert len(live.runs) == 2
        assert await live.differing() == []


@pytest.mark.slow
async def test_what_cannot_be_read_in_time_joins_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node forgets old states: pools that are not read soon are read at newer blocks, while the chain is followed."""
    monkeypatch.setattr(collector_module, "SEED_BLOCKS", 0)
    monkeypatch.setattr(collector_module, "SEED_POOLS", 5)
    market = Market(world, Random(11))
    async with live_collector(world) as live:
        with trio.fail_after(WAIT_S):
            while {live.book.trust(pool.id) for pool in live.pools.values()} != {Trust.PROVEN}:
                await market.block()
                await live.wait_tip()
        assert live.collector.joiner is not None
        assert live.collector.joiner.waiting == 0
        assert await live.differing() == []
