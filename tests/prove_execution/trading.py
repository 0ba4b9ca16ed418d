"""What is tried of a daemon that trades alone, and beside somebody who comes first."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from random import Random

import trio

from alphapulse.data.risk import BreakerAction, CircuitBreaker
from alphapulse.data.transactions import FailureCause, FailureFinding, Purpose
from alphapulse.devnet.call_data import Call
from alphapulse.devnet.executors import deploy_executor
from alphapulse.devnet.node import CHAIN_ID
from tests.daemon.books import records
from tests.prove.outcome import Figure, Outcome
from tests.prove_execution.books import Books
from tests.prove_execution.front import Arrival
from tests.prove_execution.judge import judge_books, losing, missed
from tests.prove_execution.rig import Rig, open_rig

ELSEWHERE = 31_337
"""A chain that the product does not know."""
MOST_BLOCKS = 4
"""For each trade that is wanted there are at most so many blocks, and a few."""
SPARE_BLOCKS = 20
RIVAL = "0x71fa1000000000000000000000000000000071fa"
CAP_WEI = 10**13
"""What the second trader offers for gas."""
COINS_WEI = 10**30
SHARE = 40
"""In so many cases of a hundred he comes first, until the breaker is tried."""
FAILURE_PPM, LEAST_OUTCOMES = 800_000, 10
TRIP_BLOCKS = 60
LOOK_EVERY = 10
FINDING_S = 3.0
"""What a finding may take."""
STOOD_ON = re.compile(r"our own trade (\d+) leaves")


def won(count: int, folder: Path) -> Outcome:
    """So many gaps are found, simulated, sent, won and booked, on a chain like Polygon's."""
    return trio.run(_won, count, folder, 0, CHAIN_ID)


def won_elsewhere(count: int, folder: Path) -> Outcome:
    """The same on a chain of another number, where every contract and token has another address."""
    return trio.run(_won, count, folder, 1, ELSEWHERE)


def rivalled(count: int, folder: Path) -> Outcome:
    """Somebody sees what is sent, and takes some of the gaps before; then all of them."""
    return trio.run(_rivalled, count, folder)


async def _won(count: int, folder: Path, number: int, chain_id: int) -> Outcome:
    async with open_rig(folder, seed=21 + number, number=number, chain_id=chain_id) as rig:
        blocks: list[int] = []
        while await _traded(rig) < count and len(blocks) < MOST_BLOCKS * count + SPARE_BLOCKS:
            blocks.append(await rig.block())
            await rig.answered()
        await rig.settle()
        books = rig.books()
        rig.broken += await judge_books(rig)
        rig.broken += losing(rig)
        rig.broken += missed(rig, blocks)
        rig.broken += [f"our own mistake: {one.text}" for one in books.findings if one.cause is FailureCause.OUR_BUG]
        if len(books.fills) < count:
            rig.broken.append(f"expected {count} trades won in {len(blocks)} blocks, found {len(books.fills)}")
        return Outcome(len(books.fills), tuple(rig.broken), (_signal_to_node(rig),), (*_notes(rig, len(blocks)),))


async def _traded(rig: Rig) -> int:
    return await rig.nonce() - 1


def _signal_to_node(rig: Rig) -> Figure:
    """From the intent's creation to the arrival of its transaction at the node."""
    books = rig.books()
    took = []
    for one in rig.front.arrivals:
        intent = books.intents.get(books.intent_of(one.signed.hash) or 0)
        if intent is not None:
            took.append((one.at_ns - intent.created_ns) / 1_000_000)
    return Figure("intent to node", tuple(took))


def _notes(rig: Rig, blocks: int) -> list[str]:
    books = rig.books()
    ends = Counter(one.outcome.name.lower() for one in books.failures)
    causes = Counter(one.cause.name.lower() for one in books.findings)
    others = ", ".join(f"{name} {number}" for name, number in sorted(ends.items())) or "none"
    came = f"{len(rig.front.arrivals):,} transactions came to the node, {len(books.audits):,} audits"
    notes = [f"{blocks:,} blocks, {len(books.fills):,} won, other ends: {others}; {came}"]
    if causes:
        notes.append("why not: " + ", ".join(f"{name} {number}" for name, number in sorted(causes.items())))
    return notes


