"""One lane of a relay that a NATS server carries: a JetStream stream in the place of a relay's process."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence

import attrs
import trio

from alphapulse import __version__
from alphapulse.data.links import Lane, LinkAcknowledgement, LinkCondition, LinkHello, LinkStatus, RelayReport
from alphapulse.errors import AlphaPulseError, PeerRefused, ProtocolError
from alphapulse.relays.lane_link import FIRST_PAUSE_S, LONGEST_PAUSE_S, LinkTerms
from alphapulse.relays.link_end import TICK_S, link_bytes, link_ns
from alphapulse.relays.nats_inflow import BUILD, NatsInflow
from alphapulse.relays.nats_outflow import NatsOutflow
from alphapulse.relays.nats_publisher import NatsPublisher
from alphapulse.relays.nats_readers import NatsReaders
from alphapulse.relays.relay import Relay
from alphapulse.rules.links.batch import BatchReader
from alphapulse.rules.links.build import registry_hash
from alphapulse.rules.links.delivery import delivery_of
from alphapulse.rules.links.identity import SeenMessages
from alphapulse.rules.links.receiver import HEARTBEAT_NS, ReceiverCounts
from alphapulse.rules.wire.frame import decode_messages
from alphapulse.transport.jetstream import JetStream, StreamSettings
from alphapulse.transport.jetstream_consumer import ensure_durable
from alphapulse.transport.nats_connection import NatsConnection
from alphapulse.transport.nats_protocol import NatsMessage, publish_line

logger = logging.getLogger(__name__)

ROOT = "alphapulse"
MAX_AGE_S = 86_400
MAX_BYTES = 268_435_456
"""A stream keeps a day, or 256 MiB: whoever is away for longer begins with the publishers' state."""

ConnectNats = Callable[[], Awaitable[NatsConnection]]


@attrs.frozen
class NatsTerms:
    """Who reads a relay that has no process of its own: `consumers` by their services' names.

    A replay waits for all of them. `durable`: those that must have applied what is published on execution before its
    publisher is told that it is acknowledged.
    """

    consumers: Collection[str]
    durable: Collection[str] = ()


