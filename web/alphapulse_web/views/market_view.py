"""Pairs of pools as the page shows them: their prices, and one point per change of a price."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import combinations, islice

import attrs

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import PoolSwap, StreamState, StreamStatus
from alphapulse.data.pool_cache import PoolInfo
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool, Token
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.price import Ratio, ratio_gap_ppm
from alphapulse.rules.amm.swap_math import PPM
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.discovery.pool_info import pool_of
from alphapulse_web.api.pair_shapes import Pairs, PairView, Point
from alphapulse_web.api.schemas import PoolRef
from alphapulse_web.views.amounts import fraction_text, token_ref

HISTORY_POINTS = 5_000
"""Points that are kept of a pair: more than the recorded half day has."""


def pool_ref(pool: Pool) -> PoolRef:
    """A pool in few words."""
    return PoolRef(address=pool.id.name, name=pool.name, fee_ppm=pool.fee_ppm)


def bps_text(ppm: int) -> str:
    """Parts per million as basis points with one decimal, rounded half away from zero: 10991 is `109.9`."""
    tenths = (abs(ppm) + 5) // 10
    sign = "-" if ppm < 0 and tenths else ""
    return f"{sign}{tenths // 10}.{tenths % 10}"


def readable_price(price: Ratio, pool: Pool, *, inverted: bool) -> str:
    """A price of raw token1 for raw token0 as decimal text of whole ones, or the other way round."""
    numerator, denominator = price[0] * 10**pool.token0.decimals, price[1] * 10**pool.token1.decimals
    return fraction_text(denominator, numerator) if inverted else fraction_text(numerator, denominator)


@attrs.define
class _PairHistory:
    first: Pool
    second: Pool
    points: deque[Point] = attrs.field(factory=lambda: deque(maxlen=HISTORY_POINTS))
    next_index: int = 0


class MarketView:
    """Folds market events into what the page shows of pairs. `book` holds the newest states of all pools.

    Prices are quoted in the first of `quote_tokens` that a pair holds, else in token1.
    """

    def __init__(self, pools: Sequence[Pool], quote_tokens: Sequence[bytes]) -> None:
        self._pools = list(pools)
        self._quote_tokens = tuple(quote_tokens)
        self.book = PoolBook(pools)
        self._histories: dict[str, _PairHistory] = {}
        self._histories_of: dict[InstrumentId, list[_PairHistory]] = {}
        self.revision = 0
        self.stream: StreamStatus | None = None
        self._clear()

    def apply(self, message: object) -> None:
        """Take one message of the market-data relay in."""
        if isinstance(message, StreamStatus):
            self.stream = message
            if message.state is StreamState.RESET:
                self._clear()
        elif isinstance(message, ChainReorganised):
            self._take_back(message)
        elif isinstance(message, PoolInfo):
            self._add(pool_of(message))
        changed = self.book.apply(message)
        if isinstance(changed, PoolSwap | PoolSync):
            for history in self._histories_of.get(changed.pool, ()):
                self._extend(history, changed)
        self.revision += 1

    def pairs(self) -> Pairs:
        """All pairs with their points."""
        return Pairs(pairs=[self._pair_view(name, history) for name, history in self._histories.items()])

    def pair_points(self, pair_id: str, after_index: int) -> list[Point]:
        """A pair's points with a greater index than `after_index`; their indices are dense within a run."""
        history = self._histories.get(pair_id)
        if history is None:
            return []
        missing = min(history.next_index - 1 - after_index, len(history.points))
        return list(islice(history.points, len(history.points) - missing, None)) if missing > 0 else []

    def pair_ids(self) -> tuple[str, ...]:
        """The ids of all pairs."""
        return tuple(self._histories)

    def quote_of(self, pool: Pool) -> tuple[Token, Token]:
        """(base, quote) of a pool: its price is said in units of quote for one base."""
        token0, token1 = pool.token0, pool.token1
        first = next((token for token in self._quote_tokens if token in pool.pair), token1.address)
        return (token1, token0) if first == token0.address else (token0, token1)

    def _clear(self) -> None:
        before = self._histories.values()
        # One number is left out between two runs: points of the new run never join on to those of the old one.
        start = max((history.next_index for history in before), default=0) + any(history.points for history in before)
        self._histories, self._histories_of = {}, {}
        for first, second in combinations(self._pools, 2):
            self._pair(first, second, start)

    def _add(self, pool: Pool) -> None:
        """A pool was found."""
        if all(pool.id != known.id for known in self._pools):
            for other in self._pools:
                self._pair(other, pool, 0)
            self._pools.append(pool)

    def _pair(self, first: Pool, second: Pool, start: int) -> None:
        if first.tokens != second.tokens or len(first.tokens) != 2 or first.id.chain_id != second.id.chain_id:
            return
        history = _PairHistory(first, second, next_index=start)
        self._histories[f"{first.id.name}-{second.id.name}"] = history
        for pool in (first, second):
            self._histories_of.setdefault(pool.id, []).append(history)

    def _take_back(self, event: ChainReorganised) -> None:
        """Points of orphaned blocks go. A number is left out, so that every page is told all points anew."""
        for history in self._histories.values():
            kept = [point for point in history.points if point.block <= event.ancestor_number]
            if history.first.id.chain_id == event.chain_id and len(kept) < len(history.points):
                history.points = deque(kept, maxlen=HISTORY_POINTS)
                history.next_index += 1

    def _extend(self, history: _PairHistory, swap: PoolSwap | PoolSync) -> None:
        a, b = (_ratio(self.book.state(pool.id)) for pool in (history.first, history.second))
        gap: int | None = None
        opportunity = False
        if a is not None and b is not None:
            base, _ = self.quote_of(history.first)
            a_is_dearer = a[0] * b[1] > b[0] * a[1]
            hi, lo = (a, b) if a_is_dearer else (b, a)
            gap = ratio_gap_ppm(hi, lo) * (1 if a_is_dearer == (base == history.first.token0) else -1)
            keep = self._keep_ppm2(history)
            opportunity = keep is not None and hi[0] * lo[1] * keep > lo[0] * hi[1] * PPM * PPM
        history.points.append(
            Point(
                i=history.next_index,
                t=str(swap.stamp.venue_time_ns),
                block=swap.stamp.block_number,
                log_index=swap.stamp.log_index,
                a=self._price(history.first, a),
                b=self._price(history.second, b),
                gap=bps_text(gap) if gap is not None else None,
                mark="opportunity" if opportunity else None,
            )
        )
        history.next_index += 1

    def _fee_ppm(self, pool: Pool) -> int | None:
        """The pool's own fee, or the dynamic one that its state has."""
        state = self.book.state(pool.id)
        return pool.fee_ppm if pool.fee_ppm is not None or state is None else state.fee_ppm

    def _keep_ppm2(self, history: _PairHistory) -> int | None:
        first, second = self._fee_ppm(history.first), self._fee_ppm(history.second)
        return None if first is None or second is None else (PPM - first) * (PPM - second)

    def _price(self, pool: Pool, price: Ratio | None) -> str | None:
        if price is None:
            return None
        _, quote = self.quote_of(pool)
        return readable_price(price, pool, inverted=quote == pool.token0)

    def _pair_view(self, name: str, history: _PairHistory) -> PairView:
        base, quote = self.quote_of(history.first)
        first, second = self._fee_ppm(history.first), self._fee_ppm(history.second)
        return PairView(
            id=name,
            base=token_ref(base),
            quote=token_ref(quote),
            pools=(pool_ref(history.first), pool_ref(history.second)),
            fees_bps=None if first is None or second is None else bps_text(first + second),
            gap_bps=history.points[-1].gap if history.points else None,
            points=list(history.points),
        )


def _ratio(state: AmmState | None) -> Ratio | None:
    """The price of raw token1 for raw token0; None where there is none."""
    price = (0, 0) if state is None else state.price(0, 1)
    return price if min(price) > 0 else None
