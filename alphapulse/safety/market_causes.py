"""What market data say that trips a breaker: prices that jump, chains that are not well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.instruments import CHAIN_OF_VENUE, InstrumentId, Venue
from alphapulse.data.market import BlockCompleted, PoolSwap, StreamState, StreamStatus
from alphapulse.data.pools import Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.relays.link_events import is_link_stream
from alphapulse.rules.accounting.undoable_trades import UNDOABLE_BLOCKS
from alphapulse.rules.breakers.chain_health import ChainHealth
from alphapulse.rules.breakers.price_watch import PriceWatch
from alphapulse.rules.breakers.table import CHAIN_HEALTH, PRICE_JUMP, QUARANTINE, REORGANISATION
from alphapulse.safety.cause import Cause
from alphapulse.safety.scopes import instrument_scope, venue_scope

MINUTE_NS = 60_000_000_000
TYPES = (PoolSwap, StreamStatus, BlockCompleted, ChainHead, ChainReorganised, PoolTrustChanged)


class MarketCauses:
    """Folded from the market-data relay. A chain is watched once a stream of it is no recording.

    `block_times_ms` has the usual time between two blocks, by chain id, of the chains that are collected live.
    """

    def __init__(self, max_jump_ppm: int, block_times_ms: Mapping[int, int]) -> None:
        self.chains: dict[int, ChainHealth] = {}
        """By venue number of the chain."""
        self._max_jump_ppm = max_jump_ppm
        self._block_times_ms = block_times_ms
        self._prices = PriceWatch(max_jump_ppm, MINUTE_NS)
        self._troubled: set[str] = set()
        self._divergent: dict[InstrumentId, str] = {}

    @property
    def live(self) -> bool:
        """Whether a stream is no recording."""
        return bool(self.chains)

    @property
    def troubled(self) -> bool:
        """Whether a stream is not whole."""
        return bool(self._troubled)

    def complete(self, block: BlockCompleted) -> None:
        """A chain has one more block."""
        for _, chain in self._of(block.chain_id):
            chain.head(block.venue_time_ns)

    def head(self, head: ChainHead) -> None:
        """What a node says of the chain's end: how far it is final."""
        if head.settled_number is not None:
            for _, chain in self._of(head.chain_id):
                chain.finalised(head.settled_number, head.venue_time_ns)

    def forget_prices(self, chain_id: int) -> None:
        """A chain took blocks back: their prices are not compared with what comes in their place."""
        self._prices.forget(chain_id)

    def reorganised(self, event: ChainReorganised) -> Iterator[Cause]:
        """Blocks were taken back: a deep one reduces, one beyond the books' history halts."""
        depth = event.old_head_number - event.ancestor_number
        for venue, chain in self._of(event.chain_id):
            chain.reorganised(depth)
            if depth > UNDOABLE_BLOCKS:
                reason = f"{depth} blocks were reorganised, the books go back {UNDOABLE_BLOCKS}"
                yield Cause(REORGANISATION, venue_scope(Venue(venue)), event.venue_time_ns, reason)

    def look(self, market_ns: int) -> Iterator[Cause]:
        """Time has passed."""
        for venue, chain in self.chains.items():
            if (reason := chain.look(market_ns)) is not None:
                yield Cause(CHAIN_HEALTH, venue_scope(Venue(venue)), market_ns, reason)
        for pool, reason in self._divergent.items():
            yield Cause(QUARANTINE, instrument_scope(pool), market_ns, reason)

    def trust(self, event: PoolTrustChanged, market_ns: int) -> Iterator[Cause]:
        """How far a pool's state may be used from now on."""
        if event.trust is Trust.DIVERGENT:
            reason = f"{event.pool.name} differs from the chain at block {event.block_number}: {event.reason}"
            self._divergent[event.pool] = reason
            yield Cause(QUARANTINE, instrument_scope(event.pool), market_ns, reason)
        else:
            self._divergent.pop(event.pool, None)

    def forgive(self, scope: str) -> None:
        """A person has seen what was wrong with a chain."""
        for venue, chain in self.chains.items():
            if venue_scope(Venue(venue)) == scope:
                chain.forgive()

    def _of(self, chain_id: int) -> list[tuple[int, ChainHealth]]:
        return [(venue, chain) for venue, chain in self.chains.items() if _chain_of(venue) == chain_id]

    def swap(self, swap: PoolSwap) -> Cause | None:
        """A pool's new price; the cause to trip, if it is one."""
        at_ns = swap.stamp.venue_time_ns
        move = self._prices.take(swap.pool, swap.sqrt_price_x96, at_ns)
        if move is None:
            return None
        reason = f"the price moved by {move} ppm within 60 s, at most {self._max_jump_ppm} are believed"
        block = swap.pool.chain_id or 0, swap.stamp.block_number
        return Cause(PRICE_JUMP, instrument_scope(swap.pool), at_ns, reason, block)

    def status(self, status: StreamStatus) -> None:
        """How a stream is now; one that begins anew has no prices yet."""
        if status.state is StreamState.RESET:
            self._prices.forget()
        if status.state in (StreamState.STALE, StreamState.GAP):
            self._troubled.add(status.stream)
        else:
            self._troubled.discard(status.stream)
        if not status.recorded and not is_link_stream(status):
            block_time_ms = self._block_times_ms.get(_chain_of(status.venue) or 0, 0)
            self.chains.setdefault(status.venue, ChainHealth(block_time_ms))


def _chain_of(venue: int) -> int | None:
    return CHAIN_OF_VENUE.get(Venue(venue))
