"""A relay: publishes lists of messages of one domain to its subscribers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import attrs
import trio

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.links import LinkStatus
from alphapulse.data.registry import MESSAGES
from alphapulse.data.runs import RunEnded, RunStarted
from alphapulse.data.services import Error
from alphapulse.data.wire import DOMAIN_TYPES, Domain
from alphapulse.errors import RelayError
from alphapulse.relays.flow import Flow
from alphapulse.relays.instrument_index import InstrumentIndex
from alphapulse.relays.subscription import AnySubscription, Subscription, SubscriptionStatistics
from alphapulse.rules.links.topics import Topics


@attrs.frozen
class RelayStatistics:
    """What a relay has carried since the start."""

    domain: Domain
    published: int
    refused: int
    subscribers: tuple[SubscriptionStatistics, ...]


TRAVELLERS: dict[Domain, frozenset[type]] = {
    Domain.EXECUTION: frozenset({RunStarted, RunEnded, LinkStatus, Error}),
}
"""Messages of the system domain that a relay carries: runs, links, and what was given up, are told by execution's."""

Tap = Callable[[Sequence[object], bytes | None], None]
"""Told of every list before the subscribers are, with its frames if it came over a link; what it raises goes up."""


class Relay:
    """The hub of one domain. `publish` is synchronous: each subscriber's queue has the list when it returns.

    `snapshot` gives the messages from which a new subscriber starts (the newest pool states, say); it is told of every
    list through `keep` before the subscribers are.
    """

    def __init__(
        self,
        domain: Domain,
        flow: Flow,
        *,
        keep: Callable[[Sequence[object]], None] | None = None,
        snapshot: Callable[[], Iterable[object]] | None = None,
    ) -> None:
        self.domain = domain
        self.flow = flow
        self._keep = keep
        self._snapshot = snapshot
        self._accepted = frozenset(
            cls for number, cls in MESSAGES.items() if any(number in numbers for numbers in DOMAIN_TYPES[domain])
        ) | TRAVELLERS.get(domain, frozenset())
        self._subscribers: dict[AnySubscription, Topics] = {}
        self._broad: tuple[tuple[AnySubscription, Topics], ...] = ()  # replaced, not changed: one may leave meanwhile
        self._narrow = InstrumentIndex()
        self._has_narrow = False
        self._arrivals = trio.lowlevel.ParkingLot()
        self._tap: Tap | None = None
        self._published = 0
        self._refused = 0

    @property
    def subscriptions(self) -> Collection[AnySubscription]:
        """Those who listen now."""
        return self._subscribers.keys()

    def attach(self, tap: Tap) -> None:
        """Let a relay server carry what is published here to other processes."""
        if self._tap is not None:
            raise RelayError(f"the {self.domain.name} relay is served already; one server serves all its links")
        self._tap = tap

    async def wait_subscribed(self) -> None:
        """Return as soon as somebody listens."""
        while not self._subscribers:
            await self._arrivals.park()

    def publish(self, messages: Sequence[object], frames: bytes | None = None) -> None:
        """Hand a list to every subscriber that wants some of it.

        `frames` are the same messages as they came over a link, to be carried on as they are.

        Raises:
            RelayError: a message belongs to another domain, or the ring is full of what has not been acknowledged;
                nothing of the list was handed over.
        """
        self.check(messages)
        if self._tap is not None:
            self._tap(messages, frames)
        self._published += len(messages)
        if self._keep is not None:
            self._keep(messages)
        for subscription, wanted in self._broad:
            picked = messages if wanted.everything else wanted.pick(messages)
            if picked:
                subscription.offer(picked)
        if self._has_narrow:
            for subscription, chosen in self._narrow.pick(messages).items():
                subscription.offer(chosen)

    def remember(self, messages: Sequence[object]) -> None:
        """Take into the snapshot what is published elsewhere and does not come back."""
        if self._keep is not None:
            self._keep(messages)

    def snapshot(self) -> Iterable[object]:
        """The messages from which a new subscriber starts."""
        return () if self._snapshot is None else self._snapshot()

    def check(self, messages: Sequence[object]) -> None:
        """Raise RelayError, and count it, if one of `messages` belongs to another domain."""
        if self._accepted.issuperset(map(type, messages)):
            return
        self._refused += 1
        foreign = next(type(message).__name__ for message in messages if type(message) not in self._accepted)
        raise RelayError(
            f"the {self.domain.name} relay was given {foreign}, which it does not carry; "
            "publish it on the relay of its own domain"
        )

    def subscribe(
        self,
        name: str,
        *,
        types: Collection[type] | None = None,
        instruments: Collection[InstrumentId] | None = None,
        venues: Collection[int] | None = None,
    ) -> AnySubscription:
        """A new consumer of messages of `types` about `instruments` on `venues` (None: all), from the snapshot on."""
        subscription: AnySubscription = Subscription(name, self.flow)
        self.feed(subscription, types=types, instruments=instruments, venues=venues)
        return subscription

    def feed(
        self,
        subscription: AnySubscription,
        *,
        types: Collection[type] | None = None,
        instruments: Collection[InstrumentId] | None = None,
        venues: Collection[int] | None = None,
    ) -> None:
        """Let a consumer that has a queue already receive this relay's messages too."""
        wanted = Topics.of(types, instruments, venues)
        self._subscribers[subscription] = wanted
        if wanted.instruments is None:
            self._broad = (*self._broad_without(subscription), (subscription, wanted))
        else:
            self._narrow.add(subscription, wanted)
            self._has_narrow = True
        self._arrivals.unpark_all()
        subscription.on_close(lambda: self._forget(subscription))
        if start := wanted.pick(list(self.snapshot())):
            subscription.offer(start, snapshot=True)

    def statistics(self) -> RelayStatistics:
        """Counts, and those of each subscriber."""
        return RelayStatistics(
            self.domain,
            self._published,
            self._refused,
            tuple(attrs.evolve(one.statistics(), topics=wanted) for one, wanted in self._subscribers.items()),
        )

    def _forget(self, subscription: AnySubscription) -> None:
        self._subscribers.pop(subscription, None)
        self._broad = self._broad_without(subscription)
        self._narrow.remove(subscription)
        self._has_narrow = len(self._narrow) > 0

    def _broad_without(self, subscription: AnySubscription) -> tuple[tuple[AnySubscription, Topics], ...]:
        return tuple(one for one in self._broad if one[0] is not subscription)
