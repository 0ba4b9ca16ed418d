"""Chains of pools of every kind that has events: random histories, and books that saw only part of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs
from hypothesis import strategies as st

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import LogStamp, PoolBurn, PoolCollect, PoolMint, PoolState, PoolSwap
from alphapulse.data.pool_events import PoolFeeChanged, PoolInitialized
from alphapulse.data.pool_reserves import PoolSync, PoolTick
from alphapulse.data.pools import Pool, PoolKind, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO, sqrt_ratio_at_tick
from alphapulse.rules.amm.tick_swap import price_limit
from alphapulse.rules.books.pool_book import PoolBook
from tests.rules.arbitrage.market_samples import TOKEN_A, TOKEN_B, stamp

V3, V2, ALGEBRA = PoolKind.V3, PoolKind.V2, PoolKind.ALGEBRA


def pool_of(number: int, kind: PoolKind, venue: Venue = Venue.UNISWAP_V3) -> Pool:
    """Pool `number`, 1 to 255; the fee of an Algebra pool is not known beforehand."""
    fee_ppm = {V3: 500, V2: 3000, ALGEBRA: None}[kind]
    spacing = {V3: 10, V2: None, ALGEBRA: 60}[kind]
    pool_id = InstrumentId.from_pool_address(bytes([number]) * 20, venue)
    return Pool(pool_id, kind, f"{kind.name} {number}", TOKEN_A, TOKEN_B, fee_ppm, spacing)


POOLS = [
    pool_of(1, V3),
    pool_of(2, V3),
    pool_of(3, V2),
    pool_of(4, ALGEBRA),
    pool_of(5, V3, Venue.UNISWAP_V3_POLYGON),
    pool_of(6, V2, Venue.QUICKSWAP),
]


def reorganised(chain_id: int, ancestor: int) -> ChainReorganised:
    """The chain goes on from `ancestor`."""
    return ChainReorganised("live", chain_id, ancestor, bytes(32), ancestor, bytes(32), ancestor, bytes(32), 0)


@attrs.define
class ChainWriter:
    """Writes events that a chain of the pools could have: swaps follow from the pools' own states."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    book: PoolBook = attrs.field(factory=lambda: PoolBook(POOLS))
    positions: dict[tuple[InstrumentId, int, int], int] = attrs.field(factory=dict)

    def event(self, pool: Pool, at: LogStamp) -> Any:
        """The next event of a pool."""
        state = self.book.state(pool.id)
        if pool.kind is V2:
            reserves = st.integers(1, 1 << 100)
            event: Any = PoolSync(at, pool.id, self.draw(reserves), self.draw(reserves))
        elif state is None:
            event = self._first(pool, at)
        else:
            assert isinstance(state, ConcentratedState)
            event = self._next(pool, at, state)
        self.take(event)
        return event

    def _first(self, pool: Pool, at: LogStamp) -> Any:
        tick = self.draw(st.integers(-300, 300))
        price = sqrt_ratio_at_tick(tick)
        if self.draw(st.booleans()):
            return PoolInitialized(at, pool.id, price, tick)
        return PoolSwap(at, pool.id, 1, -1, price, self.draw(st.integers(1, 1000)), tick)

    def _next(self, pool: Pool, at: LogStamp, state: ConcentratedState) -> Any:
        kind = self.draw(st.sampled_from(["swap", "swap", "mint", "mint", "burn", "collect", "fee"]))
        spacing = pool.fixed_tick_spacing
        lower, upper = sorted(self.draw(st.lists(st.integers(-9, 9), min_size=2, max_size=2, unique=True)))
        ticks = lower * spacing, upper * spacing
        if kind == "swap":
            return self._swap(pool, at, state)
        if kind == "mint":
            return PoolMint(at, pool.id, *ticks, self.draw(st.integers(0, 10**12)), 1, 1)
        if kind == "burn" and state.ticks is not None:
            return self._burn(pool, at)
        if kind == "fee" and pool.kind is ALGEBRA:
            return PoolFeeChanged(at, pool.id, self.draw(st.integers(1, 60_000)))
        return PoolCollect(at, pool.id, *ticks, 1, 1)

    def _swap(self, pool: Pool, at: LogStamp, state: ConcentratedState) -> PoolSwap:
        down = self.draw(st.booleans())
        if state.trust is not Trust.PROVEN or state.fee_ppm is None:
            tick = self.draw(st.integers(-500, 500))
            return PoolSwap(at, pool.id, 1, -1, sqrt_ratio_at_tick(tick), self.draw(st.integers(0, 1000)), tick)
        target = sqrt_ratio_at_tick(min(max(state.tick + self.draw(st.integers(-150, 150)), -900), 900))
        limit = target if (target < state.sqrt_price_x96) is down else price_limit(zero_for_one=down)
        if not MIN_SQRT_RATIO < limit < MAX_SQRT_RATIO or limit == state.sqrt_price_x96:
            return PoolSwap(at, pool.id, 1, -1, *state[:3])  # so small that nothing moved
        done = state.swapped(self.draw(st.integers(1, 10**12)), limit, zero_for_one=down)
        amounts = (done.amount_in, -done.amount_out) if down else (-done.amount_out, done.amount_in)
        return PoolSwap(at, pool.id, *amounts, done.sqrt_price_x96, done.liquidity, done.tick)

    def _burn(self, pool: Pool, at: LogStamp) -> Any:
        """Takes out part of a position, if there is one."""
        held = [ticks for (of, *ticks), liquidity in self.positions.items() if of == pool.id and liquidity]
        if not held:
            return PoolCollect(at, pool.id, -60, 60, 1, 1)
        lower, upper = self.draw(st.sampled_from(held))
        most = self.positions[pool.id, lower, upper]
        return PoolBurn(at, pool.id, lower, upper, self.draw(st.integers(0, most)), 1, 1)

    def take(self, event: Any) -> None:
        """An event is part of the chain."""
        self.book.apply(event)
        if isinstance(event, PoolMint | PoolBurn):
            key = event.pool, event.tick_lower, event.tick_upper
            change = event.liquidity if isinstance(event, PoolMint) else -event.liquidity
            self.positions[key] = self.positions.get(key, 0) + change


