"""Discovery on a real chain: genuine pools are found from their logs, whatever else emits such logs is refused."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import attrs
import msgspec
import pytest
import trio

from alphapulse.collectors.evm.contract_reader import ContractReader
from alphapulse.collectors.evm.discovery import Discovery
from alphapulse.collectors.evm.discovery_terms import DiscoveryTerms
from alphapulse.collectors.evm.factory_registry import shipped_factories
from alphapulse.collectors.evm.listed_pools import ListedPools
from alphapulse.collectors.evm.pool_cache import PoolCache
from alphapulse.collectors.evm.snapshot import SnapshotReader
from alphapulse.collectors.evm.token_quarantine import TokenQuarantine
from alphapulse.collectors.evm.token_watch import TokenWatch
from alphapulse.collectors.evm.tokens import TokenInspector
from alphapulse.connections.endpoint import HTTP, read_endpoint
from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.connections.node_transport import open_transport
from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, Trust
from alphapulse.data.verdicts import PoolTrustChanged, PoolVerdict, TokenVerdict
from alphapulse.devnet.call_data import call
from alphapulse.devnet.world import World
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.chain.header import Header
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.events.uniswap_v3 import SWAP_TOPIC
from tests.chain.live import live_collector, pool_of
from tests.chain.worlds import open_test_world

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

WAIT_S = 60.0
AGE = 4


def raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])


@attrs.define
class Found:
    """What a discovery has told, and the pools that are followed beside."""

    admitted: list[Pool] = attrs.field(factory=list)
    messages: list[Any] = attrs.field(factory=list)
    markets: list[tuple[Pool, AmmState | None]] = attrs.field(factory=list)
    kept: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)

    async def run_blocking(self, call_: Any, /, *args: object, limiter: trio.CapacityLimiter | None = None) -> Any:
        """In a thread, as the daemon does it. Behind each batch the cache is written."""
        result = await trio.to_thread.run_sync(call_, *args, limiter=limiter)
        self.kept.unpark_all()
        return result

    def reasons(self, admitted: bool) -> dict[bytes, str]:
        verdicts = [one for one in self.messages if isinstance(one, PoolVerdict)]
        return {one.pool.body: one.reason for one in verdicts if one.admitted is admitted}

    def tokens(self, admitted: bool) -> dict[bytes, str]:
        verdicts = [one for one in self.messages if isinstance(one, TokenVerdict)]
        return {one.token.body: one.reason for one in verdicts if one.admitted is admitted}


@asynccontextmanager
async def open_nodes(world: World) -> AsyncIterator[NodePool]:
    terms = ChainTerms(name="live", chain_id=137, block_time_ms=1_000)
    http = read_endpoint(world.http_url, "http", HTTP)
    node = NodeTerms(label="one", http=http, ws=None, requests_per_s=10_000, batch_size=100)
    async with open_transport(trio.to_thread.run_sync, time.time_ns) as transport, trio.open_nursery() as nursery:
        pool = NodePool(
            terms,
            [node],
            transport=transport,
            now_ns=time.time_ns,
            monotonic_ns=time.monotonic_ns,
            random=Random(1),
        )
        await nursery.start(pool.run)
        yield pool
        nursery.cancel_scope.cancel()


def discovery(world: World, found: Found, path: Path, **terms: Any) -> Discovery:
    options: dict[str, Any] = {
        "factories": shipped_factories(),
        "least_age_blocks": AGE,
        "requests_per_s": 100_000,
    } | terms
    return Discovery(
        DiscoveryTerms(137, multicall=raw(world.places["Multicall3"]), **options),
        markets=lambda: found.markets,
        admit=found.admitted.extend,
        publish=found.messages.extend,
        cache=PoolCache(path, 137),
        run_blocking=found.run_blocking,
        now_ns=time.time_ns,
    )


async def tell(looking: Discovery, world: World, addresses: Sequence[str] = ()) -> None:
    """All logs of the chain, or of some emitters, as a collector hands them over."""
    wanted = {"fromBlock": "0x0", "toBlock": "latest"} | ({"address": list(addresses)} if addresses else {})
    logs = [msgspec.convert(log, RpcLog) for log in await world.rpc.ask("eth_getLogs", wanted)]
    header = Header(await world.block_number(), bytes(32), bytes(32), 0, bytes(256))
    looking.on_foreign(header, logs)


async def run_dry(looking: Discovery, nodes: NodePool, found: Found) -> None:
    """Let it look at all that waits."""
    with trio.fail_after(WAIT_S):
        async with trio.open_nursery() as nursery:
            await nursery.start(looking.run, nodes)
            while len(looking.queue):
                await found.kept.park()
            nursery.cancel_scope.cancel()


async def test_genuine_pools_are_found_and_odd_tokens_and_impostors_refused(world: World, tmp_path: Path) -> None:
    """18 pools with the terms of their contracts; seven odd tokens, each with its reason; no lie is believed."""
    impostor, found = world.places["impostor"], Found()
    await world.act(call(impostor, "utter(bytes32[],bytes)", [raw(SWAP_TOPIC)] + [bytes(32)] * 2, bytes(160)))
    await world.mine(2 * AGE)
    await world.act(call(world.odd_tokens["REBASE"].address, "rebase(uint256)", 1_100_000))
    looking = discovery(world, found, tmp_path / "pools.cache")
    async with open_nodes(world) as nodes:
        await tell(looking, world)
        await run_dry(looking, nodes, found)
    expected = [pool_of(pool) for pool in world.pools.values()]
    assert {_terms(pool) for pool in found.admitted} == {_terms(pool) for pool in expected}
    assert set(found.reasons(admitted=True)) == {pool.id.body for pool in expected}
    assert "proved by CREATE2" in found.reasons(admitted=True)[expected[0].id.body]
    refused = found.reasons(admitted=False)
    assert "gives the pool of these tokens the address" in refused[raw(impostor)]
    for pool in world.odd_pools.values():
        assert "is quarantined" in refused[raw(pool.address)]
    tokens = {raw(token.address) for pool in world.pools.values() for token in (pool.token0, pool.token1)}
    assert set(found.tokens(admitted=True)) == tokens
    assert set(refused) == {raw(impostor), *(raw(pool.address) for pool in world.odd_pools.values())}
    reasons = {name: found.tokens(admitted=False)[raw(token.address)] for name, token in world.odd_tokens.items()}
    for name, reason in {
        "TAXED": "were sent out of the pool",
        "REBASE": "without a transfer",
        "HUGE": "about 2^255 decimals",
        "TWIN": "its symbol 'WETH' is that of",
        "SILENT": "a transfer returns nothing",
        "NAMELESS": "no decimals that can be read",
        "FICKLE": "not the same at each block",
    }.items():
        assert reason in reasons[name], (name, reasons[name])
    verdict = next(one for one in found.messages if isinstance(one, TokenVerdict) and one.symbol == "HUGE")
    assert verdict.decimals is None


def _terms(pool: Pool) -> tuple[Any, ...]:
    tokens = [(token.address, token.symbol, token.decimals) for token in pool.tokens]
    fee_ppm = None if pool.kind.name == "ALGEBRA" else pool.fee_ppm
    return pool.id.body, pool.kind, *tokens, fee_ppm, pool.tick_spacing


async def test_nothing_is_wired_to_addresses(tmp_path: Path) -> None:
    """Everything elsewhere, factories without a known code: these themselves confirm their pools."""
    async with open_test_world(number=7) as world, open_nodes(world) as nodes:
        await world.mine(AGE)
        found = Found()
        kinds = {"QuickSwap": FactoryKind.V2, "SushiSwap": FactoryKind.V2, "Uniswap V3": FactoryKind.V3}
        factories = [_factory(world, name, kind) for name, kind in {**kinds, "Algebra": FactoryKind.ALGEBRA}.items()]
        looking = discovery(world, found, tmp_path / "pools.cache", factories=tuple(factories))
        await tell(looking, world, [pool.address for pool in world.pools.values()])
        await tell(looking, world, [world.places["impostor"]])
        await run_dry(looking, nodes, found)
        assert {pool.id.body for pool in found.admitted} == {raw(pool.address) for pool in world.pools.values()}
        assert set(found.reasons(admitted=True).values()) <= {
            f"confirmed by {one.name} at block {await world.block_number()}" for one in factories
        }


def _factory(world: World, name: str, kind: FactoryKind) -> Factory:
    address = raw(world.places[f"{name} factory"])
    fee_ppm = 3000 if kind is FactoryKind.V2 else None
    return Factory(name, 137, Venue.POLYGON, kind, address, address, None, fee_ppm)


async def test_lists_floors_and_age_leave_pools_out(world: World, tmp_path: Path) -> None:
    names = ["QuickSwap WPOL/USDC.e", "QuickSwap USDC.e/WETH", "QuickSwap WBTC/WETH", "SushiSwap USDC.e/WETH"]
    pools = [world.pools[name] for name in names]
    addresses = [pool.address for pool in pools]
    usdc, weth = (raw(world.tokens[symbol].address) for symbol in ("USDC.e", "WETH"))
    await world.mine(AGE)
    async with open_nodes(world) as nodes:
        listed = Found()
        looking = discovery(
            world,
            listed,
            tmp_path / "listed.cache",
            allowed_tokens=frozenset((usdc, weth)),
            refused_pools=frozenset((raw(addresses[3]),)),
        )
        await tell(looking, world, addresses)
        await run_dry(looking, nodes, listed)
        assert [pool.id.body for pool in listed.admitted] == [raw(addresses[1])]
        assert "not on the list" in listed.reasons(admitted=False)[raw(addresses[0])]
        assert listed.reasons(admitted=False)[raw(addresses[3])] == "the operator refuses it"
        floors = Found()
        market = pool_of(world.pools["Uniswap V3 USDC.e/WETH 500"])
        floors.markets = [(market, await _state(world, market))]
        looking = discovery(world, floors, tmp_path / "floors.cache", numeraire=usdc, least_liquidity=3_000_000 * 10**6)
        await tell(looking, world, addresses)
        await run_dry(looking, nodes, floors)
        assert [pool.id.body for pool in floors.admitted] == [raw(addresses[1])]
        assert "in the numéraire, the least is 3000000000000" in floors.reasons(admitted=False)[raw(addresses[0])]
        young = Found()
        looking = discovery(world, young, tmp_path / "young.cache", least_age_blocks=await world.block_number())
        await tell(looking, world, addresses)
        await run_dry(looking, nodes, young)
        assert young.admitted == []
        assert "younger than" in young.reasons(admitted=False)[raw(addresses[0])]


async def _state(world: World, pool: Pool) -> AmmState:
    block = await world.block()
    header = Header(int(block["number"], 16), raw(block["hash"]), bytes(32), 0, bytes(256))
    book = PoolBook([pool])
    async with open_nodes(world) as nodes:
        reader = ContractReader(nodes, raw(world.places["Multicall3"]))
        taken = await SnapshotReader(reader, now_ns=time.time_ns).take([pool], header)
    for message in taken[pool.id]:
        book.apply(message)
    state = book.state(pool.id)
    assert state is not None
    return state


async def test_what_was_found_is_kept_and_what_cannot_be_proved_is_looked_at_anew(world: World, tmp_path: Path) -> None:
    path, first, again = tmp_path / "pools.cache", Found(), Found()
    await world.mine(AGE)
    chosen = [world.pools[name].address for name in ("QuickSwap WPOL/WETH", "Algebra WPOL/WETH")]
    async with open_nodes(world) as nodes:
        looking = discovery(world, first, path)
        await tell(looking, world, chosen)
        await run_dry(looking, nodes, first)
        unproved = tuple(one for one in shipped_factories() if one.kind is not FactoryKind.ALGEBRA)
        looking = discovery(world, again, path, factories=unproved)
        await run_dry(looking, nodes, again)
    assert len(first.admitted) == 2
    assert [pool.id.body for pool in again.admitted] == [raw(chosen[0])]
    assert "kept from before" in again.reasons(admitted=True)[raw(chosen[0])]
    assert "is not known" in again.reasons(admitted=False)[raw(chosen[1])]


async def test_a_token_that_rebases_later_takes_its_pools_along(world: World, tmp_path: Path) -> None:
    """A running collector follows two pools too many: one token takes a fee, another's balances change later."""
    odd = {name: pool_of(world.odd_pools[f"QuickSwap {name}/WPOL"]) for name in ("TAXED", "REBASE")}
    multicall = raw(world.places["Multicall3"])
    async with live_collector(world) as live:
        publisher, nodes = live.collector.publisher, live.collector.nodes
        assert nodes is not None
        for pool in odd.values():
            publisher.join(pool, ())
        looking = discovery(world, Found(), tmp_path / "pools.cache")
        quarantine = TokenQuarantine(137, publisher, looking)
        watch = TokenWatch(AGE, multicall, lambda: list(publisher.pools.values()), quarantine.put)
        inspector = TokenInspector(nodes, ContractReader(nodes, multicall), multicall)
        await world.mine(AGE)
        await world.act(world.moves.swap(world.pools["QuickSwap WPOL/WETH"], 10**18, zero_for_one=True))
        await live.wait_tip()
        for rebase, left in ((0, ["REBASE"]), (990_000, ["REBASE"]), (0, [])):
            if rebase:
                await world.act(call(world.odd_tokens["REBASE"].address, "rebase(uint256)", rebase))
            await watch.look(nodes, inspector)
            assert [name for name, pool in odd.items() if pool.id in publisher.pools] == left
        told = await live.wait(lambda one: isinstance(one, PoolVerdict) and one.pool == odd["REBASE"].id)
        assert "without a transfer within 4 blocks" in told.reason
        found = Found(messages=live.messages)
        assert set(found.tokens(admitted=False)) == {raw(world.odd_tokens[name].address) for name in odd}
        assert "were sent out of the pool" in found.tokens(admitted=False)[raw(world.odd_tokens["TAXED"].address)]
        changed = [one for one in live.messages if isinstance(one, PoolTrustChanged) and one.trust is Trust.DIVERGENT]
        assert [one.pool for one in changed] == [pool.id for pool in odd.values()]
        assert await live.differing() == []
        assert looking.tokens.problem(raw(world.odd_tokens["REBASE"].address), told.pool.chain_id or 0)


