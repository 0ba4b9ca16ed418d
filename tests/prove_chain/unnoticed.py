"""Blocks that were told badly: which of them nobody has noticed in time."""

from __future__ import annotations

from collections.abc import Container

import attrs
import trio

from alphapulse.data.market import StreamState
from tests.prove_chain.judge import Judge

DETECTED_WITHIN = 2
"""Blocks after which a fault must have shown: its block is complete, or the stream is not fresh."""


@attrs.frozen
class _Told:
    block_hash: str
    step: int
    at_s: float


@attrs.define
class Unnoticed:
    """Watches blocks from when they were told until they are complete or the stream is not fresh.

    Once two blocks are known of that are not complete, that must be so at once. Where fewer are known of, nobody has
    told of the others: that is silence, for which there are `silent_s`.
    """

    judge: Judge
    silent_s: float
    _waiting: list[_Told] = attrs.field(factory=list)
    _step: int = 0

    def told(self, block_hashes: list[str]) -> None:
        """These blocks are new."""
        self._step += 1
        self._waiting += [_Told(one, self._step, trio.current_time()) for one in block_hashes]

    def overdue(self, on_chain: Container[str] | None = None) -> list[str]:
        """What has not been noticed in time, in words. Blocks that are not `on_chain` any more are left out."""
        fresh, found, still = self.judge.state is StreamState.FRESH, [], []
        for told in self._waiting:
            if told.block_hash in self.judge.closed or (on_chain is not None and told.block_hash not in on_chain):
                continue
            due = self._step - told.step >= DETECTED_WITHIN
            if due and fresh and self.judge.behind >= DETECTED_WITHIN:
                found.append(f"{told.block_hash} is not complete two blocks later, and the stream is fresh")
            elif due and fresh and trio.current_time() > told.at_s + self.silent_s:
                found.append(f"{told.block_hash} is not complete for {self.silent_s:g} s, and the stream is fresh")
            elif not due or fresh:
                still.append(told)
        self._waiting = still
        return found
