"""A relay for other processes: serves a hub over byte links."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence

import attrs
import trio

from alphapulse.data.links import (
    ConsumerReport,
    Lane,
    LinkAcknowledgement,
    LinkCondition,
    LinkHello,
    LinkStatus,
    RelayReport,
    SequenceSync,
)
from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.data.services import Error
from alphapulse.data.wire import Domain, Source
from alphapulse.errors import LinkClosed, PeerRefused, ProtocolError, RelayError
from alphapulse.relays.engagement import Engagement
from alphapulse.relays.link_end import READ_BYTES, LinkEnd, link_bytes, link_ns
from alphapulse.relays.relay import Relay
from alphapulse.rules.links.batch import Batch, BatchReader
from alphapulse.rules.links.build import registry_hash
from alphapulse.rules.links.delivery import Pressure, delivery_of, lane_of, lanes_of
from alphapulse.rules.links.outbox import Outbox
from alphapulse.rules.links.parcel import Parcel
from alphapulse.rules.links.receiver import Receiver
from alphapulse.rules.links.ring import Ring
from alphapulse.rules.links.sender import Sender
from alphapulse.rules.links.topics import Topics
from alphapulse.rules.wire.frame import decode_messages, encode_messages
from alphapulse.transport.byte_link import ByteLink

logger = logging.getLogger(__name__)

HELLO_S = 5
"""How long a connection may take to say who it is."""

REPORT_NS = 1_000_000_000
PARCEL_MESSAGES = 4_096
MAX_INBOXES = 256
"""Publishers that are remembered; of more, the one that came first is forgotten, and starts from a snapshot."""

Key = tuple[str, Lane]


@attrs.define(eq=False)
class _Inbox:
    """What a publisher has sent: known over its reconnects, as long as it is of one start."""

    receiver: Receiver = attrs.field(factory=Receiver)
    applied: int = 0
    pending: deque[tuple[int, int]] = attrs.field(factory=deque)
    """(next sequence of the publisher's batch, next sequence of ours behind it): not yet applied by all."""


@attrs.define(eq=False)
class _Peer:
    """One connection."""

    hello: LinkHello
    name: str
    since_ns: int
    sender: Sender
    inbox: _Inbox
    welcome: tuple[object, ...]
    condition: LinkCondition = LinkCondition.OK
    end: LinkEnd | None = None

    @property
    def key(self) -> Key:
        return self.hello.service, self.hello.lane


class RelayServer:
    """Carries what is published on a hub to other processes, and into it what they publish.

    It keeps a ring of each lane for re-requests. `durable` names the consumers that must have applied a message before
    its publisher is told that it is acknowledged; whether they are connected or not, what they lack is kept.
    `snapshot` is the state from which a newcomer starts. `on_notice` is told of consumers that are slow, were cut off
    or refused, and of gaps in what publishers send.

    `serve` is the handler of a listener; the server has no task of its own.
    """

    def __init__(
        self,
        hub: Relay,
        *,
        name: str,
        boot_id: int,
        source: Source,
        engagement: Engagement,
        now_ns: Callable[[], int],
        market_ns: Callable[[], int],
        snapshot: Callable[[], Iterable[object]] | None = None,
        durable: Collection[str] = (),
        signal_ttl_ns: int | None = None,
        on_notice: Callable[[LinkStatus], None] | None = None,
    ) -> None:
        self.hub = hub
        self.name = name
        self._boot_id = boot_id
        self._source = source
        self._engagement = engagement
        self._now_ns = now_ns
        self._market_ns = market_ns
        self._snapshot = snapshot
        self._signal_ttl_ns = signal_ttl_ns
        self._on_notice = on_notice
        self._started_ns = now_ns()
        self._rings = {lane: Ring(boot_id, lane, delivery_of(hub.domain, lane)) for lane in lanes_of(hub.domain)}
        self._applied = {(service, lane): 1 for service in durable for lane in self._rings}
        self._peers: dict[Key, _Peer] = {}
        self._by_end: dict[LinkEnd, _Peer] = {}
        self._inboxes: dict[Key, _Inbox] = {}
        self._streams: dict[str, dict[str, StreamStatus]] = {}
        self._numbers = 0
        self._cuts = 0
        self._dropped = 0
        self._report: RelayReport | None = None
        for lane in self._rings:
            self._keep_unapplied(lane)
        hub.attach(self._carry)

    async def serve(self, link: ByteLink) -> None:
        """Serve one connection until it ends.

        Raises:
            TransportError, ProtocolError: why it ended.
        """
        reader = BatchReader()
        with trio.move_on_after(HELLO_S) as patience:
            hello, batches = await self._read_hello(link, reader)
        if patience.cancelled_caught:
            raise LinkClosed(f"{link.peer.name} did not say who it is within {HELLO_S} s")
        refusal = self._refusal(hello)
        if refusal is not None:
            error = Error(self.name, "PeerRefused", None, None, None, refusal, self._now_ns())
            await link.send_all(link_bytes([error], self._boot_id, self._source, self._now_ns()))
            self._tell(hello.service, LinkCondition.REFUSED, refusal)
            raise PeerRefused(refusal)
        await self._serve(link, hello, reader, batches)

    def report(self) -> RelayReport:
        """Statistics since the start."""
        statistics, ring, waited = self.hub.statistics(), self._rings[Lane.DATA], set(self._applied)
        consumers = [self._consumer(peer) for peer in self._peers.values()]
        consumers += [self._absent(key) for key in sorted(waited - set(self._peers))]
        return RelayReport(
            relay=self.name,
            domain=self.hub.domain,
            boot_id=self._boot_id,
            started_ns=self._started_ns,
            at_ns=self._now_ns(),
            published=statistics.published,
            refused=statistics.refused,
            next_sequence=ring.next,
            ring_messages=ring.messages,
            ring_bytes=ring.bytes,
            cuts=self._cuts,
            dropped=self._dropped + sum(_dropped(peer) for peer in self._peers.values()),
            consumers=tuple(consumers[:128]),
        )

    async def deliver(self, end: LinkEnd, batches: Sequence[Batch]) -> None:
        """Publish what a publisher sent."""
        end.engage(batches)
        peer = self._peer(end)
        frames = batches[0].frames if len(batches) == 1 else b"".join(batch.frames for batch in batches)
        try:
            messages = decode_messages(frames, domain=self.hub.domain)
            if messages:
                self.hub.publish(messages, frames)
        except (ProtocolError, RelayError):
            end.receiver.rewind(batches[0].first)  # nothing of it was carried: it may come again
            raise
        if self.hub.domain is Domain.MARKET_DATA:
            self._note_streams(peer.hello.service, messages)
        if end.sender.outbox.delivery.acknowledged:
            peer.inbox.pending.append((end.receiver.expected, self._rings[end.lane].next))
            end.acknowledge_soon()

    def snapshot_for(self, end: LinkEnd) -> None:
        """What the consumer lacks is no longer kept: it starts anew."""
        ring = self._rings[end.lane]
        delivery = end.sender.outbox.delivery
        self._restart(end.sender, ring.next if delivery.conflates else ring.first)

    def told(self, end: LinkEnd, message: object) -> None:
        """A consumer has acknowledged more, or has not heard our answer and asks again."""
        peer = self._peer(end)
        if isinstance(message, LinkHello):
            for word in peer.welcome:
                end.tell(word)
        elif (
            isinstance(message, LinkAcknowledgement)
            and message.boot_id == self._boot_id
            and message.applied > self._applied.get(peer.key, message.applied)
        ):
            self._applied[peer.key] = message.applied
            self._keep_unapplied(end.lane)
            for other in self._peers.values():
                if other.end is not None and other.inbox.pending:
                    other.end.acknowledge_soon()

    def applied(self, end: LinkEnd) -> int:
        """How far what a publisher sent has been applied by every durable consumer."""
        inbox = self._peer(end).inbox
        if not end.sender.outbox.delivery.acknowledged:
            return end.receiver.expected
        ring = self._rings[end.lane]
        through = ring.next if ring.keep_from is None else ring.keep_from
        while inbox.pending and inbox.pending[0][1] <= through:
            inbox.applied = inbox.pending.popleft()[0]
        return inbox.applied

    def ticked(self, end: LinkEnd) -> None:
        """A moment has passed on a connection."""
        peer = self._peer(end)
        end.receiver.tick(link_ns())
        for change in end.receiver.drain_changes():
            peer.condition = change.condition
            if change.condition is not LinkCondition.OK:
                self._tell(peer.hello.service, change.condition, change.text, change.first, change.next)
        if end.lane is Lane.DATA:
            now_ns = self._now_ns()
            if self._report is None or now_ns - self._report.at_ns >= REPORT_NS:
                self._report = self.report()
                for other in self._peers.values():
                    if other.end is not None and other.hello.lane is Lane.DATA:
                        other.end.tell(self._report)

    async def _read_hello(self, link: ByteLink, reader: BatchReader) -> tuple[LinkHello, list[Batch]]:
        while True:
            data = await link.receive_some(READ_BYTES)
            if not data:
                raise LinkClosed("the other side ended the connection before it had said who it is")
            batches = reader.feed(data)
            for at, batch in enumerate(batches):
                if batch.lane is Lane.LINK:
                    for message in decode_messages(batch.frames):
                        if isinstance(message, LinkHello):
                            return message, batches[at + 1 :]

    def _refusal(self, hello: LinkHello) -> str | None:
        """Why a peer is not served, in words; None if it is."""
        if hello.domain is not self.hub.domain:
            wanted, found = hello.domain.name, self.hub.domain.name
            return f"{hello.service} expected a relay of {wanted}, this is {self.name} of {found}; see the topology"
        if hello.lane not in self._rings:
            return f"the relay {self.name} has no lane {hello.lane.name}"
        if hello.durable and (hello.service, hello.lane) not in self._applied:
            return (
                f"{hello.service} is not one of the durable consumers of the relay {self.name}; name it in the topology"
            )
        if self.hub.domain is Domain.EXECUTION and hello.registry != registry_hash():
            return (
                f"{hello.service} is of build {hello.build} with other messages than this relay's; "
                "all processes that trade must be of one build"
            )
        return None

    async def _serve(self, link: ByteLink, hello: LinkHello, reader: BatchReader, batches: list[Batch]) -> None:
        key = (hello.service, hello.lane)
        old = self._peers.pop(key, None)
        if old is not None and old.end is not None:
            old.end.cut("another connection of the same service took this one's place")
        ring = self._rings[hello.lane]
        delivery = delivery_of(self.hub.domain, hello.lane)
        outbox = Outbox(delivery, ttl_ns=self._signal_ttl_ns if delivery.expires else None)
        sender = Sender(ring, outbox, Topics.of_hello(hello))
        inbox = self._inbox(key, hello.boot_id)
        if hello.relay_boot_id != self._boot_id or not sender.resume(hello.next_sequence):
            self._restart(sender, self._applied.get(key, ring.next))
        received = inbox.receiver.expected
        sync = SequenceSync(self.hub.domain, self._boot_id, sender.next, ())
        known = LinkAcknowledgement(inbox.receiver.boot_id if received else 0, received, inbox.applied, received)
        peer = _Peer(hello, link.peer.name, self._now_ns(), sender, inbox, (sync, known))
        peer.end = end = LinkEnd(
            link, self, sender, inbox.receiver, name=self.name, source=self._source,
            engagement=self._engagement, now_ns=self._now_ns, market_ns=self._market_ns,
        )  # fmt: skip
        self._peers[key] = self._by_end[end] = peer
        inbox.receiver.welcome(hello.boot_id, received, link_ns())
        self._speak_for(hello.service, present=True)
        try:
            await link.send_all(link_bytes(peer.welcome, self._boot_id, self._source, self._now_ns()))
            end.offered()
            await end.run(reader, batches)
        finally:
            del self._by_end[end]
            if self._peers.get(key) is peer:
                del self._peers[key]
                self._speak_for(hello.service, present=False)
            self._dropped += _dropped(peer)

    def _carry(self, messages: Sequence[object], frames: bytes | None) -> None:
        """The hub's tap: keep what was published, and offer it to every consumer."""
        if Lane.CONTROL in self._rings and any(lane_of(message) is Lane.CONTROL for message in messages):
            for lane in (Lane.CONTROL, Lane.DATA):
                if chosen := [message for message in messages if lane_of(message) is lane]:
                    self._carry_lane(lane, chosen, None if len(chosen) < len(messages) else frames)
        else:
            self._carry_lane(Lane.DATA, messages, frames)

    def _carry_lane(self, lane: Lane, messages: Sequence[object], frames: bytes | None) -> None:
        counted, market_ns = self._engagement.counts, self._market_ns()
        for piece, encoded in self._pieces(messages, frames):
            parcel = self._rings[lane].add(piece, encoded, counted=counted, taken_ns=market_ns)
            for peer in list(self._peers.values()):
                if peer.hello.lane is lane and peer.end is not None:
                    self._offer(peer, peer.end, parcel)

    def _pieces(self, messages: Sequence[object], frames: bytes | None) -> Iterable[tuple[Sequence[object], bytes]]:
        if frames is not None:
            yield messages, frames
            return
        now_ns = self._now_ns()
        for at in range(0, len(messages), PARCEL_MESSAGES):
            piece = messages[at : at + PARCEL_MESSAGES]
            yield piece, encode_messages(piece, source=self._source, first_sequence=self._numbers, timestamp_ns=now_ns)
            self._numbers += len(piece)

    def _offer(self, peer: _Peer, end: LinkEnd, parcel: Parcel) -> None:
        pressure = peer.sender.offer(parcel)
        if pressure is Pressure.FULL:
            self._cuts += 1
            limit = peer.sender.outbox.delivery.queue_messages
            text = f"more than {limit} messages, or {peer.sender.outbox.delivery.queue_bytes} bytes, waited for it"
            self._tell(peer.hello.service, LinkCondition.CUT, text)
            end.cut(text)
        elif pressure is Pressure.SLOW:
            peer.condition = LinkCondition.SLOW
            self._tell(peer.hello.service, LinkCondition.SLOW, f"{peer.sender.outbox.waiting} messages wait for it")
        end.offered()

    def _restart(self, sender: Sender, start: int) -> None:
        state = (
            []
            if self._snapshot is None
            else [
                message
                for message in self._snapshot()
                if lane_of(message) is sender.ring.lane and sender.topics.wants(message)
            ]
        )
        frames = encode_messages(state, source=self._source, first_sequence=0, timestamp_ns=self._now_ns())
        sender.restart(start, state, frames)

    def _inbox(self, key: Key, boot_id: int) -> _Inbox:
        """What is known of a publisher's start; a new one forgets the one before."""
        inbox = self._inboxes.get(key)
        if inbox is None or inbox.receiver.boot_id != boot_id:
            inbox = _Inbox()
            self._inboxes[key] = inbox
            if len(self._inboxes) > MAX_INBOXES:
                absent = next(one for one in self._inboxes if one not in self._peers)
                del self._inboxes[absent]
        return inbox

    def _keep_unapplied(self, lane: Lane) -> None:
        waited = [applied for (_, of_lane), applied in self._applied.items() if of_lane is lane]
        self._rings[lane].keep_from = min(waited, default=None)

    def _peer(self, end: LinkEnd) -> _Peer:
        return self._by_end[end]

    def _note_streams(self, service: str, messages: Sequence[object]) -> None:
        for message in messages:
            if isinstance(message, StreamStatus):
                self._streams.setdefault(service, {})[message.stream] = message

    def _speak_for(self, service: str, *, present: bool) -> None:
        """The streams of a publisher that is gone are stale, until it is there again."""
        for status in self._streams.get(service, {}).values():
            stale = attrs.evolve(  # type: ignore[misc]  # mypy does not see that @message makes attrs classes
                status, state=StreamState.STALE, reason=f"{service} has left the relay {self.name}"
            )
            if status.state is not StreamState.ENDED:
                self.hub.publish([status if present else stale])

    def _consumer(self, peer: _Peer) -> ConsumerReport:
        hello, sender, counts = peer.hello, peer.sender, peer.inbox.receiver.counts
        durable = peer.key in self._applied
        return ConsumerReport(
            service=hello.service,
            peer=peer.name[:64],
            lane=hello.lane,
            durable=durable,
            connected=True,
            condition=peer.condition,
            since_ns=peer.since_ns,
            sent=sender.counts.sent,
            waiting=sender.outbox.waiting,
            lag=sender.lag,
            unapplied=sender.ring.next - self._applied[peer.key] if durable else 0,
            dropped_superseded=sender.outbox.dropped_superseded,
            dropped_expired=sender.outbox.dropped_expired,
            resent=sender.counts.resent,
            snapshots=sender.counts.snapshots,
            published=counts.messages,
            gaps=counts.gaps,
        )

    def _absent(self, key: Key) -> ConsumerReport:
        unapplied = self._rings[key[1]].next - self._applied[key]
        zeros = dict.fromkeys(
            ("since_ns", "sent", "waiting", "dropped_superseded", "dropped_expired", "resent", "snapshots",
             "published", "gaps"),
            0,
        )  # fmt: skip
        return ConsumerReport(
            service=key[0], peer="", lane=key[1], durable=True, connected=False, condition=LinkCondition.LOST,
            lag=unapplied, unapplied=unapplied, **zeros,
        )  # fmt: skip

    def _tell(self, service: str, condition: LinkCondition, text: str, first: int = 0, end: int = 0) -> None:
        logger.log(
            logging.INFO if condition is LinkCondition.OK else logging.WARNING,
            "relay %s, link to %s: %s, %s", self.name, service, condition.name, text,
        )  # fmt: skip
        if self._on_notice is not None:
            domain = self.hub.domain
            self._on_notice(
                LinkStatus(self.name, domain, service, condition, first, end, self._dropped, text[:512], self._now_ns())
            )


def _dropped(peer: _Peer) -> int:
    return peer.sender.outbox.dropped_superseded + peer.sender.outbox.dropped_expired
