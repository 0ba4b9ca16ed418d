"""Followed pools against their contracts: what differs twice is quarantined, what a node misread once is not."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import cast

import pytest
import trio
import trio.testing

from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.collectors.evm.snapshot import SnapshotReader
from alphapulse.collectors.evm.verifier import Verifier
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.log_stamp import LogStamp
from alphapulse.data.pool_reserves import PoolTick
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.errors import NoNode
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.pool_calls import PoolHead

TOKENS = (Token(bytes([1]) * 20, "ONE", 18), Token(bytes([2]) * 20, "TWO", 6))
PAIR = Pool(InstrumentId.from_pool_address(bytes([9]) * 20, Venue.POLYGON), PoolKind.V2, "pair", *TOKENS, 3000, None)
BLOCK = Header(7, bytes([7]) * 32, bytes([6]) * 32, 1_700_000_000 * 10**9, bytes(256))
STATE = ConstantProductState(
    5_000, 8_000, LogStamp(7, 0, 0, bytes(32), None, BLOCK.venue_time_ns, 0), Trust.PROVEN, 3000
)
TRUE, OF_THE_NEXT_BLOCK = PoolHead(5_000, 8_000), PoolHead(5_001, 7_999)


class Contracts:
    """What nodes say of the pair, look by look; None: nobody answers."""

    def __init__(self, *heads: PoolHead | None) -> None:
        self.left = list(heads)

    async def heads(self, pools: Sequence[Pool], block_hash: bytes) -> dict[InstrumentId, PoolHead]:
        await trio.lowlevel.checkpoint()
        assert block_hash == BLOCK.hash
        head = self.left.pop(0)
        if head is None:
            raise NoNode("model", "expected a node that answers, found none")
        return {pool.id: head for pool in pools}

    async def ticks(
        self, pools: Sequence[Pool], block_hash: bytes, stamp: LogStamp
    ) -> dict[InstrumentId, list[PoolTick]]:
        await trio.lowlevel.checkpoint()
        assert not pools
        return {}


class Followed:
    """One pair, as it is followed."""

    def __init__(self) -> None:
        self.pools = {PAIR.id: PAIR}
        self.book = self
        self.quarantined: list[tuple[Pool, int, str]] = []

    def state(self, pool: InstrumentId) -> ConstantProductState:
        assert pool == PAIR.id
        return STATE

    def quarantine(self, pool: Pool, number: int, problem: str) -> None:
        self.quarantined.append((pool, number, problem))


@pytest.mark.parametrize(
    ("heads", "counts", "words"),
    [
        ((TRUE,), {"compared": 1, "equal": 1}, []),
        ((OF_THE_NEXT_BLOCK, TRUE), {"compared": 1, "equal": 1, "misread": 1}, []),
        ((OF_THE_NEXT_BLOCK, OF_THE_NEXT_BLOCK), {"compared": 1, "divergent": 1}, ["reserves"]),
        ((None,), {"unread": 1}, []),
        ((OF_THE_NEXT_BLOCK, None), {"unread": 1}, []),
    ],
    ids=["equal", "misread once", "different", "unread", "unread the second time"],
)
async def test_a_pool_is_quarantined_when_it_differs_twice(
    heads: tuple[PoolHead | None, ...], counts: dict[str, int], words: list[str]
) -> None:
    contracts, followed, divergent = Contracts(*heads), Followed(), list[Pool]()
    verifier = Verifier(
        cast("ChainPublisher", followed),
        cast("SnapshotReader", contracts),
        1_000_000,
        Random(1),
        on_divergent=divergent.extend,
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        verifier.block_closed(BLOCK)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert contracts.left == []
    assert {name: count for name, count in verifier.counts.items() if count} == counts
    assert [
        (pool, number, problem.partition(" ")[0].rstrip(",:")) for pool, number, problem in followed.quarantined
    ] == [(PAIR, 7, word) for word in words]
    assert divergent == [PAIR] * len(words)
