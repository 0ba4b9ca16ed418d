"""Blocks as the books have taken them in: which receipts still have to wait for theirs."""

from __future__ import annotations

import attrs

from alphapulse.data.instruments import Venue
from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.execution.chain.block_clock import BLOCKS_KEPT, BlockClock
from tests.execution.chain.trading_rig import CHAIN, completed, fresh, head, reorganised

ONE, OTHER = b"\x01" * 32, b"\x02" * 32


def told(*messages: object) -> BlockClock:
    clock = BlockClock(CHAIN)
    for message in messages:
        clock.take(message)
    return clock


def test_a_receipt_waits_while_its_block_is_still_to_come() -> None:
    """Not when nothing will come, nor when the block is there, or so old that it is forgotten."""
    clock = told(fresh(), head(102), completed(100, ONE))
    assert clock.awaits(101, ONE)
    assert not clock.awaits(100, ONE)
    assert clock.awaits(100, OTHER)
    assert not clock.awaits(99, ONE)
    assert clock.head is not None
    assert clock.head.number == 102
    assert not told(completed(100, ONE)).awaits(101, ONE)


def test_an_orphaned_block_is_awaited_anew() -> None:
    """Those behind the ancestor, and no other chain's."""
    clock = told(fresh(), completed(100, ONE), completed(101, ONE), reorganised(100, 101))
    assert (clock.complete_through, clock.awaits(101, ONE), clock.awaits(100, ONE)) == (100, True, False)
    clock.take(attrs.evolve(completed(101, OTHER), chain_id=1))  # type: ignore[misc]
    assert clock.awaits(101, OTHER)


def test_a_stream_that_begins_anew_knows_nothing_and_another_chains_says_nothing() -> None:
    """A reset forgets."""
    reset = StreamStatus("chain", Venue.POLYGON, StreamState.RESET, "", 0, 0, recorded=False)
    clock = told(fresh(), completed(100, ONE), StreamStatus("x", Venue.ETHEREUM, StreamState.GAP, "", 0, 0, False))
    assert clock.follows
    clock.take(reset)
    assert (clock.follows, clock.complete_through, clock.time_ns(100)) == (False, -1, None)


def test_it_keeps_so_many_blocks_and_no_more() -> None:
    """More than a reorganisation may take back."""
    clock = told(*(completed(number, ONE) for number in range(BLOCKS_KEPT + 5)))
    assert (clock.time_ns(4), clock.time_ns(5) is None) == (None, False)
