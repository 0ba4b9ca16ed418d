"""Pools: exact quotes of every kind, and what a book takes for an event and keeps for a pool."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import BLOCK_END, LogStamp, MarketEvent
from alphapulse.data.pool_reserves import PoolLiquidity, PoolSync, TokenReserve
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.kinds import KINDS
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.tick_map import TickMap
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.books.pool_history import PoolHistory
from benchmarks.day import Day
from benchmarks.figures import Figure, microseconds

VECTORS = Path(__file__).parents[1] / "tests" / "vectors" / "amm"
WBTC_WETH = VECTORS / "uniswap_v3_wbtc_weth_24407242.state.json.gz"
MANY = 200
"""Pools whose memory is measured; a thousand take five times as much."""
STAMP = LogStamp(1, BLOCK_END, BLOCK_END, None, None, 0, 0)

AMOUNTS = {
    "in range": [10**5 + 997 * number for number in range(500)],
    "across 1-3 ticks": [3 * 10**8 + 9_973 * number for number in range(500)],
    "across 327 ticks, all that there is": [10**16 + number for number in range(3)],
}
"""WBTC sold for WETH, in raw units; each amount is another quote."""


def measure(day: Day) -> list[Figure]:
    """Quotes of real states, the day's events in books, and a pool's ticks in memory."""
    state = wbtc_weth()
    figures = [
        microseconds(f"V3 quote {name}, exact", _quotes(state, (0, 1), amounts)) for name, amounts in AMOUNTS.items()
    ]
    figures += [
        microseconds(f"{kind.name} quote, exact", _quotes(_other(kind), (0, 1), [10**9 + one for one in range(200)]))
        for kind in (
            PoolKind.V2,
            PoolKind.SOLIDLY_VOLATILE,
            PoolKind.SOLIDLY_STABLE,
            PoolKind.CURVE_STABLE,
            PoolKind.BALANCER_WEIGHTED,
        )
    ]
    for name, make in (("book of newest states", PoolBook), ("book with its history", PoolHistory)):
        figures.append(microseconds(f"event into a {name}", _applied(make, day.pools, day.events)))
    return [*figures, *_memory(state)]


def wbtc_weth() -> ConcentratedState:
    """Uniswap V3 WBTC/WETH 0.3% on Ethereum at block 24407242, with its 458 ticks."""
    with gzip.open(WBTC_WETH, "rt") as file:
        found = json.load(file)
    spacing = found["tick_spacing"]
    known = ((int(tick), int(one["gross"]), int(one["net"])) for tick, one in found["ticks"].items())
    price, liquidity = int(found["sqrtPriceX96"]), int(found["liquidity"])
    ticks = TickMap.of(spacing, known)
    return ConcentratedState(price, liquidity, found["tick"], STAMP, Trust.PROVEN, found["fee_ppm"], spacing, ticks)


def _quotes(state: AmmState, way: tuple[int, int], amounts: Sequence[int]) -> Callable[[], int]:
    def quote() -> int:
        for amount in amounts:
            state.quote_in(*way, amount)
        return len(amounts)

    return quote


def _other(kind: PoolKind) -> AmmState:
    """Three tokens of six decimals, ten million of each in the pool; those of two hold the first two."""
    first, second, third = (Token(bytes([number]) * 20, f"T{number}", 6) for number in (1, 2, 3))
    multi = kind in (PoolKind.CURVE_STABLE, PoolKind.BALANCER_WEIGHTED)
    pool_id = InstrumentId.from_pool_address(bytes([9]) * 20, Venue.ETHEREUM)
    more = (third,) if multi else ()
    weights = (5 * 10**17, 3 * 10**17, 2 * 10**17)
    pool = Pool(pool_id, kind, kind.name, first, second, 500, None, more, weights, 2_000)
    held = 10**13
    reserves = tuple(TokenReserve(token.address, held) for token in pool.tokens)
    told = PoolLiquidity(STAMP, pool_id, reserves) if multi else PoolSync(STAMP, pool_id, held, held)
    state = KINDS[kind].begin(pool, told)
    if state is None:
        raise RuntimeError(f"a pool of kind {kind.name} did not begin: the measurement would lie")
    return state


def _applied(
    make: Callable[[Sequence[Pool]], PoolBook], pools: Sequence[Pool], events: Sequence[MarketEvent]
) -> Callable[[], int]:
    def apply() -> int:
        book = make(pools)
        for event in events:
            book.apply(event)
        return len(events)

    return apply


def _memory(state: ConcentratedState) -> list[Figure]:
    """A pool's part of a book, from the snapshot that brings its ticks."""
    first, second = (Token(bytes([number]) * 20, f"T{number}", 18) for number in (1, 2))
    ids = [InstrumentId.from_pool_address(number.to_bytes(20, "big"), Venue.ETHEREUM) for number in range(1, MANY + 1)]
    pools = [Pool(one, PoolKind.V3, "", first, second, 3000, 60) for one in ids]
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    book = PoolBook(pools)
    for pool in pools:
        for message in state.messages(pool.id):
            book.apply(message)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    thousand = used * 1_000 / MANY / 2**20
    return [Figure("memory of 1,000 V3 pools with 458 ticks each", "MiB", (thousand,))]
