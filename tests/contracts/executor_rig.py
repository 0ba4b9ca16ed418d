"""The executor on a real chain with the real pools, and what the exact mathematics says that it will earn."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs

from alphapulse.data.market import LogStamp
from alphapulse.data.pools import Trust
from alphapulse.devnet.call_data import call, returned
from alphapulse.devnet.deployment import Placement, deploy
from alphapulse.devnet.moves import DevPool, DevToken
from alphapulse.devnet.stock import Family
from alphapulse.devnet.world import World
from alphapulse.rules.amm.algebra import AlgebraState
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.tick_map import TickMap
from alphapulse.rules.evm.executor_path import ExecutorPath, Funding, LegKind, PathLeg, Refusal, read_refusal
from tests.chain.truth import Truth, read_truth
from tests.chain.worlds import open_test_world
from tests.contracts.executor_build import BUILT

PLACE = "0xe0ec0000000000000000000000000000000000e0"
FAR = 10**9
"""A deadline that no test reaches."""
BPS = 10_000
LENDERS = {Funding.BALANCER: "Balancer vault", Funding.AAVE: "Aave pool"}
KINDS = {Family.V2: LegKind.V2, Family.V3: LegKind.V3, Family.ALGEBRA: LegKind.ALGEBRA}
STAMP = LogStamp(1, 0, 0, bytes(32), None, 0, 0)


@attrs.frozen
class Outcome:
    """What became of a transaction: the profit in raw base tokens, or the reason that it was undone; and its gas."""

    profit: int
    gas: int
    refusal: Refusal | None = None


@attrs.frozen
class Rig:
    """A chain, the executor on it, and its owner."""

    world: World
    owner: str

    async def balance(self, token: DevToken, holder: str = PLACE) -> int:
        """Raw units."""
        data = await self.world.rpc.read(call(token.address, "balanceOf(address)", holder))
        return int(returned("uint256", data)[0])

    async def run(self, path: ExecutorPath, base: DevToken, sender: str | None = None) -> Outcome:
        """Send the path and mine it; nothing may be left behind, whatever becomes of it."""
        return await self.run_packed(path.packed(), base, sender)

    async def run_packed(self, packed: bytes, base: DevToken, sender: str | None = None) -> Outcome:
        """The same for bytes."""
        world, who = self.world, sender or self.owner
        held = {token.symbol: await self.balance(token) for token in world.tokens.values()}
        before = await self.balance(base, self.owner)
        execute = call(PLACE, "execute(bytes)", packed)
        (sent,) = await world.send([execute], who)
        await world.mine()
        receipt = await world.rpc.ask("eth_getTransactionReceipt", sent)
        assert {token.symbol: await self.balance(token) for token in world.tokens.values()} == held
        gas = int(receipt["gasUsed"], 16)
        if receipt["status"] == "0x1":
            return Outcome(await self.balance(base, self.owner) - before, gas)
        assert await self.balance(base, self.owner) == before
        trace = await world.rpc.ask("debug_traceTransaction", sent, {"tracer": "callTracer"})
        return Outcome(0, gas, read_refusal(bytes.fromhex(trace.get("output", "0x")[2:])))

    async def states(self, pools: Sequence[DevPool]) -> dict[str, AmmState]:
        """The pools' states at the newest block, by name, as the contracts tell them."""
        number = await self.world.block_number()
        truths = await read_truth(self.world.rpc, self.world.places["Multicall3"], pools, number)
        return {pool.name: state_of(pool, truths[pool.name]) for pool in pools}

    async def place(self, address: str, code: str, arguments: bytes = b"") -> None:
        """Put a contract there."""
        await deploy(self.world.rpc, self.owner, [Placement(address, bytes.fromhex(code[2:]), arguments)])


@asynccontextmanager
async def executor_rig(**options: Any) -> AsyncIterator[Rig]:
    """A fresh chain with the executor; its owner trades with nothing but gas."""
    async with open_test_world(**options) as world:
        rig = Rig(world, world.accounts[3])
        await rig.place(PLACE, json.loads(BUILT.read_text("utf-8"))["bytecode"])
        yield rig


def leg(pool: DevPool, sold: DevToken, least_out: int = 1) -> PathLeg:
    """A leg that sells `sold` in `pool`."""
    zero_for_one = pool.token0.address == sold.address
    token_out = pool.token1 if zero_for_one else pool.token0
    fee_ppm = pool.fee_ppm or 0 if pool.family is Family.V2 else 0
    return PathLeg(raw(pool.address), KINDS[pool.family], zero_for_one, fee_ppm, least_out, raw(token_out.address))


def legs_of(pools: Sequence[DevPool], base: DevToken) -> tuple[PathLeg, ...]:
    """The legs of a cycle through `pools` that begins with `base`."""
    legs, token = [], base
    for pool in pools:
        legs.append(leg(pool, token))
        token = pool.token1 if pool.token0.address == token.address else pool.token0
    return tuple(legs)


def path_of(
    world: World, funding: Funding, pools: Sequence[DevPool], base: DevToken, amount: int, least_profit: int = 0
) -> ExecutorPath:
    """A path through `pools`, back to `base`."""
    lender = raw(world.places[LENDERS[funding]]) if funding in LENDERS else bytes(20)
    return ExecutorPath(funding, FAR, least_profit, amount, raw(base.address), legs_of(pools, base), lender)


async def premium(rig: Rig, amount: int) -> int:
    """What Aave's pool takes for a loan of `amount`: its word, rounded half up as its own `percentMul`."""
    data = await rig.world.rpc.read(call(rig.world.places[LENDERS[Funding.AAVE]], "FLASHLOAN_PREMIUM_TOTAL()"))
    (share_bps,) = returned("uint128", data)
    return (amount * int(share_bps) + BPS // 2) // BPS


def predicted(pools: Sequence[DevPool], states: dict[str, AmmState], base: DevToken, amount: int) -> int | None:
    """What a cycle pays back for `amount` by the exact mathematics; None if a pool cannot take all of a leg."""
    token, left, changed = base, amount, dict(states)
    for pool in pools:
        token_in = 0 if pool.token0.address == token.address else 1
        quote = changed[pool.name].quote_in(token_in, 1 - token_in, left)
        if quote.amount_in != left:
            return None
        changed[pool.name] = quote.after
        left, token = quote.amount_out, (pool.token0, pool.token1)[1 - token_in]
    return left


def state_of(pool: DevPool, truth: Truth) -> AmmState:
    """A pool's state from what its contract says."""
    if truth.reserves is not None:
        assert pool.fee_ppm is not None
        return ConstantProductState(*truth.reserves, STAMP, Trust.PROVEN, pool.fee_ppm)
    kind = AlgebraState if pool.family is Family.ALGEBRA else ConcentratedState
    fee_ppm = truth.fee_ppm if pool.family is Family.ALGEBRA else pool.fee_ppm
    ticks = TickMap.of(pool.spacing, truth.ticks)
    return kind(truth.sqrt_price_x96, truth.liquidity, truth.tick, STAMP, Trust.PROVEN, fee_ppm, pool.spacing, ticks)


def raw(address: str) -> bytes:
    """The 20 bytes of a `0x…` address."""
    return bytes.fromhex(address[2:])
