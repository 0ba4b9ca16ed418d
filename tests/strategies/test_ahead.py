"""Deciding by pending transactions: what is mined keeps the books, what is pending is shown and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import PoolSwap
from alphapulse.data.pending import PendingPool, PendingTransaction
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.strategies.ahead import AheadOfBlocks

PAIR = InstrumentId.from_pool_address(bytes([1]) * 20, Venue.POLYGON)
RANGED = InstrumentId.from_pool_address(bytes([2]) * 20, Venue.POLYGON)
PENDING = PendingTransaction(
    "polygon",
    137,
    bytes([7]) * 32,
    100,
    bytes([8]) * 32,
    5,
    6,
    (PendingPool(PAIR, None, None, None, 10, 20), PendingPool(RANGED, 1 << 96, 30, 4, None, None)),
)


class Listening:
    """Proposes the list that it was given, by its number."""

    name = "listening"

    def __init__(self) -> None:
        self.heard: list[Sequence[Any]] = []

    def on_events(self, events: Sequence[Any]) -> list[Any]:
        self.heard.append(events)
        return [len(self.heard)]


def test_only_what_is_pending_is_proposed_and_it_is_taken_back_at_once() -> None:
    """Mined events come first and last; between them stand the next block's events, and their undoing."""
    strategy = Listening()
    proposed = AheadOfBlocks(strategy).on_events(["before", PENDING, "behind"])
    before, pending, undone, behind = strategy.heard
    assert (before, behind) == (["before"], ["behind"])
    assert [str(one) for one in proposed] == ["2"]
    sync, swap = pending
    assert isinstance(sync, PoolSync)
    assert isinstance(swap, PoolSwap)
    assert [one.stamp.position for one in pending] == [(101, 0), (101, 1)]
    assert (sync.reserve0, sync.reserve1) == (10, 20)
    assert (swap.sqrt_price_x96, swap.liquidity, swap.tick) == (1 << 96, 30, 4)
    assert {one.stamp.received_ns for one in pending} == {6}
    (back,) = undone
    assert isinstance(back, ChainReorganised)
    assert (back.chain_id, back.ancestor_number) == (137, 100)


def test_mined_events_alone_propose_nothing() -> None:
    """They come too late."""
    strategy = Listening()
    assert AheadOfBlocks(strategy).on_events(["mined"]) == []
    assert strategy.heard == [["mined"]]
