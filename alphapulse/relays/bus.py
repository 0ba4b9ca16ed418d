"""The bus of one process: the three relays over one flow."""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.data.wire import Domain
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay import Relay
from alphapulse.relays.subscription import AnySubscription
from alphapulse.rules.books.pool_book import PoolBook

HEALTHY = (StreamState.FRESH, StreamState.QUIET)


class Bus:
    """Market data, signals and execution, each its own relay; `flow` tells when all consumers have caught up.

    `streams` holds the newest status of each stream of market data, by name.
    """

    def __init__(self) -> None:
        self.flow = Flow()
        self.streams: dict[str, StreamStatus] = {}
        self._book = PoolBook()
        self.market_data = Relay(Domain.MARKET_DATA, self.flow, keep=self._keep, snapshot=self._book.snapshot)
        self.signals = Relay(Domain.SIGNAL, self.flow)
        self.execution = Relay(Domain.EXECUTION, self.flow)

    def subscribe_to_all(self, name: str) -> AnySubscription:
        """A consumer of everything on the three relays, in the order of publishing."""
        subscription = self.market_data.subscribe(name)
        self.signals.feed(subscription)
        self.execution.feed(subscription)
        return subscription

    def stream_trouble(self, venue: int) -> str | None:
        """What is wrong with the streams of a venue, in words; None if one is whole."""
        states = [status for status in self.streams.values() if status.venue == venue]
        if any(status.state in HEALTHY for status in states):
            return None
        if not states:
            return "no stream of this chain has begun"
        return f"the stream {states[0].stream} is {states[0].state.name.lower()}: {states[0].reason}"

    def _keep(self, events: Sequence[object]) -> None:
        for event in events:
            self._book.apply(event)  # type: ignore[arg-type]  # the relay has checked the domain
            if isinstance(event, StreamStatus):
                self.streams[event.stream] = event
