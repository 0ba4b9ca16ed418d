"""What the chain says about the solves of a judge."""

from __future__ import annotations

import attrs

from tests.chain.truth import Truth
from tests.prove_chain.judge import Judge, Solve, disagreement

SILENT_BLOCKS = 3
"""Block times without news after which a stream is silent: so old may be what is solved on, as nobody could know."""


@attrs.define
class Verdict:
    """Compares solves with the truth of their blocks, and with what was known of the chain at that moment."""

    judge: Judge
    stale_s: float
    """Who solves on a block so long after its successor was there has solved on stale state."""
    lag_blocks: int
    """So many blocks behind the newest one that it has been told of, a solve is still fresh."""
    truths: dict[str, dict[str, Truth]] = attrs.field(factory=dict)
    """All pools at the end of a block, by its hash."""
    followed_at: dict[str, float] = attrs.field(factory=dict)
    """When a block had a successor, by the block's hash and the loop's clock."""
    judged: int = 0
    """Solves that were compared."""
    compared: int = 0
    """States of pools that were."""
    broken: list[str] = attrs.field(factory=list)

    def judge_solves(self) -> None:
        """All solves since the last call. Those on blocks that nobody witnessed are only judged by their time."""
        solves, self.judge.solves = self.judge.solves, []
        for solve in solves:
            late_s = solve.at_s - self.followed_at.get(solve.block_hash, solve.at_s)
            if late_s > self.stale_s or solve.head_number > solve.block_number + self.lag_blocks:
                self.broken.append(
                    f"block {solve.block_number} was solved {late_s:.2f} s after its successor was there, "
                    f"with {solve.head_number} known"
                )
            if solve.block_hash in self.truths:
                self._compare(solve, self.truths[solve.block_hash])
        self.broken += self.judge.broken
        self.judge.broken = []

    def judge_end(self, block_hash: str) -> None:
        """The last block: every pool must be followed, and be as it is."""
        if "0x" + self.judge.tip != block_hash:
            reason = self.judge.statuses[-1].reason if self.judge.statuses else "nothing was ever said"
            self.broken.append(f"it never caught up: {reason}")
            return
        believed = self.judge.known()
        for name, truth in self.truths[block_hash].items():
            problem = disagreement(believed[name], truth) if name in believed else "it is not followed"
            if problem:
                self.broken.append(f"at the end, {name}: {problem}")

    def _compare(self, solve: Solve, truth: dict[str, Truth]) -> None:
        self.judged += 1
        if not solve.states:
            self.broken.append(f"block {solve.block_number} was solved without a single pool")
        for name, state in solve.states.items():
            self.compared += 1
            problem = disagreement(state, truth[name])
            if problem:
                self.broken.append(f"block {solve.block_number}, {name}: {problem}")
