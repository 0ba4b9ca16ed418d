"""One connection to a relay, at the relay's end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alphapulse.data.links import (
    ConsumerReport,
    LinkAcknowledgement,
    LinkCondition,
    LinkHello,
    LinkStatus,
    SequenceSync,
)
from alphapulse.data.wire import NAME, Domain
from alphapulse.errors import ProtocolError, RelayError
from alphapulse.relays.link_end import LinkEnd, link_ns
from alphapulse.relays.served_lane import ServedLane
from alphapulse.rules.links.batch import Batch
from alphapulse.rules.links.delivery import Pressure
from alphapulse.rules.links.outbox import Outbox
from alphapulse.rules.links.parcel import Parcel
from alphapulse.rules.links.sender import Sender
from alphapulse.rules.links.topics import Topics
from alphapulse.rules.wire.frame import decode_messages


class Host(Protocol):
    """The relay server that a connection belongs to."""

    domain: Domain

    def publish(self, service: str, messages: Sequence[object], frames: bytes) -> None:
        """Carry what a publisher sent. Raises RelayError if that cannot be."""

    def state(self, link: ServedLink) -> tuple[Sequence[object], bytes]:
        """The state that a newcomer starts from, as far as it wants it, and its frames."""

    def tell(self, service: str, condition: LinkCondition, text: str, first: int = 0, end: int = 0) -> None:
        """Something happened to a link that somebody should know."""

    def status(self, service: str, condition: LinkCondition, text: str, *, dropped: int) -> LinkStatus:
        """The same as a message."""

    def tick(self) -> None:
        """A moment has passed."""


class ServedLink:
    """What one consumer is sent, what it sends as a publisher, and how it does."""

    def __init__(
        self, host: Host, hello: LinkHello, peer: str, lane: ServedLane, outbox: Outbox, since_ns: int
    ) -> None:
        self.hello = hello
        self.lane = lane
        self.sender = Sender(lane.ring, outbox, Topics.of_hello(hello))
        self.inbox = lane.inbox(hello.service, hello.boot_id)
        self.condition = LinkCondition.OK
        self.cuts = 0
        self._told_dropped = 0
        self.end: LinkEnd | None = None
        self._host = host
        self._peer = peer
        self._since_ns = since_ns
        if hello.relay_boot_id != lane.ring.boot_id or not self.sender.resume(hello.next_sequence):
            self._restart(self._start())
        self.welcome = self._welcome()
        self.inbox.receiver.welcome(hello.boot_id, self.inbox.receiver.expected, link_ns())

    @property
    def dropped(self) -> int:
        """Messages left out for this consumer."""
        return self.sender.outbox.dropped_superseded + self.sender.outbox.dropped_expired

    def offer(self, parcel: Parcel) -> None:
        """The lane carries one more parcel. A consumer whose queue is full is cut off."""
        pressure, service, outbox = self.sender.offer(parcel), self.hello.service, self.sender.outbox
        if self.dropped != self._told_dropped:
            self._tell_dropped()
        if pressure is Pressure.FULL:
            self.cut(f"more than {outbox.delivery.queue_messages} messages waited for it, or too many bytes")
        elif pressure is Pressure.SLOW:
            self.condition = LinkCondition.SLOW
            self._host.tell(service, LinkCondition.SLOW, outbox.slow_text)
        if self.end is not None:
            self.end.offered()

    def cut(self, reason: str) -> None:
        """End the connection of a consumer that does not keep up; it may come back."""
        if self.condition is not LinkCondition.CUT:
            self.condition = LinkCondition.CUT
            self.cuts += 1
            self._host.tell(self.hello.service, LinkCondition.CUT, reason)
            if self.end is not None:
                self.end.cut(reason)

    def acknowledge_soon(self) -> None:
        """More of what this publisher sent has been applied."""
        if self.end is not None and self.inbox.pending:
            self.end.acknowledge_soon()

    async def deliver(self, end: LinkEnd, batches: Sequence[Batch]) -> None:
        """Publish what came."""
        end.engage(batches)
        frames = batches[0].frames if len(batches) == 1 else b"".join(batch.frames for batch in batches)
        try:
            if messages := decode_messages(frames, domain=self._host.domain):
                self._host.publish(self.hello.service, messages, frames)
        except (ProtocolError, RelayError):
            end.receiver.refuse(batches)  # nothing of it was carried
            raise
        if self.lane.delivery.acknowledged:
            self.inbox.pending.append((end.receiver.expected, self.lane.ring.next))
            end.acknowledge_soon()

    def snapshot_for(self, end: LinkEnd) -> None:
        """What the consumer lacks is no longer kept."""
        ring = self.lane.ring
        self._restart(ring.next if self.lane.delivery.conflates else ring.first)

    def told(self, end: LinkEnd, message: object) -> None:
        """The consumer has acknowledged more, or has not heard our answer and says its first word again."""
        if isinstance(message, LinkHello):
            for word in self.welcome:
                end.tell(word)
        elif isinstance(message, LinkAcknowledgement) and message.boot_id == self.lane.ring.boot_id:
            self.lane.acknowledge(self.hello.service, message.applied)

    def applied(self, end: LinkEnd) -> int:
        """How far what came has been applied."""
        return self.lane.applied_through(self.inbox) if self.lane.delivery.acknowledged else end.receiver.expected

    def ticked(self, end: LinkEnd) -> None:
        """A moment has passed."""
        if self.dropped != self._told_dropped:
            self._tell_dropped()
        end.receiver.tick(link_ns())
        for change in end.receiver.drain_changes():
            self.condition = change.condition
            if change.condition is not LinkCondition.OK:
                self._host.tell(self.hello.service, change.condition, change.text, change.first, change.next)
        self._host.tick()

    def report(self) -> ConsumerReport:
        """The connection's statistics."""
        hello, counts, outbox = self.hello, self.inbox.receiver.counts, self.sender.outbox
        applied = self.lane.applied.get(hello.service)
        return ConsumerReport(
            service=hello.service,
            peer=self._peer.encode()[: NAME.limit].decode(errors="ignore"),
            lane=hello.lane,
            durable=applied is not None,
            connected=True,
            condition=self.condition,
            since_ns=self._since_ns,
            sent=self.sender.counts.sent,
            waiting=outbox.waiting,
            lag=self.sender.lag,
            unapplied=0 if applied is None else self.lane.ring.next - applied,
            dropped_superseded=outbox.dropped_superseded,
            dropped_expired=outbox.dropped_expired,
            resent=self.sender.counts.resent,
            snapshots=self.sender.counts.snapshots,
            published=counts.messages,
            gaps=counts.gaps,
        )

    def _tell_dropped(self) -> None:
        """The consumer hears of what was left out for it, ahead of what is left in."""
        fresh, self._told_dropped = self.dropped - self._told_dropped, self.dropped
        if self.end is not None:
            text = f"{fresh} messages were left out, as newer ones say the same or their time was over"
            self.end.tell(self._host.status(self.hello.service, LinkCondition.SLOW, text, dropped=self.dropped))

    def _welcome(self) -> tuple[SequenceSync, LinkAcknowledgement]:
        received = self.inbox.receiver.expected
        known = LinkAcknowledgement(self.hello.boot_id if received else 0, received, self.inbox.applied, received)
        return SequenceSync(self._host.domain, self.lane.ring.boot_id, self.sender.next, ()), known

    def _start(self) -> int:
        """Where a consumer begins that cannot go on from where it was.

        A newcomer: with what comes next. Who has lost a relay: with all that publishers have sent again to this one.
        """
        ring = self.lane.ring
        returns = self.hello.relay_boot_id not in (0, ring.boot_id) and not self.lane.delivery.conflates
        return self.lane.applied.get(self.hello.service, ring.first if returns else ring.next)

    def _restart(self, start: int) -> None:
        self.sender.restart(start, *self._host.state(self))
