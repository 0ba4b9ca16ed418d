"""What a strategy is, and the task that feeds one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import trio

from alphapulse.data.market import MarketEvent
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.reader import Reader


class Strategy(Protocol):
    """A pure decision maker: no I/O, no clock, no task."""

    name: str

    def on_events(self, events: Sequence[MarketEvent]) -> list[ArbitrageSignal]:
        """Take a list of events in, in order; returns the signals that they give rise to."""
        ...


class StrategyService(Reader):
    """Feeds a strategy from the market-data relay and publishes what it proposes.

    Resource handling: the subscription is left when the task ends; a new life starts from the relay's snapshot.
    """

    def __init__(self, strategy: Strategy, market_data: AnyRelay, signals: AnyRelay) -> None:
        self._strategy = strategy
        self._market_data = market_data
        self._signals = signals

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        with self._market_data.subscribe(self._strategy.name) as subscription:
            task_status.started()
            while True:
                events = await self.read(subscription)
                if signals := self._strategy.on_events(events):
                    self._signals.publish(signals)
