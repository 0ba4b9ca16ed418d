"""The proxy that commits faults: well-behaved without them, and each fault is what it is called."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import attrs
import httpx
import msgspec
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

from alphapulse.devnet.market import Market
from alphapulse.devnet.world import World
from tests.chain.fault_plan import NONE, PPM, Faults
from tests.chain.fault_proxy import FaultProxy, open_proxy
from tests.chain.worlds import LIMIT_S

pytestmark = pytest.mark.real_io


@attrs.define
class Listener:
    """A client with both subscriptions; `take` gives what was sent until now."""

    socket: WebSocketConnection

    async def subscribe(self, *params: Any) -> None:
        await self.socket.send_message(
            msgspec.json.encode({"id": 1, "method": "eth_subscribe", "params": params}).decode()
        )
        assert "result" in msgspec.json.decode(await self.socket.get_message())

    async def take(self) -> list[str]:
        await self.socket.send_message('{"id": 99, "method": "eth_chainId", "params": []}')
        found: list[str] = []
        while '"id":99' not in (text := str(await self.socket.get_message())):
            found.append(text)
        return found


def results(frames: list[str]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(frame)["params"]["result"] for frame in frames]


def is_frame(text: str) -> bool:
    """Whether it is a notification with a head or a log in it."""
    try:
        found = msgspec.json.decode(text)["params"]["result"]
    except (msgspec.DecodeError, RecursionError, TypeError, KeyError):
        return False
    return isinstance(found, dict) and (found.get("number") is not None or "logIndex" in found)


@asynccontextmanager
async def listening(world: World, *, takes_back: bool = False) -> AsyncIterator[tuple[FaultProxy, Listener]]:
    with trio.fail_after(LIMIT_S):
        async with (
            open_proxy(world, seed=3, takes_back=takes_back) as proxy,
            open_websocket_url(proxy.ws_url) as socket,
        ):
            listener = Listener(socket)
            await listener.subscribe("newHeads")
            await listener.subscribe("logs", {"address": [pool.address for pool in world.pools.values()]})
            yield proxy, listener


async def test_without_faults_it_is_a_node(world: World) -> None:
    """Each block's head, then all its logs of the pools that were asked for, as the node itself has them."""
    market = Market(world, Random(1))
    async with listening(world) as (proxy, listener):
        begun = world.rpc, await world.block_number()
        for _ in range(5):
            await market.block()
            await proxy.sync()
        found = results(await listener.take())
    logs = await begun[0].ask("eth_getLogs", {
        "fromBlock": hex(begun[1] + 1), "address": [pool.address for pool in world.pools.values()],
    })  # fmt: skip
    assert [one for one in found if "logIndex" in one] == logs
    assert [int(one["number"], 16) for one in found if "parentHash" in one] == [begun[1] + at for at in range(1, 6)]
    assert not proxy.counts


