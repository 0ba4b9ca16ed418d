"""What must be forgotten, and why."""

from __future__ import annotations

import enum

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.limits import INSTRUMENTS
from alphapulse.data.wire import NAME, SENTENCE, U64, Choice, Domain, Many, Record, message, wire


class InvalidationReason(enum.IntEnum):
    """Why state can no longer be trusted."""

    DISCONNECTION = 0
    AUTHENTICATION_FAILURE = 1
    RATE_LIMITED = 2
    STALENESS = 3
    MAINTENANCE = 4
    RECOVERY = 5
    GAP = 6
    REORGANISATION = 7


@message(type=19, domain=Domain.MARKET_DATA)
class StateInvalidationReason:
    """One byte: why the instruments of this frame's other messages are not to be trusted."""

    reason: InvalidationReason = wire(Choice(InvalidationReason))


@message(type=106, domain=Domain.SYSTEM)
class StateInvalidation:
    """A stream lost its state: consumers forget the instruments named, or all of the stream's if none is."""

    stream: str = wire(NAME, "the collector's name")
    sequence: int = wire(U64, "messages that the stream had handed over")
    reason: InvalidationReason = wire(Choice(InvalidationReason))
    instruments: tuple[InstrumentId, ...] = wire(Many(Record(InstrumentId), INSTRUMENTS), "none: all of the stream's")
    text: str = wire(SENTENCE, "what happened")
    invalidated_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")
