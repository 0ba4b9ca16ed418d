"""Brings pools to the tip of a chain that goes on meanwhile: new ones, and those whose state was lost or is doubted."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import trio

from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.collectors.evm.snapshot import SnapshotReader
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import AnswerRefused, NodeError, RpcError
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.pool_comparison import difference

logger = logging.getLogger(__name__)

MOST_WAITING = 100_000
"""Pools that wait to be read; what is more than that is left out, loudly."""

REREAD_BLOCKS = 64
"""Blocks for which a pool that was read anew is not read again."""

MOST_AT_ONCE = 50
"""Pools that are read at one block, so that the block is still there when they have been."""

PAUSE_S = 1.0
"""Between attempts while the nodes do not answer, or the chain is not followed."""

LATER_S = 60.0
"""How long a later block is waited for, at which a doubted pool is compared."""


class PoolJoiner:
    """Reads pools at a recent block, follows them to the tip by the logs since then, compares, and hands them over.

    A doubted pool is handed over only if what was followed equals its contract at the tip of that moment.
    """

    def __init__(self, publisher: ChainPublisher, snapshots: SnapshotReader) -> None:
        self._publisher = publisher
        self._snapshots = snapshots
        self._waiting: dict[InstrumentId, Pool] = {}
        self._reread: dict[InstrumentId, int] = {}
        self._wake = trio.Event()

    @property
    def waiting(self) -> int:
        """Pools that have not been read yet."""
        return len(self._waiting)

    def ask(self, pools: Sequence[Pool]) -> None:
        """Read these as soon as it goes; those that wait already go on waiting."""
        for pool in pools:
            if len(self._waiting) >= MOST_WAITING:
                logger.error("%s is not followed: %d pools wait to be read already", pool.name, MOST_WAITING)
                return
            self._waiting[pool.id] = pool
        self._wake.set()

    def doubt(self, changed: Iterable[InstrumentId], number: int) -> None:
        """Read those pools anew of which an event in that block was not explained by what was known."""
        for pool in changed:
            state = self._publisher.book.state(pool)
            known = self._publisher.pools.get(pool)
            if state is None or state.trust is not Trust.IN_RANGE or known is None:
                continue
            if number >= self._reread.get(pool, -REREAD_BLOCKS) + REREAD_BLOCKS:
                self._reread[pool] = number
                self.ask([known])

    def forget(self) -> None:
        """The chain is read anew as a whole."""
        self._waiting.clear()
        self._reread.clear()

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            while self._waiting:
                chosen = self._next()
                header = self._publisher.tip
                try:
                    joined = header is not None and await self._join(chosen, header)
                except (NodeError, RpcError, AnswerRefused) as problem:
                    logger.warning("%d pools could not be read: %s", len(chosen), problem)
                    joined = False
                for pool in chosen:  # those that did not come through do not hold up the others
                    if pool.id in self._waiting:
                        self._waiting[pool.id] = self._waiting.pop(pool.id)
                if not joined:
                    await trio.sleep(PAUSE_S)

    def _next(self) -> list[Pool]:
        """The pools that are read now. A doubted one takes blocks to be believed: it is read alone, behind others."""
        sound = [pool for pool in self._waiting.values() if not self._is_doubted(pool)]
        return sound[:MOST_AT_ONCE] or list(self._waiting.values())[:1]

    def _is_doubted(self, pool: Pool) -> bool:
        return self._publisher.book.trust(pool.id) is Trust.DIVERGENT

    async def _join(self, pools: Sequence[Pool], header: Header) -> bool:
        """False if nothing could be done just now."""
        read = await self._snapshots.take(pools, header)
        joined = False
        for pool in pools:
            messages = read.get(pool.id, ())
            if self._is_doubted(pool) and not await self._agrees(pool, header, messages):
                continue
            # Nothing is awaited from here on: the tip stays what it is.
            book = self._publisher.brought_up(pool, header, messages)
            tip = self._publisher.tip
            if book is None or tip is None or self._waiting.pop(pool.id, None) is None:
                continue
            state = book.state(pool.id)
            if state is None:
                self._publisher.join(pool, ())
            else:
                word = PoolTrustChanged(pool.id, state.trust, f"read anew at block {header.number}", tip.number)
                self._publisher.join(pool, [*state.messages(pool.id), word])
            joined = True
        return joined

    async def _agrees(self, pool: Pool, seed: Header, messages: Sequence[object]) -> bool:
        """Follow the pool to a later block, and compare it with its contract there."""
        with trio.move_on_after(LATER_S):
            while (tip := self._publisher.tip) is None or tip.number <= seed.number:
                await self._publisher.wait_closed()
        book, tip = self._publisher.brought_up(pool, seed, messages), self._publisher.tip
        state = None if book is None else book.state(pool.id)
        if tip is None or tip.number <= seed.number or state is None:
            return False
        problem = difference(state, (await self._snapshots.heads([pool], tip.hash)).get(pool.id), None)
        if problem:
            logger.error("%s stays in quarantine at block %d: %s", pool.name, tip.number, problem)
        return not problem
