"""The bus of one process: the three relays over one flow."""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.data.wire import Domain
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay import Relay
from alphapulse.relays.subscription import AnySubscription
from alphapulse.rules.books.pool_book import PoolBook


class Bus:
    """Market data, signals and execution, each its own relay; `flow` tells when all consumers have caught up."""

    def __init__(self) -> None:
        self.flow = Flow()
        self._book = PoolBook()
        self.market_data = Relay(Domain.MARKET_DATA, self.flow, keep=self._apply, snapshot=self._book.snapshot)
        self.signals = Relay(Domain.SIGNAL, self.flow)
        self.execution = Relay(Domain.EXECUTION, self.flow)

    def subscribe_to_all(self, name: str) -> AnySubscription:
        """A consumer of everything on the three relays, in the order of publishing."""
        subscription = self.market_data.subscribe(name)
        self.signals.feed(subscription)
        self.execution.feed(subscription)
        return subscription

    def _apply(self, events: Sequence[object]) -> None:
        for event in events:
            self._book.apply(event)  # type: ignore[arg-type]  # the relay has checked the domain
