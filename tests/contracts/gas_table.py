"""`python -m tests.contracts.gas_table`: what the executor's paths cost in gas on a real chain, as a table.

Each path is traded once before it is measured: a pool's first trade ever writes slots that every later one finds
written. A trade that earns nothing is undone, so the market is moved into a gap for each. The router's column is the
exchange's own with the owner's tokens: `multicall` of single swaps for V3, one path for V2.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import trio

from alphapulse.devnet.call_data import call
from alphapulse.devnet.moves import DevPool
from alphapulse.devnet.stock import Family
from alphapulse.rules.evm.executor_path import Funding
from tests.contracts.executor_rig import PLACE, Rig, executor_rig, path_of
from tests.contracts.routers import allow, routed, router_of

V2, V3, ALGEBRA = "SushiSwap WPOL/USDC.e", "Uniswap V3 WPOL/USDC.e 500", "Algebra WPOL/USDC.e"
DEAR = "QuickSwap WPOL/USDC.e"
AMOUNT = 500 * 10**6
PATHS = (
    (V2, DEAR),
    (V3, DEAR),
    (ALGEBRA, DEAR),
    (V3, ALGEBRA),
    ("Uniswap V3 USDC.e/WETH 500", "Uniswap V3 WPOL/WETH 500", DEAR),
    ("Uniswap V3 USDC.e/WETH 500", "Uniswap V3 WPOL/WETH 500", ALGEBRA),
    ("Uniswap V3 USDC.e/WETH 500", "Uniswap V3 USDC.e/WETH 3000"),
    ("Uniswap V3 USDC.e/WETH 500", "Uniswap V3 WPOL/WETH 500", V3),
    ("QuickSwap USDC.e/WETH", "QuickSwap WPOL/WETH", DEAR),
)
GAPS = {Family.V2: 50_000 * 10**6, Family.V3: 500_000 * 10**6, Family.ALGEBRA: 50_000 * 10**6}
"""What moves a pool far enough: concentrated liquidity yields less."""
FUNDINGS = (Funding.FIRST_POOL, Funding.BALANCER, Funding.AAVE, Funding.STOCK)
COLUMNS: dict[str, Funding | None] = {**{one.name.lower(): one for one in FUNDINGS}, "router": None}


async def measured(rig: Rig, funding: Funding | None, pools: Sequence[DevPool]) -> int | None:
    """Gas of the second of two equal trades; None if there is no router that knows all of the path's pools."""
    world, base = rig.world, rig.world.tokens["USDC.e"]
    router = router_of(rig, pools)
    if funding is None and router is None:
        return None
    snapshot, gas = await world.snapshot(), 0
    for _ in range(2):
        dear = pools[-1]
        await world.act(world.moves.swap(dear, GAPS[dear.family], zero_for_one=dear.token0 == base))
        if funding is None:
            if router is None:
                raise AssertionError("expected a router")
            await allow(rig, router)
            made = await routed(rig, router, pools, base, AMOUNT)
            (receipt,) = await world.act(made, sender=rig.owner)
            gas = int(receipt["gasUsed"], 16)
            continue
        if funding is Funding.STOCK:
            await world.act(call(base.address, "approve(address,uint256)", PLACE, AMOUNT), sender=rig.owner)
        outcome = await rig.run(path_of(world, funding, pools, base, AMOUNT), base)
        if outcome.refusal is not None:
            raise AssertionError(f"expected a profit, found {outcome.refusal}")
        gas = outcome.gas
    await world.revert(snapshot)
    return gas


async def table() -> list[tuple[str, dict[str, int | None]]]:
    """Gas by path and funding, and beside it the router's own."""
    found = []
    async with executor_rig() as rig:
        for names in PATHS:
            pools = [rig.world.pools[name] for name in names]
            label = " + ".join(pool.family.value for pool in pools)
            found.append((label, {name: await measured(rig, one, pools) for name, one in COLUMNS.items()}))
    return found


def main() -> None:
    """Print it."""
    sys.stdout.write(f"{'path':<24}" + "".join(f"{name:>14}" for name in COLUMNS) + "\n")
    for label, row in trio.run(table):
        cells = ("–" if gas is None else f"{gas:,}" for gas in row.values())
        sys.stdout.write(f"{label:<24}" + "".join(f"{cell:>14}" for cell in cells) + "\n")


if __name__ == "__main__":
    main()
