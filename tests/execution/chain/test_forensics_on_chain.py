"""Each cause of a failure, brought about on a real chain with the real contracts, is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import attrs
import pytest

from alphapulse.data.transactions import FailureCause, FailureFinding
from alphapulse.devnet.call_data import call, returned
from alphapulse.devnet.moves import DevPool
from alphapulse.execution.chain import forensics as module
from tests.execution.chain.forensics_rig import Attempt, ForensicsRig, forensics_rig

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

UNIT = 10**18
AMOUNT = 1_000 * UNIT
GAP_RAW, CLOSING_RAW = 60_000 * 10**6, 120_000 * UNIT

Way = Callable[[ForensicsRig, Sequence[DevPool]], Awaitable[tuple[Attempt, object]]]


async def stale(rig: ForensicsRig, path: Sequence[DevPool]) -> tuple[Attempt, object]:
    """Somebody closes the gap in a block before ours."""
    intent = await rig.plan(path, AMOUNT)
    await rig.world.act(rig.world.moves.swap(path[0], CLOSING_RAW, zero_for_one=True))
    return await rig.send(intent, path), None


async def taken(rig: ForensicsRig, path: Sequence[DevPool]) -> tuple[Attempt, object]:
    """Somebody closes the gap before us in our block."""
    intent = await rig.plan(path, AMOUNT)
    other = rig.world.moves.swap(rig.world.pools["Algebra WPOL/WETH"], UNIT, zero_for_one=True)
    _, thief = await rig.world.send([other, rig.world.moves.swap(path[0], CLOSING_RAW, zero_for_one=True)])
    return await rig.send(intent, path), bytes.fromhex(thief[2:])


async def dry(rig: ForensicsRig, path: Sequence[DevPool]) -> tuple[Attempt, object]:
    """The gas does not suffice."""
    return await rig.send(await rig.plan(path, AMOUNT), path, gas_limit=150_000), None


async def lying(rig: ForensicsRig, path: Sequence[DevPool]) -> tuple[Attempt, object]:
    """Our prediction promises ten times as much as there is."""
    return await rig.send(await rig.plan(path, AMOUNT, promise=500 * UNIT), path), None


async def late(rig: ForensicsRig, path: Sequence[DevPool]) -> tuple[Attempt, object]:
    """Its last block is over."""
    intent = await rig.plan(path, AMOUNT)
    return await rig.send(intent, path, deadline=intent.block_number), None


async def taxed(rig: ForensicsRig, path: Sequence[DevPool]) -> tuple[Attempt, object]:
    """A token keeps a part of each transfer."""
    world, first = rig.world, rig.world.odd_pools["QuickSwap TAXED/WPOL"]
    factory, pair = world.places["SushiSwap factory"], (first.token0.address, first.token1.address)
    await world.act(call(factory, "createPair(address,address)", *pair))
    (place,) = returned("address", await world.rpc.read(call(factory, "getPair(address,address)", *pair)))
    second = attrs.evolve(first, name="SushiSwap TAXED/WPOL", factory=factory, address=str(place).lower())
    await world.act(world.moves.mint_pair(second, 1_000 * UNIT, 2_000 * UNIT))
    return await rig.send(await rig.plan([second, first], UNIT), [second, first]), None


WAYS: tuple[tuple[Way, FailureCause, str], ...] = (
    (stale, FailureCause.STALE_STATE, "LegBelowMinimum"),
    (taken, FailureCause.TAKEN, "LegBelowMinimum"),
    (dry, FailureCause.GAS, "no words"),
    (lying, FailureCause.OUR_BUG, "LegBelowMinimum"),
    (late, FailureCause.STALE_STATE, "DeadlinePassed"),
    (taxed, FailureCause.TOKEN, "UniswapV2: K"),
)


async def test_each_cause_is_found_on_the_chain_with_traces_and_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0)
    async with forensics_rig(tmp_path) as rig:
        world = rig.world
        path = [world.pools["QuickSwap WPOL/USDC.e"], world.pools["SushiSwap WPOL/USDC.e"]]
        await world.act(world.moves.swap(path[0], GAP_RAW, zero_for_one=False))
        for traces in (True, False):
            rig.keep_traces(traces)
            for way, cause, reason in WAYS:
                calm = await world.snapshot()
                attempt, thief = await way(rig, path)
                await world.mine()
                found = await rig.finding(attempt)
                assert (found.cause, found.taken_by) == (cause, thief), (way.__doc__, found.text)
                if traces:
                    assert found.reason == reason
                assert ("without a trace" in found.text) is not traces
                check_amounts(way, found)
                await world.revert(calm)
        intent = await rig.plan(path, AMOUNT)
        won = await rig.send(intent, path)
        await world.mine()
        assert (await rig.receipt(won)).succeeded
        assert intent.expected_net > 50 * UNIT


def check_amounts(way: Way, found: FailureFinding) -> None:
    """What was promised and what was there, as far as the contracts tell it."""
    if way is stale:
        assert found.found is not None
        assert found.found < 0 < 50 * UNIT < (found.expected or 0)
    if way is lying:
        assert found.expected == 500 * UNIT
        assert 50 * UNIT < (found.found or 0) < 60 * UNIT
    if way is taken:
        assert "changed 1 of our 2 pools" in found.text
