"""One lane of a relay, as those who are linked to it share it."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import Protocol

import attrs

from alphapulse.data.links import Lane
from alphapulse.rules.links.delivery import Delivery
from alphapulse.rules.links.parcel import Parcel
from alphapulse.rules.links.receiver import Receiver
from alphapulse.rules.links.ring import Ring

MAX_INBOXES = 256
"""Publishers that are remembered; of more, one that is not connected is forgotten, and starts from a snapshot."""


class Consumer(Protocol):
    """A connection that is offered what the lane carries."""

    def offer(self, parcel: Parcel) -> None:
        """One more parcel. Never waits."""

    def acknowledge_soon(self) -> None:
        """More has been applied by all who count."""


@attrs.define(eq=False)
class Inbox:
    """What a publisher has sent: known over its reconnects, as long as it is of one start."""

    receiver: Receiver = attrs.field(factory=Receiver)
    applied: int = 0
    pending: deque[tuple[int, int]] = attrs.field(factory=deque)
    """(next sequence of the publisher's batch, next sequence of the ring behind it): not yet applied by all."""


class ServedLane:
    """The ring of a lane, its consumers by the name of their service, and how far the durable ones have come."""

    def __init__(self, boot_id: int, lane: Lane, delivery: Delivery, durable: Collection[str]) -> None:
        self.delivery = delivery
        self.ring = Ring(boot_id, lane, delivery)
        self.consumers: dict[str, Consumer] = {}
        self.applied = dict.fromkeys(durable, 1)
        """The first sequence that a durable consumer has not applied, connected or not."""
        self._inboxes: dict[str, Inbox] = {}
        self._keep_unapplied()

    def carry(self, messages: Sequence[object], frames: bytes, *, counted: bool, market_ns: int) -> None:
        """Keep messages that were published together, and offer them to every consumer. Raises RelayError if full."""
        parcel = self.ring.add(messages, frames, counted=counted, taken_ns=market_ns)
        for consumer in list(self.consumers.values()):
            consumer.offer(parcel)

    def inbox(self, service: str, boot_id: int) -> Inbox:
        """What is known of a publisher's start; a new start forgets the one before."""
        inbox = self._inboxes.get(service)
        if inbox is None or inbox.receiver.boot_id != boot_id:
            inbox = self._inboxes[service] = Inbox()
            if len(self._inboxes) > MAX_INBOXES:
                del self._inboxes[next(one for one in self._inboxes if one not in self.consumers)]
        return inbox

    def acknowledge(self, service: str, applied: int) -> None:
        """A consumer says that it has applied everything before `applied`; it cannot have applied what is to come."""
        applied = min(applied, self.ring.next)
        if applied > self.applied.get(service, applied):
            self.applied[service] = applied
            self._keep_unapplied()
            for consumer in self.consumers.values():
                consumer.acknowledge_soon()

    def applied_through(self, inbox: Inbox) -> int:
        """The first sequence of a publisher that not every durable consumer has applied."""
        through = self.ring.next if self.ring.keep_from is None else self.ring.keep_from
        while inbox.pending and inbox.pending[0][1] <= through:
            inbox.applied = inbox.pending.popleft()[0]
        return inbox.applied

    def _keep_unapplied(self) -> None:
        self.ring.keep_from = min(self.applied.values(), default=None)
