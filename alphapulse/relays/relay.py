"""A relay: publishes lists of messages of one domain to its subscribers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import attrs

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.registry import MESSAGES
from alphapulse.data.wire import DOMAIN_TYPES, Domain
from alphapulse.errors import RelayError
from alphapulse.relays.flow import Flow
from alphapulse.relays.subscription import AnySubscription, Subscription, SubscriptionStatistics


@attrs.frozen
class RelayStatistics:
    """What a relay has carried since the start."""

    domain: Domain
    published: int
    refused: int
    subscribers: tuple[SubscriptionStatistics, ...]


@attrs.frozen
class _Filter:
    """What one subscriber wants; None wants all."""

    types: frozenset[type] | None
    instruments: frozenset[InstrumentId] | None

    def pick(self, messages: Sequence[object]) -> Sequence[object]:
        if self.types is None and self.instruments is None:
            return messages
        return [message for message in messages if self._wants(message)]

    def _wants(self, message: object) -> bool:
        if self.types is not None and type(message) not in self.types:
            return False
        if self.instruments is None:
            return True
        instrument = getattr(message, "pool", None)
        return instrument is None or instrument in self.instruments


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
        )
        self._subscribers: dict[AnySubscription, _Filter] = {}
        self._published = 0
        self._refused = 0

    def publish(self, messages: Sequence[object]) -> None:
        """Hand a list to every subscriber that wants some of it.

        Raises:
            RelayError: a message belongs to another domain; nothing of the list was handed over.
        """
        for message in messages:
            if type(message) not in self._accepted:
                self._refused += 1
                raise RelayError(
                    f"the {self.domain.name} relay was given {type(message).__name__}, which it does not carry; "
                    "publish it on the relay of its own domain"
                )
        self._published += len(messages)
        if self._keep is not None:
            self._keep(messages)
        for subscription, wanted in list(self._subscribers.items()):
            picked = wanted.pick(messages)
            if picked:
                subscription.offer(picked)

    def subscribe(
        self,
        name: str,
        *,
        types: Collection[type] | None = None,
        instruments: Collection[InstrumentId] | None = None,
    ) -> AnySubscription:
        """A new consumer of messages of `types` about `instruments` (None: all), starting from the snapshot."""
        subscription: AnySubscription = Subscription(name, self.flow)
        self.feed(subscription, types=types, instruments=instruments)
        return subscription

    def feed(
        self,
        subscription: AnySubscription,
        *,
        types: Collection[type] | None = None,
        instruments: Collection[InstrumentId] | None = None,
    ) -> None:
        """Let a consumer that has a queue already receive this relay's messages too."""
        wanted = _Filter(
            frozenset(types) if types is not None else None,
            frozenset(instruments) if instruments is not None else None,
        )
        self._subscribers[subscription] = wanted
        subscription.on_close(lambda: self._forget(subscription))
        if self._snapshot is not None and (start := wanted.pick(list(self._snapshot()))):
            subscription.offer(start)

    def statistics(self) -> RelayStatistics:
        """Counts, and those of each subscriber."""
        return RelayStatistics(
            self.domain,
            self._published,
            self._refused,
            tuple(subscription.statistics() for subscription in self._subscribers),
        )

    def _forget(self, subscription: AnySubscription) -> None:
        self._subscribers.pop(subscription, None)
