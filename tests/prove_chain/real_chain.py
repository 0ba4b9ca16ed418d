"""What is tried on the real chain: moves, faulty blocks, reorganisations, silences."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import trio

from alphapulse.data.market import StreamState
from alphapulse.devnet.market import Market
from tests.chain.fault_plan import PPM
from tests.chain.worlds import open_test_world
from tests.prove.outcome import Figure, Outcome
from tests.prove_chain.faults_of_blocks import chosen_faults
from tests.prove_chain.rig import BLOCK_S, LEVEL_LIMIT_S, MARGIN_S, Rig, open_rig
from tests.prove_chain.unnoticed import Unnoticed
from tests.prove_chain.verdict import SILENT_BLOCKS

DEEPEST = 64
BRANCH_S = 5.0
"""So long a branch may pass for the chain: nodes are compared once a second, and must differ twice."""
KINDS_AT_ONCE = 4
"""Kinds of faults that a node commits in the same block, at most."""
SILENT_S = SILENT_BLOCKS * BLOCK_S


def moves(count: int, folder: Path) -> Outcome:
    """Seeded swaps, mints and burns on behaving nodes; every pool compared at every block."""
    del folder
    return trio.run(_moves, count, 0)


def moves_elsewhere(count: int, folder: Path) -> Outcome:
    """The same on a chain on which every contract and token has another address."""
    del folder
    return trio.run(_moves, count, 1)


def faulty_blocks(count: int, folder: Path) -> Outcome:
    """Blocks of which the nodes tell badly."""
    del folder
    return trio.run(_faulty_blocks, count)


def reorganisations(count: int, folder: Path) -> Outcome:
    """Reorganisations of depth 1 to 64, told as anvil and as geth do."""
    del folder
    return trio.run(_reorganisations, count)


def forked_nodes(count: int, folder: Path) -> Outcome:
    """One node of three follows another branch, as long as the chain's or longer."""
    del folder
    return trio.run(_forked_nodes, count)


def silences(count: int, folder: Path) -> Outcome:
    """A subscription, a node or all nodes fall silent."""
    del folder
    return trio.run(_silences, count)


async def _moves(count: int, number: int) -> Outcome:
    async with open_rig(seed=11, number=number, raw=True) as rig:
        rig.market.swaps, rig.market.supply_ppm, done = 12, PPM, 0
        while done < count and not rig.broken:
            block = await rig.mined()
            await rig.tell()
            done += len(block["transactions"])
            if not await rig.is_level(block["hash"], LEVEL_LIMIT_S):
                rig.broken.append(f"block {int(block['number'], 16)} was never complete: {rig.report()}")
            rig.verdict.judge_solves()
        await rig.settle()
        return _outcome(rig, done)


async def _faulty_blocks(count: int) -> Outcome:
    chance, faulty, blocks = Random(12), 0, 0
    async with open_rig(seed=12) as rig:
        unnoticed = Unnoticed(rig.judge, SILENT_S + MARGIN_S)
        while faulty < count and not rig.broken:
            before = rig.committed.total()
            for proxy in rig.proxies:
                proxy.faults = chosen_faults(chance, KINDS_AT_ONCE)
                proxy.lag = chance.choice((0, 0, 0, 1, 3)) if proxy is rig.proxies[1] else 0
            block = await rig.mined()
            unnoticed.told([block["hash"]])
            await rig.tell()
            await rig.is_level(block["hash"], BLOCK_S)
            rig.verdict.broken += [f"{problem}: {rig.report()}" for problem in unnoticed.overdue()]
            rig.verdict.judge_solves()
            faulty += rig.committed.total() > before
            blocks += 1
        await rig.settle()
        return _outcome(rig, faulty, f"{blocks:,} blocks")


