"""What a process publishes on one lane of a NATS relay: into the stream, and until its readers are done with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

import trio

from alphapulse.data.links import ConsumerReport, Lane, LinkAcknowledgement, LinkCondition
from alphapulse.data.wire import Domain
from alphapulse.relays.engagement import Unit
from alphapulse.relays.lane_link import LinkTerms
from alphapulse.relays.link_end import link_ns
from alphapulse.relays.nats_publisher import MORE, START
from alphapulse.relays.nats_readers import NatsReaders
from alphapulse.rules.links.delivery import Pressure, delivery_of, lane_of
from alphapulse.rules.links.outbox import Outbox
from alphapulse.rules.links.ring import Ring
from alphapulse.rules.links.sender import Sender
from alphapulse.rules.wire.frame import encode_messages
from alphapulse.transport.jetstream import JetStream

WRITE_BYTES = 65_536
"""Frames put into one message, if that many wait; a larger list is one batch in several messages."""

HEADROOM_BYTES = 1_024
"""What a message's headers may take of the server's limit."""


class NatsOutflow:
    """Keeps what is published until it is stored, and on acknowledged lanes until all durable readers have applied it.

    `subject` is the stream's, to which a message adds whether a batch begins with it.
    """

    def __init__(self, domain: Domain, lane: Lane, terms: LinkTerms, readers: NatsReaders, subject: str) -> None:
        self.stored = 1
        """The first sequence that is not in the stream."""
        self._lane = lane
        self._terms = terms
        self._readers = readers
        self._subject = subject
        self._delivery = delivery_of(domain, lane)
        self._ttl_ns = terms.signal_ttl_ns if self._delivery.expires else None
        self._ring = Ring(terms.boot_id, lane, self._delivery)
        if self._delivery.acknowledged:
            self._ring.keep_from = 1
        self._sender: Sender | None = None
        self._counted_next = 0
        self._unit = Unit(terms.engagement.flow)
        self._numbers = 0
        self._sessions = 0
        self._nudge = trio.Event()
        self._changed = trio.lowlevel.ParkingLot()

    @property
    def next(self) -> int:
        """The sequence of what is published next."""
        return self._ring.next

    @property
    def ring_messages(self) -> int:
        """Messages that are kept to be sent again."""
        return self._ring.messages

    @property
    def ring_bytes(self) -> int:
        """Bytes that are kept to be sent again."""
        return self._ring.bytes

    @property
    def acknowledged(self) -> int:
        """The first sequence that is not stored, or not applied by all durable readers."""
        return max(min(self._readers.applied(self.stored), self.stored), self._ring.keep_from or 0)

    def publish(self, messages: Sequence[object]) -> bool:
        """Send messages to the stream. False if they cannot be taken, and the connection should be given up.

        Raises:
            RelayError: they cannot be kept until they are acknowledged.
        """
        terms = self._terms
        frames = encode_messages(
            messages, source=terms.source, first_sequence=self._numbers, timestamp_ns=terms.now_ns()
        )
        counted = terms.engagement.counts
        parcel = self._ring.add(messages, frames, counted=counted, taken_ns=terms.market_ns())
        self._numbers += len(messages)
        if counted:
            self._counted_next = parcel.next
            self.settle()
        if self._sender is None:
            return True
        if self._sender.offer(parcel) is Pressure.FULL:
            if not self._delivery.conflates:
                return False
            self._send_state(self._sender, self._ring.next)
        self._nudge.set()
        return True

    async def send(self, streams: JetStream) -> NoReturn:
        """On a new connection: what the stream lacks, or the state if that is no longer kept, and what follows.

        One message after the other, each stored before the next is sent: meanwhile more gathers for it.
        """
        self._sessions += 1
        self._sender = sender = Sender(self._ring, Outbox(self._delivery, ttl_ns=self._ttl_ns))
        if not sender.resume(self.stored):
            self._send_state(sender, self._ring.next if self._delivery.conflates else self._ring.first)
        streams.connection.on_failure(self._nudge_sender)
        try:
            while True:
                await self._send_next(sender, streams)
        finally:
            self._sender = None

    def answer(self) -> None:
        """Somebody lacks our state: it is sent behind what was sent so far."""
        if self._sender is not None:
            self._send_state(self._sender, self._sender.next)

    def hear(self, service: str, told: LinkAcknowledgement) -> None:
        """A reader has told how far it has come."""
        if self._readers.hear(service, told, link_ns()):
            self.settle()

    def settle(self) -> None:
        """Something was stored, a reader has come further, or time has passed."""
        if self._ring.keep_from is not None:
            self._ring.keep_from = self.acknowledged
            self._ring.forget_before(self._ring.keep_from)
        self._unit.set(self._counted_next > self._readers.settled(self.stored, link_ns()))
        self._changed.unpark_all()

    def hear_of_all(self, service: str, told: Sequence[LinkAcknowledgement]) -> None:
        """A reader has told how far it has come with each publisher."""
        self._readers.hear_of_all(service, told)

    def consumers(self, positions: Mapping[int, int]) -> Iterator[ConsumerReport]:
        """The readers that count. `positions`: the first sequence that each publisher's start has not published."""
        lacking = self._readers.lacking(link_ns())
        for name in sorted(self._readers.waited | self._readers.durable):
            told = self._readers.told(name)
            taken, lag = self._readers.taken_of_all(name, positions)
            durable = name in self._readers.durable
            yield ConsumerReport(
                service=name, peer="", lane=self._lane, durable=durable, connected=name not in lacking,
                condition=LinkCondition.LOST if name in lacking else LinkCondition.OK, since_ns=0, sent=taken,
                waiting=0, lag=lag, unapplied=max(0, self._ring.next - told.applied) if durable else 0,
                dropped_superseded=0, dropped_expired=0, resent=0, snapshots=0, published=0, gaps=0,
            )  # fmt: skip

    def close(self) -> None:
        """Nobody waits any more for what was published."""
        self._unit.set(False)

    async def wait_acknowledged(self) -> None:
        """Return as soon as all that was published so far has been acknowledged."""
        upto = self._ring.next
        while self.acknowledged < upto:
            await self._changed.park()

    async def _send_next(self, sender: Sender, streams: JetStream) -> None:
        streams.connection.check()
        batches = sender.take(WRITE_BYTES, self._terms.market_ns())
        if not batches:
            await self._nudge.wait()
            self._nudge = trio.Event()
            return
        upto = sender.next
        data = b"".join(piece for batch in batches for piece in (batch.head(), batch.frames))
        # The same messages bear the same name, so that the server stores them once; a state is another each time.
        name = f"{self._terms.boot_id:x}.{self._lane.name}.{batches[0].first}-{upto}"
        if not batches[0].span:
            name += f".state{self._sessions}.{sender.counts.snapshots}"
        size = streams.connection.info.max_payload - HEADROOM_BYTES
        for at in range(0, len(data), size):
            subject = f"{self._subject}.{MORE if at else START}"
            await streams.publish(subject, data[at : at + size], message_id=f"{name}.{at}")
        self.stored = max(self.stored, upto)
        self.settle()

    def _send_state(self, sender: Sender, start: int) -> None:
        """Send the state, which includes everything before `start`."""
        terms = self._terms
        state = [] if terms.snapshot is None else [one for one in terms.snapshot() if lane_of(one) is self._lane]
        frames = encode_messages(state, source=terms.source, first_sequence=0, timestamp_ns=terms.now_ns())
        sender.restart(start, state, frames)
        self._nudge.set()

    def _nudge_sender(self) -> None:
        self._nudge.set()
