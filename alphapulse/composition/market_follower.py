"""What a process knows of the market from its relays alone: the time, how far it has come, how a replay stands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import trio

from alphapulse.collectors.recorded.collector import ReplayCounts
from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.market import BLOCK_END, BlockCompleted, StreamState, StreamStatus
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.observe.market_clock import MarketClock
from alphapulse.relays.link_events import is_link_stream
from alphapulse.rules.books.pool_book import Position

logger = logging.getLogger(__name__)

PATIENCE_S = 1
"""How long a signal waits for the market data that it saw."""


LOG = "log"
"""Which kind of log it is, a block's completion does not say."""


class Replaying(Protocol):
    """How a source of market data stands, as the control plane shows it."""

    @property
    def counts(self) -> ReplayCounts:
        """What was handed over."""

    @property
    def span_ns(self) -> tuple[int, int] | None:
        """First and last moment of the recording; None where there is none, or where it is not known."""

    @property
    def last_event_ns(self) -> int | None:
        """Time of the newest block."""

    @property
    def finished(self) -> bool:
        """True once the recording is over."""


class MarketFollower:
    """Follows the market data that the local hub is given, before its subscribers are; `take` is told of each list.

    It leads `clock` (None where a collector does) at `speed_ppm` millionths of real time, 0: at the time of the newest
    block, and lets a signal wait until the market data that it saw has been taken in (`wait_for`). `on_end` is told
    when a recording is over.
    """

    def __init__(
        self,
        clock: MarketClock | None,
        speed_ppm: int,
        *,
        on_end: Callable[[StreamStatus], None],
    ) -> None:
        self.counts = ReplayCounts()
        self.span_ns: tuple[int, int] | None = None
        self.last_event_ns: int | None = None
        self.finished = False
        self.late = 0
        """Signals that were handed on although their market data had not come in time."""
        self._clock = clock
        self._speed_ppm = speed_ppm
        self._on_end = on_end
        self._positions: dict[int, Position] = {}
        self._moved = trio.lowlevel.ParkingLot()

    def take(self, events: Sequence[object]) -> None:
        """Market data was handed to the local hub."""
        for event in events:
            match event:
                case BlockCompleted():
                    self._complete(event)
                case ChainReorganised():
                    self._positions[event.chain_id] = event.ancestor_number, BLOCK_END
                case StreamStatus():
                    self._heed(event)
        last: Any = events[-1] if events else None
        if (stamp := getattr(last, "stamp", None)) is not None:
            chain_id = last.pool.chain_id or 0
            self._positions[chain_id] = max(self._positions.get(chain_id, (0, 0)), stamp.position)
        self._moved.unpark_all()

    async def wait_for(self, messages: Sequence[object]) -> None:
        """Return when the market data that the signals among `messages` saw is taken in, or 1 s later."""
        signals = [message for message in messages if isinstance(message, ArbitrageSignal)]
        with trio.move_on_after(PATIENCE_S) as patience:
            while not all(self._has_seen(signal) for signal in signals):
                await self._moved.park()
        if patience.cancelled_caught:
            self.late += sum(not self._has_seen(signal) for signal in signals)
            logger.warning("%d signals are handed on without the market data that they saw", self.late)

    def _has_seen(self, signal: ArbitrageSignal) -> bool:
        return self._positions.get(signal.chain_id, (0, 0)) >= signal.position

    def _complete(self, block: BlockCompleted) -> None:
        self._positions[block.chain_id] = block.block_number, BLOCK_END
        if self._clock is not None:
            self._clock.run_from(block.venue_time_ns, self._speed_ppm)
        self.last_event_ns = block.venue_time_ns
        self.counts.blocks += 1
        self.counts.logs += block.logs
        self.counts.events[LOG] += block.logs

    def _heed(self, status: StreamStatus) -> None:
        if is_link_stream(status):
            return
        if status.state is StreamState.RESET:
            self._positions.clear()
            self.counts = ReplayCounts()
            self.finished = False
        elif status.state is StreamState.ENDED:
            if self._clock is not None and self.last_event_ns is not None:
                self._clock.run_from(self.last_event_ns, 0)
            self.finished = True
            self._on_end(status)
