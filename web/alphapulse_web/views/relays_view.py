"""The relays in the shapes of the API: this process's hubs, and what links and reports tell of other processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, cast

import attrs
import trio

from alphapulse.composition.topology import RelayPlace
from alphapulse.data.instruments import Venue
from alphapulse.data.links import ConsumerReport, Lane, LinkCondition, RelayReport
from alphapulse.data.wire import Domain
from alphapulse.relays.bus import Bus
from alphapulse.relays.relay import RelayStatistics
from alphapulse.relays.subscription import SubscriptionStatistics
from alphapulse.rules.accounting.amounts import decimal_text
from alphapulse.rules.links.delivery import delivery_of
from alphapulse.rules.links.pace import Pace
from alphapulse.rules.links.topics import Topics
from alphapulse.transport.address import Address, MemoryAddress, NatsAddress, TcpAddress, UnixAddress
from alphapulse_web.api.relay_shapes import (
    DeliveryWord,
    LinkView,
    LinkWord,
    Medium,
    RelayConsumer,
    RelayRate,
    Relays,
    RelayView,
)
from alphapulse_web.api.schemas import Instant
from alphapulse_web.instants import instant

if TYPE_CHECKING:
    from alphapulse.relays.relay_link import AnyLink
    from alphapulse.relays.relay_server import RelayServer

SAMPLE_S = 1.0
NS_PER_TENTH_S = 100_000_000
DOMAINS: Mapping[Domain, str] = {
    Domain.MARKET_DATA: "market_data",
    Domain.SIGNAL: "signal",
    Domain.EXECUTION: "execution",
}
MEDIA: Mapping[type[Address], Medium] = {
    UnixAddress: "unix",
    TcpAddress: "tcp",
    NatsAddress: "nats",
    MemoryAddress: "memory",
}


@attrs.frozen
class _Source:
    """A relay and all that is known of it here: the hub's statistics, and the report of a relay of its own."""

    name: str
    domain: Domain
    place: RelayPlace | None = None
    server: RelayServer | None = None
    link: AnyLink | None = None
    hub: RelayStatistics | None = None

    def report(self) -> RelayReport | None:
        """What the relay tells of itself; None from a hub without a relay, and from one that has not told yet."""
        if self.server is not None:
            return self.server.report()
        return self.link.report if self.link is not None else None

    @property
    def is_heard(self) -> bool:
        """True if its figures are of now."""
        return self.link is None or self.link.connected


class RoadSigns(Protocol):
    """Where the relays of a topology are, and what this process has of them."""

    @property
    def servers(self) -> Mapping[str, RelayServer]:
        """The relays that run here, by name."""

    @property
    def links(self) -> Mapping[str, AnyLink]:
        """The links to relays that run elsewhere, by name."""

    def places(self, domain: Domain) -> tuple[RelayPlace, ...]:
        """The relays that carry a domain."""


