"""Pools as the page shows them: the newest state of each, its trust and what came of it last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, PoolState, StreamState, StreamStatus
from alphapulse.data.pool_cache import PoolInfo
from alphapulse.data.pool_reserves import PoolTick
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.solidly import SolidlyState
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick
from alphapulse.rules.discovery.pool_info import pool_of
from alphapulse_web.api.pool_shapes import (
    AllPools,
    ChangedPools,
    KindWord,
    PoolDetail,
    PoolPrice,
    Pools,
    PoolView,
    TickView,
    TrustWord,
)
from alphapulse_web.api.requests import PoolQuery
from alphapulse_web.instants import instant
from alphapulse_web.views.amounts import amount, fraction_text, token_ref

SHOWN_LIVE = 2_000
"""Pools that a page is told of live; it asks for the others page by page."""

TICKS_AROUND = 12
"""Initialised ticks shown on either side of the price."""

KIND_WORDS: dict[PoolKind, KindWord] = {
    PoolKind.V2: "v2",
    PoolKind.V3: "v3",
    PoolKind.ALGEBRA: "algebra",
    PoolKind.SOLIDLY_VOLATILE: "solidly_volatile",
    PoolKind.SOLIDLY_STABLE: "solidly_stable",
    PoolKind.CURVE_STABLE: "curve_stable",
    PoolKind.BALANCER_WEIGHTED: "balancer_weighted",
}
TRUST_WORDS: dict[Trust | None, TrustWord] = {
    Trust.PROVEN: "proven",
    Trust.IN_RANGE: "in_range",
    Trust.DIVERGENT: "divergent",
    None: "unknown",
}
NOT_EVENTS = (PoolState, PoolTick, PoolTrustChanged)
"""What tells of a pool without having happened in it."""


class PoolsView:
    """Folds market events beside the book that they are applied to.

    `state` and `trust` read that book; `quote_of` says in which of a pool's two first tokens it is priced.
    """

    def __init__(
        self,
        pools: Sequence[Pool],
        *,
        state: Callable[[InstrumentId], AmmState | None],
        trust: Callable[[InstrumentId], Trust | None],
        quote_of: Callable[[Pool], tuple[Token, Token]],
    ) -> None:
        self._pools = _in_order(pools)
        self._state = state
        self._trust = trust
        self._quote_of = quote_of
        self._events: Counter[InstrumentId] = Counter()
        self._last: dict[InstrumentId, LogStamp] = {}
        self._words: dict[InstrumentId, PoolTrustChanged] = {}
        self._changed: dict[InstrumentId, int] = {}
        self.revision = 0

    def apply(self, message: object) -> None:
        """Take one message of the market-data relay in."""
        if isinstance(message, StreamStatus):
            if message.state is StreamState.RESET:
                self._events.clear()
                self._last.clear()
                self._words.clear()
                self._touch(self._pools)
            return
        if isinstance(message, PoolInfo):
            if message.pool not in self._pools:
                self._pools = _in_order([*self._pools.values(), pool_of(message)])
                self._touch((message.pool,))
            return
        if isinstance(message, ChainReorganised):
            self._touch([pool for pool in self._pools if pool.chain_id == message.chain_id])
            return
        pool = getattr(message, "pool", None)
        if pool not in self._pools:
            return
        if isinstance(message, PoolTrustChanged):
            self._words[pool] = message
        elif not isinstance(message, NOT_EVENTS) and isinstance(stamp := getattr(message, "stamp", None), LogStamp):
            self._events[pool] += 1
            self._last[pool] = stamp
        self._touch((pool,))

    def page(self, wish: PoolQuery) -> Pools:
        """A page of what matches. Raises ValueError if the cursor is the id of no pool."""
        found = [pool for pool in self._pools.values() if self._matches(pool, wish)]
        begin = 0
        if wish.cursor is not None:
            order = list(self._pools)
            behind = order.index(_id_of(wish.cursor, self._pools))
            passed = set(order[: behind + 1])
            begin = sum(pool.id in passed for pool in found)
        page = found[begin : begin + wish.limit]
        more = begin + len(page) < len(found)
        return Pools(
            pools=[self._shape(pool) for pool in page],
            next_cursor=page[-1].id.to_wire().hex() if more and page else None,
            total=len(found),
        )

    def detail(self, pool_id: str) -> PoolDetail:
        """A pool with its ticks. Raises LookupError if it is not watched."""
        try:
            pool = self._pools[_id_of(pool_id, self._pools)]
        except ValueError as error:
            raise LookupError(f"expected the id of a watched pool, found {pool_id!r}") from error
        state = self._state(pool.id)
        ticks = state.ticks if isinstance(state, ConcentratedState) else None
        return PoolDetail(
            pool=self._shape(pool),
            ticks=[] if ticks is None or state is None else self._ticks_around(pool, state.tick, ticks),  # type: ignore[attr-defined]  # it has ticks
            ticks_known=None if ticks is None else len(ticks),
        )

    def all(self) -> AllPools:
        """For a page that shows them live."""
        shown = islice(self._pools.values(), SHOWN_LIVE)
        return AllPools(pools=[self._shape(pool) for pool in shown], total=len(self._pools))

    def changed(self, revision: int) -> ChangedPools:
        """Those that have changed behind a revision; of more than can be shown live, the newest."""
        found: list[PoolView] = []
        for pool, changed in reversed(self._changed.items()):
            if changed <= revision or len(found) == SHOWN_LIVE:
                break
            found.append(self._shape(self._pools[pool]))
        return ChangedPools(pools=found)

    def trusts(self, chain_id: int) -> Counter[TrustWord]:
        """How many pools of a chain have which trust."""
        return Counter(TRUST_WORDS[self._trust(pool)] for pool in self._pools if pool.chain_id == chain_id)

    def _touch(self, pools: Iterable[InstrumentId]) -> None:
        self.revision += 1
        for pool in pools:
            self._changed.pop(pool, None)
            self._changed[pool] = self.revision

    def _matches(self, pool: Pool, wish: PoolQuery) -> bool:
        if wish.chain_id is not None and pool.id.chain_id != wish.chain_id:
            return False
        if wish.kind is not None and KIND_WORDS[pool.kind] != wish.kind:
            return False
        if wish.trust is not None and TRUST_WORDS[self._trust(pool.id)] != wish.trust:
            return False
        if wish.token is None:
            return True
        token = wish.token.lower()
        return any(token in (one.symbol.lower(), "0x" + one.address.hex()) for one in pool.tokens)

    def _shape(self, pool: Pool) -> PoolView:
        state, trust, said = self._state(pool.id), self._trust(pool.id), self._words.get(pool.id)
        last = self._last.get(pool.id)
        concentrated = state if isinstance(state, ConcentratedState) else None
        return PoolView(
            id=pool.id.to_wire().hex(),
            address=pool.id.name,
            name=pool.name,
            venue=pool.id.venue.name.replace("_", " ").title(),
            chain_id=pool.id.chain_id or 0,
            kind=KIND_WORDS[pool.kind],
            tokens=[token_ref(token) for token in pool.tokens],
            fee_ppm=pool.fee_ppm if pool.fee_ppm is not None else state.fee_ppm if state is not None else None,
            fee_is_dynamic=pool.fee_ppm is None,
            tick_spacing=pool.tick_spacing,
            price=self._price(pool, state) if state is not None else None,
            sqrt_price_x96=str(concentrated.sqrt_price_x96) if concentrated else None,
            tick=concentrated.tick if concentrated else None,
            liquidity=str(concentrated.liquidity) if concentrated else None,
            reserves=[amount(state.reserve0, pool.token0), amount(state.reserve1, pool.token1)]
            if isinstance(state, ConstantProductState | SolidlyState)
            else None,
            trust=TRUST_WORDS[trust],
            trust_reason=said.reason if said is not None else "",
            trust_block=said.block_number if said is not None else None,
            state_block=state.stamp.block_number if state is not None else None,
            last_block=last.block_number if last else None,
            last_event=instant(last.venue_time_ns) if last else None,
            events=self._events[pool.id],
        )

    def _price(self, pool: Pool, state: AmmState) -> PoolPrice | None:
        base, quote = self._quote_of(pool)
        sold = pool.tokens.index(base)
        numerator, denominator = state.price(sold, pool.tokens.index(quote))
        return _price_of(numerator, denominator, base, quote)

    def _ticks_around(self, pool: Pool, tick: int, ticks: Iterable[tuple[int, int, int]]) -> list[TickView]:
        known = list(ticks)
        below = [one for one in known if one[0] <= tick][-TICKS_AROUND:]
        above = [one for one in known if one[0] > tick][:TICKS_AROUND]
        base, quote = self._quote_of(pool)
        shown = []
        for at, gross, net in (*below, *above):
            squared, one = sqrt_ratio_at_tick(at) ** 2, 1 << 192
            price = _price_of(*((squared, one) if base == pool.token0 else (one, squared)), base, quote)
            shown.append(TickView(tick=at, price=price.value if price else "0", gross=str(gross), net=str(net)))
        return shown


def _price_of(numerator: int, denominator: int, base: Token, quote: Token) -> PoolPrice | None:
    """Raw quote for raw base as whole units; None for a pool that is empty on one side."""
    if not numerator or not denominator:
        return None
    text = fraction_text(numerator * 10**base.decimals, denominator * 10**quote.decimals)
    return PoolPrice(value=text, base=base.symbol, quote=quote.symbol)


def _id_of(text: str, known: Iterable[InstrumentId]) -> InstrumentId:
    """Raises ValueError if no known pool has the id."""
    for pool in known:
        if pool.to_wire().hex() == text:
            return pool
    raise ValueError(f"expected the id of a pool, found {text[:60]!r}")


def _in_order(pools: Iterable[Pool]) -> dict[InstrumentId, Pool]:
    """By chain and name."""
    ordered = sorted(pools, key=lambda one: (one.id.chain_id or 0, one.name, one.id.name))
    return {pool.id: pool for pool in ordered}
