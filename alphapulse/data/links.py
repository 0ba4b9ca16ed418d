"""Links between processes: who is there, signs of life, gaps and how they are closed, what came of it all.

A sender counts the messages of each lane from 1; `boot_id` tells one start of it from the next. A sequence that is
`next` is the first that has not been sent, or not been taken in.
"""

from __future__ import annotations

import enum

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import (
    BOOLEAN,
    HASH,
    NAME,
    SENTENCE,
    U8,
    U16,
    U32,
    U64,
    Choice,
    Domain,
    Many,
    Maybe,
    Record,
    Source,
    message,
    record,
    wire,
)


class Lane(enum.IntEnum):
    """What a batch on a link belongs to. CONTROL (halts) has a connection of its own: it waits behind nothing."""

    LINK = 0
    DATA = 1
    CONTROL = 2


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


@message(type=109, domain=Domain.SYSTEM)
class LinkHello:
    """The first word on a link, by the process that connected: who it is, what it wants and what it has already."""

    service: str = wire(NAME, "identity; a second link under the same name takes the first one's place")
    build: str = wire(NAME, "version of the program")
    registry: bytes = wire(HASH, "SHA-256 over the wire form of every message that it knows")
    boot_id: int = wire(U64, "the sender's start: its own sequences count from it")
    domain: Domain = wire(Choice(Domain), "of the relay that it means to speak to")
    lane: Lane = wire(Choice(Lane), "which lane this connection carries")
    durable: bool = wire(BOOLEAN, "1 if what it applies is acknowledged, and has to be kept for it until then")
    types: tuple[int, ...] | None = wire(Maybe(Many(U8, 255)), "wanted message types; absent: all")
    instruments: tuple[InstrumentId, ...] | None = wire(Maybe(Many(Record(InstrumentId), 2048)), "absent: all")
    venues: tuple[int, ...] | None = wire(
        Maybe(Many(U16, 512)), "wanted venues, a chain stands for all on it; absent: all"
    )
    relay_boot_id: int = wire(U64, "the relay's start from which it knows `next_sequence`; 0: none")
    next_sequence: int = wire(U64, "first sequence of that start that it has not taken in")


@message(type=118, domain=Domain.SYSTEM)
class LinkAcknowledgement:
    """How far a receiver has come with a lane; each number is the first sequence of which that is not true."""

    boot_id: int = wire(U64, "start of the sender whose sequences these are; 0: nothing is known of it")
    received: int = wire(U64, "taken in")
    applied: int = wire(U64, "dealt with by every consumer that counts: it may be forgotten")
    settled: int = wire(U64, "nothing that came of it is on its way any more")


class LinkCondition(enum.IntEnum):
    """What happened to a link."""

    OK = 1
    GAP = 2
    STALE = 3
    RESET = 4
    SLOW = 5
    CUT = 6
    REFUSED = 7
    LOST = 8


@message(type=117, domain=Domain.SYSTEM)
class LinkStatus:
    """A link changed its condition, as one of its ends saw it."""

    relay: str = wire(NAME)
    domain: Domain = wire(Choice(Domain))
    peer: str = wire(NAME, "the service at the other end, as far as it is known")
    condition: LinkCondition = wire(Choice(LinkCondition))
    first_sequence: int = wire(U64, "of a gap: first that is missing")
    next_sequence: int = wire(U64, "of a gap: first that is there again; else the next that is expected")
    dropped: int = wire(U64, "messages that this link has left out so far")
    text: str = wire(SENTENCE, "what happened, in words")
    at_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


@record
class ConsumerReport:
    """One connection to a relay."""

    service: str = wire(NAME)
    peer: str = wire(NAME, "who is at the other end, as the transport proved it")
    lane: Lane = wire(Choice(Lane))
    durable: bool = wire(BOOLEAN)
    connected: bool = wire(BOOLEAN, "0: a durable consumer that is waited for")
    condition: LinkCondition = wire(Choice(LinkCondition))
    since_ns: int = wire(U64, "wall clock of the connection", unit="ns since 1970 UTC")
    sent: int = wire(U64, "messages")
    waiting: int = wire(U32, "messages that wait to be sent")
    lag: int = wire(U64, "messages that it has not taken in")
    unapplied: int = wire(U64, "messages that it has not acknowledged as applied; 0 if it is not durable")
    dropped_superseded: int = wire(U64, "messages left out because a newer one says the same")
    dropped_expired: int = wire(U64, "messages left out because their time to live was over")
    resent: int = wire(U64, "messages sent again to close gaps")
    snapshots: int = wire(U32, "snapshots that it was given")
    published: int = wire(U64, "messages that it published here")
    gaps: int = wire(U32, "gaps in what it published")


@message(type=119, domain=Domain.SYSTEM)
class RelayReport:
    """A relay's statistics since its start."""

    relay: str = wire(NAME)
    domain: Domain = wire(Choice(Domain))
    boot_id: int = wire(U64, "the relay's start")
    started_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")
    at_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")
    published: int = wire(U64, "messages")
    refused: int = wire(U64, "messages that it does not carry")
    next_sequence: int = wire(U64, "of the data lane")
    ring_messages: int = wire(U32, "kept to be sent again")
    ring_bytes: int = wire(U64)
    cuts: int = wire(U32, "consumers cut off")
    dropped: int = wire(U64, "messages left out for consumers, of those that have gone too")
    consumers: tuple[ConsumerReport, ...] = wire(Many(Record(ConsumerReport), 128))
