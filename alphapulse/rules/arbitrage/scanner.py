"""Watches all pools and says at which moments which cycles stand open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest
from typing import Any, NamedTuple

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import BlockCompleted, LogStamp, PoolState, PoolSwap, StreamState, StreamStatus
from alphapulse.data.pool_cache import PoolInfo
from alphapulse.data.pool_events import PoolFeeChanged
from alphapulse.data.pool_reserves import PoolLiquidity, PoolSync
from alphapulse.data.pools import Pool, Trust
from alphapulse.data.verdicts import PoolTrustChanged, PoolVerdict
from alphapulse.rules.arbitrage.cycle import MOST_HOPS, Cycle, Key
from alphapulse.rules.arbitrage.cycle_index import CycleIndex
from alphapulse.rules.arbitrage.episodes import Episodes
from alphapulse.rules.arbitrage.open_cycle import OpenCycle, open_cycle
from alphapulse.rules.arbitrage.scan_counts import ScanCounts
from alphapulse.rules.arbitrage.screen import Screen
from alphapulse.rules.arbitrage.screen_estimate import estimated_profit
from alphapulse.rules.arbitrage.screen_rates import pool_rates
from alphapulse.rules.arbitrage.token_graph import UNKNOWN, Seat
from alphapulse.rules.books.pool_book import PoolBook, Position
from alphapulse.rules.discovery.pool_info import pool_of

PRICE_EVENTS = frozenset((PoolSwap, PoolSync, PoolFeeChanged, PoolLiquidity))
"""Events that make a state, even one at the same price as before. Others do if a rate has changed."""

MOST_SIZED = 64
"""Open cycles of one moment that are sized: a moment takes milliseconds however many dead pools there are."""


class Moment(NamedTuple):
    """A moment at which cycles stand open: behind a log, or at the end of a block.

    `doubted` are those that would be open if a pool in quarantine stood where it was last heard of: nobody knows.
    """

    chain_id: int
    position: Position
    cycles: tuple[OpenCycle, ...]
    doubted: tuple[OpenCycle, ...] = ()


class _Chain:
    """What is remembered of one chain."""

    def __init__(self) -> None:
        self.episodes: Episodes[Key] = Episodes()
        """Those with a number."""
        self.open: dict[int, set[Key]] = {}
        self.changed: dict[InstrumentId, None] = {}
        self.standing: dict[InstrumentId, None] = {}
        """Pools of what was open at the last look, where blocks' ends are looked at again."""
        self.recent: dict[tuple[Seat, ...], int] = {}
        """The pools' seats with the block of the last change, the newest last."""
        self.last_block = -1


