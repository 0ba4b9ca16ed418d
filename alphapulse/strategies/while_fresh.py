"""Lets a strategy decide only by blocks that are the newest: what is caught up with is taken in, and not acted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alphapulse.data.instruments import CHAIN_OF_VENUE
from alphapulse.data.market import BlockCompleted, StreamState, StreamStatus
from alphapulse.data.pending import PendingTransaction
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.strategies.strategy import Strategy


class WhileFresh:
    """Withholds the ends of blocks, and pending transactions, while their chain's stream is not fresh.

    The events themselves are passed on: books stay whole, and the first block that is fresh again is judged with all
    that has changed before it.
    """

    def __init__(self, strategy: Strategy) -> None:
        self.name = strategy.name
        self._strategy = strategy
        self._fresh: set[int] = set()

    def on_events(self, events: Sequence[Any]) -> list[ArbitrageSignal]:
        """What the strategy proposes because of what is fresh."""
        return self._strategy.on_events([event for event in events if self._passes(event)])

    def _passes(self, event: Any) -> bool:
        kind = type(event)
        if kind is BlockCompleted or kind is PendingTransaction:
            return event.chain_id in self._fresh
        if kind is StreamStatus and (chain_id := CHAIN_OF_VENUE.get(event.venue)) is not None:
            if event.state is StreamState.FRESH:
                self._fresh.add(chain_id)
            else:
                self._fresh.discard(chain_id)
        return True
