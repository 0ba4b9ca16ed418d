"""Which decisions rest on blocks that a chain has taken back."""

from __future__ import annotations

import pytest

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import Venue
from alphapulse.data.market import BlockCompleted, LogStamp, PoolCollect, StreamState, StreamStatus
from alphapulse.rules.books.orphaned_blocks import REMEMBERED_BLOCKS, OrphanedBlocks
from tests.journal.journal_samples import POOL


def reorganised(ancestor: int, old_head: int, *, chain_id: int = 1) -> ChainReorganised:
    return ChainReorganised("chain", chain_id, ancestor, bytes(32), old_head, bytes(32), old_head, bytes(32), 0)


def event(block: int, received_ns: int) -> PoolCollect:
    return PoolCollect(LogStamp(block, 1, 1, bytes(32), None, 0, received_ns), POOL, -60, 60, 0, 0)


def completed(block: int) -> BlockCompleted:
    return BlockCompleted(1, block, 0, 0, 1, None, None)


def fed(*events: object) -> OrphanedBlocks:
    blocks = OrphanedBlocks()
    for one in events:
        blocks.take(one)
    return blocks


@pytest.mark.parametrize(
    ("block", "received_ns", "ancestor"),
    [(100, 1, None), (101, 1, 100), (105, 1, 100), (106, 1, None), (101, 11, None), (103, 12, 100), (103, 13, None)],
)
def test_what_was_seen_behind_the_ancestor_before_the_reorganisation_is_orphaned(
    block: int, received_ns: int, ancestor: int | None
) -> None:
    """Blocks of the new branch have the same numbers; their events were received at other times."""
    blocks = fed(event(101, 1), reorganised(100, 105), event(101, 11), event(103, 13), completed(103))
    assert blocks.ancestor(1, block, received_ns) == ancestor
    assert blocks.ancestor(137, block, received_ns) is None


def test_a_second_reorganisation_adds_to_the_first() -> None:
    """What came between the two is orphaned if it lies behind the second ancestor, and stays if it does not."""
    blocks = fed(reorganised(100, 105), event(101, 11), event(104, 14), event(107, 17), reorganised(103, 107))
    found = [blocks.ancestor(1, block, at_ns) for block, at_ns in ((101, 11), (104, 14), (107, 17), (101, 1))]
    assert found == [None, 103, 103, 103]
    blocks.take(event(104, 24))
    assert blocks.ancestor(1, 104, 24) is None


def test_a_reorganisation_is_forgotten_with_time_and_with_a_reset() -> None:
    """Nothing grows for ever."""
    blocks = fed(reorganised(100, 105), completed(105 + REMEMBERED_BLOCKS))
    assert blocks.ancestor(1, 105, 1) == 100
    blocks.take(completed(106 + REMEMBERED_BLOCKS))
    assert blocks.ancestor(1, 105, 1) is None
    reset = StreamStatus("chain", Venue.ETHEREUM, StreamState.RESET, "", 0, 0, recorded=False)
    assert fed(reorganised(100, 105), reset).ancestor(1, 105, 1) is None
    other = StreamStatus("other", Venue.POLYGON, StreamState.RESET, "", 0, 0, recorded=False)
    assert fed(reorganised(100, 105), other).ancestor(1, 105, 1) == 100
