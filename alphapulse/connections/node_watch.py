"""Looks after the nodes of a chain: which chain they serve, how new their heads are, which branch they follow."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

import trio

from alphapulse.connections.node import Node
from alphapulse.connections.node_terms import ChainTerms
from alphapulse.errors import NodeError, WrongChain
from alphapulse.rules.nodes.agreement import BranchWatch, outvoted
from alphapulse.rules.nodes.block_mark import BlockMark
from alphapulse.rules.nodes.node_health import NodeState
from alphapulse.rules.nodes.ranking import SILENT_BLOCKS, lag_reason, last_resort, median_head, silent_reason

NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
LEAST_PERIOD_NS: Final = NS_PER_S
"""Nodes are looked at once a block, and at most once a second."""
IDENTITY_EVERY_NS: Final = 60 * NS_PER_S
LOOK_LIMIT_S: Final = 5.0
FIRST_LOOKS_S: Final = 1.0
"""So long a start waits for all nodes, if one is there."""
LOOKS_OF_SILENCE: Final = 3
UNSEEN_LOOKS: Final = 5
"""A node of which nothing is known for so many looks is not asked before it is known again."""
MOST_AHEAD_S: Final = 60
"""A block whose time lies further in the future is none: a node that shows one must not make the others look old."""

_OTHER_BRANCH: Final = "it follows another branch than most nodes"

log = logging.getLogger(__name__)


class NodeWatch:
    """One task for each node asks it; after each answer all are compared.

    `split` says who stands against whom if the nodes follow two branches and neither are more.
    """

    def __init__(
        self,
        terms: ChainTerms,
        nodes: Sequence[Node],
        *,
        now_ns: Callable[[], int],
        monotonic_ns: Callable[[], int],
    ) -> None:
        self.split = ""
        self._terms = terms
        self._nodes = nodes
        self._now_ns = now_ns
        self._monotonic_ns = monotonic_ns
        self._block_time_ns = terms.block_time_ms * NS_PER_MS
        self._period_ns = max(self._block_time_ns, LEAST_PERIOD_NS)
        self._silent_ns = max(SILENT_BLOCKS * self._block_time_ns, LOOKS_OF_SILENCE * self._period_ns)
        self._genesis = terms.genesis_hash
        self._identified_ns: dict[str, int] = {}
        self._branches = BranchWatch()
        self._looked_ns: dict[str, int] = {}
        self._compared: dict[str, int] = {}
        self._must_have: dict[str, tuple[int, bytes] | None] = {}
        """What those were told who followed another branch: the block that most have. Without it none comes back."""
        self._told: dict[str, tuple[NodeState, bool]] = {}
        self._looked = trio.Event()
        self._seen_once: set[str] = set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> NoReturn:
        """Look at all nodes until cancelled. Ready when each was looked at, or a second later if one may be asked."""
        async with trio.open_nursery() as nursery:
            for node in self._nodes:
                nursery.start_soon(self._keep_looking, node, name=f"look at {node.label}")
            with trio.move_on_after(FIRST_LOOKS_S):
                await self._first_looks(enough=len(self._nodes))
            await self._first_looks(enough=1)
            task_status.started()
            while True:
                self._compare()
                await trio.sleep(self._period_ns / NS_PER_S)

    async def _first_looks(self, *, enough: int) -> None:
        """Wait until so many nodes can be asked, or all have been looked at."""
        while sum(node.health.usable for node in self._nodes) < enough and len(self._seen_once) < len(self._nodes):
            await self._looked.wait()

    async def wait_look(self) -> None:
        """Wait until the nodes have been looked at once more; two periods at most."""
        with trio.move_on_after(2 * self._period_ns / NS_PER_S):
            await self._looked.wait()

    def check(self, node: Node, chain_id: int, genesis: bytes) -> None:
        """What a node shows as its chain. If no block 0 is set, the first one of the right chain id is the right one.

        Raises:
            WrongChain: it serves another chain, and is not asked any more.
        """
        if self._genesis is None and chain_id == self._terms.chain_id:
            self._genesis = genesis
            log.info("%s: block 0 is %s, says %s", self._terms.name, genesis.hex(), node.label)
        problem = ""
        if chain_id != self._terms.chain_id:
            problem = f"it serves chain {chain_id}, expected was {self._terms.chain_id}"
        elif genesis != self._genesis:
            expected = "" if self._genesis is None else self._genesis.hex()
            problem = f"its block 0 is {genesis.hex()}, expected was {expected}: it serves another chain of the same id"
        if problem:
            node.health.wrong_chain(f"{problem}; it is not asked any more: correct its URL and start again")
            raise WrongChain(node.label, problem)
        self._identified_ns[node.label] = self._monotonic_ns()

    def head(self, node: Node, mark: BlockMark) -> None:
        """A node has shown its newest block."""
        if mark.time_s * NS_PER_S > self._now_ns() + MOST_AHEAD_S * NS_PER_S:
            node.quarantine(f"its head {mark.number} has a time that is more than {MOST_AHEAD_S} s in the future")
        else:
            node.health.head(mark.number, mark.block_hash, self._monotonic_ns())

    def judge(self) -> None:
        """Compare heads, and see to it that there is somebody to ask."""
        healths = [node.health for node in self._nodes]
        median = median_head(healths)
        self._forget_unseen()
        for node in self._nodes:
            health = node.health
            health.lagging(lag_reason(health, median, self._block_time_ns))
        left = last_resort(healths)
        if left is not None:
            healths[left].degraded = True
        elif any(health.usable and not health.degraded for health in healths):
            for health in healths:
                health.degraded = False
        self._tell()

    async def _keep_looking(self, node: Node) -> None:
        while node.health.state is not NodeState.WRONG_CHAIN:
            await self._look(node)
            self._seen_once.add(node.label)
            self._tell_looked()
            await trio.sleep(self._period_ns / NS_PER_S)
        # Nothing more is expected of it; the task ends, the others go on.

    async def _look(self, node: Node) -> None:
        """Ask one node. Whatever it does stands in its health."""
        now_ns = self._monotonic_ns()
        if node.health.release_due(now_ns):
            self._identified_ns.pop(node.label, None)
            self._branches.forget(node.label)
        if not node.asked_at_all:
            return
        try:
            identified_ns = self._identified_ns.get(node.label)
            if identified_ns is None or now_ns - identified_ns >= IDENTITY_EVERY_NS:
                self.check(node, *await node.identity(limit_s=LOOK_LIMIT_S))
            mark = await node.look(self._common(), limit_s=LOOK_LIMIT_S)
            if (must_have := self._must_have.get(node.label)) is not None:
                await self._back_on_branch(node, *must_have)
            self._confirm(node)
        except WrongChain as problem:
            log.debug("%s: %s", self._terms.name, problem)  # told loudly with its new state
        except NodeError as problem:
            log.debug("%s: %s", self._terms.name, problem)
            node.seen = {}
        else:
            self.head(node, mark)
            # Only who has just been asked is judged: if this process stood still, all look old until then.
            healths = [one.health for one in self._nodes]
            reason = silent_reason(node.health, healths, self._monotonic_ns(), self._silent_ns)
            if reason and node.health.usable:
                node.quarantine(reason)
        self.judge()

    def _confirm(self, node: Node) -> None:
        """It has answered everything, and nobody may have asked it between two answers. Who comes back is outvoted."""
        self._looked_ns[node.label] = self._monotonic_ns()
        if node.health.state is NodeState.NEW:
            voters = {one.label: one.seen for one in self._nodes if one.health.usable or one is node}
            height = outvoted(node.label, voters)
            if height is not None:
                node.health.unproven(f"its block {height} is another one than that of most nodes")
                return
        node.health.confirmed(self._monotonic_ns())

    def _forget_unseen(self) -> None:
        """Who could not be looked at for long, such as one that wants to be left alone, may be anywhere by now."""
        oldest_ns = self._monotonic_ns() - UNSEEN_LOOKS * self._period_ns
        usable = [node for node in self._nodes if node.health.usable]
        unseen = [node for node in usable if self._looked_ns.get(node.label, 0) < oldest_ns]
        for node in unseen if len(unseen) < len(usable) else ():
            node.health.unproven("it could not be looked at for a while")

    async def _back_on_branch(self, node: Node, number: int, block_hash: bytes) -> None:
        """Whether a node that had followed another branch has left it: nobody else may be there to compare it with."""
        if await node.block_hash(number, limit_s=LOOK_LIMIT_S) == block_hash:
            del self._must_have[node.label]
        else:
            node.quarantine(_OTHER_BRANCH, forked=True)

    def _common(self) -> int | None:
        """The newest block that all who may be asked should have."""
        heads = [node.health.head_number for node in self._nodes if node.health.state is NodeState.OK]
        return min((head for head in heads if head is not None), default=None)

    def _compare(self) -> None:
        """Compare branches as they were at the last looks, and never one look twice."""
        self.judge()
        compared = [node for node in self._nodes if node.health.usable and node.seen]
        if all(node.looks > self._compared.get(node.label, 0) for node in compared):
            self._compared = {node.label: node.looks for node in compared}
            self._compare_branches(compared)
        self._tell_looked()

    def _tell_looked(self) -> None:
        self._looked.set()
        self._looked = trio.Event()

    def _compare_branches(self, nodes: Sequence[Node]) -> None:
        view = self._branches.look({node.label: node.seen for node in nodes})
        if view.split and not self.split:
            log.critical("%s: the nodes follow two branches, %s; no new block is certain", self._terms.name, view.split)
        elif self.split and not view.split:
            log.warning("%s: the nodes follow one branch again", self._terms.name)
        self.split = view.split
        for node in self._nodes:
            if node.label in view.forked:
                self._must_have[node.label] = view.most
                self._branches.forget(node.label)
                node.quarantine(_OTHER_BRANCH, forked=True)
        self.judge()

    def _tell(self) -> None:
        """Each change stands in the log."""
        for node in self._nodes:
            health = node.health
            told = health.state, health.degraded
            if self._told.get(node.label) == told:
                continue
            self._told[node.label] = told
            if health.degraded:
                log.critical(
                    "%s: every node is quarantined; %s is asked all the same, DEGRADED (%s)",
                    self._terms.name,
                    health.label,
                    health.reason,
                )
            elif health.state is NodeState.WRONG_CHAIN:
                log.error("%s: %s: %s", self._terms.name, health.label, health.reason)
            else:
                level = logging.INFO if health.state is NodeState.OK else logging.WARNING
                log.log(level, "%s: %s is %s %s", self._terms.name, health.label, health.state, health.reason)
