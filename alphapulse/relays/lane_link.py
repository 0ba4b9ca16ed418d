"""One lane of a relay in another process: the connection to it, made again whenever it is lost."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import trio

from alphapulse import __version__
from alphapulse.data.links import (
    Lane,
    LinkAcknowledgement,
    LinkCondition,
    LinkHello,
    LinkStatus,
    RelayReport,
)
from alphapulse.data.services import Error
from alphapulse.errors import AlphaPulseError, PeerRefused, ProtocolError
from alphapulse.relays.applied_marks import AppliedMarks
from alphapulse.relays.engagement import Unit
from alphapulse.relays.flow import Flow
from alphapulse.relays.link_end import TICK_S, LinkEnd, link_bytes, link_ns
from alphapulse.relays.link_events import stream_status
from alphapulse.relays.link_greeting import greet
from alphapulse.relays.link_terms import Connect, LinkTerms
from alphapulse.relays.relay import Relay
from alphapulse.rules.links.batch import Batch, BatchReader
from alphapulse.rules.links.build import registry_hash
from alphapulse.rules.links.delivery import Pressure, delivery_of, lane_of
from alphapulse.rules.links.expiry import is_expired
from alphapulse.rules.links.identity import SeenMessages
from alphapulse.rules.links.outbox import Outbox
from alphapulse.rules.links.parcel import Parcel, pieces
from alphapulse.rules.links.receiver import Change, Receiver, ReceiverCounts
from alphapulse.rules.links.ring import Ring
from alphapulse.rules.links.sender import Sender
from alphapulse.rules.wire.frame import decode_messages, encode_messages
from alphapulse.transport.byte_link import ByteLink

__all__ = ["Connect", "LaneLink", "LinkTerms"]

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5


class LaneLink:
    """Carries one lane between a relay and the local hub, in both directions.

    What is published waits in a ring while the relay is away. Of an acknowledged lane everything stays there until the
    relay has acknowledged it; `seen` keeps what comes twice from being applied twice.
    """

    def __init__(self, hub: Relay, connect: Connect, lane: Lane, terms: LinkTerms, seen: SeenMessages) -> None:
        self.lane = lane
        self.receiver = Receiver()
        self.end: LinkEnd | None = None
        self.report: RelayReport | None = None
        self.reconnects = 0
        self._expired = 0
        self._superseded = 0
        self._hub = hub
        self._connect = connect
        self._terms = terms
        self._seen = seen
        self._delivery = delivery_of(hub.domain, lane)
        self._ttl_ns = terms.signal_ttl_ns if self._delivery.expires else None
        self._ring = Ring(terms.boot_id, lane, self._delivery)
        if self._delivery.acknowledged:
            self._ring.keep_from = 1
        self._marks = AppliedMarks()
        self._away = Unit(terms.engagement.flow)
        self._numbers = 0
        self._pause_s = FIRST_PAUSE_S
        self._changed = trio.lowlevel.ParkingLot()

    @property
    def condition(self) -> LinkCondition:
        """How what the relay sends comes."""
        return self.receiver.condition

    @property
    def counts(self) -> ReceiverCounts:
        """What was met in what the relay sent."""
        return self.receiver.counts

    @property
    def connected(self) -> bool:
        """True while there is a connection on which the relay has welcomed us."""
        return self.end is not None

    @property
    def unacknowledged(self) -> int:
        """Messages that were published and that the relay has not acknowledged."""
        return self._ring.next - (self._ring.keep_from or self._ring.next)

    @property
    def expired(self) -> int:
        """Messages that were not sent, or not handed on, because their time to live was over."""
        return self._expired + (0 if self.end is None else self.end.sender.outbox.dropped_expired)

    @property
    def _dropped(self) -> int:
        """Messages that were left out, for any reason."""
        superseded = 0 if self.end is None else self.end.sender.outbox.dropped_superseded
        return self.expired + self._superseded + superseded

    def publish(self, messages: Sequence[object]) -> None:
        """Send messages up. Raises RelayError if they cannot be kept until they are acknowledged."""
        terms = self._terms
        counted, now_ns, market_ns = terms.engagement.counts, terms.now_ns(), terms.market_ns()
        for piece in pieces(messages):
            frames = encode_messages(piece, source=terms.source, first_sequence=self._numbers, timestamp_ns=now_ns)
            parcel = self._ring.add(piece, frames, counted=counted, taken_ns=market_ns)
            self._numbers += len(piece)
            if self.end is None:
                self._away.set(self._away.is_open or counted)
            else:
                self._offer(self.end, parcel)
        if self.end is not None:
            self.end.offered()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled; ready once the relay has welcomed us."""
        if self._terms.durable:
            self._terms.engagement.flow.watch(self._advance)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep_time)
                nursery.start_soon(self._keep_connected)
                await self.wait_connected()
                task_status.started()
        finally:
            self._away.set(False)
            if self._terms.durable:
                self._terms.engagement.flow.unwatch(self._advance)

    async def wait_connected(self) -> None:
        """Return as soon as the relay has welcomed us and given us what we lack."""
        while self.end is None or not self.receiver.expected:
            await self._changed.park()

    async def wait_acknowledged(self) -> None:
        """Return as soon as all that was published so far has been acknowledged."""
        upto = self._ring.next
        while (self._ring.keep_from or upto) < upto:
            await self._changed.park()

    async def deliver(self, end: LinkEnd, batches: Sequence[Batch]) -> None:
        """Hand what came to the local hub, in order."""
        end.engage(batches)
        changes = self.receiver.drain_changes()
        self._tell(change for change in changes if change.condition is not LinkCondition.OK)
        frames = b"".join(batch.frames for batch in batches)
        try:
            decoded = decode_messages(frames, domain=self._hub.domain)
        except ProtocolError:
            self.receiver.refuse(batches)
            raise
        messages = self._fresh(decoded)
        if messages:
            if self._terms.on_control is not None and self.lane is Lane.CONTROL:
                self._terms.on_control(messages)
            with _under_way(self._terms.engagement.flow):  # while `before` waits, others may come to rest
                if self._terms.before is not None and self.lane is Lane.DATA:
                    await self._terms.before(messages)
                self._hub.publish(messages)
        if self._terms.durable:
            self._marks.add(self.receiver.expected, self._hub.subscriptions, messages)
            self._advance()
        self._tell(change for change in changes if change.condition is LinkCondition.OK)
        self._changed.unpark_all()

    def snapshot_for(self, end: LinkEnd) -> None:
        """The relay lacks what is no longer kept: it gets our state, and what follows."""
        start = self._ring.next if self._delivery.conflates else self._ring.first
        publishes = self._ring.next > 1  # who never published has no state that is its own to tell
        state = self._of_lane(self._terms.snapshot()) if publishes and self._terms.snapshot is not None else []
        frames = encode_messages(state, source=self._terms.source, first_sequence=0, timestamp_ns=self._terms.now_ns())
        end.sender.restart(start, state, frames)

    def told(self, end: LinkEnd, message: object) -> None:
        """The relay said something else."""
        match message:
            case LinkAcknowledgement():
                if self._ring.keep_from is not None and message.boot_id == self._ring.boot_id:
                    self._ring.keep_from = max(self._ring.keep_from, min(message.applied, self._ring.next))
                    self._ring.forget_before(self._ring.keep_from)
                    self._changed.unpark_all()
            case RelayReport():
                self.report = message
            case LinkStatus():
                self._tell_left_out(message)
            case Error():
                end.cut(message.text)

    def applied(self, end: LinkEnd) -> int:
        """How far all that came has been applied."""
        return self._marks.applied if self._terms.durable else self.receiver.expected

    def ticked(self, end: LinkEnd) -> None:
        """The lane's own task keeps its time."""

    async def _keep_time(self) -> None:
        while True:
            await trio.sleep(TICK_S)
            self.receiver.tick(link_ns())
            self._tell(self.receiver.drain_changes())

    async def _keep_connected(self) -> None:
        terms = self._terms
        while True:
            if terms.durable:
                await self._hub.wait_subscribed()
            try:
                link = await self._connect()
                try:
                    await self._talk(link)
                finally:
                    await link.aclose()
            except AlphaPulseError as problem:
                refused = isinstance(problem, PeerRefused)
                self._notice(LinkCondition.REFUSED if refused else LinkCondition.LOST, 0, 0, str(problem))
            self.reconnects += 1
            pause_s, self._pause_s = self._pause_s, min(LONGEST_PAUSE_S, 2 * self._pause_s)
            await trio.sleep(pause_s * (1 - 0.2 * terms.random.random()))

    async def _talk(self, link: ByteLink) -> None:
        self._take_back()
        reader = BatchReader()
        first_word = link_bytes([self._hello()], self._terms.boot_id, self._terms.source, self._terms.now_ns())
        sync, known, batches = await greet(link, reader, first_word)
        if sync.boot_id != self.receiver.boot_id:
            self._marks.restart()
        self.receiver.welcome(sync.boot_id, sync.next_sequence, link_ns())
        sender = Sender(self._ring, Outbox(self._delivery, ttl_ns=self._ttl_ns))
        terms = self._terms
        end = LinkEnd(
            link, self, sender, self.receiver, name=terms.service, source=terms.source,
            engagement=terms.engagement, now_ns=terms.now_ns, market_ns=terms.market_ns,
        )  # fmt: skip
        if known.boot_id != self._ring.boot_id or not known.received or not sender.resume(known.received):
            self.snapshot_for(end)
        self.end, self._pause_s = end, FIRST_PAUSE_S
        end.offered()
        self._away.set(False)
        self._changed.unpark_all()
        try:
            await end.run(reader, batches)
        finally:
            self.end = None
            self._expired += sender.outbox.dropped_expired
            self._superseded += sender.outbox.dropped_superseded

    def _hello(self) -> LinkHello:
        terms, topics = self._terms, self._terms.topics
        return LinkHello(
            service=terms.service,
            build=__version__,
            registry=registry_hash(),
            boot_id=terms.boot_id,
            domain=self._hub.domain,
            lane=self.lane,
            durable=terms.durable,
            types=topics.type_numbers,
            instruments=None if topics.instruments is None else tuple(topics.instruments),
            venues=None if topics.venues is None else tuple(sorted(topics.venues)),
            relay_boot_id=self.receiver.boot_id if self.receiver.expected else 0,
            next_sequence=self.receiver.expected,
        )

    def _offer(self, end: LinkEnd, parcel: Parcel) -> None:
        """A relay that takes less than is published gets market data's newest state, and the rest on a new link."""
        pressure = end.sender.offer(parcel)
        if pressure is Pressure.SLOW:
            self._notice(LinkCondition.SLOW, 0, 0, end.sender.outbox.slow_text)
        elif pressure is Pressure.FULL and self._delivery.conflates:
            self.snapshot_for(end)
        elif pressure is Pressure.FULL:
            end.cut("the relay does not take what is published")

    def _fresh(self, messages: list[object]) -> list[object]:
        """The messages without those that were applied before, or that came too late."""
        if self._ttl_ns is not None:
            market_ns, ttl_ns = self._terms.market_ns(), self._ttl_ns
            live = [message for message in messages if not is_expired(message, market_ns, ttl_ns, market_ns)]
            self._expired += len(messages) - len(live)
            messages = live
        if self._delivery.conflates:
            return messages  # a state that comes twice is the same state
        return [message for message in messages if self._seen.add(message)]

    def _advance(self) -> None:
        """Local consumers have dealt with something: acknowledge it, or have it come again if one of them left."""
        moved = self._marks.advance()
        if self.end is not None:
            if self._marks.broken:
                self.end.cut("a consumer left before it had applied what it was given")
            elif moved:
                self.end.acknowledge_soon()

    def _take_back(self) -> None:
        """What was given to a consumer that left comes again on the next connection."""
        if self._marks.broken:
            for message in self._marks.take_back():
                self._seen.forget(message)
            self.receiver.rewind(self._marks.applied)

    def _of_lane(self, messages: Iterable[object]) -> list[object]:
        return [message for message in messages if lane_of(message) is self.lane]

    def _tell(self, changes: Iterable[Change]) -> None:
        for change in changes:
            status = stream_status(change, self._terms.relay, self._terms.market_ns(), self.receiver.expected)
            if self._delivery.conflates and self._terms.topics.wants(status):
                self._hub.publish([status])
            self._notice(change.condition, change.first, change.next, change.text)

    def _tell_left_out(self, status: LinkStatus) -> None:
        """The relay left out messages because we are slow: consumers see a gap, and that it will not be closed."""
        left_out = Change(LinkCondition.GAP, self.receiver.expected, self.receiver.expected, status.text)
        self._tell([left_out, Change(self.receiver.condition, *left_out[1:3], "what follows is newer")])

    def _notice(self, condition: LinkCondition, first: int, end: int, text: str) -> None:
        terms = self._terms
        logger.info("link to the relay %s (%s): %s, %s", terms.relay, self.lane.name, condition.name, text)
        if terms.on_notice is not None:
            domain, peer = self._hub.domain, terms.relay
            terms.on_notice(
                LinkStatus(peer, domain, peer, condition, first, end, self._dropped, text[:256], terms.now_ns())
            )


@contextmanager
def _under_way(flow: Flow) -> Iterator[None]:
    flow.begin()
    try:
        yield
    finally:
        flow.finish()