class CycleScanner:
    """A pure state machine: events in, moments out.

    A state is the moment directly after an event that told a pool's price, once all pools of a cycle through it are
    known. With `per_block` only the ends of complete blocks count, and with `repeats` what stood open at one is looked
    at again at the next, though nothing has moved: a real trade may have come to nothing. A gap that a snapshot shows
    belongs to an episode that began before. A reorganisation takes books, episodes and rates back to its ancestor.
    Pools that are found are watched from then on, those that are not believed any more no longer.
    """

    def __init__(
        self,
        pools: Iterable[Pool],
        base_tokens: Sequence[bytes],
        *,
        per_block: bool,
        most_hops: int = MOST_HOPS,
        repeats: bool = False,
    ) -> None:
        self.book = PoolBook()
        self.screen = Screen(CycleIndex(base_tokens, most_hops=most_hops))
        self.counts = ScanCounts()
        self._per_block = per_block
        self._repeats = repeats
        self._chains: dict[int, _Chain] = {}
        self._doubted: set[InstrumentId] = set()
        """Pools in quarantine."""
        for pool in pools:
            self.add(pool)

    def add(self, pool: Pool) -> None:
        """Watch a pool from now on."""
        self.book.add(pool)
        self._follow(pool)

    def remove(self, pool: InstrumentId) -> None:
        """Watch a pool no longer; its episodes end."""
        seats = self.screen.index.seats(pool)
        self.screen.remove(pool)
        self.book.remove(pool)
        self._doubted.discard(pool)
        if seats:
            chain = self._chain(pool.chain_id or 0)
            chain.changed.pop(pool, None)
            chain.standing.pop(pool, None)
            chain.recent.pop(seats, None)
            ended = tuple(chain.open.get(seats[0].pool_number, ()))
            for key in ended:
                chain.episodes.close(key, chain.last_block)
            self._forget(chain, ended)
            chain.open.pop(seats[0].pool_number, None)

    def episode(self, cycle: Cycle) -> int | None:
        """The number of the episode in which a cycle stands open; None if none was given to it yet."""
        return self._chain(cycle.chain_id).episodes.number(cycle.key)

    def number_episode(self, cycle: Cycle, block_number: int, number: int) -> None:
        """Give the episode in which a cycle stands open its number."""
        self._chain(cycle.chain_id).episodes.open(cycle.key, block_number, number)

    def scan(self, events: Iterable[Any]) -> Iterator[Moment]:
        """Take events in, in chain order; yields each moment at which something is open while the book stands at it."""
        for event in events:
            if (moment := self.take(event)) is not None:
                yield moment

    def take(self, event: Any) -> Moment | None:
        """Take one event in; what stands open behind it."""
        if self.book.apply(event) is not None:
            return self._look_behind(event)
        kind = type(event)
        if kind is BlockCompleted:
            return self._look_at_end(event) if self._per_block else None
        if kind is ChainReorganised:
            self._roll_back(event)
        elif kind is PoolInfo:
            self._follow(pool_of(event))
        elif kind is PoolVerdict and not event.admitted:
            self.remove(event.pool)
        elif kind is StreamStatus and event.state is StreamState.RESET:
            self._begin_anew()
        return None

    # Moments

    def _look_behind(self, event: Any) -> Moment | None:
        """What stands open behind the event of a pool."""
        pool: InstrumentId = event.pool
        seats = self.screen.index.seats(pool)
        kind = type(event)
        if not seats:
            return None
        chain_id = seats[0].chain_id
        chain = self._chain(chain_id)
        chain.recent.pop(seats, None)
        chain.recent[seats] = event.block_number if kind is PoolTrustChanged else event.stamp.block_number
        if not self._take_rates(seats) and kind not in PRICE_EVENTS:
            return None
        if kind is PoolTrustChanged:
            return None
        stamp: LogStamp = event.stamp
        if kind is PoolState or stamp.transaction_hash is None:
            self._inherit(seats)
            return None
        if self._per_block:
            chain.changed[pool] = None
            return None
        return self._look(chain, chain_id, stamp.position, (seats,))

    def _look_at_end(self, end: BlockCompleted) -> Moment | None:
        """What stands open at the end of a block through the pools that changed in it."""
        chain = self._chain(end.chain_id)
        changed, chain.changed = chain.standing | chain.changed, {}
        if not changed:
            return None
        index = self.screen.index
        position = end.block_number, end.last_log_index
        moment = self._look(chain, end.chain_id, position, [index.seats(pool) for pool in changed])
        if self._repeats:
            cycles = () if moment is None else moment.cycles
            chain.standing = {seat.pool.id: None for opened in cycles for seat in opened.cycle.seats}
        return moment

    def _look(
        self, chain: _Chain, chain_id: int, position: Position, changed: Iterable[tuple[Seat, ...]]
    ) -> Moment | None:
        counts, screen = self.counts, self.screen
        found: dict[Key, OpenCycle] = {}
        doubted: dict[Key, OpenCycle] = {}
        comparable = False
        for seats in changed:
            left_out = screen.left_out
            for seat in seats:
                comparable = comparable or screen.is_comparable(seat)
                for cycle in screen.passing(seat):
                    if cycle.key not in found and (opened := self._opened(chain, cycle)) is not None:
                        if self._doubted and opened.doubted_at is not None:
                            doubted[cycle.key] = opened
                            continue
                        found[cycle.key] = opened
                        if opened.opens_episode:
                            counts.episodes += 1
                            self._remember(chain, cycle.key)
            # Where not all that passed were looked at, nobody knows which of the others have closed.
            if seats and screen.left_out == left_out and (before := chain.open.get(seats[0].pool_number)):
                self._close(chain, before, found, position[0])
        if not comparable:
            return None
        counts.states += 1
        if not found:
            counts.screened_out += 1
            return Moment(chain_id, position, (), tuple(doubted.values())) if doubted else None
        counts.opportunities += len(found)
        if position[0] != chain.last_block:
            chain.last_block = position[0]
            counts.blocks += 1
        return Moment(chain_id, position, tuple(found.values()), tuple(doubted.values()))

    def _opened(self, chain: _Chain, cycle: Cycle) -> OpenCycle | None:
        states = []
        for seat in cycle.seats:
            # What changes only behind the price, such as a tick far off, makes no moment but another state.
            state = seat.state = seat.newest()
            if state is None:
                return None
            states.append(state)
        key = cycle.key
        return open_cycle(cycle, states, opens_episode=key not in chain.open.get(key[0][0], ()))

    def _stands_open(self, cycle: Cycle) -> bool:
        opened = self._opened(self._chain(cycle.chain_id), cycle)
        return opened is not None and opened.doubted_at is None

    def most_promising(self, cycles: Sequence[OpenCycle]) -> Sequence[OpenCycle]:
        """At most `MOST_SIZED` of them: those that earn the token wanted most, then those that seem to earn most."""
        if len(cycles) <= MOST_SIZED:
            return cycles
        self.counts.left_out += 1
        rank = self.screen.index.rank
        return nlargest(
            MOST_SIZED,
            cycles,
            key=lambda one: (-rank(one.cycle.profit_token), estimated_profit(one.cycle, one.states)),
        )

    def _inherit(self, seats: Sequence[Seat]) -> None:
        """What a snapshot shows to stand open has opened before."""
        for seat in seats:
            for cycle in self.screen.passing(seat):
                if self._stands_open(cycle):
                    chain = self._chain(cycle.chain_id)
                    chain.episodes.inherit(cycle.key)
                    self._remember(chain, cycle.key)
                    if self._repeats:
                        chain.standing.update((one.pool.id, None) for one in cycle.seats)

    # Rates

    def _follow(self, pool: Pool) -> None:
        """Screen a pool that the book follows."""
        self.screen.add(pool)
        newest = self.book.place(pool.id).current
        for seat in self.screen.index.seats(pool.id):
            seat.newest = newest

    def _take_rates(self, seats: Sequence[Seat]) -> bool:
        """Bring the rates of a pool up to its state; True if one of them changed."""
        if not seats:
            return False
        changed = False
        state = seats[0].newest()
        if state is not None and state.trust is Trust.DIVERGENT:
            self._doubted.add(seats[0].pool.id)
        elif self._doubted:
            self._doubted.discard(seats[0].pool.id)
        for seat in seats:
            seat.state = state
            up, down = (UNKNOWN, UNKNOWN) if state is None else pool_rates(state, seat.low, seat.high)
            if up != seat.up or down != seat.down or seat.is_aside:
                self.screen.set_rates(seat, up, down)
                changed = True
        return changed

    def _roll_back(self, event: ChainReorganised) -> None:
        chain = self._chain(event.chain_id)
        chain.changed.clear()
        chain.episodes.roll_back(event.ancestor_number)
        chain.last_block = min(chain.last_block, event.ancestor_number)
        undone = []
        for seats in reversed(chain.recent):
            if chain.recent[seats] <= event.ancestor_number:
                break
            undone.append(seats)
        for seats in reversed(undone):
            self._take_rates(seats)
            del chain.recent[seats]
            chain.recent[seats] = event.ancestor_number
        for seats in undone:
            cycles = [cycle for seat in seats for cycle in self.screen.passing(seat)]
            opened = {cycle.key for cycle in cycles if self._stands_open(cycle)}
            self._forget(chain, chain.open.get(seats[0].pool_number, set()) - opened)
            for key in opened:
                self._remember(chain, key)

    def _begin_anew(self) -> None:
        """A stream was reset: what its chain told is unknown, and its episodes are over."""
        index = self.screen.index
        for pool in index.pools:
            self._take_rates(index.seats(pool))
        known = {pool.chain_id for pool in index.pools if self.book.state(pool) is not None}
        for chain_id in [one for one in self._chains if one not in known]:
            del self._chains[chain_id]

    # Episodes

    def _chain(self, chain_id: int) -> _Chain:
        chain = self._chains.get(chain_id)
        if chain is None:
            chain = self._chains[chain_id] = _Chain()
        return chain

    def _remember(self, chain: _Chain, key: Key) -> None:
        for number, _, _ in key:
            known = chain.open.get(number)
            if known is None:
                chain.open[number] = {key}
            else:
                known.add(key)

    def _close(self, chain: _Chain, before: set[Key], found: dict[Key, OpenCycle], block_number: int) -> None:
        """End the episodes through a pool that are no longer open."""
        closed = [key for key in before if key not in found]
        for key in closed:
            chain.episodes.close(key, block_number)
        self._forget(chain, closed)

    def _forget(self, chain: _Chain, keys: Iterable[Key]) -> None:
        for key in keys:
            for number, _, _ in key:
                chain.open[number].discard(key)
