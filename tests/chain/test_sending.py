"""The sender before a real chain whose nodes keep what pays too little: stuck, replaced, evicted, orphaned."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from alphapulse.connections.endpoint import HTTP, read_endpoint
from alphapulse.connections.node_transport import open_transport
from alphapulse.connections.routes.bundle import BundleRoute
from alphapulse.connections.routes.private import PrivateRoute
from alphapulse.connections.routes.relay import Relay
from alphapulse.connections.routes.route import PublicRoute, Route
from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.transactions import Purpose, TransactionState, TransactionStatus
from alphapulse.devnet.world import World
from alphapulse.errors import RelayRefused
from alphapulse.execution.chain.sender import Sender
from alphapulse.execution.chain.transaction_plan import SenderTerms, TransactionPlan
from alphapulse.relays.bus import Bus
from alphapulse.rules.transactions.fees import FeeTerms
from alphapulse.rules.transactions.transaction_books import TransactionBooks
from tests.chain.fault_proxy import FaultProxy, open_proxy
from tests.chain.test_nodes import pool_of
from tests.chain.worlds import LIMIT_S
from tests.connections.bad_nodes import replying
from tests.connections.bad_servers import serving
from tests.connections.routes.relay_server import RelayServer
from tests.execution.chain.wallet_rig import KEY, KeySigner
from tests.execution.execution_fakes import open_journal
from tests.fakes.inline_blocking import run_inline

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

GWEI = 10**9
COINS = 10**21
FEES = FeeTerms(tip_floor_wei=30 * GWEI, tip_cap_wei=300 * GWEI, cap_wei=1_000 * GWEI)
S = TransactionState


@attrs.define
class Rig:
    """A sender with two nodes before one chain."""

    world: World
    proxies: list[FaultProxy]
    sender: Sender
    bus: Bus
    told: list[TransactionStatus]
    foreign: list[str]

    async def hear(self, *, settled: int | None = None, back_to: int | None = None) -> None:
        """The market data tell of the newest block, of a reorganisation before it if there was one."""
        block = await self.world.block()
        number, known, parent = int(block["number"], 16), *map(word, (block["hash"], block["parentHash"]))
        if back_to is not None:
            reorganised = ChainReorganised(
                "devnet", 137, back_to, word((await self.world.block(back_to))["hash"]), number, known, number, known, 1
            )
            self.bus.market_data.publish([reorganised])
        base_fee = int(block["baseFeePerGas"], 16)
        head = ChainHead("devnet", 137, number, known, parent, 1, 1, base_fee, None, settled, "a")
        self.bus.market_data.publish([head])

    async def block(self, base_fee_gwei: int = 50, *, settled: int | None = None) -> None:
        await self.world.rpc.ask("anvil_setNextBlockBaseFeePerGas", hex(base_fee_gwei * GWEI))
        await self.world.mine()
        for proxy in self.proxies:
            await proxy.sync()
        await self.hear(settled=settled)

    async def blocks_until(self, what: Callable[[], bool], base_fee_gwei: int = 50) -> None:
        """Blocks, until something is so."""
        while not what():
            await self.block(base_fee_gwei)
            with trio.move_on_after(0.3):
                await until(what)

    def state_of(self, known: bytes) -> TransactionState | None:
        return next((one.state for one in reversed(self.told) if one.hash == known), None)

    def plan(self, tip_gwei: int = 30, cap_gwei: int = 200) -> TransactionPlan:
        """One that does nothing, at an address where nobody is."""
        to = bytes.fromhex("ee" * 20)
        return TransactionPlan(1, Purpose.TRADE, to, b"", 60_000, tip_gwei * GWEI, cap_gwei * GWEI, 1)


def word(text: str) -> bytes:
    return bytes.fromhex(text[2:])


async def until(what: Callable[[], bool]) -> None:
    while not what():  # noqa: ASYNC110 - what is waited for is what an operator would see
        await trio.sleep(0.02)


@asynccontextmanager
async def open_rig(world: World, folder: Path, *, resend_s: int = 60, route: Route | None = None) -> AsyncIterator[Rig]:
    await world.rpc.ask("anvil_setBalance", "0x" + KEY.address.hex(), hex(COINS))
    async with open_proxy(world) as one, open_proxy(world) as two, open_journal(folder) as journal:
        for proxy in (one, two):
            proxy.keeps = True
        async with pool_of((one.http_url, one.ws_url), (two.http_url, two.ws_url)) as pool:
            bus, told, foreign = Bus(), list[TransactionStatus](), list[str]()
            sender = Sender(
                SenderTerms(chain_id=137, fees=FEES, resend_s=resend_s, bump_after_blocks=2),
                KeySigner(),
                pool,
                route or PublicRoute(pool),
                TransactionBooks().of(137, KEY.address),
                journal,
                bus.market_data,
                bus.execution,
                epoch=lambda: 1,
                gate_open=lambda epoch: True,
                on_status=told.extend,
                on_foreign_use=foreign.append,
                run=lambda: 1,
                now_ns=time.time_ns,
            )
            async with trio.open_nursery() as nursery:
                await nursery.start(sender.run)
                rig = Rig(world, [one, two], sender, bus, told, foreign)
                await rig.block()
                yield rig
                nursery.cancel_scope.cancel("the test is over")
    assert foreign == []


async def count(world: World) -> int:
    return int(await world.rpc.ask("eth_getTransactionCount", "0x" + KEY.address.hex(), "latest"), 16)


async def test_a_stuck_trade_is_replaced_until_it_is_mined(world: World, tmp_path: Path) -> None:
    """The base fee rises above its cap: nodes keep it, and replacements of a tenth each follow.

    One of them is mined and final, the others are REPLACED; the chain has used one number.
    """
    with trio.fail_after(LIMIT_S):
        async with open_rig(world, tmp_path) as rig:
            first = await rig.sender.send(rig.plan(cap_gwei=200))
            await until(lambda: rig.state_of(first.hash) is S.SENT)
            await rig.blocks_until(lambda: len(rig.sender.open) == 3, base_fee_gwei=400)
            caps = [one.signed.cap_wei for one in rig.sender.open]
            assert caps == [200 * GWEI, 220 * GWEI, 242 * GWEI]
            assert {one.signed.purpose for one in rig.sender.open} == {Purpose.TRADE}
            hashes = [one.hash for one in rig.sender.open]
            await rig.blocks_until(lambda: S.MINED in map(rig.state_of, hashes), base_fee_gwei=100)
            await rig.block(settled=await world.block_number() + 1)
            await until(lambda: not rig.sender.open)
            assert sorted(str(rig.state_of(one)) for one in hashes) == sorted(
                map(str, (S.REPLACED, S.REPLACED, S.SETTLED))
            )
            assert await count(world) == 1


async def test_what_nodes_have_forgotten_is_sent_again(world: World, tmp_path: Path) -> None:
    """Evicted while it is too cheap, with wrong counts of what is pending: the identical bytes come again."""
    with trio.fail_after(LIMIT_S):
        async with open_rig(world, tmp_path, resend_s=1) as rig:
            for proxy in rig.proxies:
                proxy.pending_offset = 3
            signed = await rig.sender.send(attrs.evolve(rig.plan(cap_gwei=990), tip_wei=290 * GWEI))
            await until(lambda: rig.state_of(signed.hash) is S.SENT)
            await world.rpc.ask("anvil_dropTransaction", "0x" + signed.hash.hex())
            for proxy in rig.proxies:
                proxy.kept.evict("0x" + KEY.address.hex())
            await rig.blocks_until(lambda: rig.state_of(signed.hash) is S.MINED)
            (record,) = rig.sender.open
            assert record.hash == signed.hash
            assert record.sends == 2
            assert await count(world) == 1


async def test_a_reorganisation_takes_it_back_and_brings_it_again(world: World, tmp_path: Path) -> None:
    """MINED, SENT with the identical bytes, MINED in another block. anvil itself forgets what it has taken back."""
    with trio.fail_after(LIMIT_S):
        async with open_rig(world, tmp_path) as rig:
            signed = await rig.sender.send(rig.plan())
            await rig.blocks_until(lambda: rig.state_of(signed.hash) is S.MINED)
            before = rig.sender.receipt_of(signed.hash)
            assert before is not None
            depth = await world.block_number() - before.block_number + 1
            await world.reorganise(depth, [[]] * depth)
            for proxy in rig.proxies:
                await proxy.sync()
            await rig.hear(back_to=before.block_number - 1)
            await until(lambda: rig.state_of(signed.hash) is not S.MINED)
            await rig.blocks_until(lambda: rig.state_of(signed.hash) is S.MINED)
            after = rig.sender.receipt_of(signed.hash)
            assert after is not None
            assert before.block_hash != after.block_hash
            assert [one.state for one in rig.told if one.hash == signed.hash and one.state is not S.SEEN] == [
                S.SENT, S.MINED, S.SENT, S.MINED
            ]  # fmt: skip


async def test_a_plain_node_is_no_relay(world: World) -> None:
    """It serves the chain, and knows neither private transactions nor bundles: both are refused by name."""
    with trio.fail_after(LIMIT_S):
        async with open_transport(run_inline, time.time_ns) as transport:
            relay = Relay("plain", read_endpoint(world.http_url, "relay", HTTP), transport, 137)
            routes: list[tuple[Route, str]] = [
                (PrivateRoute(relay), "eth_sendPrivateTransaction"),
                (BundleRoute(relay), "eth_sendBundle"),
            ]
            for route, method in routes:
                with pytest.raises(RelayRefused, match=f"knows {method}"):
                    await route.check()


@pytest.mark.parametrize("kind", [PrivateRoute, BundleRoute])
async def test_a_relay_alone_sees_a_trade_before_it_is_mined(
    world: World, tmp_path: Path, kind: type[PrivateRoute | BundleRoute]
) -> None:
    """It hands it to the proposer of the block that it was named; no node has had it before."""
    server = RelayServer()
    server.answers |= {"eth_sendPrivateTransaction": "0x01", "eth_sendBundle": {"bundleHash": "0x01"}}
    with trio.fail_after(LIMIT_S):
        async with open_transport(run_inline, time.time_ns) as transport, serving(replying(server.answer)) as served:
            endpoint = read_endpoint(f"http://127.0.0.1:{served.port}", "relay", HTTP)
            route = kind(Relay("relay", endpoint, transport, 137))
            await route.check()
            server.asked.clear()
            async with open_rig(world, tmp_path, route=route) as rig:
                signed = await rig.sender.send(rig.plan())
                await until(lambda: rig.state_of(signed.hash) is S.SENT)
                assert await world.rpc.ask("eth_getTransactionByHash", "0x" + signed.hash.hex()) is None
                ((_, (wanted,)),) = server.asked
                assert "blockNumber" not in wanted or int(wanted["blockNumber"], 16) == await world.block_number() + 1
                raw = wanted["tx"] if "tx" in wanted else wanted["txs"][0]
                assert raw == "0x" + signed.raw.hex()
                await world.rpc.ask("eth_sendRawTransaction", raw)
                await rig.blocks_until(lambda: rig.state_of(signed.hash) is S.MINED)
                assert [proxy.requests["eth_sendRawTransaction"] for proxy in rig.proxies] == [0, 0]


async def test_several_at_once_are_mined_in_one_block(world: World, tmp_path: Path) -> None:
    """Four wait, each with its own number, whatever order their bytes arrive in."""
    with trio.fail_after(LIMIT_S):
        async with open_rig(world, tmp_path) as rig:
            sent: list[Any] = []

            async def send() -> None:
                sent.append(await rig.sender.send(rig.plan()))

            async with trio.open_nursery() as nursery:
                for _ in range(4):
                    nursery.start_soon(send)
            await until(lambda: all(rig.state_of(one.hash) is S.SENT for one in sent))
            await rig.blocks_until(lambda: all(rig.state_of(one.hash) is S.MINED for one in sent))
            assert sorted(one.transaction.nonce for one in sent) == [0, 1, 2, 3]
            blocks = {receipt.block_hash for one in sent if (receipt := rig.sender.receipt_of(one.hash))}
            assert len(blocks) == 1
