"""What a process reads on one lane of a NATS relay: from the stream into the local hub, in the stream's order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from alphapulse.data.links import Lane, LinkCondition
from alphapulse.data.wire import Domain
from alphapulse.errors import BrokerError, ProtocolError
from alphapulse.relays.applied_marks import AppliedMarks
from alphapulse.relays.lane_link import LinkTerms
from alphapulse.relays.link_end import link_ns
from alphapulse.relays.link_events import stream_status
from alphapulse.relays.nats_publisher import NatsPublisher
from alphapulse.relays.relay import Relay
from alphapulse.rules.links.batch import COUNTED, Batch
from alphapulse.rules.links.build import build_mark
from alphapulse.rules.links.delivery import delivery_of
from alphapulse.rules.links.expiry import is_expired
from alphapulse.rules.links.identity import SeenMessages
from alphapulse.rules.links.receiver import Change
from alphapulse.rules.wire.frame import decode_messages
from alphapulse.transport.jetstream import JetStream
from alphapulse.transport.jetstream_consumer import Delivery, StreamConsumer, open_consumer

BUILD = build_mark()
"""The last word but one of a message's subject: of which build its publisher is."""

Notice = Callable[[LinkCondition, int, int, str, str], None]


class NatsInflow:
    """Hands on what comes, and tells each publisher, by `tell`, how far it has come here.

    A durable reader acknowledges a message once all local consumers have come back for more; what one that left had
    not applied comes again.
    """

    def __init__(
        self,
        hub: Relay,
        lane: Lane,
        terms: LinkTerms,
        seen: SeenMessages,
        *,
        tell: Callable[[NatsPublisher], None],
        notice: Notice,
        start_again: Callable[[str], None],
    ) -> None:
        self.publishers: dict[str, NatsPublisher] = {}
        self.expired = 0
        self._hub = hub
        self._lane = lane
        self._terms = terms
        self._seen = seen
        self._tell = tell
        self._notice = notice
        self._start_again = start_again
        self._delivery = delivery_of(hub.domain, lane)
        self._ttl_ns = terms.signal_ttl_ns if self._delivery.expires else None
        self.durable = terms.durable and self._delivery.acknowledged
        self._refused: set[str] = set()
        self._marks = AppliedMarks()
        self._unacknowledged: deque[tuple[Delivery, NatsPublisher, int]] = deque()
        self._consumer: StreamConsumer | None = None
        self._position: int | None = None

    async def receive(self, streams: JetStream, stream: str, ready: Callable[[], None]) -> NoReturn:
        """Take in what comes on one connection, going on where we were; `ready` is called when that has begun."""
        self._consumer = consumer = await self._open(streams, stream)
        try:
            ready()
            while True:
                for delivery in await consumer.receive():
                    await self._take(delivery)
                self._terms.engagement.settle()
        finally:
            self._consumer = None

    def publisher(self, service: str) -> NatsPublisher:
        """What is known of a publisher."""
        found = self.publishers.get(service)
        if found is None:
            found = NatsPublisher(service, self._lane, durable=self.durable, tell=self._tell)
            self.publishers[service] = found
        return found

    def tick(self) -> None:
        """Time has passed: whoever was silent for long is stale."""
        for publisher in self.publishers.values():
            if publisher.known:
                publisher.receiver.tick(link_ns())
                self._report(publisher, publisher.receiver.drain_changes())

    def advance(self) -> None:
        """Local consumers have dealt with something: acknowledge it, or have it come again if one of them left."""
        self._marks.advance()
        if self._consumer is None:
            return
        if self._marks.broken:
            self._start_again("a consumer left before it had applied what it was given")
            return
        told = {}
        while self._unacknowledged and self._unacknowledged[0][0].sequence < self._marks.applied:
            delivery, publisher, position = self._unacknowledged.popleft()
            publisher.applied = position
            told[publisher.service] = publisher
            self._consumer.acknowledge(delivery)
        for publisher in told.values():
            self._tell(publisher)

    async def _open(self, streams: JetStream, stream: str) -> StreamConsumer:
        if self.durable:
            if self._marks.broken:
                for message in self._marks.take_back():
                    self._seen.forget(message)
            self._marks.restart()
            self._restart()
            return await open_consumer(streams, stream, durable=self._terms.service)
        try:
            return await open_consumer(streams, stream, first=self._position)
        except BrokerError as problem:
            if self._position is None:
                raise
            self._notice(LinkCondition.RESET, 0, 0, str(problem), "")
            self._position = None
            self._restart()
            return await open_consumer(streams, stream)

    def _restart(self) -> None:
        self._unacknowledged.clear()
        for publisher in self.publishers.values():
            publisher.restart()

    async def _take(self, delivery: Delivery) -> None:
        *_, service, build, kind = delivery.subject.split(".")
        self._position = delivery.sequence + 1
        if self._refuses(service, build):
            return
        publisher = self.publisher(service)
        try:
            batches, complete = publisher.take(kind, delivery.data, link_ns())
            messages = await self._deliver(publisher, batches) if batches else ()
        except ProtocolError as problem:
            # Not acknowledged, not handed on; what the publisher sends next is taken up from its state.
            publisher.restart()
            self._notice(LinkCondition.GAP, 0, 0, f"what {service} sent cannot be read: {problem}", service)
            return
        counted = any(batch.flags & COUNTED for batch in batches)
        if self.durable:
            self._unacknowledged.append((delivery, publisher, publisher.receiver.expected))
            if complete:
                self._marks.add(delivery.sequence + 1, self._hub.subscriptions, messages)
                self.advance()
        if counted:
            self._tell(publisher)

    async def _deliver(self, publisher: NatsPublisher, batches: Sequence[Batch]) -> Sequence[object]:
        """Hand what came to the local hub, in order; returns what was handed over."""
        terms = self._terms
        publisher.engage(batches, terms.engagement.engage)
        changes = publisher.receiver.drain_changes()
        self._report(publisher, (change for change in changes if change.condition is not LinkCondition.OK))
        frames = b"".join(batch.frames for batch in batches)
        messages = self._fresh(terms.topics.pick(decode_messages(frames, domain=self._hub.domain)))
        if messages:
            if terms.before is not None and self._lane is Lane.DATA:
                await terms.before(messages)
            if terms.on_control is not None and self._lane is Lane.CONTROL:
                terms.on_control(messages)
            self._hub.publish(messages)
        self._report(publisher, (change for change in changes if change.condition is LinkCondition.OK))
        return messages

    def _fresh(self, messages: Sequence[object]) -> Sequence[object]:
        """The messages without those that were applied before, or that came too late."""
        if self._ttl_ns is not None:
            market_ns, ttl_ns = self._terms.market_ns(), self._ttl_ns
            live = [message for message in messages if not is_expired(message, market_ns, ttl_ns, market_ns)]
            self.expired += len(messages) - len(live)
            return live
        if self._delivery.acknowledged:
            return [message for message in messages if self._seen.add(message)]
        return messages

    def _refuses(self, service: str, build: str) -> bool:
        """Whether what a publisher sends is not taken; it stays in the stream. Said once."""
        mixed = self._hub.domain is Domain.EXECUTION and build != BUILD
        if mixed and service not in self._refused:
            self._refused.add(service)
            words = f"{service} is of another build than this process; all processes that trade must be of one build"
            self._notice(LinkCondition.REFUSED, 0, 0, words, service)
        return mixed

    def _report(self, publisher: NatsPublisher, changes: Iterable[Change]) -> None:
        for change in changes:
            if self._delivery.conflates:
                name = f"{self._terms.relay}/{publisher.service}"
                expected = publisher.receiver.expected
                self._hub.publish([stream_status(change, name, self._terms.market_ns(), expected)])
            self._notice(change.condition, change.first, change.next, change.text, publisher.service)