class NatsLane:
    """Publishes one lane's messages into a stream, and brings those of all publishers into the local hub.

    Beside the stream there is word that nobody keeps. Each process says twice a second that it lives and how far it has
    come with everybody (`beat`), and tells each publisher, sooner if that waits for it (`told`); one that has just
    come asks who else is there (`who`). Who lacks a publisher's state asks for it (`ask`), and it comes by the stream,
    in order with the rest.
    """

    def __init__(
        self, hub: Relay, connect: ConnectNats, lane: Lane, terms: LinkTerms, nats: NatsTerms, seen: SeenMessages
    ) -> None:
        self.lane = lane
        self.connected = False
        self.reconnects = 0
        self._started_ns = terms.now_ns()
        self._hub = hub
        self._connect = connect
        self._terms = terms
        self._names = f"{ROOT}.{terms.relay}.{lane.name.lower()}"
        self._stream = self._names.replace(".", "-")
        self._durable = nats.durable if delivery_of(hub.domain, lane).acknowledged else ()
        readers = NatsReaders(terms.boot_id, nats.consumers, self._durable)
        subject = f"{self._names}.in.{terms.service}.{BUILD}"
        self._outflow = NatsOutflow(hub.domain, lane, terms, readers, subject)
        self._inflow = NatsInflow(
            hub, lane, terms, seen, tell=self._tell, notice=self._notice, start_again=self._start_again
        )
        self._reads = terms.topics.types != frozenset()
        self._connection: NatsConnection | None = None
        self._session = trio.CancelScope()
        self._changed = trio.lowlevel.ParkingLot()

    @property
    def report(self) -> RelayReport | None:
        """Statistics of the stream as this process sees it."""
        terms, outflow = self._terms, self._outflow
        hub = self._hub.statistics()
        positions = dict(one.announced for one in self._inflow.publishers.values())
        positions[terms.boot_id] = outflow.next
        return RelayReport(
            relay=terms.relay, domain=self._hub.domain, boot_id=terms.boot_id, started_ns=self._started_ns,
            at_ns=terms.now_ns(), published=hub.published, refused=hub.refused,
            next_sequence=1 + sum(position - 1 for position in positions.values()),
            ring_messages=outflow.ring_messages, ring_bytes=outflow.ring_bytes, cuts=0, dropped=self._inflow.expired,
            consumers=tuple(outflow.consumers(positions)),
        )  # fmt: skip

    @property
    def expired(self) -> int:
        """Messages that were not handed on because their time to live was over."""
        return self._inflow.expired

    @property
    def condition(self) -> LinkCondition:
        """The worst condition of what comes from those who publish; LOST without a connection."""
        if not self.connected:
            return LinkCondition.LOST
        known = [one.receiver.condition for one in self._inflow.publishers.values() if one.known]
        return max(known, default=LinkCondition.OK)

    @property
    def counts(self) -> ReceiverCounts:
        """What was met in what came, of all who publish."""
        every = [one.receiver.counts for one in self._inflow.publishers.values()]
        names = [field.name for field in attrs.fields(ReceiverCounts)]
        return ReceiverCounts(**{name: sum(getattr(one, name) for one in every) for name in names})

    @property
    def unacknowledged(self) -> int:
        """Messages that were published and that are not stored, or not applied by all durable readers."""
        return self._outflow.next - self._outflow.acknowledged

    def publish(self, messages: Sequence[object]) -> None:
        """Send messages to the stream. Raises RelayError if they cannot be kept until they are acknowledged."""
        if not self._outflow.publish(messages):
            self._start_again("the server does not take what is published")

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled; ready once the stream is there. A server that goes away is no failure."""
        flow = self._terms.engagement.flow
        if self._inflow.durable:
            flow.watch(self._inflow.advance)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep_connected)
                nursery.start_soon(self._keep_time)
                await self.wait_connected()
                task_status.started()
        finally:
            self._outflow.close()
            if self._inflow.durable:
                flow.unwatch(self._inflow.advance)

    async def wait_connected(self) -> None:
        """Return as soon as the stream is there, and read if it is to be."""
        while not self.connected:
            await self._changed.park()

    async def wait_acknowledged(self) -> None:
        """Return as soon as all that was published so far has been acknowledged."""
        await self._outflow.wait_acknowledged()

    async def _keep_connected(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            if self._inflow.durable:
                await self._hub.wait_subscribed()
            with trio.CancelScope() as self._session:
                try:
                    connection = await self._connect()
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(connection.run)
                        await self._talk(connection)
                except* AlphaPulseError as group:
                    problem = _first(group)
                    refused = isinstance(problem, PeerRefused)
                    self._notice(LinkCondition.REFUSED if refused else LinkCondition.LOST, 0, 0, str(problem), "")
            pause_s = FIRST_PAUSE_S if self.connected else min(LONGEST_PAUSE_S, 2 * pause_s)
            self.connected, self._connection = False, None
            self.reconnects += 1
            await trio.sleep(pause_s * (1 - 0.2 * self._terms.random.random()))

    async def _talk(self, connection: NatsConnection) -> None:
        """Use one connection until it ends."""
        names, me = self._names, self._terms.service
        streams = JetStream(connection)
        await streams.ensure_stream(StreamSettings(self._stream, (f"{names}.in.*.*.*",), MAX_AGE_S, MAX_BYTES))
        for name in self._durable:
            await ensure_durable(streams, self._stream, name)
        connection.subscribe(f"{names}.who", lambda _: self._beat())
        connection.subscribe(f"{names}.beat.*", self._guarded(self._hear_beat))
        connection.subscribe(f"{names}.told.{me}.*", self._guarded(self._hear_reader))
        connection.subscribe(f"{names}.ask.{me}", self._guarded(self._hear_question))
        self._connection = connection
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._outflow.send, streams)
            if self._reads:
                nursery.start_soon(self._inflow.receive, streams, self._stream, self._welcome)
            else:
                self._welcome()

    def _welcome(self) -> None:
        self.connected = True
        self._changed.unpark_all()
        self._say("who", b"")
        self._beat()

    def _start_again(self, reason: str) -> None:
        self._session.cancel(reason)

    async def _keep_time(self) -> None:
        beat_ns = 0
        while True:
            await trio.sleep(TICK_S)
            now_ns = link_ns()
            self._inflow.tick()
            for publisher in self._inflow.publishers.values():
                if publisher.wants_state(now_ns):
                    self._say(f"ask.{publisher.service}", b"")
            if now_ns - beat_ns >= HEARTBEAT_NS:
                beat_ns = now_ns
                self._beat()
                self._outflow.settle()

    def _beat(self) -> None:
        """We live, have published so much, and have come so far with each publisher."""
        terms = self._terms
        hello = LinkHello(
            service=terms.service, build=__version__, registry=registry_hash(), boot_id=terms.boot_id,
            domain=self._hub.domain, lane=self.lane, durable=self._inflow.durable, types=None, instruments=None,
            venues=None, relay_boot_id=0, next_sequence=self._outflow.next,
        )  # fmt: skip
        publishers = self._inflow.publishers.values()
        self._say(f"beat.{terms.service}", self._words(hello, *(one.acknowledgement() for one in publishers)))
        for publisher in publishers:
            self._tell(publisher)

    def _tell(self, publisher: NatsPublisher) -> None:
        told = publisher.acknowledgement()
        if publisher.service == self._terms.service:
            self._outflow.hear(publisher.service, told)
        else:
            self._say(f"told.{publisher.service}.{self._terms.service}", self._words(told))

    def _say(self, subject: str, payload: bytes) -> None:
        if self._connection is not None and self.connected:
            try:
                self._connection.put(publish_line(f"{self._names}.{subject}", payload))
            except AlphaPulseError:
                return  # the connection has just ended; on the next one the next beat says it

    def _words(self, *messages: object) -> bytes:
        return link_bytes(messages, self._terms.boot_id, self._terms.source, self._terms.now_ns())

    def _guarded(self, listen: Callable[[str, list[object]], None]) -> Callable[[NatsMessage], None]:
        """A handler that hears whose word it is, and what it says. What cannot be read is not ours."""

        def hear(message: NatsMessage) -> None:
            try:
                said = [one for batch in BatchReader().feed(message.payload) for one in decode_messages(batch.frames)]
            except ProtocolError as problem:
                logger.warning("a message on %s cannot be read: %s", message.subject, problem)
                return
            listen(message.subject.rpartition(".")[2], said)

        return hear

    def _hear_beat(self, service: str, said: list[object]) -> None:
        self._outflow.hear_of_all(service, [one for one in said if isinstance(one, LinkAcknowledgement)])
        for hello in said:
            if isinstance(hello, LinkHello) and self._reads:
                publisher = self._inflow.publisher(service)
                publisher.announce(hello, link_ns())
                if not publisher.known:
                    self._tell(publisher)

    def _hear_reader(self, service: str, said: list[object]) -> None:
        for told in said:
            if isinstance(told, LinkAcknowledgement):
                self._outflow.hear(service, told)

    def _hear_question(self, _: str, __: list[object]) -> None:
        self._outflow.answer()

    def _notice(self, condition: LinkCondition, first: int, end: int, text: str, peer: str) -> None:
        terms = self._terms
        logger.info("relay %s over NATS (%s): %s, %s", terms.relay, self.lane.name, condition.name, text)
        if terms.on_notice is not None:
            sequences = (first, end, self._inflow.expired)
            domain, name = self._hub.domain, peer or terms.relay
            terms.on_notice(LinkStatus(terms.relay, domain, name, condition, *sequences, text[:256], terms.now_ns()))


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
