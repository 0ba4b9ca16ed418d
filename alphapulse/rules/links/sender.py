"""The sending end of a lane on one connection: what is sent when, and what the other end has said of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import attrs

from alphapulse.data.links import LinkAcknowledgement
from alphapulse.rules.links.batch import SNAPSHOT, Batch
from alphapulse.rules.links.delivery import Pressure
from alphapulse.rules.links.outbox import Outbox
from alphapulse.rules.links.parcel import Parcel
from alphapulse.rules.links.ring import Ring
from alphapulse.rules.links.topics import ALL, Topics


@attrs.define
class SenderCounts:
    """Messages sent on a connection. `resent` were asked for again."""

    sent: int = 0
    resent: int = 0
    snapshots: int = 0


class Sender:
    """Sends one lane of a ring to one receiver that wants `topics` of it.

    What fills gaps goes first, then what waits in order. A batch that follows messages which the receiver does not
    want says so, so that its sequences stay dense.
    """

    def __init__(self, ring: Ring, outbox: Outbox, topics: Topics = ALL) -> None:
        self.ring = ring
        self.outbox = outbox
        self.topics = topics
        self.counts = SenderCounts()
        self.next = ring.next
        """The first sequence that has not been sent, or passed over as not wanted."""
        self.received = ring.next
        self.applied = 0
        self._counted_next = 0
        self._settled = 0
        self._repairs: deque[Batch] = deque()
        self._start: Batch | None = None
        """The snapshot with which this connection began, until the receiver has it."""

    @property
    def lag(self) -> int:
        """Messages that the receiver has not taken in."""
        return self.outbox.waiting + max(0, self.next - self.received)

    @property
    def unsettled(self) -> bool:
        """True while something that is counted has not come back as settled."""
        return self._counted_next > self._settled

    def resume(self, position: int) -> bool:
        """Go on from `position`, the first sequence that the receiver lacks. False if that is no longer possible."""
        parcels = self.ring.since(position)
        if parcels is None:
            return False
        conflates = self.outbox.delivery.conflates
        if conflates and self.ring.next - position > self.outbox.delivery.queue_messages // 2:
            return False
        self.outbox.clear()
        self._go_on(position, parcels)
        return True

    def restart(self, start: int, messages: Sequence[object], frames: bytes) -> None:
        """Send a state that includes everything before `start`, and go on from there."""
        self._repairs.clear()
        ring = self.ring
        self._start = Batch(ring.lane, SNAPSHOT, ring.boot_id, start, 0, len(messages), frames)
        self._repairs.append(self._start)
        self.counts.snapshots += 1
        self.outbox.clear()
        self._go_on(start, ring.since(start) or [])

    def offer(self, parcel: Parcel) -> Pressure:
        """A parcel was added to the ring."""
        wanted = self._reduced(parcel)
        if not wanted.messages and not self.outbox.delivery.acknowledged:
            return Pressure.NONE
        if wanted.counted and wanted.messages:
            self._counted_next = parcel.next
        return self.outbox.offer(wanted)

    def repair(self, first: int, end: int, market_ns: int) -> bool:
        """Send the messages from `first` to before `end` once more. False if they are no longer kept."""
        parcels = self.ring.since(first)
        if parcels is None:
            return False
        self._repairs.clear()
        covered, end = first, min(end, self.next)
        for parcel in parcels:
            if parcel.first >= end:
                break
            wanted = self.outbox.unexpired(self._reduced(parcel), market_ns)
            if wanted.messages:
                self._repairs.append(wanted.batch(self.ring.lane, self.ring.boot_id, covered))
                covered = parcel.next
        if covered < end:
            self._repairs.append(self._passed_over(covered, end))
        return True

    @property
    def has_begun(self) -> bool:
        """True once the receiver has the snapshot with which the connection began, or needed none."""
        return self._start is None

    def begin_again(self, market_ns: int) -> bool:
        """The receiver lacks the snapshot with which this connection began. False if it can no longer go on from it."""
        start = self._start
        if start is None or not self.repair(start.first, self.next, market_ns):
            return False
        self._repairs.appendleft(start)
        return True

    def take(self, max_bytes: int, market_ns: int) -> list[Batch]:
        """The next batches to be sent, of about `max_bytes` together; none if nothing waits."""
        batches: list[Batch] = []
        size = 0
        while self._repairs and size < max_bytes:
            batch = self._repairs.popleft()
            size += len(batch.frames)
            if not batch.flags & SNAPSHOT:
                self.counts.resent += batch.messages
            batches.append(batch)
        if self.outbox and size < max_bytes:
            for parcel in self.outbox.take(max_bytes - size, market_ns):
                batches.append(parcel.batch(self.ring.lane, self.ring.boot_id, self.next))
                self.next = parcel.next
                self.counts.sent += len(parcel.messages)
        return batches

    def acknowledge(self, told: LinkAcknowledgement) -> None:
        """The receiver says how far it has come."""
        if told.boot_id == self.ring.boot_id:
            self.received = max(self.received, told.received)
            if told.received:
                self._start = None
            self.applied = max(self.applied, told.applied)
            self._settled = max(self._settled, told.settled)

    def give_up(self) -> None:
        """The connection is gone: nothing on its way is waited for any more."""
        self._counted_next = self._settled

    def _go_on(self, position: int, parcels: Sequence[Parcel]) -> None:
        self.next = self.received = position
        wanted = [self._reduced(parcel) for parcel in parcels]
        self._counted_next = max((one.next for one in wanted if one.counted and one.messages), default=0)
        acknowledged = self.outbox.delivery.acknowledged
        self.outbox.load([parcel for parcel in wanted if parcel.messages or acknowledged])

    def _reduced(self, parcel: Parcel) -> Parcel:
        if self.topics.everything:
            return parcel
        return parcel.picked([self.topics.wants(message) for message in parcel.messages])

    def _passed_over(self, first: int, end: int) -> Batch:
        return Batch(self.ring.lane, 0, self.ring.boot_id, first, end - first, 0, b"")