class RelaysReader:
    """Reads the relays of a process: its hubs, and its roads to others if it has any.

    What it keeps of its own is how fast they carry messages.
    """

    def __init__(
        self,
        bus: Bus,
        roads: RoadSigns | None,
        *,
        process: str,
        now_ns: Callable[[], int],
        monotonic_ns: Callable[[], int],
    ) -> None:
        self._bus = bus
        self._roads = roads
        self._process = process
        self._now_ns = now_ns
        self._monotonic_ns = monotonic_ns
        self._paces: dict[str, Pace] = {}

    async def run(self) -> None:
        """Count what the relays carry once a second, until cancelled."""
        while True:
            for source in self._sources():
                self._sample(source, source.report())
            await trio.sleep(SAMPLE_S)

    def relays(self) -> Relays:
        """Every relay as it is now."""
        return Relays(process=self._process, relays=[self._relay(source) for source in self._sources()])

    def _sources(self) -> Iterator[_Source]:
        """The relays by domain. A hub that several relays feed, or none, stands by itself."""
        roads = self._roads
        for domain, name in DOMAINS.items():
            hub: RelayStatistics | None = self._bus.hubs[domain].statistics()
            places = () if roads is None else roads.places(domain)
            if len(places) != 1:
                yield _Source(name, domain, hub=hub)
                hub = None
            if roads is None:
                continue
            for place in places:
                server, link = roads.servers.get(place.name), roads.links.get(place.name)
                yield _Source(place.name, domain, place, server, link, hub)

    def _sample(self, source: _Source, report: RelayReport | None) -> None:
        pace = self._paces.setdefault(source.name, Pace())  # as many as there are relays
        if report is not None:
            pace.sample(report.at_ns, report.published)
        elif source.place is None and source.hub is not None:
            pace.sample(self._monotonic_ns(), source.hub.published)

    def _relay(self, source: _Source) -> RelayView:
        place, hub, report = source.place, source.hub, source.report()
        own = hub if place is None else None
        return RelayView(
            name=source.name,
            domain=DOMAINS[source.domain],  # type: ignore[arg-type]  # the table has no other words
            delivery=_delivery(source.domain),
            medium="process" if place is None else MEDIA[type(place.address)],
            address=None if place is None else str(place.address),
            serves=source.link is None,
            venues=sorted(Venue(venue).name.lower() for venue in place.venues) if place and place.venues else None,
            as_of=_as_of(report, self._now_ns() if own else None),
            boot_id=None if report is None else f"{report.boot_id}",
            started=None if report is None else instant(report.started_ns),
            published=_text(report.published if report else own.published if own else None),
            refused=_text(report.refused if report else own.refused if own else None),
            rate=self._rate(source) if source.is_heard else None,
            next_sequence=None if report is None else str(report.next_sequence),
            ring_messages=None if report is None else report.ring_messages,
            ring_bytes=None if report is None else str(report.ring_bytes),
            cuts=report.cuts if report else sum(one.cut_off for one in own.subscribers) if own else None,
            dropped=None if report is None else str(report.dropped),
            link=None if source.link is None else _link(source.link),
            consumers=[
                *(_local(one) for one in (hub.subscribers if hub is not None else ())),
                *_remote(report, source.server, source.link),
            ],
        )

    def _rate(self, source: _Source) -> RelayRate | None:
        pace = self._paces.get(source.name)
        rate = None if pace is None else pace.rate()
        if rate is None:
            return None
        return RelayRate(
            per_s=decimal_text(rate.tenths_per_s, 1), over_s=decimal_text(rate.over_ns // NS_PER_TENTH_S, 1)
        )


def _as_of(report: RelayReport | None, now_ns: int | None) -> Instant | None:
    at_ns = report.at_ns if report is not None else now_ns
    return None if at_ns is None else instant(at_ns)


def _delivery(domain: Domain) -> DeliveryWord:
    delivery = delivery_of(domain, Lane.DATA)
    if delivery.conflates:
        return "conflated"
    return "expiring" if delivery.expires else "acknowledged"


def _link(link: AnyLink) -> LinkView:
    counts = link.counts
    return LinkView(
        condition=_word(link.condition if link.connected else LinkCondition.LOST),
        connected=link.connected,
        gaps_found=counts.gaps,
        gaps_open=int(link.condition is LinkCondition.GAP),
        resets=counts.resets,
        duplicates=counts.duplicates,
        unacknowledged=link.unacknowledged,
        expired=link.expired,
    )


def _local(one: SubscriptionStatistics) -> RelayConsumer:
    return RelayConsumer(
        name=one.name,
        peer=None,
        lane=None,
        state="cut" if one.cut_off else "ok",
        connected=not one.cut_off,
        durable=False,
        wants=_wants(one.topics),
        since=None,
        delivered=str(one.delivered),
        waiting=one.waiting,
        peak=one.peak,
        lag=str(one.waiting),
        unapplied=None,
        dropped_superseded=None,
        dropped_expired=None,
        resent=None,
        snapshots=None,
        published=None,
        gaps=None,
    )


def _remote(report: RelayReport | None, server: RelayServer | None, link: AnyLink | None) -> Iterator[RelayConsumer]:
    for one in report.consumers if report is not None else ():
        topics = None
        if server is not None:
            topics = server.topics_of(one.service, one.lane)
        elif link is not None and one.service == link.terms.service:
            topics = link.terms.topics
        yield _consumer(one, topics)


def _consumer(one: ConsumerReport, topics: Topics | None) -> RelayConsumer:
    return RelayConsumer(
        name=one.service,
        peer=one.peer,
        lane="control" if one.lane is Lane.CONTROL else "data",
        state=_word(one.condition),
        connected=one.connected,
        durable=one.durable,
        wants=_wants(topics),
        since=instant(one.since_ns) if one.since_ns else None,
        delivered=str(one.sent),
        waiting=one.waiting,
        peak=None,
        lag=str(one.lag),
        unapplied=str(one.unapplied) if one.durable else None,
        dropped_superseded=str(one.dropped_superseded),
        dropped_expired=str(one.dropped_expired),
        resent=str(one.resent),
        snapshots=one.snapshots,
        published=str(one.published),
        gaps=one.gaps,
    )


def _wants(topics: Topics | None) -> str | None:
    """What a consumer wants in words; None if that is not known."""
    if topics is None:
        return None
    if topics.everything:
        return "everything"
    if topics.types == frozenset():
        return "nothing, it only publishes"
    parts: list[str] = []
    if topics.types is not None:
        parts.append(", ".join(sorted(one.__name__ for one in topics.types)))
    if topics.venues is not None:
        parts.append("venues " + ", ".join(_venues(topics.venues)))
    if topics.instruments is not None:
        parts.append(f"{len(topics.instruments)} instrument{'' if len(topics.instruments) == 1 else 's'}")
    return "; ".join(parts)


def _venues(venues: frozenset[int]) -> Sequence[str]:
    known = {int(venue): venue.name.lower() for venue in Venue}
    return sorted(known.get(venue, str(venue)) for venue in venues)


def _word(condition: LinkCondition) -> LinkWord:
    return cast(LinkWord, condition.name.lower())


def _text(count: int | None) -> str | None:
    return None if count is None else str(count)
