"""What is known of the readers of a NATS relay."""

from __future__ import annotations

from alphapulse.data.links import LinkAcknowledgement
from alphapulse.relays.nats_readers import NatsReaders


def test_a_reader_lacks_what_was_published_and_did_not_come_to_it() -> None:
    """Publishers are told apart by their starts; of one that nobody knows any more nothing is lacking."""
    readers = NatsReaders(1, waited=("engine",), durable=())
    before = readers.taken_of_all("engine", {5: 10})
    told = [LinkAcknowledgement(boot, received, received, received) for boot, received in ((5, 8), (6, 0), (7, 3))]
    readers.hear_of_all("engine", told)
    readers.hear_of_all("stranger", told)
    assert (before, readers.taken_of_all("engine", {5: 10, 6: 4})) == ((0, 0), (9, 5))
    assert readers.taken_of_all("stranger", {5: 10}) == (0, 0)
