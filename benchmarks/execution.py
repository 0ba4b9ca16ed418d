"""Trading for real on a local chain: how long a signal takes to the node, and how many gaps are taken at once.

Left out where there is no local chain (`make devnet-packages`). The daemon is a process of its own; between it and the
chain stands the proofs' node in front, which writes down when heads go out and transactions come in.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from alphapulse.data.transactions import TransactionState, TransactionStatus
from alphapulse.devnet.packages import Packages
from alphapulse.errors import DevnetError
from benchmarks.day import Day
from benchmarks.figures import Budget, Figure
from benchmarks.many_pairs import DEPTH, with_pairs
from tests.chain.worlds import FOLDER
from tests.daemon.books import records
from tests.prove_execution.books import Books
from tests.prove_execution.rig import Rig, open_rig

BLOCKS = 40
WARM_BLOCKS = 5
AT_ONCE = (1, 10, 100)
GAP = DEPTH // 20
TIMES = 3
PREPARE_S = 2.0
MS = 1e6
MOST_UNMINED = 64
WARM_GAPS, MOST_WARM = 10, 20

HEAD_BUDGET = Budget(38)
"""What a plain reference bot needs from the head to its transaction, at the median."""


def measure(_day: Day) -> list[Figure]:
    """On a chain with a gap in each block, and on one with up to a hundred at once."""
    packages = Packages(FOLDER)
    try:
        packages.anvil  # noqa: B018 - looks whether it is there
    except DevnetError:
        return []
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        return [*trio.run(_latencies, Path(one)), *trio.run(_at_once, Path(other), packages)]


async def _latencies(folder: Path) -> list[Figure]:
    async with open_rig(folder, seed=81) as rig:
        for _ in range(WARM_BLOCKS + BLOCKS):
            await rig.block()
            await rig.answered()
        await rig.settle()
        return _figures(rig, rig.books())


def _figures(rig: Rig, books: Books) -> list[Figure]:
    signed, accepted, heads = list[float](), list[float](), list[float]()
    first: dict[int, int] = {}
    for one in rig.front.arrivals:
        first.setdefault(one.head, one.at_ns)
        intent = books.intents.get(books.intent_of(one.signed.hash) or 0)
        if intent is not None:
            signed.append((books.signed[one.signed.hash].signed_ns - intent.created_ns) / MS)
    for status in records(rig.daemon.paths.journal, TransactionStatus):
        intent = books.intents.get(books.intent_of(status.hash) or 0)
        if intent is not None and status.state is TransactionState.SENT and status.sends == 1:
            accepted.append((status.changed_ns - intent.created_ns) / MS)
    for number, at_ns in first.items():
        if number in rig.front.announced_ns:
            heads.append((at_ns - rig.front.announced_ns[number]) / MS)
    return [
        Figure("approved signal -> signed and in the journal", "ms", tuple(signed[WARM_BLOCKS:])),
        Figure("approved signal -> accepted by the node", "ms", tuple(accepted[WARM_BLOCKS:])),
        Figure("head -> first transaction at the node", "ms", tuple(heads[WARM_BLOCKS:]), HEAD_BUDGET),
    ]


async def _at_once(folder: Path, packages: Packages) -> list[Figure]:
    most = max(AT_ONCE)
    prepared = partial(with_pairs, packages=packages, count=most)
    async with open_rig(folder, seed=82, changed={"most_unmined": MOST_UNMINED}, prepared=prepared) as rig:
        for _ in range(MOST_WARM):
            if await _one(rig, WARM_GAPS) is not None:  # all pools are read and followed by now
                break
        for _ in range(TIMES):
            await rig.empty_block()
            await trio.sleep(PREPARE_S / 2)
        return [figure for number in AT_ONCE for figure in await _taken(rig, number)]


async def _taken(rig: Rig, number: int) -> Sequence[Figure]:
    """So many gaps open in one block: how many are taken in the next one, and how long until all were sent."""
    taken, took = [], []
    for _ in range(TIMES):
        before = await rig.nonce()
        last_ms = await _one(rig, number)
        taken.append(float(await rig.nonce() - before))
        if last_ms is not None:
            took.append(last_ms)
        for _ in range(TIMES):
            await trio.sleep(PREPARE_S / 2)
            await rig.empty_block()
    found = [Figure(f"{number} gaps at once: taken in the next block", "", tuple(taken))]
    return [*found, Figure(f"{number} gaps at once: head -> last transaction", "ms", tuple(took))] if took else found


async def _one(rig: Rig, number: int) -> float | None:
    """Open the gaps in one block and mine the next: ms from the head to the last transaction, None if none came."""
    pools = [rig.world.pools[f"QuickSwap T{at}/WPOL"] for at in range(number)]
    base = rig.world.tokens["WPOL"]
    calls = [rig.world.moves.swap(pool, GAP, zero_for_one=pool.token0 == base) for pool in pools]
    await rig.on_time()
    await rig.world.send(calls)
    head = await rig.world.mine()
    await rig.front.sync()
    await trio.sleep(PREPARE_S)
    sent = [one.at_ns for one in rig.front.arrivals if one.head == head]
    await rig.empty_block()
    return (max(sent) - rig.front.announced_ns[head]) / MS if sent else None
