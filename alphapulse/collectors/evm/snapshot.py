"""The whole state of pools at one block, read from their contracts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from alphapulse.collectors.evm.contract_reader import ContractReader
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.log_stamp import LogStamp
from alphapulse.data.market import BLOCK_END
from alphapulse.data.pool_reserves import PoolTick
from alphapulse.data.pools import PAIR_KINDS, Pool
from alphapulse.errors import AnswerRefused
from alphapulse.rules.chain import pool_calls
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.pool_calls import PoolHead

K = TypeVar("K")


class SnapshotReader:
    """Reads pools at a block. `refused` has those whose contract answered what such a pool cannot, with the reason."""

    def __init__(self, reader: ContractReader, *, now_ns: Callable[[], int]) -> None:
        self._reader = reader
        self._now_ns = now_ns
        self.refused: dict[InstrumentId, str] = {}

    async def heads(self, pools: Sequence[Pool], block_hash: bytes) -> dict[InstrumentId, PoolHead]:
        """Prices and liquidity, or reserves. What has none at that block is left out.

        Raises:
            NodeError, RpcError: the block cannot be read.
        """
        wanted = [
            (pool, data) for pool in pools if pool_calls.is_readable(pool) for data in pool_calls.head_calls(pool)
        ]
        answers = await self._read(wanted, block_hash)
        found: dict[InstrumentId, PoolHead] = {}
        at = 0
        for pool in filter(pool_calls.is_readable, pools):
            count = len(pool_calls.head_calls(pool))
            try:
                head = pool_calls.head_of(pool, answers[at : at + count])
            except AnswerRefused as refusal:
                self.refused[pool.id] = str(refusal)
                head = None
            if head is not None:
                found[pool.id] = head
            at += count
        return found

    async def ticks(
        self, pools: Sequence[Pool], block_hash: bytes, stamp: LogStamp
    ) -> dict[InstrumentId, list[PoolTick]]:
        """Every initialised tick of pools that have ticks. A pool whose answers are none is left out.

        Raises:
            NodeError, RpcError: the block cannot be read.
        """
        words = [(pool, position) for pool in pools for position in pool_calls.word_positions(pool)]
        bitmaps = await self._read([(pool, pool_calls.word_call(pool, at)) for pool, at in words], block_hash)
        found: dict[InstrumentId, list[PoolTick]] = {pool.id: [] for pool in pools}
        wanted: list[tuple[Pool, int]] = []
        for (pool, position), bitmap in zip(words, bitmaps, strict=True):
            try:
                wanted += [(pool, tick) for tick in pool_calls.ticks_in(pool, position, bitmap)]
            except AnswerRefused as refusal:
                self._drop(found, pool, refusal)
        answers = await self._read([(pool, pool_calls.tick_call(tick)) for pool, tick in wanted], block_hash)
        for (pool, tick), answer in zip(wanted, answers, strict=True):
            try:
                told = pool_calls.tick_of(pool, tick, answer, stamp)
            except AnswerRefused as refusal:
                self._drop(found, pool, refusal)
            else:
                if pool.id in found:
                    found[pool.id].append(told)
        return found

    async def take(self, pools: Sequence[Pool], header: Header) -> Mapping[InstrumentId, list[object]]:
        """For each pool that has a state at the end of that block: the messages from which a book starts with it.

        Raises:
            NodeError, RpcError: the block cannot be read, or not any more.
        """
        heads = await self.heads(pools, header.hash)
        now_ns = self._now_ns()
        stamp = LogStamp(header.number, BLOCK_END, BLOCK_END, None, header.hash, header.venue_time_ns, now_ns)
        priced = [pool for pool in pools if pool.id in heads]
        ticks = await self.ticks([pool for pool in priced if pool.kind not in PAIR_KINDS], header.hash, stamp)
        reason = f"read from its contract at block {header.number}"
        return {
            pool.id: pool_calls.messages_of(pool, heads[pool.id], ticks.get(pool.id), stamp, reason) for pool in priced
        }

    async def _read(self, calls: Sequence[tuple[Pool, bytes]], block_hash: bytes) -> list[bytes | None]:
        return await self._reader.read([(pool.id.body, data) for pool, data in calls], block_hash)

    def _drop(self, found: dict[InstrumentId, list[PoolTick]], pool: Pool, refusal: AnswerRefused) -> None:
        found.pop(pool.id, None)
        self.refused[pool.id] = str(refusal)
