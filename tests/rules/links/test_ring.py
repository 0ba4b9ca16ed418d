"""The ring keeps the newest within its bounds, and never drops what somebody still needs."""

from __future__ import annotations

import attrs
import pytest

from alphapulse.errors import RelayError
from alphapulse.rules.links.delivery import EXECUTION, MARKET
from tests.rules.links.link_samples import filled, frames, ring, swaps

SMALL = attrs.evolve(MARKET, ring_messages=10)


def test_sequences_count_messages_from_one() -> None:
    kept = ring()
    assert [(one.first, one.next) for one in filled(kept, swaps(1), swaps(1, 2, 3), swaps(4))] == [
        (1, 2),
        (2, 5),
        (5, 6),
    ]
    assert (kept.first, kept.next, kept.messages) == (1, 6, 5)


def test_what_is_kept_can_be_had_from_any_sequence_on() -> None:
    kept = ring(SMALL)
    for _ in range(2_000):
        filled(kept, swaps(1, 2, 3))
    assert (kept.messages, kept.first, kept.next) == (9, 5_992, 6_001)
    assert kept.since(5_991) is kept.since(6_002) is None
    assert [one.first for one in kept.since(5_992) or ()] == [5_992, 5_995, 5_998]
    assert [one.first for one in kept.since(5_995) or ()] == [5_995, 5_998]
    assert kept.since(6_001) == []


def test_the_oldest_goes_when_the_bytes_are_too_many() -> None:
    size = len(frames(swaps(1)))
    kept = ring(attrs.evolve(MARKET, ring_bytes=3 * size))
    filled(kept, *(swaps(1) for _ in range(5)))
    assert (kept.first, kept.bytes) == (3, 3 * size)


def test_what_is_not_acknowledged_stays_and_no_more_is_taken() -> None:
    kept = ring(attrs.evolve(EXECUTION, ring_messages=4))
    kept.keep_from = 3
    filled(kept, swaps(1), swaps(1), swaps(1), swaps(1))
    filled(kept, swaps(1))
    with pytest.raises(RelayError, match="from sequence 3 on are not acknowledged"):
        filled(kept, swaps(1), swaps(1), swaps(1))
    kept.keep_from = 6
    filled(kept, swaps(1), swaps(1))
    assert kept.next == 9


def test_what_is_forgotten_is_given_back() -> None:
    kept = ring()
    parcels = filled(kept, swaps(1), swaps(1, 2), swaps(3))
    assert kept.forget_before(4) == parcels[:2]
    assert (kept.first, kept.messages) == (4, 1)
