"""The sender keeps a receiver's sequences dense, whatever of a lane it wants and whatever is lost."""

from __future__ import annotations

from random import Random

import attrs
import pytest

from alphapulse.data.links import LinkAcknowledgement, RecoveryKind
from alphapulse.data.market import PoolMint
from alphapulse.rules.links.batch import Batch
from alphapulse.rules.links.delivery import EXECUTION, MARKET, Delivery
from alphapulse.rules.links.outbox import Outbox
from alphapulse.rules.links.receiver import Receiver
from alphapulse.rules.links.ring import Ring
from alphapulse.rules.links.sender import Sender
from alphapulse.rules.links.topics import ALL, Topics
from alphapulse.rules.wire.frame import decode_messages
from tests.rules.arbitrage.market_samples import mint, pool
from tests.rules.links.link_samples import BOOT, filled, frames, ring, swaps

MINTS = Topics.of(types=[PoolMint])


def minted(number: int) -> list[object]:
    return [mint(pool(1), (number, 0), (-60, 60), 5)]


def sender(topics: Topics = ALL, kept: Ring | None = None) -> Sender:
    made = Sender(kept or ring(), Outbox(MARKET), topics)
    made.restart(made.ring.next, [], b"")
    return made


def publish(one: Sender, *lists: list[object], counted: bool = False) -> None:
    for parcel in filled(one.ring, *lists, counted=counted):
        one.offer(parcel)


def spans(batches: list[Batch]) -> list[tuple[int, int, int]]:
    return [(one.first, one.span, one.messages) for one in batches]


def test_what_is_not_wanted_is_passed_over_in_the_next_batch() -> None:
    one = sender(MINTS)
    publish(one, swaps(1, 2), swaps(1), minted(1), swaps(3), minted(2))
    assert spans(one.take(1 << 20, 0)) == [(1, 0, 0), (1, 4, 1), (5, 2, 1)]
    publish(one, swaps(1))
    assert one.take(1 << 20, 0) == []
    assert one.next == 7


def test_what_was_lost_is_sent_again_and_covers_what_is_not_wanted() -> None:
    one = sender(MINTS)
    publish(one, swaps(1, 2), minted(1), swaps(3), minted(2), swaps(1))
    one.take(1 << 20, 0)
    assert one.repair(1, 6, 0)
    assert spans(one.take(1 << 20, 0)) == [(1, 3, 1), (4, 2, 1)]
    assert one.repair(1, 4, 0)
    assert spans(one.take(1 << 20, 0)) == [(1, 3, 1)]
    assert one.counts.resent == 3


def test_what_the_ring_lost_cannot_be_sent_again() -> None:
    one = sender(kept=ring(attrs.evolve(MARKET, ring_messages=3)))
    publish(one, *(swaps(1) for _ in range(5)))
    assert not one.repair(1, 3, 0)
    assert not one.resume(2)
    assert one.resume(4)
    assert spans(one.take(1 << 20, 0))[-2:] == [(4, 1, 1), (5, 1, 1)]


def test_a_snapshot_takes_the_place_of_all_that_waits() -> None:
    one = sender()
    publish(one, swaps(1), swaps(2))
    state = swaps(1, 2)
    one.restart(3, state, frames(state))
    publish(one, swaps(3))
    batches = one.take(1 << 20, 0)
    assert spans(batches) == [(3, 0, 2), (3, 1, 1)]
    assert decode_messages(batches[0].frames) == state


def test_what_is_counted_is_settled_when_the_receiver_says_so() -> None:
    one = sender()
    publish(one, swaps(1))
    states = [one.unsettled]
    publish(one, swaps(1), counted=True)
    states.append(one.unsettled)
    for settled in (2, 3):
        one.acknowledge(LinkAcknowledgement(BOOT, 3, 3, settled))
        states.append(one.unsettled)
    assert states == [False, True, True, False]
    one.acknowledge(LinkAcknowledgement(BOOT + 1, 99, 99, 99))
    assert (one.received, one.applied) == (3, 3)


@pytest.mark.parametrize("topics", [ALL, MINTS])
@pytest.mark.parametrize("delivery", [MARKET, EXECUTION])
@pytest.mark.parametrize("seed", range(20))
def test_sender_and_receiver_bring_everything_over_a_cable_that_loses(
    seed: int, topics: Topics, delivery: Delivery
) -> None:
    """Every wanted message comes once and in order, with a third of all batches lost, doubled or late."""
    rng, wanted, got = Random(seed), list[object](), list[object]()
    one = Sender(ring(), Outbox(delivery), topics)
    one.restart(1, [], b"")
    receiver, on_the_way, now_ns = Receiver(), list[Batch](), 0
    receiver.welcome(BOOT, 1, 0)
    for turn in range(400):
        now_ns += 50_000_000
        if turn < 100:
            messages = minted(turn) if rng.randrange(2) else swaps(*range(1, rng.randrange(2, 4)))
            wanted += topics.pick(messages)
            publish(one, messages)
        for batch in one.take(rng.choice((1, 1 << 20)), 0):
            on_the_way += [batch] * rng.choice((0, 1, 1, 1, 1, 2))
        if rng.randrange(3) == 0:
            rng.shuffle(on_the_way)
        for batch in on_the_way[: rng.randrange(4)]:
            got += [message for ready in receiver.take(batch, now_ns) for message in decode_messages(ready.frames)]
            on_the_way.remove(batch)
        receiver.heartbeat(BOOT, one.next, now_ns)
        if (asked := receiver.wanted(now_ns)) is not None:
            if asked.kind is RecoveryKind.SNAPSHOT:
                assert one.begin_again(0)
            else:
                assert one.repair(asked.first, asked.next, 0)
    assert got == wanted
