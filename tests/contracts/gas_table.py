"""`python -m tests.contracts.gas_table`: what the executor's paths cost in gas on a real chain, as a table.

Each path is traded once before it is measured: a pool's first trade ever writes slots that every later one finds
written. A trade that earns nothing is undone, so the market is moved into a gap for each.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import trio

from alphapulse.devnet.call_data import call
from alphapulse.devnet.moves import DevPool
from alphapulse.rules.evm.executor_path import Funding
from tests.contracts.executor_rig import PLACE, Rig, executor_rig, path_of

V2, V3, ALGEBRA = "SushiSwap WPOL/USDC.e", "Uniswap V3 WPOL/USDC.e 500", "Algebra WPOL/USDC.e"
DEAR = "QuickSwap WPOL/USDC.e"
AMOUNT = 500 * 10**6
PATHS = (
    (V2, DEAR),
    (V3, DEAR),
    (ALGEBRA, DEAR),
    (V3, ALGEBRA),
    ("QuickSwap USDC.e/WETH", "QuickSwap WPOL/WETH", DEAR),
    ("Uniswap V3 USDC.e/WETH 500", "Uniswap V3 WPOL/WETH 500", DEAR),
    ("Uniswap V3 USDC.e/WETH 500", "Uniswap V3 WPOL/WETH 500", ALGEBRA),
)
FUNDINGS = (Funding.FIRST_POOL, Funding.BALANCER, Funding.AAVE, Funding.STOCK)


async def measured(rig: Rig, funding: Funding, pools: Sequence[DevPool]) -> int:
    """Gas of the second of two equal trades."""
    world, base = rig.world, rig.world.tokens["USDC.e"]
    snapshot, gas = await world.snapshot(), 0
    for _ in range(2):
        dear = pools[-1]
        await world.act(world.moves.swap(dear, 50_000 * 10**6, zero_for_one=dear.token0 == base))
        if funding is Funding.STOCK:
            await world.act(call(base.address, "approve(address,uint256)", PLACE, AMOUNT), sender=rig.owner)
        outcome = await rig.run(path_of(world, funding, pools, base, AMOUNT), base)
        if outcome.refusal is not None:
            raise AssertionError(f"expected a profit, found {outcome.refusal}")
        gas = outcome.gas
    await world.revert(snapshot)
    return gas


async def table() -> list[tuple[str, dict[str, int]]]:
    """Gas by path and funding."""
    found = []
    async with executor_rig() as rig:
        for names in PATHS:
            pools = [rig.world.pools[name] for name in names]
            label = " + ".join(pool.family.value for pool in pools)
            found.append((label, {one.name.lower(): await measured(rig, one, pools) for one in FUNDINGS}))
    return found


def main() -> None:
    """Print it."""
    columns = [one.name.lower() for one in FUNDINGS]
    sys.stdout.write(f"{'path':<24}" + "".join(f"{name:>14}" for name in columns) + "\n")
    for label, row in trio.run(table):
        sys.stdout.write(f"{label:<24}" + "".join(f"{row[name]:>14,}" for name in columns) + "\n")


if __name__ == "__main__":
    main()
