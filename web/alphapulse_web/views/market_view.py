"""Pools and pairs as the page shows them: the newest state of each, and one point per swap."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import islice

import attrs

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import PoolBurn, PoolCollect, PoolMint, PoolSwap, StreamState, StreamStatus
from alphapulse.data.pools import Pool, Token
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.price import gap_ppm, price_text
from alphapulse.rules.arbitrage.pair import PoolPair, pairs_of
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse_web.api.schemas import Pairs, PairView, Point, PoolRef, Pools, PoolView, Price, TokenRef
from alphapulse_web.instants import instant

PLACES, DIGITS, FINEST_PLACES = 6, 7, 60
HISTORY_POINTS = 5_000
"""Points that are kept of a pair: more than the recorded half day has."""


def token_ref(token: Token) -> TokenRef:
    """A token in the API's shape."""
    return TokenRef(address="0x" + token.address.hex(), symbol=token.symbol, decimals=token.decimals)


def pool_ref(pool: Pool) -> PoolRef:
    """A pool in few words."""
    return PoolRef(address=pool.id.name, name=pool.name, fee_ppm=pool.fixed_fee_ppm)


def bps_text(ppm: int) -> str:
    """Parts per million as basis points with one decimal, rounded half away from zero: 10991 is `109.9`."""
    tenths = (abs(ppm) + 5) // 10
    sign = "-" if ppm < 0 and tenths else ""
    return f"{sign}{tenths // 10}.{tenths % 10}"


def readable_price(sqrt_price_x96: int, pool: Pool, *, inverted: bool) -> str:
    """A pool's price as decimal text: six places, below one as many as show seven digits."""
    text = partial(price_text, sqrt_price_x96, pool.token0.decimals, pool.token1.decimals, inverted=inverted)
    price = text(places=PLACES)
    if not price.startswith("0."):
        return price
    fraction = text(places=FINEST_PLACES).partition(".")[2]
    zeros = len(fraction) - len(fraction.lstrip("0"))
    return text(places=min(zeros + DIGITS, FINEST_PLACES))


@attrs.define
class _PairHistory:
    pair: PoolPair
    points: deque[Point] = attrs.field(factory=lambda: deque(maxlen=HISTORY_POINTS))
    next_index: int = 0


class MarketView:
    """Folds market events into what the page shows of pools and pairs.

    Prices are quoted in the first of `quote_tokens` that a pair holds, else in token1.
    """

    def __init__(self, pools: Sequence[Pool], quote_tokens: Sequence[bytes]) -> None:
        self._pools = tuple(pools)
        self._quote_tokens = tuple(quote_tokens)
        self._book = PoolBook(pools)
        self._events: dict[InstrumentId, int] = {}
        self._last: dict[InstrumentId, tuple[int, int]] = {}
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
        elif isinstance(message, PoolSwap | PoolMint | PoolBurn | PoolCollect):
            self._events[message.pool] = self._events.get(message.pool, 0) + 1
            self._last[message.pool] = (message.stamp.block_number, message.stamp.venue_time_ns)
        swap = self._book.apply(message)
        if isinstance(swap, PoolSwap):
            for history in self._histories_of.get(swap.pool, ()):
                self._extend(history, swap)
        self.revision += 1

    def pools(self) -> Pools:
        """All pools, with their newest state."""
        return Pools(pools=[self._pool_view(pool) for pool in self._pools])

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
        self._events.clear()
        self._last.clear()
        before = self._histories.values()
        # One number is left out between two runs: points of the new run never join on to those of the old one.
        start = max((history.next_index for history in before), default=0) + any(history.points for history in before)
        self._histories = {
            f"{pair.first.id.name}-{pair.second.id.name}": _PairHistory(pair, next_index=start)
            for pair in pairs_of(self._pools, self._quote_tokens)
        }
        self._histories_of = {}
        for history in self._histories.values():
            for pool in (history.pair.first, history.pair.second):
                self._histories_of.setdefault(pool.id, []).append(history)

    def _extend(self, history: _PairHistory, swap: PoolSwap) -> None:
        pair = history.pair
        first, second = self._state(pair.first), self._state(pair.second)
        gap: int | None = None
        opportunity = False
        if first is not None and second is not None:
            a, b = first.sqrt_price_x96, second.sqrt_price_x96
            base, _ = self.quote_of(pair.first)
            gap = gap_ppm(max(a, b), min(a, b)) * (1 if (a > b) == (base == pair.first.token0) else -1)
            opportunity = pair.has_opportunity(max(a, b), min(a, b))
        history.points.append(
            Point(
                i=history.next_index,
                t=str(swap.stamp.venue_time_ns),
                block=swap.stamp.block_number,
                log_index=swap.stamp.log_index,
                a=self._price(pair.first, first),
                b=self._price(pair.second, second),
                gap=bps_text(gap) if gap is not None else None,
                mark="opportunity" if opportunity else None,
            )
        )
        history.next_index += 1

    def _state(self, pool: Pool) -> ConcentratedState | None:
        state = self._book.state(pool.id)
        return state if isinstance(state, ConcentratedState) else None

    def _price(self, pool: Pool, state: ConcentratedState | None) -> str | None:
        if state is None:
            return None
        _, quote = self.quote_of(pool)
        return readable_price(state.sqrt_price_x96, pool, inverted=quote == pool.token0)

    def _pool_view(self, pool: Pool) -> PoolView:
        state = self._state(pool)
        base, quote = self.quote_of(pool)
        last = self._last.get(pool.id)
        price = self._price(pool, state)
        return PoolView(
            address=pool.id.name,
            name=pool.name,
            venue=pool.id.venue.name.replace("_", " ").title(),
            chain_id=pool.id.chain_id or 0,
            fee_ppm=pool.fixed_fee_ppm,
            tick_spacing=pool.fixed_tick_spacing,
            token0=token_ref(pool.token0),
            token1=token_ref(pool.token1),
            price=Price(
                value=price,
                base=base.symbol,
                quote=quote.symbol,
                as_of=instant(state.stamp.venue_time_ns) if state else None,
            )
            if price is not None
            else None,
            sqrt_price_x96=str(state.sqrt_price_x96) if state else None,
            tick=state.tick if state else None,
            liquidity=str(state.liquidity) if state else None,
            trust="in range" if state else "unknown",
            last_block=last[0] if last else None,
            last_event=instant(last[1]) if last else None,
            events=self._events.get(pool.id, 0),
        )

    def _pair_view(self, name: str, history: _PairHistory) -> PairView:
        base, quote = self.quote_of(history.pair.first)
        return PairView(
            id=name,
            base=token_ref(base),
            quote=token_ref(quote),
            pools=(pool_ref(history.pair.first), pool_ref(history.pair.second)),
            fees_bps=bps_text(history.pair.fees_ppm),
            gap_bps=history.points[-1].gap if history.points else None,
            points=list(history.points),
        )