async def _reorganisations(count: int) -> Outcome:
    chance, done = Random(13), 0
    took: list[float] = []
    async with open_rig(seed=13, raw=True) as rig:
        await _grow(rig, DEEPEST + 2)
        while done < count and not rig.broken:
            depth = chance.choice((1, 1, 2, 3, chance.randint(4, 16), chance.randint(17, DEEPEST)))
            await rig.world.roll_back(depth)
            for _ in range(depth + chance.randint(0, 2)):
                await rig.market.block() if chance.randrange(3) == 0 else await rig.world.mine()
            block = await rig.mined()
            began = time.monotonic()
            await rig.tell()
            if not await rig.is_level(block["hash"], LEVEL_LIMIT_S):
                rig.broken.append(f"a reorganisation of depth {depth} was never followed: {rig.report()}")
            took.append((time.monotonic() - began) * 1000)
            rig.verdict.judge_solves()
            done += 1
        await rig.settle()
        if rig.judge.reorganisations < done:
            rig.broken.append(f"{done} reorganisations, only {rig.judge.reorganisations} were told")
        return _outcome(rig, done, figure=Figure("told to followed", tuple(took)))


async def _forked_nodes(count: int) -> Outcome:
    chance = Random(15)
    async with open_test_world() as other, open_rig(seed=15, other=other) as rig:
        branch, theirs, begun = Market(other, Random(16)), set[str](), trio.current_time()
        for _ in range(count):
            for _ in range(chance.choice((0, 1, 1, 1, 2))):
                await branch.block()
                theirs.add((await other.block())["hash"])
            block = await rig.mined()
            await rig.tell()
            await rig.is_level(block["hash"], BLOCK_S)
            rig.verdict.broken += [
                f"block {solve.block_number} of the other branch was solved: {rig.report()}"
                for solve in rig.judge.solves
                if solve.block_hash in theirs and solve.at_s > begun + BRANCH_S
            ]
            rig.verdict.judge_solves()
            if rig.broken:
                break
        await rig.settle()
        return _outcome(rig, count, rig.report())


async def _silences(count: int) -> Outcome:
    chance, shown = Random(14), []
    async with open_rig(seed=14) as rig:
        for _ in range(count):
            topic = chance.choice(("logs", "newHeads", "both", "deaf"))
            for proxy in rig.proxies:
                proxy.deaf = topic == "deaf"
                proxy.silent = {"logs", "newHeads"} if topic in {"both", "deaf"} else {topic}
            began, late_s = trio.current_time(), None
            while trio.current_time() - began < SILENT_S + MARGIN_S + BLOCK_S:
                block = await rig.mined()
                await rig.tell()
                await trio.sleep(BLOCK_S)
                if block["hash"] in rig.judge.closed or rig.judge.state is not StreamState.FRESH:
                    late_s = trio.current_time() - began
                    break
            if late_s is None:
                rig.broken.append(f"silence of {topic} for three block times, and the stream is fresh: {rig.report()}")
            else:
                shown.append(late_s * 1000)
            rig.verdict.judge_solves()
            await rig.settle()
        limit_ms = (SILENT_S + MARGIN_S + BLOCK_S) * 1000
        return _outcome(rig, count, figure=Figure("silence to noticed or done without", tuple(shown), limit_ms))


async def _grow(rig: Rig, blocks: int) -> None:
    for _ in range(blocks):
        await rig.world.mine()
    block = await rig.mined()
    await rig.tell()
    await rig.is_level(block["hash"], LEVEL_LIMIT_S)


def _outcome(rig: Rig, count: int, *notes: str, figure: Figure | None = None) -> Outcome:
    verdict, committed = rig.verdict, rig.committed
    told = [f"{verdict.judged:,} solves compared with the chain: {verdict.compared:,} states of pools"]
    if committed:
        told.append("faults: " + ", ".join(f"{name} {number:,}" for name, number in sorted(committed.items())))
    forged = rig.collecting.collector.counts.refused
    if forged:
        told.append("refused: " + ", ".join(f"{reason} {number:,}" for reason, number in sorted(forged.items())))
    if halts := rig.collecting.halts:
        told.append(f"halted by the collector: {'; '.join(halts[:3])}")
    return Outcome(count, tuple(rig.broken), () if figure is None else (figure,), (*notes, *told))
