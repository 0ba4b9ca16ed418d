"""What waits for a consumer stays within bounds, by the rules of its class of delivery."""

from __future__ import annotations

import attrs

from alphapulse.rules.links.delivery import EXECUTION, MARKET, SIGNAL, Delivery, Pressure
from alphapulse.rules.links.outbox import Outbox
from tests.journal.journal_samples import DAY_NS, signal
from tests.rules.arbitrage.market_samples import completed
from tests.rules.links.link_samples import filled, ring, swaps


def of_ten(delivery: Delivery) -> Delivery:
    return attrs.evolve(delivery, queue_messages=10)


def offered(outbox: Outbox, *lists: list[object], taken_ns: int = 0) -> list[Pressure]:
    return [outbox.offer(parcel) for parcel in filled(ring(outbox.delivery), *lists, taken_ns=taken_ns)]


def waiting(outbox: Outbox, market_ns: int = 0) -> list[object]:
    return [message for parcel in outbox.take(1 << 30, market_ns) for message in parcel.messages]


def test_market_data_is_conflated_from_the_half_on_and_the_newest_stays() -> None:
    """Dropped are exactly those that a newer one of their pool replaces; the soft mark is told once."""
    outbox = Outbox(of_ten(MARKET))
    lists = [swaps(number % 2 + 1, price=(1 << 96) + number) for number in range(8)]
    assert offered(outbox, *lists) == [Pressure.NONE] * 5 + [Pressure.SLOW] + [Pressure.NONE] * 2
    assert outbox.dropped_superseded + outbox.waiting == 8
    left = waiting(outbox)
    assert left[-2:] == [*lists[6], *lists[7]]
    assert len(left) == 8 - outbox.dropped_superseded


def test_what_no_newer_message_replaces_fills_the_queue_and_the_consumer_is_cut_off() -> None:
    outbox = Outbox(of_ten(MARKET))
    pressures = offered(outbox, *(swaps(number) for number in range(1, 12)))
    assert pressures[-1] is Pressure.FULL
    assert outbox.dropped_superseded == 0


def test_every_dropped_message_keeps_its_sequence_covered() -> None:
    outbox = Outbox(of_ten(MARKET))
    offered(outbox, *([*swaps(1), completed((number, 0))] for number in range(5)))
    taken = outbox.take(1 << 30, 0)
    assert [(one.first, one.next) for one in taken] == [(first, first + 2) for first in range(1, 11, 2)]


def test_signals_are_dropped_and_counted_once_their_time_is_over() -> None:
    """By the market clock, at the moment of sending; one exactly as old as it may be still goes."""
    outbox = Outbox(SIGNAL, ttl_ns=10)
    offered(outbox, [signal(1), signal(2), signal(3)])
    assert waiting(outbox, DAY_NS + 12) == [signal(2), signal(3)]
    assert outbox.dropped_expired == 1


def test_execution_is_never_dropped_and_a_full_queue_cuts() -> None:
    outbox = Outbox(of_ten(EXECUTION))
    pressures = offered(outbox, *(swaps(1) for _ in range(11)))
    assert pressures == [Pressure.NONE] * 5 + [Pressure.SLOW] + [Pressure.NONE] * 4 + [Pressure.FULL]
    assert len(waiting(outbox)) == 11


def test_what_a_consumer_missed_does_not_count_against_it() -> None:
    outbox = Outbox(of_ten(EXECUTION))
    outbox.load(filled(ring(), *(swaps(1) for _ in range(30))))
    assert offered(outbox, *(swaps(1) for _ in range(5))) == [Pressure.NONE] * 5
    assert len(waiting(outbox)) == 35
    assert offered(outbox, *(swaps(1) for _ in range(11)))[-1] is Pressure.FULL


def test_as_much_is_taken_as_was_asked_for_but_one_at_least() -> None:
    outbox = Outbox(MARKET)
    (first, *_) = filled(ring(), swaps(1))
    offered(outbox, *(swaps(1) for _ in range(4)))
    assert len(outbox.take(1, 0)) == 1
    assert len(outbox.take(2 * len(first.frames), 0)) == 2
    assert len(outbox.take(1 << 20, 0)) == 1
    assert not outbox
