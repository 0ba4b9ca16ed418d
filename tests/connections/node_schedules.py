"""Random lives of three nodes on a mock clock: does the pool ever follow a liar, and can it be asked?

`python -m tests.connections.node_schedules 2000` tries so many; the test tries a few.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import attrs
import trio
import trio.testing

from alphapulse.errors import NodeError, NodeFault, NodeUnreachable, NoQuorum, RateLimited
from tests.connections.model_nodes import ModelNode, pool_of

LABELS = ("a", "b", "c")
LIFE_S = 180
BLOCK = bytes(32)
LIES_FOUND_S = 12
"""A fork is seen by the second look at each side, which lie a block apart; and it must be there first."""
MAIN = "main"

Fault = Callable[[ModelNode, Random], None]


def lags(node: ModelNode, chance: Random) -> None:
    node.behind = chance.randint(5, 60)


def forks(node: ModelNode, chance: Random) -> None:
    node.branch, node.forked_at = f"fork {node.label}", node.head() - chance.randint(0, 3)


def hangs(node: ModelNode, chance: Random) -> None:
    node.delay_s = chance.choice((2.0, 8.0, 60.0))


def limits(node: ModelNode, chance: Random) -> None:
    node.fault = RateLimited(node.label, "429", chance.choice((None, 1_000_000_000, 30_000_000_000)))


def fails(node: ModelNode, chance: Random) -> None:
    node.fault = chance.choice((NodeFault(node.label, "500"), NodeUnreachable(node.label, "gone")))


def freezes(node: ModelNode, _: Random) -> None:
    node.frozen_at = node.head()


def changes_chain(node: ModelNode, _: Random) -> None:
    node.chain_id, node.branch, node.forked_at = 1, f"another chain {node.label}", 0


FAULTS: tuple[Fault, ...] = (lags, forks, hangs, limits, fails, freezes, changes_chain)


@attrs.define
class Outcome:
    """What was seen, in numbers of reads."""

    asked: int = 0
    answered: int = 0
    """Reads that two nodes had to agree on and did, while two honest nodes were there."""
    lies: int = 0
    """Such reads whose answer was not the honest one."""
    lies_to_hints: int = 0
    """Reads of one node that gave a branch which should have been found out by then."""
    alone: int = 0
    """Reads that were agreed on although fewer than two nodes said so."""

    def add(self, other: Outcome) -> None:
        for field in attrs.fields(Outcome):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def mended(node: ModelNode) -> None:
    fresh = ModelNode(node.label)
    for name in ("behind", "branch", "forked_at", "delay_s", "fault", "frozen_at", "chain_id"):
        setattr(node, name, getattr(fresh, name))


class Life:
    """Three nodes for three minutes, and a reader who asks each second."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.outcome = Outcome()
        self.nodes = [ModelNode(label) for label in LABELS]
        self.liars = self.nodes[:1] if seed % 3 else self.nodes
        self.lying_since: dict[str, float] = {}
        for node in self.nodes:
            node.answers = {"eth_getBalance": branch_of(node), "hint": branch_of(node)}
        self.pool = pool_of(*self.nodes)

    async def run(self) -> Outcome:
        async with trio.open_nursery() as nursery:
            await nursery.start(self.pool.run)
            for node in self.liars:
                nursery.start_soon(self._misbehave, node)
            while trio.current_time() < LIFE_S:
                await trio.sleep(1)
                await self._read_with_quorum()
                await self._read_a_hint()
            nursery.cancel_scope.cancel("the life is over")
        return self.outcome

    async def _misbehave(self, node: ModelNode) -> None:
        while True:
            await trio.sleep(self.chance.uniform(5, 60))
            self.chance.choice(FAULTS)(node, self.chance)
            if node.branch != MAIN:
                self.lying_since[node.label] = trio.current_time()
            await trio.sleep(self.chance.uniform(3, 60))
            mended(node)
            self.lying_since.pop(node.label, None)

    async def _read_with_quorum(self) -> None:
        two_are_honest = len(self.liars) == 1
        self.outcome.asked += two_are_honest
        said = {node.label: node.branch for node in self.nodes}
        try:
            answer = await self.pool.call("eth_getBalance", ["0xaa"], quorum=2, block_hash=BLOCK)
        except NoQuorum:
            return
        self.outcome.answered += two_are_honest
        self.outcome.lies += answer != MAIN
        said_since = [said[node.label] == answer or node.branch == answer for node in self.nodes]
        self.outcome.alone += sum(said_since) < 2

    async def _read_a_hint(self) -> None:
        if len(self.liars) > 1:
            return
        known = {label for label, since in self.lying_since.items() if trio.current_time() - since > LIES_FOUND_S}
        try:
            answer = await self.pool.call("hint", type=str)
        except NodeError:
            return
        self.outcome.lies_to_hints += answer != MAIN and bool(known)


def branch_of(node: ModelNode) -> Callable[[list[Any]], str]:
    return lambda _: node.branch


def run_lives(count: int, first_seed: int = 0) -> Outcome:
    """So many lives, each with a seed of its own."""
    whole = Outcome()
    for seed in range(first_seed, first_seed + count):
        whole.add(trio.run(Life(seed).run, clock=trio.testing.MockClock(autojump_threshold=0)))
    return whole


if __name__ == "__main__":
    lives = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    logging.disable()
    print(lives, "lives:", run_lives(lives))  # noqa: T201 - a proof's result
