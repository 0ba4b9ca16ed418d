"""The judge of real trading can say no."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from coincurve import PrivateKey

from alphapulse.devnet.call_data import call_data
from alphapulse.devnet.market import Market
from alphapulse.rules.evm.executor_path import Funding
from alphapulse.rules.evm.secp256k1 import address_of
from alphapulse.rules.evm.transaction import DynamicFeeTransaction
from tests.chain.fault_proxy import serving
from tests.chain.worlds import chain_packages, open_test_world
from tests.contracts.executor_rig import path_of
from tests.prove_execution.daemon_process import DaemonProcess
from tests.prove_execution.front import Arrival, FrontNode
from tests.prove_execution.judge import judge_books, missed
from tests.prove_execution.oracle import cycles
from tests.prove_execution.rig import Rig, Wallet

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

KEY = bytes(31) + b"\7"
GWEI = 10**9


@pytest.fixture(autouse=True)
def _chain_or_skipped() -> None:
    chain_packages()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A chain and a node in front, and a daemon that was never started."""
    async with open_test_world() as world, serving(FrontNode(world)) as front:
        address = address_of(PrivateKey(KEY).public_key.format(compressed=False))
        wallet = Wallet(KEY, address, world.places["impostor"])
        daemon = DaemonProcess(tmp_path / "config.toml", {}, tmp_path / "phrase.txt")
        market = Market(world, Random(1), swaps=0, supply_ppm=0, gap_every=1)
        await world.rpc.ask("anvil_setBalance", wallet.name, hex(10**21))
        yield Rig(world, front, market, wallet, daemon)


async def test_a_gap_that_nobody_takes_is_missed(rig: Rig) -> None:
    """Three blocks it stands open, and once it is told."""
    pool = rig.world.pools["QuickSwap WPOL/USDC.e"]
    await rig.tell()
    await rig.world.act(rig.world.moves.swap(pool, 50_000 * 10**6, zero_for_one=pool.token0.symbol == "USDC.e"))
    numbers = [await rig.empty_block() for _ in range(4)]
    told = list(missed(rig, numbers))
    assert any("USDC.e by" in one and f"{numbers[0]} to {numbers[2]}" in one for one in told)
    assert not list(missed(rig, numbers[:2]))


async def test_the_best_size_is_near_the_best_of_all(rig: Rig) -> None:
    """Of sizes that double, one is within a third of the optimum's profit."""
    pool = rig.world.pools["QuickSwap WPOL/USDC.e"]
    base = rig.world.tokens["USDC.e"]
    await rig.world.act(rig.world.moves.swap(pool, 50_000 * 10**6, zero_for_one=pool.token0 == base))
    number = await rig.empty_block()
    moment = rig.moments[number]
    for cycle in cycles(tuple(rig.world.pools.values()), [base], 2):
        best = moment.best(cycle)
        if best is not None:
            tried = [best.size * part // 16 for part in range(9, 32)]
            most = max((moment.paid_back(cycle, size) or 0) - size for size in tried)
            assert best.profit * 3 >= most * 2


async def test_what_was_sent_and_is_in_no_journal_is_told(rig: Rig) -> None:
    """A transaction of the wallet's comes to the node, and nobody has written of it."""
    pools = [rig.world.pools[name] for name in ("SushiSwap WPOL/USDC.e", "QuickSwap WPOL/USDC.e")]
    path = path_of(rig.world, Funding.FIRST_POOL, pools, rig.world.tokens["USDC.e"], 10**6)
    data = call_data("execute(bytes)", path.packed())
    to = bytes.fromhex(rig.wallet.executor[2:])
    unsigned = DynamicFeeTransaction(137, 0, GWEI, 100 * GWEI, 500_000, to, 0, data)
    signature = PrivateKey(KEY).sign_recoverable(unsigned.digest, hasher=None)
    r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
    signed = unsigned.signed(signature[64], r, s)
    rig.front.arrivals.append(Arrival(1, 1, signed, rig.wallet.address))
    await rig.world.rpc.ask("eth_sendRawTransaction", "0x" + signed.raw.hex())
    await rig.empty_block()
    told = await judge_books(rig)
    for words in ("was sent and is not in the journal", "coins spent: the chain says", "which is mined"):
        assert any(words in one for one in told), told