async def test_contracts_that_spoil_calls_hold_nobody_up(world: World, tmp_path: Path) -> None:
    """One takes all the gas, one returns a megabyte, one reverts, one is no contract: the pools beside are found."""
    hostile = {
        "0x" + "e1" * 20: "0x5b600056",  # jumps for ever
        "0x" + "e2" * 20: "0x621000006000f3",  # a megabyte of nothing
        "0x" + "e3" * 20: "0x60006000fd",
    }
    for address, code in hostile.items():
        await world.rpc.ask("anvil_setCode", address, code)
    await world.mine(AGE + 1)
    found = Found()
    pools = [world.pools[name].address for name in ("QuickSwap WPOL/WETH", "Uniswap V3 WPOL/WETH 500")]
    looking = discovery(world, found, tmp_path / "pools.cache")
    header = Header(await world.block_number(), bytes(32), bytes(32), 0, bytes(256))
    for address in (*hostile, "0x" + "e4" * 20):
        looking.queue.offer(raw(address), SWAP_TOPIC, header.number)
    looking.on_foreign(header, [_odd_log(address) for address in ("0x", "zz", "0x12", "0x" + "e5" * 21)])
    async with open_nodes(world) as nodes:
        await tell(looking, world, pools)
        await run_dry(looking, nodes, found)
    assert {pool.id.body for pool in found.admitted} == {raw(address) for address in pools}
    ((spoiler, reason),) = found.reasons(admitted=False).items()
    assert spoiler == b"\xe1" * 20
    assert "it cannot be read" in reason


