"""The pool of nodes before real chains: anvil, honest, lagging, forked and of another chain."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import msgspec
import pytest
import trio

from alphapulse.connections.endpoint import HTTP, WEBSOCKET, read_endpoint
from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.connections.node_transport import open_transport
from alphapulse.connections.subscription import HEADS, Topic
from alphapulse.devnet.world import World
from alphapulse.errors import CallReverted, FeedClosed, FeedSilent, NodeError, RpcError
from alphapulse.rules.events.rpc_log import RpcLog, decode_frame
from alphapulse.rules.nodes.rpc_call import RpcCall
from tests.chain.fault_proxy import open_proxy
from tests.chain.worlds import open_test_world
from tests.connections.bad_nodes import reply, replying
from tests.connections.bad_servers import serving
from tests.fakes.inline_blocking import run_inline

HANG_S = 60
BLOCK_TIME_MS = 1_000

pytestmark = pytest.mark.real_io


@asynccontextmanager
async def pool_of(*nodes: tuple[str, str], genesis: bytes | None = None) -> AsyncIterator[NodePool]:
    """A pool that runs, of nodes by their addresses. They are named a, b, c and so on."""
    terms = [
        NodeTerms(
            label=label,
            http=read_endpoint(http, "http", HTTP),
            ws=read_endpoint(ws, "ws", WEBSOCKET),
            requests_per_s=10_000,
        )
        for label, (http, ws) in zip("abcdef", nodes, strict=False)
    ]
    chain = ChainTerms(name="devnet", chain_id=137, block_time_ms=BLOCK_TIME_MS, genesis_hash=genesis)
    async with AsyncExitStack() as stack:
        transport = await stack.enter_async_context(open_transport(run_inline, time.time_ns))
        nursery = await stack.enter_async_context(trio.open_nursery())
        pool = NodePool(
            chain,
            terms,
            transport=transport,
            now_ns=time.time_ns,
            monotonic_ns=time.monotonic_ns,
            random=Random(1),
        )
        await nursery.start(pool.run)
        yield pool
        nursery.cancel_scope.cancel("the test is over")


def states(pool: NodePool) -> dict[str, str]:
    return {node.label: str(node.state) for node in pool.health().nodes}


async def until(what: Callable[[], bool]) -> None:
    while not what():  # noqa: ASYNC110 - what is waited for is what an operator would see
        await trio.sleep(0.05)


async def mining(worlds: Sequence[World]) -> None:
    while True:
        await trio.sleep(0.5)
        for world in worlds:
            await world.mine(1)


async def test_reads_batches_and_subscriptions_of_a_real_node(world: World) -> None:
    """Typed answers, a long batch, a revert, an unknown method, heads and logs; all of the same block."""
    pair = world.pools["QuickSwap WPOL/USDC.e"]
    with trio.fail_after(HANG_S):
        async with pool_of((world.http_url, world.ws_url)) as pool:
            assert await pool.call("eth_chainId", type=str) == "0x89"
            head = await world.block_number()
            blocks = [RpcCall("eth_getBlockByNumber", (hex(number), False)) for number in range(head + 1)] * 3
            assert [int(block["number"], 16) for block in await pool.batch(blocks)] == list(range(head + 1)) * 3
            with pytest.raises(CallReverted):
                await pool.call("eth_call", [{"to": pair.address, "data": "0xffffffff"}, "latest"])
            with pytest.raises(RpcError) as missing:
                await pool.call("eth_noSuchThing")
            assert missing.value.kind == "method_missing"
            assert await pool.call("eth_getBlockByHash", ["0x" + "ab" * 32, False], type=dict | None) is None

            async with pool.subscribe(HEADS, Topic("logs", ({"address": [pair.address]},))) as stream:
                await world.act(world.moves.swap(pair, 10**18, zero_for_one=True))
                frames: dict[int, list[bytes]] = {0: [], 1: []}
                while not (frames[0] and len(frames[1]) >= 2):
                    for notice in await anext(stream):
                        frames[notice.topic].append(notice.frame)
            block = msgspec.json.decode(frames[0][0])["params"]["result"]
            logs = await pool.call(
                "eth_getLogs", [{"blockHash": block["hash"], "address": pair.address}], type=list[RpcLog]
            )
            assert [decode_frame(frame) for frame in frames[1]] == logs
            assert pool.health().nodes[0].head_number == int(block["number"], 16)


async def test_a_node_that_falls_silent_and_one_that_dies(world: World) -> None:
    """Heads that stop coming over a WebSocket that lives, and a connection that breaks, end in their errors."""
    with trio.fail_after(HANG_S):
        async with open_proxy(world) as proxy, pool_of((proxy.http_url, proxy.ws_url)) as pool:
            with pytest.raises(FeedSilent, match="no new head for 3 s"):
                await listen(pool, proxy.silent.add, "newHeads")
            proxy.silent.clear()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(cut_soon, proxy.cut_all)
                with pytest.raises(FeedClosed):
                    await listen(pool)


async def cut_soon(cut: Callable[[], object]) -> None:
    await trio.sleep(0.2)
    await cut()  # type: ignore[misc]


async def listen(pool: NodePool, before: Callable[[str], object] = str, argument: str = "") -> None:
    before(argument)
    async with pool.subscribe(HEADS, Topic("logs")) as stream:
        async for _ in stream:
            pass


@pytest.mark.slow
async def test_who_lags_follows_another_branch_or_another_chain_is_not_asked(world: World) -> None:
    """Three honest nodes, one five blocks behind, one on a branch of its own, one of another chain id: each is found.

    What enough nodes say at a block is the answer, though others lie.
    """
    with trio.fail_after(HANG_S):
        async with AsyncExitStack() as stack:
            other = await stack.enter_async_context(open_test_world())
            swap = other.moves.swap(other.pools["QuickSwap WPOL/USDC.e"], 10**18, zero_for_one=True)
            nursery = await stack.enter_async_context(trio.open_nursery())
            honest = [await stack.enter_async_context(open_proxy(world)) for _ in range(3)]
            lagging, stranger = [await stack.enter_async_context(open_proxy(world)) for _ in range(2)]
            forked = await stack.enter_async_context(open_proxy(other))
            proxies = [*honest, lagging, forked, stranger]
            stranger.chain_id = 1
            for proxy in proxies:
                nursery.start_soon(proxy.follow)
            addresses = [(proxy.http_url, proxy.ws_url) for proxy in proxies]
            pool = await stack.enter_async_context(pool_of(*addresses))
            await until(lambda: states(pool) == dict.fromkeys("abcde", "ok") | {"f": "wrong_chain"})

            nursery.start_soon(mining, [world, other])
            await other.act(swap)
            await world.mine(1)
            lagging.lag = 5
            found = {"d": "lagging", "e": "quarantined", "f": "wrong_chain"}
            await until(lambda: states(pool) == dict.fromkeys("abc", "ok") | found)
            report = pool.health()
            assert (report.split, report.degraded) == ("", False)
            assert [node.reason for node in report.nodes if node.label == "e"] == [
                "it follows another branch than most nodes"
            ]

            block = await pool.call("eth_getBlockByNumber", ["latest", False])
            balance = await pool.call(
                "eth_getBalance", [world.accounts[0]], type=str, quorum=2, block_hash=bytes.fromhex(block["hash"][2:])
            )
            assert int(balance, 16) > 0
            nursery.cancel_scope.cancel("the test is over")


async def test_a_real_node_beside_one_that_only_speaks_garbage(world: World) -> None:
    """Reads come from the one that answers."""
    with trio.fail_after(HANG_S):
        async with serving(replying(lambda _: reply(b"garbage"))) as server:
            garbage = server.url.replace("ws://", "http://")
            async with pool_of((garbage, server.url), (world.http_url, world.ws_url)) as pool:
                for _ in range(5):
                    assert await pool.call("eth_chainId") == "0x89"
                assert states(pool)["b"] == "ok"
                async with pool.subscribe(HEADS) as stream:
                    assert stream.node == "b"
                with pytest.raises(NodeError):
                    await pool.call("eth_chainId", quorum=2)
