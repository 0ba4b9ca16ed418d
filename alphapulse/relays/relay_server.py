"""A relay for other processes: serves a hub over byte links."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence

import attrs
import trio

from alphapulse import __version__
from alphapulse.data.links import ConsumerReport, Lane, LinkCondition, LinkHello, LinkStatus, RelayReport
from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.data.services import Error
from alphapulse.data.wire import Domain, Source
from alphapulse.errors import LinkClosed, LinkStalled, PeerRefused
from alphapulse.relays.applied_marks import AppliedMarks
from alphapulse.relays.engagement import Engagement
from alphapulse.relays.link_end import READ_BYTES, LinkEnd, link_bytes, link_ns
from alphapulse.relays.relay import Relay
from alphapulse.relays.served_lane import ServedLane
from alphapulse.relays.served_link import ServedLink
from alphapulse.rules.links.batch import Batch, BatchReader
from alphapulse.rules.links.build import registry_hash
from alphapulse.rules.links.delivery import delivery_of, lane_of, lanes_of
from alphapulse.rules.links.outbox import Outbox
from alphapulse.rules.links.parcel import pieces
from alphapulse.rules.links.topics import Topics
from alphapulse.rules.wire.frame import decode_messages, encode_messages
from alphapulse.transport.byte_link import ByteLink, PeerIdentity

logger = logging.getLogger(__name__)

HELLO_S = 5
"""How long a connection may take to say who it is."""

REPORT_NS = 1_000_000_000
MAX_REPORTED = 128


@attrs.frozen
class ServerTerms:
    """What a relay server is, and how it treats those who are linked to it. Clocks and times are in ns.

    - `name`: the relay's; `boot_id` tells this start of it from others.
    - `durable`: the consumers that must have applied a message before its publisher is told that it is acknowledged;
      whether they are connected or not, what they lack is kept.
    - `here`: our own name among them where such a consumer listens to the hub itself; it counts for halts.
    - `snapshot`: the state from which a newcomer starts.
    - `signal_ttl_ns`: signals older than this, by the market clock, are not sent any more; None sends all.
    - `on_notice`: told of consumers that are slow, were cut off or refused, and of gaps in what publishers send.
    """

    name: str
    boot_id: int
    source: Source
    engagement: Engagement
    now_ns: Callable[[], int]
    market_ns: Callable[[], int]
    snapshot: Callable[[], Iterable[object]] | None = None
    durable: Collection[str] = ()
    here: str | None = None
    signal_ttl_ns: int | None = None
    on_notice: Callable[[LinkStatus], None] | None = None


class RelayServer:
    """Carries what is published on a hub to other processes, and into it what they publish.

    It keeps a ring of each lane, from which gaps are closed. `serve` is the handler of a listener; the server has no
    task of its own.
    """

    def __init__(self, hub: Relay, terms: ServerTerms) -> None:
        self.hub = hub
        self.domain = hub.domain
        self.terms = terms
        here = () if terms.here is None else (terms.here,)
        self._lanes = {
            lane: ServedLane(
                terms.boot_id,
                lane,
                delivery_of(hub.domain, lane),
                (*terms.durable, *here) if lane is Lane.CONTROL else terms.durable,
            )
            for lane in lanes_of(hub.domain)
        }
        self._marks = AppliedMarks()
        if terms.here is not None:
            hub.flow.watch(self._applied_here)
        self._links: dict[tuple[str, Lane], ServedLink] = {}
        self._streams: dict[str, dict[str, StreamStatus]] = {}
        self._started_ns = terms.now_ns()
        self._numbers = 0
        self._cuts = 0
        self._dropped = 0
        self._reported_ns = -REPORT_NS
        hub.attach(self._carry)

    async def serve(self, link: ByteLink) -> None:
        """Serve one connection until it ends.

        Raises:
            TransportError, ProtocolError, RelayError: why it ended.
        """
        reader = BatchReader()
        with trio.move_on_after(HELLO_S) as patience:
            hello, batches = await _read_hello(link, reader)
        if patience.cancelled_caught:
            raise LinkClosed(f"{link.peer.name} did not say who it is within {HELLO_S} s")
        refusal = self._refusal(hello, link.peer)
        if refusal is not None:
            self.tell(hello.service, LinkCondition.REFUSED, refusal)
            error = Error(self.terms.name, "PeerRefused", None, None, None, refusal, self.terms.now_ns())
            await link.send_all(self._words([error]))
            raise PeerRefused(refusal)
        await self._serve(link, hello, reader, batches)

    def report(self) -> RelayReport:
        """Statistics since the start."""
        terms, hub, ring = self.terms, self.hub.statistics(), self._lanes[Lane.DATA].ring
        links = self._links.values()
        consumers = [link.report() for link in links] + list(self._absent())
        return RelayReport(
            relay=terms.name,
            domain=self.domain,
            boot_id=terms.boot_id,
            started_ns=self._started_ns,
            at_ns=terms.now_ns(),
            published=hub.published,
            refused=hub.refused,
            next_sequence=ring.next,
            ring_messages=ring.messages,
            ring_bytes=ring.bytes,
            cuts=self._cuts + sum(link.cuts for link in links),
            dropped=self._dropped + sum(link.dropped for link in links),
            consumers=tuple(consumers[:MAX_REPORTED]),
        )

    def topics_of(self, service: str, lane: Lane) -> Topics | None:
        """What a connected consumer wants, None if there is no such connection."""
        link = self._links.get((service, lane))
        return None if link is None else link.sender.topics

    def publish(self, service: str, messages: Sequence[object], frames: bytes) -> None:
        """Carry what a publisher sent. Raises RelayError if it belongs elsewhere, or the ring is full."""
        self.hub.publish(messages, frames)
        if self.terms.here is not None and any(lane_of(message) is Lane.CONTROL for message in messages):
            self._marks.add(self._lanes[Lane.CONTROL].ring.next, self.hub.subscriptions, messages)
            self._applied_here()
        if self.domain is Domain.MARKET_DATA:
            for message in messages:
                if isinstance(message, StreamStatus):
                    self._streams.setdefault(service, {})[message.stream] = message

    def state(self, link: ServedLink) -> tuple[Sequence[object], bytes]:
        """The state that a newcomer starts from, as far as it wants it, and its frames."""
        topics, lane, terms = link.sender.topics, link.hello.lane, self.terms
        state = () if terms.snapshot is None else terms.snapshot()
        messages = [message for message in state if lane_of(message) is lane and topics.wants(message)]
        return messages, encode_messages(messages, source=terms.source, first_sequence=0, timestamp_ns=terms.now_ns())

    def tell(self, service: str, condition: LinkCondition, text: str, first: int = 0, end: int = 0) -> None:
        """Something happened to a link that somebody should know."""
        terms = self.terms
        logger.warning("relay %s, link to %s: %s, %s", terms.name, service, condition.name, text)
        if terms.on_notice is not None:
            terms.on_notice(self.status(service, condition, text, dropped=self._dropped, first=first, end=end))

    def status(
        self, service: str, condition: LinkCondition, text: str, *, dropped: int, first: int = 0, end: int = 0
    ) -> LinkStatus:
        """The condition of a link as a message; `dropped` are the messages left out so far."""
        terms = self.terms
        return LinkStatus(terms.name, self.domain, service, condition, first, end, dropped, text[:256], terms.now_ns())

    def tick(self) -> None:
        """Once a second every process that is linked is told how the relay does."""
        now_ns = link_ns()  # the wall clock may be put back
        if now_ns - self._reported_ns >= REPORT_NS:
            self._reported_ns = now_ns
            report = self.report()
            for link in self._links.values():
                if link.end is not None and link.hello.lane is Lane.DATA:
                    link.end.tell(report)

    async def _serve(self, link: ByteLink, hello: LinkHello, reader: BatchReader, batches: list[Batch]) -> None:
        key, terms, lane = (hello.service, hello.lane), self.terms, self._lanes[hello.lane]
        old = self._links.pop(key, None)
        if old is not None and old.end is not None:
            old.end.cut("another connection of the same service took this one's place")
        outbox = Outbox(lane.delivery, ttl_ns=terms.signal_ttl_ns if lane.delivery.expires else None)
        served = ServedLink(self, hello, link.peer.name, lane, outbox, terms.now_ns())
        served.end = LinkEnd(
            link, served, served.sender, served.inbox.receiver, name=terms.name, source=terms.source,
            engagement=terms.engagement, now_ns=terms.now_ns, market_ns=terms.market_ns,
        )  # fmt: skip
        self._links[key] = lane.consumers[hello.service] = served
        if served.inbox.receiver.expected:
            self._speak_for(hello.service, present=True)
        try:
            await link.send_all(self._words(served.welcome))
            served.end.offered()
            await served.end.run(reader, batches)
        except LinkStalled as stall:
            served.cut(str(stall))
            raise
        finally:
            self._cuts += served.cuts
            self._dropped += served.dropped
            if self._links.get(key) is served:
                del self._links[key], lane.consumers[hello.service]
                self._speak_for(hello.service, present=False)

    def _applied_here(self) -> None:
        """Consumers of our own hub have come back for more. What one left unapplied is acknowledged with the next."""
        if self._marks.advance() and self.terms.here is not None:
            self._lanes[Lane.CONTROL].acknowledge(self.terms.here, self._marks.applied)
        if self._marks.broken:
            self._marks.take_back()

    def _refusal(self, hello: LinkHello, peer: PeerIdentity) -> str | None:
        """Why a peer is not served, in words; None if it is."""
        service, name = hello.service, self.terms.name
        if peer.certified and service not in peer.certified:
            return f"it says that it is {service}, and its certificate that of {peer.name}; each process has its own"
        if hello.domain is not self.domain:
            wanted, found = hello.domain.name, self.domain.name
            return f"{service} expected a relay of {wanted}, this is {name} of {found}; see the topology"
        if hello.lane not in self._lanes:
            return f"{service} expected the lane {hello.lane.name}, which the relay {name} does not have"
        if hello.durable and service not in self._lanes[hello.lane].applied:
            return f"{service} is not one of the durable consumers of the relay {name}; name it in the topology"
        if self.domain is Domain.EXECUTION and (hello.build, hello.registry) != (__version__, registry_hash()):
            other = "with other messages than" if hello.build == __version__ else f"and not of {__version__} like"
            return (
                f"{service} is of build {hello.build}, {other} the relay {name}; "
                "all processes that trade must be of one build"
            )
        return None

    def _carry(self, messages: Sequence[object], frames: bytes | None) -> None:
        """The hub's tap: halts on their lane first, then the rest."""
        if Lane.CONTROL in self._lanes and any(lane_of(message) is Lane.CONTROL for message in messages):
            for lane in (Lane.CONTROL, Lane.DATA):
                if chosen := [message for message in messages if lane_of(message) is lane]:
                    self._carry_on(lane, chosen, frames if len(chosen) == len(messages) else None)
        else:
            self._carry_on(Lane.DATA, messages, frames)

    def _carry_on(self, lane: Lane, messages: Sequence[object], frames: bytes | None) -> None:
        terms, served = self.terms, self._lanes[lane]
        counted, market_ns = terms.engagement.counts, terms.market_ns()
        if frames is not None:
            served.carry(messages, frames, counted=counted, market_ns=market_ns)
            return
        now_ns = terms.now_ns()
        for piece in pieces(messages):
            encoded = encode_messages(piece, source=terms.source, first_sequence=self._numbers, timestamp_ns=now_ns)
            self._numbers += len(piece)
            served.carry(piece, encoded, counted=counted, market_ns=market_ns)

    def _words(self, messages: Sequence[object]) -> bytes:
        return link_bytes(messages, self.terms.boot_id, self.terms.source, self.terms.now_ns())

    def _speak_for(self, service: str, *, present: bool) -> None:
        """The streams of a publisher that has left are stale, until it is there again."""
        for status in self._streams.get(service, {}).values():
            if status.state is not StreamState.ENDED:
                reason = f"{service} has left the relay {self.terms.name}"
                stale = attrs.evolve(  # type: ignore[misc]  # mypy does not see that @message makes attrs classes
                    status, state=StreamState.STALE, reason=reason
                )
                self.hub.publish([status if present else stale])

    def _absent(self) -> Iterable[ConsumerReport]:
        """Durable consumers that are waited for."""
        for lane, served in self._lanes.items():
            for service, applied in served.applied.items():
                if (service, lane) not in self._links and service != self.terms.here:
                    lacking = served.ring.next - applied
                    yield ConsumerReport(
                        service=service, peer="", lane=lane, durable=True, connected=False,
                        condition=LinkCondition.LOST, since_ns=0, sent=0, waiting=0, lag=lacking, unapplied=lacking,
                        dropped_superseded=0, dropped_expired=0, resent=0, snapshots=0, published=0, gaps=0,
                    )  # fmt: skip


async def _read_hello(link: ByteLink, reader: BatchReader) -> tuple[LinkHello, list[Batch]]:
    """The first word, and the batches behind it."""
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
