"""What chains and nodes do to transactions: reorganisations, dear gas, lost and evicted ones, wrong counts."""

from __future__ import annotations

from pathlib import Path
from random import Random

import trio

from tests.prove.outcome import Outcome
from tests.prove_execution.front import Arrival
from tests.prove_execution.judge import judge_books
from tests.prove_execution.rig import Rig, open_rig

DEEPEST = 3
SPIKE = 10
DEADLINE_BLOCKS = 12
"""Long enough for a lost transaction to be sent again."""
OFFSETS = (-2, -1, 1, 3)
"""By how much a node's count of pending transactions is wrong."""


def reorganised(count: int, folder: Path) -> Outcome:
    """So many reorganisations of one to three blocks that hold our transactions."""
    return trio.run(_reorganised, count, folder)


def stuck(count: int, folder: Path) -> Outcome:
    """So many blocks in which something goes wrong between us and the chain."""
    return trio.run(_stuck, count, folder)


async def _reorganised(count: int, folder: Path) -> Outcome:
    chance, done, ours = Random(61), 0, 0
    async with open_rig(folder, seed=61) as rig:
        while done < count:
            await rig.block()
            await rig.answered()
            before = await rig.nonce()
            await rig.block()
            await trio.sleep(chance.uniform(0, 0.5))
            ours += await rig.nonce() > before
            await rig.roll_back(chance.randint(1, DEEPEST), chance)
            await trio.sleep(chance.uniform(0, 0.5))
            done += 1
        await rig.settle()
        rig.broken += await judge_books(rig)
        if not ours:
            rig.broken.append("no reorganisation had a transaction of ours in it")
        books = rig.books()
        notes = (f"{ours:,} with transactions of ours; {books.revoked:,} ends taken back, {len(books.fills):,} won",)
        return Outcome(done, tuple(rig.broken), (), notes)


async def _stuck(count: int, folder: Path) -> Outcome:
    chance = Random(71)
    async with open_rig(folder, seed=71, changed={"deadline_blocks": DEADLINE_BLOCKS}) as rig:
        trials = (_dear, _losing, _evicting, _miscounting)
        for number in range(count):
            await trials[number % len(trials)](rig, chance)
            await rig.block()
            await rig.answered()
        rig.front.loses = lambda _: False
        rig.front.pending_offset = 0
        await rig.settle()
        rig.broken += await judge_books(rig)
        books = rig.books()
        counts = ", ".join(f"{name} {number}" for name, number in sorted(rig.front.counts.items()))
        sends = sum(status.sends for status in books.states.values())
        notes = (f"{counts}; {len(books.signed):,} transactions sent {sends:,} times, {len(books.fills):,} won",)
        return Outcome(count, tuple(rig.broken), (), notes)


async def _dear(rig: Rig, chance: Random) -> None:
    """Gas is ten times as dear for a block, or cheap again."""
    block = await rig.world.block()
    base = int(block["baseFeePerGas"], 16)
    rig.front.counts["fee spike"] += 1
    await rig.world.rpc.ask(
        "anvil_setNextBlockBaseFeePerGas", hex(max(1, base * SPIKE) if chance.randrange(2) else 10**9)
    )


async def _losing(rig: Rig, chance: Random) -> None:
    """Half of what comes in the next block is answered for and forgotten."""

    def loses(arrival: Arrival) -> bool:
        del arrival
        return chance.randrange(2) == 0

    rig.front.loses = loses


async def _evicting(rig: Rig, chance: Random) -> None:
    """What waits is dropped, by the node in front and by the chain's own."""
    del chance
    rig.front.loses = lambda _: False
    address = "0x" + rig.wallet.address.hex()
    rig.front.counts["evicted"] += rig.front.kept.evict(address)
    await rig.world.rpc.ask("anvil_removePoolTransactions", rig.wallet.name)


async def _miscounting(rig: Rig, chance: Random) -> None:
    """The node counts waiting transactions wrongly, for good."""
    rig.front.counts["wrong count"] += 1
    rig.front.pending_offset = chance.choice(OFFSETS)