async def test_a_reorganisation_is_told_as_geth_does(world: World) -> None:
    """Removed logs oldest first, then the new ones, and one head whose parent the client has never seen."""
    pool = world.pools["Uniswap V3 USDC.e/WETH 500"]
    swap = world.moves.swap(pool, 10**6, zero_for_one=True)
    async with listening(world, takes_back=True) as (proxy, listener):
        for _ in range(3):
            await world.act(swap)
            await proxy.sync()
        before = results(await listener.take())
        await world.reorganise(2, [[swap], [], [swap]])
        await proxy.sync()
        found = results(await listener.take())
    gone = [one for one in before if "logIndex" in one][1:]
    assert found[:2] == [{**log, "removed": True} for log in gone]
    assert ["logIndex" in one for one in found] == [True] * 4 + [False]
    assert found[-1]["parentHash"] not in {one["hash"] for one in before if "parentHash" in one}


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["drop", "duplicate", "truncate", "garbage", "late", "reorder"])
async def test_a_fault_of_frames_is_committed_and_counted(world: World, fault: str) -> None:
    """Half of all frames, or of all blocks: what comes differs from the truth as the fault's name says."""
    market = Market(world, Random(1))
    async with listening(world) as (proxy, listener):
        proxy.faults = Faults(**{fault: PPM // 2})
        for _ in range(6):
            await market.block()
            await proxy.sync()
        found = await listener.take()
        blocks = [proxy.view.blocks[number] for number in sorted(proxy.view.blocks)[1:]]
    pools, count = {pool.address for pool in world.pools.values()}, proxy.counts[fault]
    truth = [one for block in blocks for one in (block.header, *(log for log in block.logs if log["address"] in pools))]
    assert set(proxy.counts) == {fault}
    assert count > 1
    if fault in {"truncate", "garbage"}:
        assert len(found) == len(truth)
        assert sum(not is_frame(frame) for frame in found) == count
    elif fault in {"drop", "duplicate"}:
        assert len(found) == len(truth) + (count if fault == "duplicate" else -count)
        assert all(one in truth for one in results(found))
    else:
        assert results(found) != truth
        assert all(one in truth for one in results(found))


async def test_silence_of_one_subscription_leaves_the_other(world: World) -> None:
    """Heads go on, logs do not come, and the connection answers."""
    async with listening(world) as (proxy, listener):
        proxy.silent = {"logs"}
        await world.act(world.moves.swap(world.pools["QuickSwap WPOL/WETH"], 10**18, zero_for_one=True))
        await proxy.sync()
        found = results(await listener.take())
        await listener.socket.ping()
    assert ["parentHash" in one for one in found] == [True]
    assert proxy.counts["silent"] > 0


async def test_a_connection_breaks(world: World) -> None:
    async with listening(world) as (proxy, listener):
        await proxy.cut_all()
        with pytest.raises(ConnectionClosed):
            await listener.socket.get_message()
        assert proxy.clients == 0
        await trio.aclose_forcefully(listener.socket._stream)  # the library leaves it open when its peer vanishes


async def ask(proxy: FaultProxy, method: str, *params: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(proxy.http_url, json={"jsonrpc": "2.0", "id": 5, "method": method, "params": params})


async def test_answers_over_http_are_true_or_faulty_as_told(world: World) -> None:
    """Nothing changed without faults; then 429 with Retry-After, 500, half an answer, no JSON, an error, no answer."""
    with trio.fail_after(LIMIT_S):
        async with open_proxy(world) as proxy:
            truth = await world.rpc.ask("eth_getBlockByNumber", "latest", False)
            assert (await ask(proxy, "eth_getBlockByNumber", "latest", False)).json()["result"] == truth
            proxy.faults = Faults(too_many=PPM)
            refused = await ask(proxy, "eth_blockNumber")
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
            proxy.faults = Faults(failing=PPM)
            assert (await ask(proxy, "eth_blockNumber")).status_code == 500
            for fault in ("http_truncate", "http_garbage"):
                proxy.faults = Faults(**{fault: PPM})
                content = (await ask(proxy, "eth_blockNumber")).content
                with pytest.raises((msgspec.DecodeError, RecursionError, TypeError, KeyError)):
                    assert msgspec.json.decode(content)["id"] == 5 or msgspec.json.decode(content)["x"]
            proxy.faults = Faults(rate_error=PPM)
            assert (await ask(proxy, "eth_blockNumber")).json()["error"]["code"] == -32005
            proxy.faults = Faults(http_cut=PPM)
            with pytest.raises(httpx.RemoteProtocolError):
                await ask(proxy, "eth_blockNumber")
            proxy.faults = NONE
            proxy.chain_id = 1
            assert (await ask(proxy, "eth_chainId")).json()["result"] == "0x1"
    assert set(proxy.counts) == {"too_many", "failing", "http_truncate", "http_garbage", "rate_error", "http_cut"}


async def test_a_lagging_node_knows_nothing_newer_than_its_head(world: World) -> None:
    """Two blocks behind: in numbers, in `latest`, in blocks by hash, and in what it announces."""
    async with listening(world) as (proxy, listener):
        proxy.lag = 2
        begun = await world.block_number()
        await world.mine(4)
        await proxy.sync()
        newest = await world.block()
        assert (await ask(proxy, "eth_blockNumber")).json()["result"] == hex(begun + 2)
        assert (
            int((await ask(proxy, "eth_getBlockByNumber", "latest", False)).json()["result"]["number"], 16) == begun + 2
        )
        assert (await ask(proxy, "eth_getBlockByHash", newest["hash"], False)).json()["result"] is None
        assert (await ask(proxy, "eth_getBlockByNumber", newest["number"], False)).json()["result"] is None
        assert [int(one["number"], 16) for one in results(await listener.take())] == [begun + 1, begun + 2]
