"""Sizing against searches over exact swaps and against exact rationals, in real and in hostile states."""

from __future__ import annotations

from math import isqrt

import attrs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from alphapulse.rules.arbitrage.pair import PoolPair
from alphapulse.rules.arbitrage.range_trade import ExactSide
from alphapulse.rules.arbitrage.repricing import reprice
from alphapulse.rules.arbitrage.sizing import best_input, range_end, side_of, size_path
from tests.rules.arbitrage.market_samples import TOKEN_B, in_range, pool, stamp, state
from tests.rules.arbitrage.sizing_oracle import Cycle, Market, markets

ANY_MARKET = st.one_of(markets(honest=True), markets(honest=False))
CLOSING_RANGE_ENDS_FIRST: Market = (
    PoolPair(pool(1, 2500, 60), pool(2, 0, 200), TOKEN_B.address),
    in_range(45527180606631074912642700086, 802640889106275100571674, -11081, stamp()),
    in_range(50679609008830456609666521833, 60615518725164734136411, -8937, stamp()),
)
"""The least input that pays what the closing range takes pays one unit more than that."""
MORE_THAN_THE_RANGE_WOULD_PAY_BETTER: Market = (
    PoolPair(pool(1, 10_000, 1), pool(2, 3001, 10), TOKEN_B.address),
    in_range(161563274135809318248720541, 685948510467223334703470, -123911, stamp()),
    in_range(159636196786255125797040819, 1 << 127, -124150, stamp()),
)
"""The opening price is so coarse that a little more input than the closing range takes would seem to earn more."""


def greater_first(market: Market) -> bool:
    return market[1].sqrt_price_x96 >= market[2].sqrt_price_x96


def opportunity(market: Market) -> bool:
    pair, first, second = market
    prices = sorted((first.sqrt_price_x96, second.sqrt_price_x96))
    return pair.has_opportunity(prices[1], prices[0])


@given(ANY_MARKET)
@example(CLOSING_RANGE_ENDS_FIRST)
@example(MORE_THAN_THE_RANGE_WOULD_PAY_BETTER)
def test_a_path_is_what_exact_swaps_give(market: Market) -> None:
    """Never a loss, both prices stay inside their ranges, and no unit is left over at their ends."""
    path, cycle = size_path(*market), Cycle.of(*market)
    assert path.profit >= 0
    assert (path.size == 0) == (path.profit == 0)
    assert cycle.profit(path.size) == path.profit
    assert path.profit <= cycle.continuous_bound()
    opened, closed = path.steps
    assert opened.amount_in == path.size
    assert closed.amount_in == opened.amount_out
    assert closed.amount_out == path.size + path.profit
    assert (opened.pool, opened.zero_for_one) == (cycle.opening.pool, cycle.opening.zero_for_one)
    assert (closed.pool, closed.zero_for_one) == (cycle.closing.pool, cycle.closing.zero_for_one)


@given(ANY_MARKET)
@example(CLOSING_RANGE_ENDS_FIRST)
@example(MORE_THAN_THE_RANGE_WOULD_PAY_BETTER)
def test_repricing_at_the_seen_state_is_the_path_itself(market: Market) -> None:
    pair, first, second = market
    path = size_path(*market)
    state_of = {
        of.id: one._replace(fee_ppm=of.fee_ppm, tick_spacing=of.fixed_tick_spacing)
        for of, one in ((pair.first, first), (pair.second, second))
    }
    assert reprice([(step.pool, state_of[step.pool.id], step.as_leg()) for step in path.steps], path.size) == path.steps


@given(ANY_MARKET)
@example(CLOSING_RANGE_ENDS_FIRST)
@example(MORE_THAN_THE_RANGE_WOULD_PAY_BETTER)
def test_a_search_finds_hardly_more(market: Market) -> None:
    """What one unit more of either token is worth, and the coarseness of the prices: no more is left."""
    cycle = Cycle.of(*market)
    assert cycle.searched() - size_path(*market).profit <= cycle.tolerance()


@given(markets(honest=False), st.integers(1, 300))
def test_where_amounts_are_few_every_one_is_tried(market: Market, liquidity: int) -> None:
    """In pools that hold a handful of units hardly an input earns more than the one that is found."""
    pair, first, second = market
    thin = (pair, first._replace(liquidity=liquidity), second._replace(liquidity=liquidity))
    cycle = Cycle.of(*thin)
    assume(cycle.opening.most <= 3000)
    assert cycle.best_of(range(cycle.opening.most + 1)) - size_path(*thin).profit <= cycle.tolerance()


@given(ANY_MARKET)
def test_without_an_opportunity_there_is_no_profit(market: Market) -> None:
    """What the screening drops, sizing would not have traded either."""
    assume(not opportunity(market))
    assert size_path(*market)[:2] == (0, 0)


@given(ANY_MARKET, st.integers(0, 1_000_000) | st.none(), st.booleans())
def test_the_most_that_pays_no_more_is_exact(market: Market, share_ppm: int | None, zero_for_one: bool) -> None:
    """One unit more would pay more than a share of what the range holds, or than all of it but one unit (None)."""
    pair, first, _ = market
    side = ExactSide(side_of(pair.first, first, zero_for_one=zero_for_one))
    held = side.step(side.most()).amount_out
    assume(held)
    allowed = held - 1 if share_ppm is None else held * share_ppm // 1_000_001
    size = side.most_within(allowed)
    assert side.step(size).amount_out <= allowed < side.step(size + 1).amount_out


