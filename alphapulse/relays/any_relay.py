"""What a service sees of a relay, wherever that runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import Domain
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay import RelayStatistics
from alphapulse.relays.subscription import AnySubscription


class AnyRelay(Protocol):
    """A relay of this process (`Relay`) or of another (`RemoteRelay`)."""

    @property
    def domain(self) -> Domain:
        """What it carries."""

    @property
    def flow(self) -> Flow:
        """Tells when all consumers have caught up."""

    def publish(self, messages: Sequence[object]) -> None:
        """Hand a list to every subscriber that wants some of it. Never waits.

        Raises:
            RelayError: a message belongs to another domain, or cannot be kept until it is acknowledged; nothing of
                the list was handed over.
        """

    def subscribe(
        self,
        name: str,
        *,
        types: Collection[type] | None = None,
        instruments: Collection[InstrumentId] | None = None,
        venues: Collection[int] | None = None,
    ) -> AnySubscription:
        """A new consumer of messages of `types` about `instruments` on `venues` (None: all)."""

    def feed(
        self,
        subscription: AnySubscription,
        *,
        types: Collection[type] | None = None,
        instruments: Collection[InstrumentId] | None = None,
        venues: Collection[int] | None = None,
    ) -> None:
        """Let a consumer that has a queue already receive this relay's messages too."""

    def statistics(self) -> RelayStatistics:
        """Counts, and those of each subscriber of this process."""
