"""The local chain: the contracts' own words about what was made."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio

from alphapulse.devnet.call_data import call, returned
from alphapulse.devnet.creation import SETUP_BLOCKS
from alphapulse.devnet.stock import Family
from alphapulse.devnet.world import World
from alphapulse.errors import DevnetError
from tests.chain.worlds import FOLDER, LIMIT_S, chain_packages, open_test_world

pytestmark = pytest.mark.real_io

ON_POLYGON = {
    "QuickSwap WPOL/USDC.e": "0x6e7a5fafcec6bb1e78bae2a1f0b612012bf14827",
    "QuickSwap USDC.e/WETH": "0x853ee4b2a13f8a742d64c8f088be7ba2131f670d",
    "QuickSwap WPOL/WETH": "0xadbf1854e5883eb8aa7baf50705338739e558e5b",
    "QuickSwap WBTC/WETH": "0xdc9232e2df177d7a12fdff6ecbab114e2231198d",
    "SushiSwap WPOL/USDC.e": "0xcd353f79d9fade311fc3119b841e1f456b54e858",
    "SushiSwap USDC.e/WETH": "0x34965ba0ac2451a34a0471f04cca3f990b8dea27",
    "SushiSwap WPOL/WETH": "0xc4e595acdd7d12fec385e5da5d43160e8a0bac0e",
    "Uniswap V3 USDC.e/WETH 500": "0x45dda9cb7c25131df268515131f647d726f50608",
    "Uniswap V3 USDC.e/WETH 3000": "0x0e44ceb592acfc5d3f09d996302eb4c499ff8c10",
    "Uniswap V3 WPOL/USDC.e 500": "0xa374094527e1673a86de625aa59517c5de346d32",
    "Uniswap V3 WPOL/WETH 500": "0x86f1d8390222a3691c28938ec7404a1661e618e0",
    "Uniswap V3 WPOL/WETH 3000": "0x167384319b41f7094e62f7506409eb38079abff8",
    "Uniswap V3 WBTC/WETH 500": "0x50eaedb835021e4a108b7290636d62e9765cc6d7",
    "Algebra WPOL/USDC.e": "0xae81fac689a1b4b1e06e7ef4a2ab4cd8ac0a087d",
    "Algebra USDC.e/WETH": "0x55caabb0d2b704fd0ef8192a7e35d8837e678207",
    "Algebra WPOL/WETH": "0x479e1b71a702a595e19b6d5932cd5c863ab57ee0",
}
"""Pools as they stand on Polygon; the chain of 137 has them at these addresses."""


async def test_pools_have_their_addresses_of_polygon(world: World) -> None:
    """Factories at their places, made by genuine code: every pool comes out where it is on the mainnet."""
    assert await world.block_number() == SETUP_BLOCKS
    assert ON_POLYGON.items() <= {name: pool.address for name, pool in world.pools.items()}.items()


async def test_another_world_has_other_addresses_and_the_same_pools() -> None:
    """Moved elsewhere, everything works and nothing stands at an address of Polygon."""
    with trio.fail_after(LIMIT_S):
        async with open_test_world(number=7) as moved:
            assert not {pool.address for pool in moved.pools.values()} & set(ON_POLYGON.values())
            assert moved.pools.keys() >= ON_POLYGON.keys()
            for pool in moved.pools.values():
                await moved.act(moved.moves.swap(pool, 10**pool.token0.decimals // 10, zero_for_one=True))


async def test_tokens_say_what_they_are(world: World) -> None:
    """Symbols and decimals of ordinary tokens, and what is odd in the odd ones."""
    for token in world.tokens.values():
        symbol, decimals = await world.rpc.read_all(
            [call(token.address, "symbol()"), call(token.address, "decimals()")]
        )
        assert (returned("string", symbol)[0], returned("uint256", decimals)[0]) == (token.symbol, token.decimals)
    odd = {name: token.address for name, token in world.odd_tokens.items()}
    assert returned("string", await world.rpc.read(call(odd["TWIN"], "symbol()"))) == ("WETH",)
    assert returned("uint256", await world.rpc.read(call(odd["HUGE"], "decimals()"))) == (2**255,)
    assert (await world.rpc.read(call(odd["SILENT"], "symbol()"))).rstrip(b"\0") == b"SILENT"
    with pytest.raises(Exception, match="revert"):
        await world.rpc.read(call(odd["NAMELESS"], "decimals()"))
    said = [await world.rpc.read(call(odd["FICKLE"], "decimals()"), hex(number)) for number in (4, 5)]
    assert [returned("uint8", word)[0] for word in said] == [18, 6]


async def test_odd_tokens_keep_less_or_more_than_was_sent(world: World) -> None:
    """The taxed one loses 2% on its way, the rebasing one changes while it lies still."""
    receiver = world.places["impostor"]

    async def held(symbol: str) -> int:
        answer = await world.rpc.read(call(world.odd_tokens[symbol].address, "balanceOf(address)", receiver))
        return int(returned("uint256", answer)[0])

    for symbol in ("TAXED", "REBASE", "SILENT"):
        await world.act(call(world.odd_tokens[symbol].address, "transfer(address,uint256)", receiver, 10_000))
    assert [await held(symbol) for symbol in ("TAXED", "REBASE", "SILENT")] == [9_800, 10_000, 10_000]
    await world.act(call(world.odd_tokens["REBASE"].address, "rebase(uint256)", 1_500_000))
    assert await held("REBASE") == 15_000


@pytest.mark.slow
async def test_every_kind_of_pool_takes_every_move(world: World) -> None:
    """Swaps both ways, liquidity in and out, fees collected, a flash: each leaves the log that it should."""
    moves = world.moves
    for pool in world.pools.values():
        amount = 10**pool.token0.decimals // 100
        receipts = await world.act(
            moves.swap(pool, amount, zero_for_one=True),
            moves.swap(pool, 10**pool.token1.decimals // 100, zero_for_one=False),
        )
        assert all(any(log["address"] == pool.address for log in receipt["logs"]) for receipt in receipts)
        if pool.family is Family.V2:
            made = (moves.mint_pair(pool, amount * 100, 10**pool.token1.decimals * 100), moves.burn_pair(pool, 10**12))
            await world.act(*made, moves.donate(pool, pool.token0, amount), sender=world.accounts[0])
        else:
            lower, upper = -600 * pool.spacing, 600 * pool.spacing
            await world.act(
                moves.mint(pool, lower, upper, 10**15),
                moves.burn(pool, lower, upper, 10**14),
                moves.collect(pool, lower, upper),
                moves.flash(pool, amount, 0),
            )
    for pool in world.odd_pools.values():
        ones = (10**pool.token0.decimals, 10**pool.token1.decimals)
        await world.act(moves.swap(pool, ones[0], zero_for_one=True), moves.swap(pool, ones[1], zero_for_one=False))


async def test_an_impostor_emits_what_it_is_told(world: World) -> None:
    """A log with a pool's topic whose emitter is no pool."""
    topics, data = [b"\1" * 32, b"\2" * 32], b"\3" * 64
    (receipt,) = await world.act(call(world.places["impostor"], "utter(bytes32[],bytes)", topics, data))
    (log,) = receipt["logs"]
    assert log["topics"] == ["0x" + topic.hex() for topic in topics]
    assert log["data"] == "0x" + data.hex()