async def _rivalled(count: int, folder: Path) -> Outcome:
    changed = {"max_failure_ppm": FAILURE_PPM, "least_outcomes": LEAST_OUTCOMES}
    async with open_rig(folder, seed=31, changed=changed) as rig:
        rival = await _Rival.on(rig)
        rig.front.before = rival.comes_first
        blocks = 0
        while await _traded(rig) < count and blocks < MOST_BLOCKS * count + SPARE_BLOCKS:
            await rig.block()
            await rig.answered()
            blocks += 1
            if not blocks % LOOK_EVERY:
                await _explained(rig)
        rival.share = 100
        tripped = 0
        while not _trips(rig) and tripped < TRIP_BLOCKS:
            await rig.block()
            await rig.answered()
            tripped += 1
            if not tripped % LOOK_EVERY:
                await _explained(rig)
        if not _trips(rig):
            rig.broken.append(f"no breaker tripped in {tripped} blocks in which every gap was taken before")
        rig.front.before = rival.stands_by
        await rig.settle()
        await _explained(rig)
        rig.broken += await judge_books(rig)
        rig.broken += _unattributed(rig, rival)
        return Outcome(await _traded(rig), tuple(rig.broken), (), (*_notes(rig, blocks + tripped),))


class _Rival:
    """Has an executor of his own, and runs in it what he sees coming."""

    def __init__(self, rig: Rig, executor: str) -> None:
        self.share = SHARE
        self.sent: set[bytes] = set()
        self._rig, self._executor = rig, executor
        self._sending = trio.Lock()
        self._chance = Random(32)

    @classmethod
    async def on(cls, rig: Rig) -> _Rival:
        executor = await deploy_executor(rig.world, RIVAL)
        await rig.world.rpc.ask("anvil_impersonateAccount", RIVAL)
        await rig.world.rpc.ask("anvil_setBalance", RIVAL, hex(COINS_WEI))
        await rig.tell()
        return cls(rig, executor)

    async def comes_first(self, arrival: Arrival) -> None:
        """Send the same path for himself, before it is passed on."""
        transaction = arrival.signed.transaction
        if transaction.data and self._chance.randrange(100) < self.share:
            copied = Call(self._executor, transaction.data)
            async with self._sending:  # one number behind the other
                (sent,) = await self._rig.world.send([copied], RIVAL, cap_wei=CAP_WEI)
            self.sent.add(bytes.fromhex(sent[2:]))

    async def stands_by(self, arrival: Arrival) -> None:
        """Do nothing."""


async def _explained(rig: Rig) -> None:
    """Wait until each trade that was undone has its finding: they are looked into at leisure, one a second.

    The chain goes on meanwhile: one that stands still is not traded on any more.
    """
    with trio.move_on_after(FINDING_S * (1 + len(rig.books().undone))):
        while len((books := rig.books()).undone) > len(books.findings):
            await trio.sleep(0.5)
            await rig.empty_block()


def _trips(rig: Rig) -> list[CircuitBreaker]:
    return [
        one
        for one in records(rig.daemon.paths.journal, CircuitBreaker)
        if one.action in (BreakerAction.PAUSE, BreakerAction.REDUCE)
    ]


def _unattributed(rig: Rig, rival: _Rival) -> list[str]:
    """Every trade that was undone on the chain has its cause, which is him; and he is named."""
    books = rig.books()
    broken = []
    found = {one.hash: one for one in books.findings}
    undone = books.undone
    for signed in books.signed.values():
        if signed.purpose is not Purpose.TRADE or signed.intent_id not in undone:
            continue
        finding = found.get(signed.hash)
        if finding is None:
            broken.append(f"intent {signed.intent_id} was undone, and nobody found out why")
        elif not (_taken(finding, rival) or _stale(finding, books)):
            broken.append(f"intent {signed.intent_id} was taken before, and this was found: {finding.text}")
    if not undone:
        broken.append("nothing was ever taken from us")
    return broken


def _taken(finding: FailureFinding, rival: _Rival) -> bool:
    return finding.cause is FailureCause.TAKEN and finding.taken_by in rival.sent


def _stale(finding: FailureFinding, books: Books) -> bool:
    """Whether it stood on an own trade that was not done, or came so late that a whole block of trade was before it."""
    stood_on = STOOD_ON.search(finding.text)
    late = finding.block_number > books.intents[finding.intent_id].block_number + 1
    done = {fill.intent_id for fill in books.fills}
    return finding.cause is FailureCause.STALE_STATE and (int(stood_on[1]) not in done if stood_on else late)