def _odd_log(address: str) -> RpcLog:
    return RpcLog(address, (SWAP_TOPIC,), "0x", "0x1", "0x", "0x0", "0x0")


async def test_a_running_collector_follows_what_is_found(world: World, tmp_path: Path) -> None:
    """Two pools are not in its list; a trade in each shows them, and soon they quote as their contracts do."""
    unlisted = ("QuickSwap WPOL/WETH", "Algebra USDC.e/WETH")
    await world.mine(AGE)
    found = Found()
    async with live_collector(world, leave_out=unlisted) as live, trio.open_nursery() as nursery:
        publisher, nodes = live.collector.publisher, live.collector.nodes
        assert nodes is not None
        looking = discovery(world, found, tmp_path / "pools.cache")
        looking._markets = lambda: [(pool, publisher.book.state(pool.id)) for pool in publisher.pools.values()]
        looking._admit = live.collector.admit
        looking._publish = publisher.publish
        publisher._on_foreign = looking.on_foreign
        await nursery.start(looking.run, nodes)
        assert set(await live.differing()) == set(unlisted)
        for name in unlisted:
            pool = world.pools[name]
            await world.act(world.moves.swap(pool, 10**9, zero_for_one=True))
            wanted = raw(pool.address)
            await live.wait(
                lambda one, wanted=wanted: isinstance(one, PoolTrustChanged) and one.pool.body == wanted  # type: ignore[misc]
            )
        for name in (*unlisted, *unlisted):
            await world.act(world.moves.swap(world.pools[name], 10**10, zero_for_one=False))
        await live.wait_tip()
        assert {info.pool.body for info in looking.found.values()} == {
            raw(world.pools[name].address) for name in unlisted
        }
        for name in unlisted:
            expected = pool_of(world.pools[name])
            truth = await _state(world, expected)
            state = next(publisher.book.state(one) for one in publisher.pools if one.body == expected.id.body)
            assert state is not None
            assert state.trust is Trust.PROVEN
            for way in ((0, 1), (1, 0)):
                assert state.price(*way) == truth.price(*way)
                assert state.quote_in(*way, 10**9).amount_out == truth.quote_in(*way, 10**9).amount_out
        nursery.cancel_scope.cancel()


