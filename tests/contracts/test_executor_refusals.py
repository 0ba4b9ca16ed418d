"""What the executor refuses, and what nobody can make it do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import attrs
import pytest

from alphapulse.devnet.call_data import call
from alphapulse.devnet.moves import DevPool, DevToken
from alphapulse.rules.evm.executor_path import ExecutorPath, Funding, LegKind, PathLeg, Refusal, read_refusal
from tests.contracts.executor_build import vyper
from tests.contracts.executor_rig import FAR, PLACE, Outcome, Rig, leg, path_of, raw

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

AMOUNT = 2_000 * 10**6
HOSTILE = "0xbad0000000000000000000000000000000000bad"
FRIEND = "0xbad00000000000000000000000000000000f41e2"
SOURCE = Path(__file__).with_name("hostile_pool.vy")
CALLBACKS = (
    ("uniswapV2Call(address,uint256,uint256,bytes)", (PLACE, 1, 0)),
    ("uniswapV3SwapCallback(int256,int256,bytes)", (1, -1)),
    ("algebraSwapCallback(int256,int256,bytes)", (1, -1)),
    ("receiveFlashLoan(address[],uint256[],uint256[],bytes)", ([PLACE], [1], [0])),
    ("executeOperation(address,uint256,uint256,address,bytes)", (PLACE, 1, 0, PLACE)),
)
(PAYS, NEVER_ASKS, ASKS_TWICE, OTHER_PATH, ENTERS_AGAIN, ASKS_MORE, TAKES_LESS, FRIEND_ASKS, PAYS_HALF) = range(9)


@pytest.fixture
async def gap(rig: Rig) -> Gap:
    """WPOL is dear at QuickSwap: a path from SushiSwap to there earns USDC.e."""
    world = rig.world
    dear, base = world.pools["QuickSwap WPOL/USDC.e"], world.tokens["USDC.e"]
    await world.act(world.moves.swap(dear, 20_000 * 10**6, zero_for_one=dear.token0 == base))
    return Gap(rig, base, (world.pools["SushiSwap WPOL/USDC.e"], dear))


@attrs.frozen
class Gap:
    """A chance that stands, and who may take it."""

    rig: Rig
    base: DevToken
    pools: Sequence[DevPool]

    def path(self, funding: Funding = Funding.FIRST_POOL) -> ExecutorPath:
        """What takes it."""
        return path_of(self.rig.world, funding, self.pools, self.base, AMOUNT)

    async def refusal(self, path: ExecutorPath, sender: str | None = None) -> Refusal:
        """Why that path is undone."""
        return refused(await self.rig.run(path, self.base, sender))


def refused(outcome: Outcome) -> Refusal:
    """It was."""
    assert outcome.refusal is not None
    return outcome.refusal


async def test_nobody_but_its_owner_may_use_it(gap: Gap) -> None:
    world = gap.rig.world
    assert await gap.refusal(gap.path(), world.accounts[2]) == Refusal("NotOwner", {})
    (sent,) = await world.send([call(PLACE, "sweep(address,uint256)", gap.base.address, 0)], world.accounts[2])
    await world.mine()
    assert (await world.rpc.ask("eth_getTransactionReceipt", sent))["status"] == "0x0"


async def test_a_deadline_that_has_passed(gap: Gap) -> None:
    number = await gap.rig.world.block_number()
    late = await gap.refusal(attrs.evolve(gap.path(), deadline=number))
    assert late == Refusal("DeadlinePassed", {"block": number + 1, "deadline": number})
    in_time = await gap.rig.run(attrs.evolve(gap.path(), deadline=number + 2), gap.base)
    assert in_time.refusal is None


@pytest.mark.parametrize("number", [0, 1])
async def test_a_leg_that_pays_less_than_its_minimum(gap: Gap, number: int) -> None:
    legs = list(gap.path().legs)
    legs[number] = attrs.evolve(legs[number], least_out=2**127)
    found = await gap.refusal(attrs.evolve(gap.path(), legs=legs))
    assert (found.name, found.values["leg"], found.values["least"]) == ("LegBelowMinimum", number, 2**127)


async def test_a_pool_that_cannot_take_all_of_a_leg(gap: Gap) -> None:
    """V3 stops where its liquidity ends, and would keep only a part."""
    pools = [gap.rig.world.pools["Uniswap V3 WPOL/USDC.e 500"], gap.pools[1]]
    path = path_of(gap.rig.world, Funding.FIRST_POOL, pools, gap.base, 10**36)
    found = await gap.refusal(path)
    assert (found.name, found.values["leg"], found.values["offered"]) == ("LegNotWhole", 0, 10**36)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packed: b"",
        lambda packed: packed[:-1],
        lambda packed: packed + b"\0",
        lambda packed: packed[:81],
        lambda packed: b"\x04" + packed[1:],
        lambda packed: packed[:25] + bytes(16) + packed[41:],
        lambda packed: packed[:-20] + packed[41 + 40 : 61 + 40],
        lambda packed: packed[: 81 + 60 + 20] + b"\x84" + packed[81 + 60 + 21 :],
    ],
    ids=["nothing", "cut", "longer", "no leg", "funding", "no amount", "does not come back", "kind"],
)
async def test_what_is_no_path(gap: Gap, spoil: object) -> None:
    packed = spoil(gap.path().packed())  # type: ignore[operator]  # pytest's ids need no more
    assert refused(await gap.rig.run_packed(packed, gap.base)).name == "BadPath"


@pytest.mark.parametrize(("signature", "arguments"), CALLBACKS, ids=[text.partition("(")[0] for text, _ in CALLBACKS])
async def test_a_callback_that_nobody_awaits(gap: Gap, signature: str, arguments: tuple[object, ...]) -> None:
    """Not even the owner's: there is no other way in than a path."""
    world = gap.rig.world
    for sender in (world.accounts[2], gap.rig.owner):
        (sent,) = await world.send([call(PLACE, signature, *arguments, gap.path().packed())], sender)
        await world.mine()
        receipt = await world.rpc.ask("eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x0"


@pytest.mark.parametrize("funding", [Funding.BALANCER, Funding.AAVE])
async def test_a_lender_that_lends_nothing(gap: Gap, funding: Funding) -> None:
    """An account without code answers every call with nothing."""
    path = attrs.evolve(gap.path(funding), lender=raw(gap.rig.world.accounts[2]), least_profit=1)
    assert await gap.refusal(path) is not None


async def test_more_than_the_lenders_have(gap: Gap) -> None:
    """Each says so in its own words, or its token does."""
    for funding in (Funding.BALANCER, Funding.AAVE):
        path = attrs.evolve(gap.path(funding), amount_in=10**18)
        assert (await gap.refusal(path)).name == "Error"


async def test_a_loan_that_somebody_else_takes_in_its_name(gap: Gap) -> None:
    """Aave lends to any receiver that is named to it: the executor wants none that its owner did not ask for."""
    world = gap.rig.world
    arguments = (PLACE, gap.base.address, AMOUNT, gap.path(Funding.AAVE).packed(), 0)
    signature = "flashLoanSimple(address,address,uint256,bytes,uint16)"
    (sent,) = await world.send([call(world.places["Aave pool"], signature, *arguments)], world.accounts[2])
    await world.mine()
    assert (await world.rpc.ask("eth_getTransactionReceipt", sent))["status"] == "0x0"
    trace = await world.rpc.ask("debug_traceTransaction", sent, {"tracer": "callTracer"})
    assert read_refusal(bytes.fromhex(trace["output"][2:])).name == "ForeignCallback"


@pytest.mark.parametrize(
    ("trick", "placed"),
    [
        *product((NEVER_ASKS, ASKS_TWICE, ENTERS_AGAIN, ASKS_MORE, TAKES_LESS, FRIEND_ASKS), (0, 1)),
        (OTHER_PATH, 0),  # a pool that is paid for a leg is not asked for a path
    ],
)
async def test_a_hostile_pool_undoes_its_own_trade_at_most(gap: Gap, trick: int, placed: int) -> None:
    """First, where it funds the path, and second, where it is paid for a leg: stock that lies there stays."""
    path = await with_hostile(gap, trick, placed)
    found = await gap.refusal(path)
    expected = {
        NEVER_ASKS: {"NotFunded", "LegNotWhole"},
        ASKS_TWICE: {"ForeignCallback"},
        OTHER_PATH: {"ForeignCallback"},
        ENTERS_AGAIN: {"unknown"},
        ASKS_MORE: {"LegNotWhole"},
        TAKES_LESS: {"LegNotWhole"},
        FRIEND_ASKS: {"ForeignCallback"},
    }[trick]
    assert found.name in expected


async def test_a_pool_that_pays_less_than_it_says_is_not_made_up_for_from_stock(gap: Gap) -> None:
    path = await with_hostile(gap, PAYS_HALF, 0)
    world = gap.rig.world
    await world.act(call(world.tokens["WPOL"].address, "transfer(address,uint256)", PLACE, 10**24))
    third = world.pools["Uniswap V3 WPOL/USDC.e 500"]
    path = attrs.evolve(path, legs=(path.legs[0], leg(third, world.tokens["WPOL"])))
    found = await gap.refusal(path)
    assert found.name == "StockTouched"
    assert found.values["token"] == world.tokens["WPOL"].address.lower()


async def test_a_token_that_takes_a_share_on_its_way_is_no_trade(rig: Rig) -> None:
    world = rig.world
    pool = world.odd_pools["QuickSwap TAXED/WPOL"]
    base = world.tokens["WPOL"]
    taxed = world.odd_tokens["TAXED"]
    legs = (leg(pool, base), leg(pool, taxed))
    path = ExecutorPath(Funding.BALANCER, FAR, 0, 10**18, raw(base.address), legs, raw(world.places["Balancer vault"]))
    assert refused(await rig.run(path, base)).name == "Error"


async def test_what_somebody_left_there_is_swept_by_the_owner(rig: Rig) -> None:
    world, token = rig.world, rig.world.tokens["WPOL"]
    await world.act(call(token.address, "transfer(address,uint256)", PLACE, 5))
    before = await rig.balance(token, rig.owner)
    await world.act(call(PLACE, "sweep(address,uint256)", token.address, 5), sender=rig.owner)
    assert await rig.balance(token, rig.owner) == before + 5
    assert await rig.balance(token) == 0


async def with_hostile(gap: Gap, trick: int, placed: int) -> ExecutorPath:
    """A path in which a pool of its own kind stands first or second; it has what it is to pay."""
    rig, world = gap.rig, gap.rig.world
    (code,) = vyper(SOURCE, "bytecode")
    for address in (HOSTILE, FRIEND):
        await rig.place(address, code)
    wpol, pays = world.tokens["WPOL"], 10**22
    token_out = wpol if placed == 0 else gap.base
    amount_out = pays if placed == 0 else 2 * AMOUNT
    honest = gap.path().legs
    hostile = PathLeg(raw(HOSTILE), LegKind.V3, gap.base == gap.pools[0].token0, 0, 1, raw(token_out.address))
    if placed == 1:
        hostile = attrs.evolve(hostile, zero_for_one=not hostile.zero_for_one)
    legs = (hostile, honest[1]) if placed == 0 else (honest[0], hostile)
    path = attrs.evolve(gap.path(), legs=legs)
    signature = "prepare(uint256,address,uint256,address,bytes)"
    stranger = attrs.evolve(path, amount_in=AMOUNT // 2).packed()
    await world.act(
        call(token_out.address, "transfer(address,uint256)", HOSTILE, amount_out),
        call(HOSTILE, signature, trick, token_out.address, amount_out, FRIEND, stranger),
    )
    return path
