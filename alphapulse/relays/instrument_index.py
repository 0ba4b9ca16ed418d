"""Finds the subscribers of an instrument at once, so that a message costs the same among one topic or a thousand."""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.data.instruments import InstrumentId
from alphapulse.relays.subscription import AnySubscription
from alphapulse.rules.links.topics import Topics, instruments_of


class InstrumentIndex:
    """Subscribers that have chosen instruments."""

    def __init__(self) -> None:
        self._topics: dict[AnySubscription, Topics] = {}
        self._rest: dict[AnySubscription, Topics] = {}
        self._by_instrument: dict[InstrumentId, list[AnySubscription]] = {}

    def __len__(self) -> int:
        return len(self._topics)

    def add(self, subscription: AnySubscription, topics: Topics) -> None:
        """One more, that wants `topics.instruments`."""
        self._topics[subscription] = topics
        self._rest[subscription] = Topics(topics.types, None, topics.venues)
        for instrument in topics.instruments or ():
            self._by_instrument.setdefault(instrument, []).append(subscription)

    def remove(self, subscription: AnySubscription) -> None:
        """It has left; one that is not here is no error."""
        topics = self._topics.pop(subscription, None)
        if topics is not None:
            del self._rest[subscription]
            for instrument in topics.instruments or ():
                listening = self._by_instrument[instrument]
                listening.remove(subscription)
                if not listening:
                    del self._by_instrument[instrument]

    def pick(self, messages: Sequence[object]) -> dict[AnySubscription, list[object]]:
        """What each is to be given; those that want nothing of it are left out."""
        picked: dict[AnySubscription, list[object]] = {}
        rest, by_instrument = self._rest, self._by_instrument
        for message in messages:
            about = instruments_of(message)
            if not about:
                listening = list(rest)
            elif len(about) == 1:
                listening = by_instrument.get(about[0], [])
            else:
                found = (one for instrument in about for one in by_instrument.get(instrument, ()))
                listening = list(dict.fromkeys(found))
            for subscription in listening:
                if rest[subscription].wants(message):
                    picked.setdefault(subscription, []).append(message)
        return picked
