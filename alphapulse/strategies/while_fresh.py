"""Lets a strategy decide only by blocks that are the newest: what is caught up with is taken in, and not acted on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from alphapulse.data.instruments import CHAIN_OF_VENUE
from alphapulse.data.market import BlockCompleted, StreamState, StreamStatus
from alphapulse.data.pending import PendingTransaction
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.strategies.strategy import Strategy


class WhileFresh:
    """Withholds the ends of blocks, and pending transactions, while their chain's stream is not fresh.

    The events themselves are passed on: books stay whole, and the first block that is fresh again is judged with all
    that has changed before it. `streams` gives the newest word of each stream: who begins in its midst hears no other.
    """

    def __init__(self, strategy: Strategy, streams: Callable[[], Iterable[StreamStatus]] = tuple) -> None:
        self.name = strategy.name
        self._strategy = strategy
        self._streams = streams
        self._fresh: set[int] | None = None

    def on_events(self, events: Sequence[Any]) -> list[ArbitrageSignal]:
        """What the strategy proposes because of what is fresh."""
        if self._fresh is None:
            self._fresh = set()
            for status in self._streams():
                _heed(self._fresh, status)
        fresh = self._fresh
        return self._strategy.on_events([event for event in events if _passes(fresh, event)])


def _passes(fresh: set[int], event: Any) -> bool:
    kind = type(event)
    if kind is BlockCompleted or kind is PendingTransaction:
        return event.chain_id in fresh
    if kind is StreamStatus:
        _heed(fresh, event)
    return True


def _heed(fresh: set[int], status: Any) -> None:
    chain_id = CHAIN_OF_VENUE.get(status.venue)
    if chain_id is None:
        return
    if status.state is StreamState.FRESH:
        fresh.add(chain_id)
    else:
        fresh.discard(chain_id)
