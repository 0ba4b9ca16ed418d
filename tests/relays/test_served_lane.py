"""How far a lane's consumers have come."""

from __future__ import annotations

from alphapulse.data.links import Lane
from alphapulse.relays.served_lane import ServedLane
from alphapulse.rules.links.delivery import EXECUTION
from tests.journal.journal_samples import intent


def test_nobody_has_applied_what_the_relay_has_not_carried_yet() -> None:
    """Whatever a consumer says: else it would be forgotten unsent, and reports would count below zero."""
    lane = ServedLane(1, Lane.DATA, EXECUTION, ("books",))
    lane.carry([intent(1)], b"", counted=False, market_ns=0)
    lane.acknowledge("books", 2**64 - 1)
    assert lane.applied == {"books": 2}
    assert lane.ring.keep_from == 2
