"""Topics: what a consumer wants of a relay, by type, instrument and venue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from operator import attrgetter
from typing import Any, Self, TypeVar

import attrs

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.chains import CHAINS
from alphapulse.data.instruments import CHAIN_OF_VENUE, InstrumentId, Venue
from alphapulse.data.links import LinkHello
from alphapulse.data.market import BlockCompleted, StreamStatus
from alphapulse.data.registry import message_class
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.verdicts import TokenVerdict

T = TypeVar("T")


@attrs.frozen
class Topics:
    """What a consumer wants; None wants all.

    A message about no instrument passes every choice of instruments, one about no venue every choice of venues. The
    venue of a chain stands for every pool on it, and whoever wants one of its pools gets the chain's own messages.
    """

    types: frozenset[type] | None = None
    instruments: frozenset[InstrumentId] | None = None
    venues: frozenset[int] | None = None
    everything: bool = attrs.field(init=False)
    """True if nothing is left out."""
    _seen: dict[int, bool] = attrs.field(factory=dict, init=False, eq=False, repr=False)

    @classmethod
    def of(
        cls,
        types: Collection[type] | None = None,
        instruments: Collection[InstrumentId] | None = None,
        venues: Collection[int] | None = None,
    ) -> Self:
        """The topics of a subscription."""
        return cls(_set(types), _set(instruments), _set(venues))

    @classmethod
    def of_hello(cls, hello: LinkHello) -> Self:
        """The topics that a link wants. Types that nobody declared here are left out."""
        types = hello.types
        known = None if types is None else [known for number in types if (known := message_class(number)) is not None]
        return cls.of(known, hello.instruments, hello.venues)

    @everything.default
    def _wants_everything(self) -> bool:
        return self.types is None and self.instruments is None and self.venues is None

    @property
    def type_numbers(self) -> tuple[int, ...] | None:
        """The wanted types by number, for a LinkHello."""
        if self.types is None:
            return None
        return tuple(sorted(cls.DESCRIPTION.type for cls in self.types))  # type: ignore[attr-defined]

    def pick(self, messages: Sequence[object]) -> Sequence[object]:
        """Those of `messages` that are wanted."""
        if self.everything:
            return messages
        types = self.types
        if types is not None and self.instruments is None and self.venues is None:
            return [message for message in messages if type(message) in types]
        return [message for message in messages if self.wants(message)]

    def wants(self, message: object) -> bool:
        """True if the message is one of those wanted."""
        if self.types is not None and type(message) not in self.types:
            return False
        if self.instruments is not None:
            about = instruments_of(message)
            if about and not any(instrument in self.instruments for instrument in about):
                return False
        if self.venues is not None:
            venues = venues_of(message)
            return not venues or any(self._wants_venue(venue) for venue in venues)
        return True

    def _wants_venue(self, venue: int) -> bool:
        wanted = self._seen.get(venue)
        if wanted is None:
            if len(self._seen) > 4 * len(Venue):
                self._seen.clear()
            venues = self.venues or frozenset()
            on_chain = _chain_venue(venue) in venues or any(_chain_venue(one) == venue for one in venues)
            wanted = self._seen[venue] = venue in venues or on_chain
        return wanted


ALL = Topics()
NOTHING = Topics(types=frozenset())


_READERS: dict[type, Callable[[Any], Sequence[InstrumentId]]] = {}
"""By class of message; there are no more than the registry has."""

_path = attrgetter("pools")


def _one_pool(message: Any) -> Sequence[InstrumentId]:
    return (message.pool,)


def _one_instrument(message: Any) -> Sequence[InstrumentId]:
    return (message.instrument,)


def _nothing(message: Any) -> Sequence[InstrumentId]:
    return ()


def instruments_of(message: object) -> Sequence[InstrumentId]:
    """The instruments that a message is about: a pool or an instrument, or the pools of a path; none if it has none."""
    return (_READERS.get(type(message)) or _reader(type(message)))(message)


def venues_of(message: object) -> Sequence[int]:
    """The venues that a message is about; none if it is about all or none."""
    if isinstance(message, (BlockCompleted, ChainHead, ChainReorganised)):
        chain = CHAINS.get(message.chain_id)
        return () if chain is None else (chain.venue,)
    if isinstance(message, StreamStatus):
        return (message.venue,) if message.venue else ()
    if isinstance(message, TokenVerdict):
        return (message.token.venue,)
    return [instrument.venue for instrument in instruments_of(message)]


def _reader(cls: type) -> Callable[[object], Sequence[InstrumentId]]:
    """How the instruments of a class of messages are found, kept for the next time."""
    if cls is ArbitrageSignal:
        read: Callable[[Any], Sequence[InstrumentId]] = _path
    elif "pool" in (names := {field.name for field in attrs.fields(cls)}):
        read = _one_pool
    else:
        read = _one_instrument if "instrument" in names else _nothing
    _READERS[cls] = read
    return read


def _chain_venue(venue: int) -> int | None:
    """The venue of the chain on which `venue` lies, None if it is on none or not known."""
    chain = CHAINS.get(CHAIN_OF_VENUE.get(venue, 0))  # type: ignore[call-overload]  # numbers without a name are on no chain
    return None if chain is None else chain.venue


def _set(items: Collection[T] | None) -> frozenset[T] | None:
    return None if items is None else frozenset(items)
