"""Concentrated liquidity: what contracts on chain quoted and did, and what must hold of every swap."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alphapulse.data.market import PoolSwap
from alphapulse.data.pools import Trust
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.pool_state import Quote
from alphapulse.rules.amm.swap_math import PPM
from alphapulse.rules.amm.tick_map import TickMap
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO
from alphapulse.rules.amm.tick_swap import MAX_INT256, price_limit
from alphapulse.rules.books.pool_book import PoolBook
from tests.rules.amm.tick_samples import plain_swap, tick_pools
from tests.rules.amm.vector_files import rows, wbtc_weth
from tests.rules.arbitrage.market_samples import day_events
from tests.rules.events.recorded_day import pools

AMOUNTS = st.integers(0, 110).flatmap(lambda bits: st.integers(1 << bits, (2 << bits) - 1))
WAYS = st.sampled_from([(0, 1), (1, 0)])


def quoted(state: ConcentratedState, way: tuple[int, int], amount: int) -> Quote | str:
    """The quote for an amount to sell, or to buy if it is below zero; why not, if there is none."""
    try:
        return state.quote_out(*way, -amount) if amount < 0 else state.quote_in(*way, amount)
    except QuoteRefused as refused:
        return refused.reason


def test_80_results_of_the_quoter_on_chain() -> None:
    """Exact in and out, from one unit to all that the pool has, across up to 327 ticks."""
    state, crossed = wbtc_weth(), 0
    for row in rows("uniswap_v3_wbtc_weth_24407242.quotes.csv"):
        way, amount = (0, 1) if row["zero_for_one"] == "1" else (1, 0), int(row["amount"])
        if row["function"] == "quoteExactInputSingle":
            quote = state.quote_in(*way, amount)
            found = quote.amount_out
        else:
            quote = state.quote_out(*way, amount)
            found = quote.amount_in
        assert found == int(row["onchain_result"]), row
        crossed = max(crossed, quote.crossed)
    assert crossed == 327


def test_the_recorded_day_follows_from_its_amounts() -> None:
    """2,700 swaps that stay in the range that is known: by their input, their output, or their price limit."""
    book, found = PoolBook(pools()), Counter[tuple[bool | str, ...]]()
    for event in day_events():
        state = book.state(event.pool)
        if isinstance(event, PoolSwap) and isinstance(state, ConcentratedState):
            down = event.amount0 > 0
            amounts = (event.amount0, -event.amount1) if down else (event.amount1, -event.amount0)
            told: list[bool | str] = []
            for quote, amount in zip((state.quote_in, state.quote_out), amounts, strict=True):
                try:
                    paid, taken, _, _, after = quote(int(not down), int(down), amount)
                except QuoteRefused as refused:
                    told.append(refused.reason)
                else:
                    assert isinstance(after, ConcentratedState)
                    told.append((paid, taken, after.sqrt_price_x96) == (*amounts, event.sqrt_price_x96))
            found[tuple(told)] += 1
        book.apply(event)
    assert found == {
        (True, False): 2369,
        (False, True): 270,
        (False, False): 61,
        ("beyond_known_range", "beyond_known_range"): 303,
    }


@given(tick_pools(), AMOUNTS, st.booleans(), WAYS, st.one_of(st.none(), st.integers(MIN_SQRT_RATIO, MAX_SQRT_RATIO)))
def test_a_swap_is_what_the_contracts_source_says(
    pool: tuple[ConcentratedState, dict[int, int]], amount: int, buys: bool, way: tuple[int, int], limit: int | None
) -> None:
    """Step by step over the bitmap, up to any price limit; the jump over empty words changes nothing."""
    state, nets = pool
    down = way == (0, 1)
    amount = -amount if buys else amount
    at = price_limit(zero_for_one=down) if limit is None else limit
    valid = MIN_SQRT_RATIO < at < state.sqrt_price_x96 if down else state.sqrt_price_x96 < at < MAX_SQRT_RATIO
    if not valid:
        with pytest.raises(QuoteRefused, match="reverts"):
            state.swapped(amount, at, zero_for_one=down)
        return
    assume(state.liquidity or state.tick_spacing > 1)  # a walk over all empty words takes too long here
    done = state.swapped(amount, at, zero_for_one=down)
    expected = plain_swap(state, nets, amount, at, down=down)
    assert (*done[:2], *done[3:]) == expected


@given(tick_pools(), AMOUNTS, AMOUNTS, WAYS)
def test_quotes_rise_with_the_amount_and_the_way_back_never_pays(
    pool: tuple[ConcentratedState, dict[int, int]], one: int, other: int, way: tuple[int, int]
) -> None:
    state, back = pool[0], (way[1], way[0])
    less, more = (quoted(state, way, amount) for amount in sorted((one, other)))
    if isinstance(less, str) or isinstance(more, str):
        assert {less, more} & {"no_liquidity", "reverts"}  # reverts: the price stands at its end
        return
    assert less.amount_in <= more.amount_in <= max(one, other)
    assert less.amount_out <= more.amount_out
    if more.amount_out:
        assert more.after.quote_in(*back, more.amount_out).amount_out <= more.amount_in
        bought = state.quote_out(*way, more.amount_out)
        assert bought.amount_in <= more.amount_in
        assert state.quote_in(*way, bought.amount_in).amount_out >= bought.amount_out == more.amount_out


@given(tick_pools(), AMOUNTS, WAYS, st.booleans())
def test_what_is_known_in_range_only_is_the_same_or_refused(
    pool: tuple[ConcentratedState, dict[int, int]], amount: int, way: tuple[int, int], buys: bool
) -> None:
    """Whatever ticks there are beyond the range, its quote is that of the whole pool."""
    state, _ = pool
    ranged = state._replace(trust=Trust.IN_RANGE, ticks=None)
    quote = quoted(ranged, way, -amount if buys else amount)
    if isinstance(quote, str):
        assert quote in ("beyond_known_range", "no_liquidity")
    else:
        assert quote[:2] == quoted(state, way, -amount if buys else amount)[:2]


@given(tick_pools(), WAYS, st.data())
def test_in_its_range_a_pool_is_its_virtual_reserves(
    pool: tuple[ConcentratedState, dict[int, int]], way: tuple[int, int], data: st.DataObject
) -> None:
    """But for rounding, which never pays more; up to the input that they hold for, and no further."""
    state, _ = pool
    virtual = state.virtual_reserves(*way)
    if virtual is None:
        assert not state.liquidity
        return
    most = state.most_in(*way)
    assert most is not None
    assume(most)
    paid = data.draw(st.integers(1, most))
    quote = state.quote_in(*way, paid)
    assert quote.crossed <= 1
    kept = virtual.keep_ppm * quote.amount_in
    continuous = virtual.reserve_out * kept // (virtual.reserve_in * PPM + virtual.scale * kept)
    assert quote.amount_out <= continuous
    numerator, denominator = state.price(*way)
    assert quote.amount_out * denominator <= quote.amount_in * numerator


def test_what_the_contract_refuses_is_refused() -> None:
    """No amount, more than 255 bits; and no quote of a quarantined pool or with a fee that is not known."""
    state = wbtc_weth()
    ranged = state._replace(trust=Trust.IN_RANGE, ticks=None)
    empty = state._replace(ticks=TickMap(60), liquidity=0)
    for asked, amount, reason in (
        (state, 0, "reverts"),
        (state, MAX_INT256 + 1, "reverts"),
        (ranged, 0, "reverts"),
        (ranged, 10**20, "beyond_known_range"),
        (ranged._replace(liquidity=0), 1, "no_liquidity"),
        (empty, 5, "no_liquidity"),
        (state._replace(trust=Trust.DIVERGENT), 5, "divergent"),
        (state._replace(fee_ppm=None), 5, "fee_unknown"),
        (ranged._replace(fee_ppm=None), 5, "fee_unknown"),
    ):
        for quote in (asked.quote_in, asked.quote_out):
            with pytest.raises(QuoteRefused) as refused:
                quote(0, 1, amount)
            assert refused.value.reason == reason
    with pytest.raises(QuoteRefused, match="beyond_known_range"):
        ranged.swapped(5, MIN_SQRT_RATIO + 1, zero_for_one=True)
