"""The order of logs: each position once, never back, and a contradiction told from a repetition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.market import LogStamp, PoolEvent, PoolSwap
from alphapulse.errors import LogRefused
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.log_order import KEPT, LogOrder
from tests.rules.events.recorded_day import frame, log_objects, pools

DECODER = LogDecoder(pools())


def at(block: int, log: int, *, amount0: int = 0, received_ns: int = 1, block_hash: bytes | None = None) -> PoolSwap:
    """A swap at a position."""
    stamp = LogStamp(block, log, 0, bytes(32), block_hash, 10**18, received_ns)
    return PoolSwap(stamp, pools()[0].id, amount0, -1, 1 << 96, 10**18, 0)


def refusal(order: LogOrder, event: PoolEvent) -> str:
    """The reason why `order` refuses `event`."""
    with pytest.raises(LogRefused) as caught:
        order.check(event)
    return caught.value.reason


def test_the_recorded_day_is_in_order_and_a_second_one_is_not() -> None:
    order = LogOrder()
    day = [DECODER.decode(frame(log), 1) for log in log_objects()]
    for event in day:
        order.check(event)
    assert [refusal(order, event) for event in day[-KEPT:]] == ["duplicate"] * KEPT
    assert {refusal(order, event) for event in day[:-KEPT]} == {"out_of_order"}


def test_the_same_event_again_is_a_duplicate_whenever_it_was_received() -> None:
    order = LogOrder()
    order.check(at(5, 3))
    assert refusal(order, at(5, 3, received_ns=99)) == "duplicate"


def test_another_event_at_the_same_position_is_a_conflict() -> None:
    """Also if only the block's hash differs, or an older position is contradicted."""
    order = LogOrder()
    order.check(at(5, 3))
    order.check(at(5, 4))
    for position in (3, 4):
        assert refusal(order, at(5, position, amount0=1)) == "conflict"
    assert refusal(order, at(5, 4, block_hash=b"\1" * 32)) == "conflict"


@pytest.mark.parametrize("position", [(5, 2), (4, 9), (0, 0)])
def test_a_position_before_the_newest_is_out_of_order(position: tuple[int, int]) -> None:
    order = LogOrder()
    order.check(at(5, 3))
    assert refusal(order, at(*position)) == "out_of_order"


def test_a_refused_event_changes_nothing() -> None:
    order = LogOrder()
    order.check(at(5, 3))
    for event in (at(5, 2), at(5, 3), at(5, 3, amount0=1)):
        refusal(order, event)
    assert refusal(order, at(5, 2)) == "out_of_order"
    order.check(at(5, 4))


def test_the_first_position_of_a_chain_is_accepted() -> None:
    LogOrder().check(at(0, 0))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 1)), max_size=200))
def test_what_is_accepted_only_grows(arrivals: list[tuple[int, int, int]]) -> None:
    """Against a model that remembers everything."""
    order = LogOrder()
    accepted: list[PoolEvent] = []
    for block, log, amount in arrivals:
        event = at(block, log, amount0=amount)
        if not accepted or event.stamp.position > accepted[-1].stamp.position:
            order.check(event)
            accepted.append(event)
            continue
        same = [kept for kept in accepted[-KEPT:] if kept.stamp.position == event.stamp.position]
        expected = "out_of_order" if not same else "duplicate" if same == [event] else "conflict"
        assert refusal(order, event) == expected
