"""Transactions that a node keeps although anvil would not."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from alphapulse.devnet.world import World
from alphapulse.errors import DevnetError
from tests.chain.fault_proxy import FaultProxy, open_proxy
from tests.chain.test_fault_proxy import ask
from tests.chain.worlds import LIMIT_S

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

GWEI = 10**9


async def signed(world: World, nonce: int, cap_gwei: int, tip_gwei: int = 1) -> str:
    """A signed transaction of the second account's, in hex."""
    found: str = await world.rpc.ask(
        "eth_signTransaction",
        {
            "from": world.accounts[1],
            "to": world.accounts[2],
            "value": "0x1",
            "nonce": hex(nonce),
            "gas": hex(21_000),
            "maxFeePerGas": hex(cap_gwei * GWEI),
            "maxPriorityFeePerGas": hex(tip_gwei * GWEI),
            "chainId": hex(137),
        },
    )
    return found


async def result(proxy: FaultProxy, method: str, *params: Any) -> Any:
    return (await ask(proxy, method, *params)).json()["result"]


async def refusal(proxy: FaultProxy, raw: str) -> str:
    return str((await ask(proxy, "eth_sendRawTransaction", raw)).json()["error"]["message"])


async def next_base_fee(world: World, gwei: int) -> None:
    await world.rpc.ask("anvil_setNextBlockBaseFeePerGas", hex(gwei * GWEI))


async def test_a_stuck_transaction_waits_until_the_base_fee_falls(world: World) -> None:
    """Too cheap on arrival: taken, pending, counted; mined as soon as it pays enough. anvil alone would refuse it."""
    with trio.fail_after(LIMIT_S):
        async with open_proxy(world) as proxy:
            proxy.keeps = True
            me = world.accounts[1]
            nonce = int(await world.rpc.ask("eth_getTransactionCount", me, "latest"), 16)
            await next_base_fee(world, 100)
            await world.mine()
            raw = await signed(world, nonce, 50)
            with pytest.raises(DevnetError, match="max fee per gas less than block base fee"):
                await world.rpc.ask("eth_sendRawTransaction", raw)
            sent = await result(proxy, "eth_sendRawTransaction", raw)
            await next_base_fee(world, 90)
            await world.mine()
            await proxy.sync()
            waiting = await result(proxy, "eth_getTransactionByHash", sent)
            assert (waiting["blockHash"], waiting["from"]) == (None, me.lower())
            assert int(await result(proxy, "eth_getTransactionCount", me, "pending"), 16) == nonce + 1
            assert int(await result(proxy, "eth_getTransactionCount", me, "latest"), 16) == nonce
            for gwei in (40, 40):
                await next_base_fee(world, gwei)
                await world.mine()
                await proxy.sync()
            receipt = await result(proxy, "eth_getTransactionReceipt", sent)
            assert receipt["status"] == "0x1"
            assert proxy.kept.waiting == []


async def test_a_replacement_pays_a_tenth_more_on_both_fields(world: World) -> None:
    """The words of geth: already known, replacement transaction underpriced; a dearer one takes its place."""
    with trio.fail_after(LIMIT_S):
        async with open_proxy(world) as proxy:
            proxy.keeps = True
            nonce = int(await world.rpc.ask("eth_getTransactionCount", world.accounts[1], "latest"), 16)
            first = await signed(world, nonce, 100, 10)
            await result(proxy, "eth_sendRawTransaction", first)
            assert await refusal(proxy, first) == "already known"
            for cap, tip in ((110, 10), (109, 11), (101, 20)):
                assert (
                    await refusal(proxy, await signed(world, nonce, cap, tip)) == "replacement transaction underpriced"
                )
            second = await result(proxy, "eth_sendRawTransaction", await signed(world, nonce, 110, 11))
            await world.mine()
            await proxy.sync()
            assert (await result(proxy, "eth_getTransactionReceipt", second))["status"] == "0x1"


async def test_a_node_forgets_and_counts_wrongly_when_told_to(world: World) -> None:
    with trio.fail_after(LIMIT_S):
        async with open_proxy(world) as proxy:
            proxy.keeps = True
            me = world.accounts[1]
            nonce = int(await world.rpc.ask("eth_getTransactionCount", me, "latest"), 16)
            await next_base_fee(world, 100)
            await world.mine()
            sent = await result(proxy, "eth_sendRawTransaction", await signed(world, nonce, 50))
            proxy.pending_offset = 2
            assert int(await result(proxy, "eth_getTransactionCount", me, "pending"), 16) == nonce + 3
            assert proxy.kept.evict(me) == 1
            assert await result(proxy, "eth_getTransactionByHash", sent) is None