@pytest.mark.slow
async def test_a_reorganisation_replaces_blocks_by_others(world: World) -> None:
    """64 blocks are undone and 65 others mined: the ancestor stays, all behind it have other hashes."""
    pool = world.pools["Uniswap V3 USDC.e/WETH 500"]
    begun = await world.block_number()
    for _ in range(64):
        await world.act(world.moves.swap(pool, 10**6, zero_for_one=True))
    old = [(await world.block(number))["hash"] for number in range(begun, begun + 65)]
    last = await world.reorganise(64, [[world.moves.swap(pool, 10**7, zero_for_one=True)]] + [[]] * 64)
    assert last == begun + 65
    new = [(await world.block(number))["hash"] for number in range(begun, begun + 65)]
    assert new[0] == old[0]
    assert not set(new[1:]) & set(old[1:])


@pytest.mark.slow
async def test_the_same_acts_give_the_same_chain(world: World) -> None:
    """Two worlds with the same swaps end with the same block hash."""
    with trio.fail_after(LIMIT_S):
        async with open_test_world() as twin:
            heads = []
            for each in (world, twin):
                await each.act(each.moves.swap(each.pools["QuickSwap WPOL/USDC.e"], 10**18, zero_for_one=True))
                heads.append((await each.block())["hash"])
    assert heads[0] == heads[1]


async def test_a_snapshot_is_come_back_to(world: World) -> None:
    head = await world.block()
    snapshot = await world.snapshot()
    await world.mine(3)
    await world.revert(snapshot)
    assert (await world.block())["hash"] == head["hash"]


async def test_nobody_elses_chain_is_taken_for_ours(world: World) -> None:
    """Where a node listens already no other is begun, and nothing is sent to it: the traders would be strangers."""
    before = await world.block_number()
    with pytest.raises(DevnetError, match=f"a free port at 127.0.0.1:{world.node.port}, found: Address already in use"):
        async with open_test_world(port=world.node.port):
            pass
    assert await world.block_number() == before


PROGRAM = """
import os, sys, trio
from pathlib import Path
from alphapulse.devnet.node import open_node
from alphapulse.devnet.packages import Packages
async def main():
    async with open_node(Packages(Path(sys.argv[1])).anvil, genesis_s=0) as node:
        print(node.process.pid, flush=True)
        os.kill(os.getpid(), 9)
trio.run(main)
"""


@pytest.mark.slow
def test_a_node_dies_with_its_parent() -> None:
    """Killed hard, the parent cannot end its node; the kernel does."""
    chain_packages()
    command = [sys.executable, "-c", PROGRAM, str(FOLDER)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    assert done.returncode == -9, done.stderr
    pid = int(done.stdout)
    give_up = time.monotonic() + LIMIT_S
    while _runs(pid) and time.monotonic() < give_up:
        time.sleep(0.01)  # the kernel tells nobody
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "anvil" in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")
    except (ProcessLookupError, FileNotFoundError):  # it may end between the two
        return False
