"""Links between processes: signs of life, gaps and how they are closed.

A link counts what it carries, for each domain from 0 at the relay's start; `boot_id` tells one start from the next.
"""

from __future__ import annotations

import enum

from alphapulse.data.wire import NAME, SENTENCE, U32, U64, Choice, Domain, Many, Record, Source, message, record, wire


@message(type=100, domain=Domain.SYSTEM)
class Heartbeat:
    """A relay is alive. Every value is valid: a first start may have boot id 0, an idle relay has sent nothing yet."""

    boot_id: int = wire(U64, "the relay's start")
    next_sequence: int = wire(U64, "link sequence of the next message; a consumer that expects less has a gap")


class RecoveryKind(enum.IntEnum):
    """How a consumer wants a gap to be closed."""

    RETRANSMISSION = 1
    SNAPSHOT = 2


@message(type=110, domain=Domain.SYSTEM)
class RecoveryRequest:
    """A consumer missed messages: those from `first_sequence` to before `next_sequence`."""

    consumer: str = wire(NAME)
    boot_id: int = wire(U64, "the relay's start that the sequences count from")
    first_sequence: int = wire(U64, "first link sequence that is missing")
    next_sequence: int = wire(U64, "first link sequence that is there again")
    kind: RecoveryKind = wire(Choice(RecoveryKind))


class RecoveryOutcome(enum.IntEnum):
    """What a relay does about a gap."""

    RETRANSMISSION = 1
    SNAPSHOT = 2
    TOO_OLD = 3
    REFUSED = 4


@message(type=111, domain=Domain.SYSTEM)
class RecoveryResponse:
    """The answer to a RecoveryRequest; what it promises follows."""

    consumer: str = wire(NAME, "who asked")
    boot_id: int = wire(U64, "the relay's start that the sequences count from")
    outcome: RecoveryOutcome = wire(Choice(RecoveryOutcome))
    first_sequence: int = wire(U64, "first link sequence that is sent again, or that follows the snapshot")
    next_sequence: int = wire(U64, "first link sequence that is not sent again")
    messages: int = wire(U32, "messages that follow, or chunks of the snapshot")
    text: str = wire(SENTENCE, "why it was refused; empty if it was not")


@record
class PublisherPosition:
    """How far one publisher has come."""

    source: Source = wire(Choice(Source))
    next_sequence: int = wire(U64, "sequence that its next frame will bear")


@message(type=112, domain=Domain.SYSTEM)
class SequenceSync:
    """How far a relay and its publishers have come: where a new consumer begins to count."""

    domain: Domain = wire(Choice(Domain))
    boot_id: int = wire(U64, "the relay's start")
    next_sequence: int = wire(U64, "link sequence of the next message")
    publishers: tuple[PublisherPosition, ...] = wire(Many(Record(PublisherPosition), 64))
