"""The executor earns what the exact mathematics says, to the wei, however it is funded."""

from __future__ import annotations

from random import Random

import pytest

from alphapulse.devnet.call_data import call
from alphapulse.devnet.market import Market
from alphapulse.devnet.moves import DevPool, DevToken
from alphapulse.devnet.stock import Family
from alphapulse.errors import QuoteRefused
from alphapulse.rules.evm.executor_path import Funding, LegKind
from tests.contracts.executor_rig import PLACE, Rig, executor_rig, path_of, predicted, premium

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

AMOUNT = 2_000 * 10**6
FUZZED = 50
BASES = ("USDC.e", "WPOL", "WETH")


async def gap(rig: Rig) -> DevToken:
    """WPOL becomes dear at QuickSwap; profit is wanted in USDC.e."""
    pool = rig.world.pools["QuickSwap WPOL/USDC.e"]
    base = rig.world.tokens["USDC.e"]
    await rig.world.act(rig.world.moves.swap(pool, 20_000 * 10**6, zero_for_one=pool.token0 == base))
    return base


@pytest.mark.parametrize("funding", Funding)
@pytest.mark.parametrize("cheap", ["Uniswap V3 WPOL/USDC.e 500", "SushiSwap WPOL/USDC.e", "Algebra WPOL/USDC.e"])
async def test_a_gap_is_taken_with_every_funding_and_kind_of_pool(rig: Rig, cheap: str, funding: Funding) -> None:
    base = await gap(rig)
    pools = [rig.world.pools[cheap], rig.world.pools["QuickSwap WPOL/USDC.e"]]
    if funding is Funding.STOCK:
        await rig.world.act(call(base.address, "approve(address,uint256)", PLACE, AMOUNT), sender=rig.owner)
    paid_back = predicted(pools, await rig.states(pools), base, AMOUNT)
    assert paid_back is not None
    assert paid_back > AMOUNT
    profit = paid_back - AMOUNT - (await premium(rig, AMOUNT) if funding is Funding.AAVE else 0)
    outcome = await rig.run(path_of(rig.world, funding, pools, base, AMOUNT, profit), base)
    assert outcome.refusal is None
    assert outcome.profit == profit


@pytest.mark.parametrize("funding", [Funding.FIRST_POOL, Funding.AAVE])
async def test_one_unit_more_than_it_pays_is_refused(rig: Rig, funding: Funding) -> None:
    """Of a loan, the premium is not profit."""
    base = await gap(rig)
    pools = [rig.world.pools["SushiSwap WPOL/USDC.e"], rig.world.pools["QuickSwap WPOL/USDC.e"]]
    paid_back = predicted(pools, await rig.states(pools), base, AMOUNT)
    assert paid_back is not None
    wanted = paid_back - AMOUNT + 1 - (await premium(rig, AMOUNT) if funding is Funding.AAVE else 0)
    outcome = await rig.run(path_of(rig.world, funding, pools, base, AMOUNT, wanted), base)
    assert outcome.refusal is not None
    assert outcome.refusal.name == "ProfitBelowFloor"
    assert outcome.refusal.values == {"left": wanted - 1, "needed": wanted}


@pytest.mark.parametrize("number", [0, 7])
async def test_drawn_paths_pay_what_is_predicted_or_are_undone(number: int) -> None:
    """Two to four legs over all pools while a market trades; with other addresses tokens stand in another order.

    Somebody has left tokens with the executor, so that a loss could be paid from them: it is not, and its amount is
    told to the unit.
    """
    random = Random(number)
    exact = 0
    async with executor_rig(number=number) as rig:
        world = rig.world
        giver = world.accounts[1]
        left_there = {name: await rig.balance(world.tokens[name], giver) // 2 for name in BASES}
        for name, amount in left_there.items():
            await world.act(call(world.tokens[name].address, "transfer(address,uint256)", PLACE, amount))
        market = Market(world, Random(3))
        for drawn in range(FUZZED):
            if drawn % 10 == 0:
                await market.block()
            base, pools = draw_cycle(rig, random)
            most = min(left_there[base.symbol], 10 ** (base.decimals + 4))
            amount = random.choice([10**base.decimals, random.randrange(1, most), 1])
            lends = min(
                [await rig.balance(base, world.places[one]) for one in ("Balancer vault", f"Aave {base.symbol}")]
            )
            fundings = [Funding.FIRST_POOL, *([Funding.BALANCER, Funding.AAVE] if lends >= amount else [])]
            funding = random.choice(fundings)
            try:
                paid_back = predicted(pools, await rig.states(pools), base, amount)
            except QuoteRefused:
                paid_back = None
            if paid_back is not None and funding is Funding.AAVE:
                paid_back -= await premium(rig, amount)
            outcome = await rig.run(path_of(world, funding, pools, base, amount), base)
            if paid_back is None:
                assert outcome.refusal is not None
            elif paid_back >= amount:
                assert outcome.refusal is None, outcome
                assert outcome.profit == paid_back - amount
                exact += 1
            elif paid_back:
                assert outcome.refusal is not None
                here = left_there[base.symbol]
                told = outcome.refusal.values if outcome.refusal.name == "ProfitBelowFloor" else outcome.refusal
                assert told == {"left": here + paid_back - amount, "needed": here}
                exact += 1
    assert exact > FUZZED // 2


def draw_cycle(rig: Rig, random: Random) -> tuple[DevToken, list[DevPool]]:
    """Different pools in a row that lead back to where they began."""
    every = list(rig.world.pools.values())
    while True:
        base = random.choice([rig.world.tokens[name] for name in BASES])
        token, pools = base, list[DevPool]()
        for _ in range(random.choice([2, 2, 3, 4])):
            here = [one for one in every if token in (one.token0, one.token1) and one not in pools]
            if not here:
                break
            pools.append(random.choice(here))
            token = pools[-1].token1 if pools[-1].token0 == token else pools[-1].token0
        if len(pools) > 1 and token == base:
            return base, pools


def test_every_family_has_its_kind() -> None:
    assert {family.name for family in Family} == {kind.name for kind in LegKind}
