"""Compares what is followed with what the contracts say, at blocks that chance picks, and quarantines what differs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

import trio

from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.collectors.evm.snapshot import SnapshotReader
from alphapulse.data.log_stamp import LogStamp
from alphapulse.data.market import BLOCK_END
from alphapulse.data.pools import PAIR_KINDS, Pool, Trust
from alphapulse.errors import AnswerRefused, NodeError, RpcError
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.pool_comparison import difference

logger = logging.getLogger(__name__)

POOLS_AT_ONCE = 20
"""Pools that are compared at one block; of one of them every tick too."""

WAITING_CHECKS = 4
"""Blocks that wait to be compared; while so many wait no others are picked."""

Check = tuple[Header, dict[Pool, AmmState]]


class Verifier:
    """Picks a block with a chance of `verify_ppm` in a million, and pools of it; reads them at that block's hash.

    A pool that differs is read once more, since a node that is just taking in a block may answer for the next one. If
    it differs again it is DIVERGENT: consumers are told, and `on_divergent` is called. `counts` has how often it was
    `compared`, `equal`, `divergent`, `misread` at first, and `unread` because the block was gone or no node answered.
    """

    def __init__(
        self,
        publisher: ChainPublisher,
        snapshots: SnapshotReader,
        verify_ppm: int,
        random: Random,
        *,
        on_divergent: Callable[[Sequence[Pool]], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._publisher = publisher
        self._snapshots = snapshots
        self._verify_ppm = verify_ppm
        self._random = random
        self._on_divergent = on_divergent
        self._send, self._receive = trio.open_memory_channel[Check](WAITING_CHECKS)

    def block_closed(self, header: Header) -> None:
        """The book stands at the end of this block: now or never it can be compared there."""
        if self._random.randrange(1_000_000) >= self._verify_ppm:
            return
        pools = list(self._publisher.pools.values())
        chosen: dict[Pool, AmmState] = {}
        for pool in self._random.sample(pools, min(POOLS_AT_ONCE, len(pools))):
            state = self._publisher.book.state(pool.id)
            if state is not None and state.trust is not Trust.DIVERGENT:
                chosen[pool] = state
        if not chosen:
            return
        try:
            self._send.send_nowait((header, chosen))
        except trio.WouldBlock:
            self.counts["skipped"] += 1

    async def run(self) -> None:
        """Runs until cancelled."""
        async for header, states in self._receive:
            try:
                await self._compare(header, states)
            except (NodeError, RpcError, AnswerRefused) as problem:
                self.counts["unread"] += len(states)
                logger.info("block %d could not be compared with its contracts: %s", header.number, problem)

    async def _compare(self, header: Header, states: dict[Pool, AmmState]) -> None:
        ticked = [pool for pool in states if pool.kind not in PAIR_KINDS and states[pool].trust is Trust.PROVEN]
        found = await self._differences(header, states, [self._random.choice(ticked)] if ticked else [])
        again = {pool: states[pool] for pool in found}
        problems = await self._differences(header, again, [pool for pool in ticked if pool in found]) if again else {}
        self.counts["compared"] += len(states)
        self.counts["equal"] += len(states) - len(problems)
        self.counts["misread"] += len(found) - len(problems)
        for pool, problem in problems.items():
            self._quarantine(pool, header, problem)

    async def _differences(self, header: Header, states: dict[Pool, AmmState], deep: Sequence[Pool]) -> dict[Pool, str]:
        """In what pools differ from their contracts at the end of a block; of `deep` every tick is compared too."""
        heads = await self._snapshots.heads(list(states), header.hash)
        stamp = LogStamp(header.number, BLOCK_END, BLOCK_END, None, header.hash, header.venue_time_ns, 0)
        ticks = await self._snapshots.ticks(deep, header.hash, stamp)
        found = {pool: difference(state, heads.get(pool.id), ticks.get(pool.id)) for pool, state in states.items()}
        return {pool: problem for pool, problem in found.items() if problem}

    def _quarantine(self, pool: Pool, header: Header, problem: str) -> None:
        self.counts["divergent"] += 1
        self._publisher.quarantine(pool, header.number, problem)
        self._on_divergent([pool])
