"""Watches pairs of pools and says at which states an opportunity stands open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import attrs

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import BlockCompleted, LogStamp, MarketEvent, PoolState, PoolSwap, StreamState, StreamStatus
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.arbitrage.pair import PoolPair
from alphapulse.rules.arbitrage.sizing import SizedPath, size_path
from alphapulse.rules.books.pool_book import PoolBook, Position


class Opportunity(NamedTuple):
    """An opportunity state of one pair: where it stands, and the best trade there."""

    pair: PoolPair
    position: Position
    stamp: LogStamp
    hi_sqrt: int
    lo_sqrt: int
    path: SizedPath
    opens_episode: bool


@attrs.define
class ScanCounts:
    """States looked at, and what became of them. An episode is a maximal run of opportunity states of one pair.

    `profit` sums the opportunities' profit in raw units, by token, before any cost or limit.
    """

    states: int = 0
    screened_out: int = 0
    opportunities: int = 0
    blocks: int = 0
    episodes: int = 0
    profit: dict[bytes, int] = attrs.field(factory=dict)


class PairScanner:
    """A pure state machine: events in, opportunities out.

    A state is the moment directly after a swap in one of the pair's pools, once a swap of both has been seen. With
    `per_block` only the states at the end of complete blocks count. A gap that a snapshot shows belongs to an episode
    that began before: its states do not open one.
    """

    def __init__(self, pairs: Iterable[PoolPair], *, per_block: bool) -> None:
        self.book = PoolBook()
        self.counts = ScanCounts()
        self._per_block = per_block
        self._pairs_of: dict[InstrumentId, list[PoolPair]] = {}
        for pair in pairs:
            for pool in (pair.first, pair.second):
                self.book.add(pool)
                self._pairs_of.setdefault(pool.id, []).append(pair)
        self._swapped: dict[PoolPair, None] = {}
        self._in_episode: set[PoolPair] = set()
        self._last_block = -1

    def scan(self, events: Iterable[MarketEvent]) -> Iterator[Opportunity]:
        """Take events in, in chain order; yields each opportunity state while the book stands at it."""
        for event in events:
            changed = self.book.apply(event)
            if isinstance(changed, PoolSwap):
                pairs = self._pairs_of.get(changed.pool, ())
                if self._per_block:
                    self._swapped.update(dict.fromkeys(pairs))
                else:
                    for pair in pairs:
                        if (found := self._look(pair, changed.stamp.position)) is not None:
                            yield found
            elif isinstance(event, PoolState):
                self._inherit(event.pool)
            elif isinstance(event, BlockCompleted):
                swapped, self._swapped = self._swapped, {}
                for pair in swapped:
                    if (found := self._look(pair, (event.block_number, event.last_log_index))) is not None:
                        yield found
            elif isinstance(event, StreamStatus) and event.state is StreamState.RESET:
                self._swapped.clear()
                self._in_episode.clear()
                self._last_block = -1

    def _inherit(self, pool: InstrumentId) -> None:
        for pair in self._pairs_of.get(pool, ()):
            first, second = self.book.state(pair.first.id), self.book.state(pair.second.id)
            if isinstance(first, ConcentratedState) and isinstance(second, ConcentratedState):
                prices = (first.sqrt_price_x96, second.sqrt_price_x96)
                if pair.has_opportunity(max(prices), min(prices)):
                    self._in_episode.add(pair)

    def _look(self, pair: PoolPair, position: Position) -> Opportunity | None:
        first, second = self.book.state(pair.first.id), self.book.state(pair.second.id)
        if not isinstance(first, ConcentratedState) or not isinstance(second, ConcentratedState):
            return None
        counts = self.counts
        counts.states += 1
        hi, lo = first.sqrt_price_x96, second.sqrt_price_x96
        if hi < lo:
            hi, lo = lo, hi
        if not pair.has_opportunity(hi, lo):
            counts.screened_out += 1
            self._in_episode.discard(pair)
            return None
        counts.opportunities += 1
        opens = pair not in self._in_episode
        if opens:
            self._in_episode.add(pair)
            counts.episodes += 1
        if position[0] != self._last_block:
            self._last_block = position[0]
            counts.blocks += 1
        stamp = max(first.stamp, second.stamp, key=lambda one: one.position)
        path = size_path(pair, first, second)
        counts.profit[pair.profit_token] = counts.profit.get(pair.profit_token, 0) + path.profit
        return Opportunity(pair, position, stamp, hi, lo, path, opens)
