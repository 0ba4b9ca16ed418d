"""Delivery classes: what a relay may do with a message that a consumer has not taken yet."""

from __future__ import annotations

import enum

import attrs

from alphapulse.data.halts import HaltChange
from alphapulse.data.links import Lane
from alphapulse.data.registry import MESSAGES
from alphapulse.data.wire import Domain

CONTROL_NUMBERS = (73, 74, 75, 76)
"""HaltChange and the reports of halts: they travel on the control lane."""

CONTROL_TYPES: frozenset[type] = frozenset({HaltChange, *(MESSAGES[n] for n in CONTROL_NUMBERS if n in MESSAGES)})

MIB = 1_048_576


class Pressure(enum.Enum):
    """How full a consumer's queue is."""

    NONE = 0
    SLOW = 1
    """It has just passed the half."""
    FULL = 2
    """It holds no more: the consumer is cut off."""


@attrs.frozen
class Delivery:
    """How one lane of a domain treats its consumers. Queue and ring are bounded by messages and by bytes.

    - `conflates`: under pressure, a message is left out if a newer one says the same (market data).
    - `expires`: a message is not sent once its time to live is over, by the market clock (signals).
    - `acknowledged`: a publisher keeps a message until it is acknowledged, and nobody applies it twice (execution).
    """

    queue_messages: int
    queue_bytes: int
    ring_messages: int
    ring_bytes: int
    conflates: bool = False
    expires: bool = False
    acknowledged: bool = False


MARKET = Delivery(16_384, 16 * MIB, 16_384, 16 * MIB, conflates=True)
SIGNAL = Delivery(4_096, 16 * MIB, 4_096, 16 * MIB, expires=True)
EXECUTION = Delivery(16_384, 32 * MIB, 65_536, 64 * MIB, acknowledged=True)
CONTROL = Delivery(1_024, 8 * MIB, 4_096, 16 * MIB, acknowledged=True)

_OF_DOMAIN = {Domain.MARKET_DATA: MARKET, Domain.SIGNAL: SIGNAL, Domain.EXECUTION: EXECUTION}


def delivery_of(domain: Domain, lane: Lane = Lane.DATA) -> Delivery:
    """The class of a relay's lane."""
    return CONTROL if lane is Lane.CONTROL else _OF_DOMAIN[domain]


def lanes_of(domain: Domain) -> tuple[Lane, ...]:
    """The lanes of a relay: halts are execution's, and have one of their own."""
    return (Lane.DATA, Lane.CONTROL) if domain is Domain.EXECUTION else (Lane.DATA,)


def lane_of(message: object) -> Lane:
    """The lane on which a message travels."""
    return Lane.CONTROL if type(message) in CONTROL_TYPES else Lane.DATA
