"""The receiver puts batches in order, asks for what is missing, and says what happened and when."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.links import LinkCondition as Condition
from alphapulse.data.links import RecoveryKind
from alphapulse.rules.links.batch import SNAPSHOT, Batch
from alphapulse.rules.links.receiver import Receiver, Wanted
from tests.rules.links.link_samples import BOOT, batch

MS = 1_000_000


def begun(at: int = 1, now_ms: int = 0) -> Receiver:
    """One that has its snapshot and expects the sequence `at`."""
    receiver = Receiver()
    receiver.welcome(BOOT, at, now_ms * MS)
    assert receiver.take(batch(at, 0, flags=SNAPSHOT), now_ms * MS) != []
    receiver.drain_changes()
    return receiver


def firsts(batches: list[Batch]) -> list[int]:
    return [one.first for one in batches]


def test_what_is_kept_behind_a_gap_is_bounded_by_bytes_too() -> None:
    """The rest is asked for when the gap is closed."""
    receiver, frames = begun(), bytes(33_554_432)
    for first in (2, 3, 4):
        receiver.take(batch(first)._replace(frames=frames), 0)
    assert firsts(receiver.take(batch(1), 10 * MS)) == [1, 2, 3]
    assert receiver.wanted(110 * MS) == Wanted(4, 5, RecoveryKind.RETRANSMISSION)


def test_a_gap_is_told_asked_for_and_closed() -> None:
    """The exact (time, state) list of one that lasts 120 ms: asked for at once, and again after 100 ms."""
    receiver, seen = begun(), []
    steps = [(10, batch(1)), (20, batch(4)), (30, batch(5)), (130, batch(3)), (140, batch(2))]
    for at_ms, one in steps:
        ready = firsts(receiver.take(one, at_ms * MS))
        seen.append((at_ms, ready, receiver.condition, receiver.wanted(at_ms * MS)))
    kind = RecoveryKind.RETRANSMISSION
    assert seen == [
        (10, [1], Condition.OK, None),
        (20, [], Condition.GAP, Wanted(2, 4, kind)),
        (30, [], Condition.GAP, None),
        (130, [], Condition.GAP, Wanted(2, 3, kind)),
        (140, [2, 3, 4, 5], Condition.OK, None),
    ]
    assert [(one.condition, one.first, one.next) for one in receiver.drain_changes()] == [
        (Condition.GAP, 2, 4),
        (Condition.OK, 6, 6),
    ]
    assert (receiver.counts.messages, receiver.counts.gaps) == (5, 1)


def test_silence_is_stale_after_three_heartbeats_and_ends_with_the_next_word() -> None:
    receiver, states = begun(), []
    for at_ms in range(0, 2_100, 100):
        receiver.tick(at_ms * MS)
        states.append((at_ms, receiver.condition))
    assert [at for at, state in states if state is Condition.STALE][:1] == [1_600]
    receiver.heartbeat(BOOT, 1, 2_100 * MS)
    assert receiver.condition is Condition.OK
    assert [one.condition for one in receiver.drain_changes()] == [Condition.STALE, Condition.OK]


def test_a_heartbeat_tells_of_a_last_batch_that_was_lost() -> None:
    receiver = begun()
    receiver.heartbeat(BOOT, 4, 0)
    assert receiver.condition is Condition.GAP
    assert receiver.wanted(0) == Wanted(1, 4, RecoveryKind.RETRANSMISSION)


def test_a_new_start_of_the_sender_is_a_reset() -> None:
    """What it counts now has nothing to do with what it counted before."""
    receiver = begun()
    receiver.take(batch(1), 0)
    receiver.welcome(BOOT + 1, 9, MS)
    assert receiver.take(batch(2), MS) == []
    assert receiver.expected == 0
    assert receiver.wanted(200 * MS) == Wanted(0, 0, RecoveryKind.SNAPSHOT)
    assert firsts(receiver.take(batch(9, 0, flags=SNAPSHOT, boot_id=BOOT + 1), 201 * MS)) == [9]
    assert [one.condition for one in receiver.drain_changes()] == [Condition.RESET, Condition.OK]
    assert firsts(receiver.take(batch(9, boot_id=BOOT + 1), 202 * MS)) == [9]


def test_a_snapshot_instead_of_what_is_missing_is_a_reset_and_goes_on_behind_it() -> None:
    receiver = begun()
    receiver.take(batch(7), 0)
    assert firsts(receiver.take(batch(5, 0, flags=SNAPSHOT), MS)) == [5]
    assert receiver.condition is Condition.GAP
    assert firsts(receiver.take(batch(5, 2), 2 * MS)) == [5, 7]
    assert [one.condition for one in receiver.drain_changes()] == [
        Condition.GAP, Condition.RESET, Condition.GAP, Condition.OK,
    ]  # fmt: skip


def test_who_goes_on_from_where_it_was_needs_no_snapshot() -> None:
    receiver = begun()
    receiver.take(batch(1, 3), 0)
    receiver.welcome(BOOT, 4, MS)
    assert firsts(receiver.take(batch(4), MS)) == [4]
    assert receiver.drain_changes() == []


def test_what_was_not_dealt_with_comes_once_more() -> None:
    receiver = begun()
    receiver.take(batch(1, 3), 0)
    receiver.rewind(1)
    assert firsts(receiver.take(batch(1, 3), 0)) == [1]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(0, 2**32), st.integers(0, 3))
def test_any_order_with_doubles_gives_each_batch_once_and_in_order(spans: list[int], seed: int, copies: int) -> None:
    """Batches that hold nothing for us, of span 1 to 4 without messages, keep the count dense."""
    first, sent = 1, []
    for span in spans:
        sent.append(batch(first, span + 1))
        first += span + 1
    arriving = sent * (1 + copies)
    Random(seed).shuffle(arriving)
    receiver, ready = begun(), list[Batch]()
    for one in arriving:
        ready += receiver.take(one, 0)
    assert ready == sent
    assert receiver.condition is Condition.OK