async def test_listed_pools_that_are_not_what_the_file_says_are_left_out(world: World) -> None:
    """Wrong decimals, fee, spacing or token, an impostor, a token of two minds; the 18 genuine ones stay."""
    genuine = [pool_of(pool) for pool in world.pools.values()]
    v3 = pool_of(world.pools["Uniswap V3 WPOL/WETH 500"])
    impostor = InstrumentId.from_pool_address(raw(world.places["impostor"]), Venue.POLYGON)
    wrong = {
        "decimals": attrs.evolve(v3, token0=attrs.evolve(v3.token0, decimals=6)),
        "its fee": attrs.evolve(v3, fee_ppm=3_000),
        "its tick spacing": attrs.evolve(v3, tick_spacing=60),
        "its token0": pool_of(world.pools["QuickSwap WBTC/WETH"]),
        "another address": attrs.evolve(pool_of(world.pools["Uniswap V3 USDC.e/WETH 500"]), id=impostor),
        "tells 6 and 18": pool_of(world.odd_pools["QuickSwap FICKLE/WPOL"]),
    }
    wrong["its token0"] = attrs.evolve(wrong["its token0"], token0=v3.token0)
    if await world.block_number() % 2 == 0:
        await world.mine()  # the token's decimals at the newest block are now 6
    factories = {one.address: one for one in shipped_factories() if one.chain_id == 137 and one.address}
    left_out: list[tuple[Pool, str]] = []
    listed = ListedPools(
        [*genuine, *wrong.values()],
        factories,
        raw(world.places["Multicall3"]),
        lambda pool, reason: left_out.append((pool, reason)),
    )
    async with open_nodes(world) as nodes:
        await listed.check(nodes)
    assert [pool for pool, _ in left_out] == list(wrong.values())
    for (_, reason), expected in zip(left_out, wrong, strict=True):
        assert expected in reason