@st.composite
def chain_histories(draw: st.DrawFn) -> list[tuple[Any, list[Any]]]:
    """(event, the events that are part of the chains behind it): blocks on two chains, with reorganisations."""
    history: list[tuple[Any, list[Any]]] = []
    kept: list[Any] = []
    heads = {1: 100, 137: 1000}
    writer = ChainWriter(draw)
    for _ in range(draw(st.integers(1, 14))):
        chain_id = draw(st.sampled_from([1, 137]))
        pools = [pool for pool in POOLS if pool.id.chain_id == chain_id]
        if draw(st.integers(0, 3)) == 0:
            heads[chain_id] -= draw(st.integers(0, 6))
            ancestor = heads[chain_id]
            kept = [one for one in kept if one.pool.chain_id != chain_id or one.stamp.block_number <= ancestor]
            writer = ChainWriter(draw)
            for event in kept:
                writer.take(event)
            history.append((reorganised(chain_id, ancestor), list(kept)))
            continue
        heads[chain_id] += draw(st.integers(1, 3))
        for log_index in range(draw(st.integers(1, 4))):
            event = writer.event(draw(st.sampled_from(pools)), stamp((heads[chain_id], log_index)))
            kept.append(event)
            history.append((event, list(kept)))
    return history


def replayed(events: Iterable[Any], book: PoolBook | None = None) -> PoolBook:
    """A book that saw these events and nothing else."""
    seen = PoolBook(POOLS) if book is None else book
    for event in events:
        seen.apply(event)
    return seen


def states(book: PoolBook) -> dict[InstrumentId, AmmState | None]:
    """What a book knows of the pools; whether a state was told again (without a transaction) does not matter."""
    known: dict[InstrumentId, Any] = {pool.id: book.state(pool.id) for pool in POOLS}
    return {
        pool: state and state._replace(stamp=attrs.evolve(state.stamp, transaction_hash=None))
        for pool, state in known.items()
    }


def snapshot_of(pool: Pool, at: LogStamp, state: ConcentratedState) -> list[Any]:
    """A state as a snapshot tells it."""
    ticks = [
        PoolTick(at, pool.id, tick, sqrt_ratio_at_tick(tick), gross, net) for tick, gross, net in state.ticks or ()
    ]
    begin = PoolState(at, pool.id, state.sqrt_price_x96, state.liquidity, state.tick)
    return [begin, *ticks, PoolTrustChanged(pool.id, Trust.PROVEN, "read from the chain", at.block_number)]