@given(st.integers(-200_000, 200_000), st.integers(0, 75), st.integers(10**15, 10**23), st.booleans())
def test_a_gap_barely_above_the_fees_never_loses(tick: int, bits: int, liquidity: int, mirrored: bool) -> None:
    """The optimum lies at a real size, but the pools' roundings may eat what it would earn."""
    token = TOKEN_B if mirrored else pool(1).token0
    pair = PoolPair(pool(1, 500, 200), pool(2, 3000, 200), token.address)
    lo = sqrt_ratio_at_tick(tick)
    hi = isqrt(lo * lo * 10**12 // pair.keep_ppm2) + (1 << bits)
    path = size_path(pair, state(hi, liquidity), state(lo, liquidity))
    assert path.profit >= 0
    assert (path.size == 0) == (path.profit == 0)


@given(ANY_MARKET)
def test_without_an_opportunity_the_closed_form_is_zero(market: Market) -> None:
    pair, first, second = market
    assume(not opportunity(market))
    pools = [(pair.first, first), (pair.second, second)]
    hi, lo = pools if greater_first(market) else reversed(pools)
    assert best_input(pair, *hi, *lo) == 0


@given(markets(honest=True))
def test_the_closed_form_is_the_floor_of_the_exact_optimum(market: Market) -> None:
    """The slope A·B / (B + C·x)² - 1 is not below zero at the closed form, and below it one unit further."""
    pair, first, second = market
    assume(opportunity(market))
    hi, lo = (
        ((pair.first, first), (pair.second, second))
        if greater_first(market)
        else (
            (pair.second, second),
            (pair.first, first),
        )
    )
    size = best_input(pair, *hi, *lo)
    a, b, c = Cycle.of(*market).map
    assert size >= 0
    assert (b + c * size) ** 2 <= a * b or size == 0
    assert (b + c * (size + 1)) ** 2 > a * b


@given(markets(honest=False), st.integers(MIN_TICK, MAX_TICK))
def test_a_tick_that_contradicts_its_price_lets_nothing_through(market: Market, tick: int) -> None:
    """Real pools never say so; a forged state must not make a swap run the wrong way."""
    pair, first, second = market
    forged = first._replace(tick=tick)
    spacing = pair.first.fixed_tick_spacing
    low = tick // spacing * spacing
    assume(
        not sqrt_ratio_at_tick(max(low, MIN_TICK))
        <= forged.sqrt_price_x96
        <= sqrt_ratio_at_tick(min(low + spacing, MAX_TICK))
    )
    assert range_end(pair.first, forged, zero_for_one=True) == forged.sqrt_price_x96
    assert range_end(pair.first, forged, zero_for_one=False) == forged.sqrt_price_x96
    assert size_path(pair, forged, second)[:2] == (0, 0)


@pytest.mark.parametrize("tick", [MIN_TICK, MIN_TICK + 1, -61, -60, -1, 0, 59, 60, MAX_TICK - 1])
@pytest.mark.parametrize("spacing", [1, 10, 60, 887_272])
def test_a_range_ends_at_multiples_of_its_spacing(tick: int, spacing: int) -> None:
    """√(⌊tick / spacing⌋ · spacing) and one spacing more, cut where the contract's prices end."""
    here = in_range(sqrt_ratio_at_tick(tick), 1, tick, stamp())
    one = attrs.evolve(pool(1), tick_spacing=spacing)
    low = tick // spacing * spacing
    assert range_end(one, here, zero_for_one=True) == sqrt_ratio_at_tick(max(low, MIN_TICK))
    assert range_end(one, here, zero_for_one=False) == sqrt_ratio_at_tick(min(low + spacing, MAX_TICK))


def test_a_price_on_the_upper_border_belongs_to_the_range_of_its_tick() -> None:
    """A swap that stopped exactly on a border going down reports the tick below it."""
    here = in_range(sqrt_ratio_at_tick(60), 10**18, 59, stamp())
    assert range_end(pool(1), here, zero_for_one=True) == sqrt_ratio_at_tick(0)
    assert range_end(pool(1), here, zero_for_one=False) == sqrt_ratio_at_tick(60)


def test_a_known_case_by_hand() -> None:
    """No fees, equal liquidity L, √P = 1 and 1.002: the prices meet at 1 + 1/1001.

    In goes L / 1001 of token1, back come L · (1.002 - 1 - 1/1001): the profit is L · 0.002 / 1001.
    """
    pair = PoolPair(pool(1, 0, 200), pool(2, 0, 200), TOKEN_B.address)
    first, second = (state(thousandths * (1 << 96) // 1000, 10**18) for thousandths in (1000, 1002))
    path = size_path(pair, first, second)
    assert [step.pool for step in path.steps] == [pair.first, pair.second]
    assert abs(path.size - 10**18 // 1001) <= 2
    assert 0 <= 2 * 10**15 // 1001 - path.profit <= 1
