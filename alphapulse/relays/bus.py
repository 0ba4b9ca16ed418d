"""The bus of one process: the three relays over one flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from alphapulse.data.halts import HaltChange
from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.data.runs import RunStarted
from alphapulse.data.wire import Domain
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.chain_states import ChainStates
from alphapulse.relays.flow import Flow
from alphapulse.relays.link_events import is_link_stream
from alphapulse.relays.relay import Relay
from alphapulse.relays.subscription import AnySubscription
from alphapulse.rules.books.market_book import MarketBook

HEALTHY = (StreamState.FRESH, StreamState.QUIET)


class Bus:
    """Market data, signals and execution, each its own relay; `flow` tells when all consumers have caught up.

    `hubs` are the relays' parts in this process. `market_data`, `signals` and `execution` are what services use: the
    hubs themselves, until the composition puts relays of other processes in their place.

    `streams` holds the newest status of each stream of market data, by name, `chains` what they said of their chains.
    `on_market` are told of market data
    before its subscribers are; they must be quick and not raise.
    """

    def __init__(self, flow: Flow | None = None) -> None:
        self.flow = flow or Flow()
        self.streams: dict[str, StreamStatus] = {}
        self.chains = ChainStates()
        self.on_market: list[Callable[[Sequence[object]], None]] = []
        self._book = MarketBook()
        self._run: RunStarted | None = None
        self._halts: dict[str, HaltChange] = {}
        self.hubs = {
            Domain.MARKET_DATA: Relay(
                Domain.MARKET_DATA, self.flow, keep=self._keep_market, snapshot=self._pool_states
            ),
            Domain.SIGNAL: Relay(Domain.SIGNAL, self.flow),
            Domain.EXECUTION: Relay(Domain.EXECUTION, self.flow, keep=self._keep_execution),
        }
        self.market_data: AnyRelay = self.hubs[Domain.MARKET_DATA]
        self.signals: AnyRelay = self.hubs[Domain.SIGNAL]
        self.execution: AnyRelay = self.hubs[Domain.EXECUTION]

    def subscribe_to_all(self, name: str) -> AnySubscription:
        """A consumer of everything on the three relays, in the order of publishing."""
        subscription = self.market_data.subscribe(name)
        self.signals.feed(subscription)
        self.execution.feed(subscription)
        return subscription

    def stream_trouble(self, venue: int) -> str | None:
        """What is wrong with the streams of a venue, or with a link by which they come, in words; None if nothing."""
        whole, first = False, None
        for status in self.streams.values():
            if status.state in HEALTHY:
                whole = whole or status.venue == venue
            elif is_link_stream(status):
                return _trouble(status)
            elif first is None and status.venue == venue:
                first = status
        if whole:
            return None
        return "no stream of this chain has begun" if first is None else _trouble(first)

    def market_snapshot(self) -> Iterator[object]:
        """The state that a process starts from that has just been linked: the streams, and the newest pool states."""
        yield from (status for status in self.streams.values() if not is_link_stream(status))
        yield from self._pool_states()
        yield from self.chains.snapshot()

    def execution_snapshot(self) -> Iterator[object]:
        """The newest run, and the newest change of each scope's halt level."""
        if self._run is not None:
            yield self._run
        yield from self._halts.values()

    def _pool_states(self) -> Iterator[object]:
        """Pools that were found, and the newest state of each pool."""
        yield from self.chains.found.values()
        yield from self._book.snapshot()

    def _keep_market(self, events: Sequence[object]) -> None:
        for event in events:
            self._book.apply(event)
            if type(event) is StreamStatus:
                self.streams[event.stream] = event
        self.chains.take(events)
        for tell in self.on_market:
            tell(events)

    def _keep_execution(self, messages: Sequence[object]) -> None:
        for message in messages:
            if isinstance(message, RunStarted):
                self._run = message
            elif isinstance(message, HaltChange):
                self._halts[message.scope] = message


def _trouble(status: StreamStatus) -> str:
    return f"the stream {status.stream} is {status.state.name.lower()}: {status.reason}"
