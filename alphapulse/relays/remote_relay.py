"""A relay that runs in another process, as services of this one see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import Domain
from alphapulse.errors import RelayError
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay import Relay, RelayStatistics
from alphapulse.relays.relay_link import AnyLink
from alphapulse.relays.subscription import AnySubscription
from alphapulse.rules.links.topics import Topics


class RemoteRelay:
    """Publishes by links, and feeds subscribers from the local hub into which the links bring what the relays carry.

    What is published here comes back by the link if its topics want it: everybody sees the relay's order. With several
    relays for one domain, each for its own venues, a message goes to the one that carries its venue.
    """

    def __init__(self, hub: Relay, links: AnyLink | Mapping[frozenset[int], AnyLink]) -> None:
        self._hub = hub
        self._links = links if isinstance(links, Mapping) else {frozenset[int](): links}
        self._topics = {venues: Topics(venues=venues or None) for venues in self._links}

    @property
    def domain(self) -> Domain:
        """What it carries."""
        return self._hub.domain

    @property
    def flow(self) -> Flow:
        """Tells when all consumers, those of other processes too, have caught up."""
        return self._hub.flow

    @property
    def links(self) -> Collection[AnyLink]:
        """The links by which it works."""
        return self._links.values()

    def publish(self, messages: Sequence[object]) -> None:
        """Send a list to the relay. Never waits.

        Raises:
            RelayError: a message belongs to another domain or to no relay's venues, or too much of what was published
                has not been acknowledged.
        """
        self._hub.check(messages)
        if len(self._links) == 1:
            for link in self._links.values():
                link.publish(messages)
            return
        for venues, link in self._links.items():
            topics = self._topics[venues]
            if chosen := topics.pick(messages):
                link.publish(chosen)
        for message in messages:
            if not any(topics.wants(message) for topics in self._topics.values()):
                raise RelayError(f"no {self.domain.name} relay carries the venue of {message}; name it in the topology")

    def subscribe(
        self,
        name: str,
        *,
        types: Collection[type] | None = None,
        instruments: Collection[InstrumentId] | None = None,
        venues: Collection[int] | None = None,
    ) -> AnySubscription:
        """A new consumer, fed from the local hub."""
        return self._hub.subscribe(name, types=types, instruments=instruments, venues=venues)

    def feed(
        self,
        subscription: AnySubscription,
        *,
        types: Collection[type] | None = None,
        instruments: Collection[InstrumentId] | None = None,
        venues: Collection[int] | None = None,
    ) -> None:
        """Let a consumer that has a queue already receive this relay's messages too."""
        self._hub.feed(subscription, types=types, instruments=instruments, venues=venues)

    def statistics(self) -> RelayStatistics:
        """Counts of the local hub. The relay's own stand in its links' reports."""
        return self._hub.statistics()
