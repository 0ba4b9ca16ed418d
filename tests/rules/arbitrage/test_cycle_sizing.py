"""Sizing of any cycle: the published case, every size of small markets, scans across ticks, and ends of ranges."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Trust
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.balancer_weighted import BalancerWeightedState
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.constant_product import amount_out
from alphapulse.rules.amm.curve_stable import CurveStableState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.solidly import SolidlyState
from alphapulse.rules.amm.tick_map import TickMap
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio
from alphapulse.rules.arbitrage.cycle import Cycle
from alphapulse.rules.arbitrage.cycle_sizing import size_cycle
from alphapulse.rules.arbitrage.path import Chain
from tests.rules.arbitrage.market_graphs import STAMP, cycle_of, graph_pool, pair_cycle, pair_state, token

USDC, WETH = 10**6, 10**18
FEES_PPM = st.sampled_from([0, 500, 2500, 3000, 10_000])
SPACINGS = {100: 1, 500: 10, 3000: 60, 10_000: 200}


def test_golden_case() -> None:
    """2,000,000 USDC / 1,000 WETH beside 1,000 WETH / 2,100,000 USDC, 0.30% each: 469.578256 USDC."""
    cycle, states = pair_cycle([(2_000_000 * USDC, 1000 * WETH, 3000), (1000 * WETH, 2_100_000 * USDC, 3000)])
    path = size_cycle(cycle, states)
    assert path is not None
    assert path.profit == 469_578_256
    assert abs(path.size - 21_718_627_455) <= 3_000
    assert [step.amount_in for step in path.steps] == [path.size, path.steps[0].amount_out]
    assert path.steps[-1].amount_out == path.size + path.profit


def test_the_original_formula_would_lose_25918_usdc() -> None:
    """200,000 USDC, to which it was capped, lose on the same pools what was computed for it."""
    cycle, states = pair_cycle([(2_000_000 * USDC, 1000 * WETH, 3000), (1000 * WETH, 2_100_000 * USDC, 3000)])
    quotes = Chain(cycle, states).forward(200_000 * USDC)
    lost = 200_000 * USDC - quotes[-1].amount_out
    assert lost // 10_000 == 2_591_799, "25,917.99 USDC"


@st.composite
def small_legs(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Pairs whose prices undo each other but for up to a third; tokens are of unlike worth."""
    hops = draw(st.integers(2, 4))
    worth = [draw(st.integers(1, 40)) for _ in range(hops)]
    legs = []
    for at in range(hops):
        depth = draw(st.integers(40, 4000))
        gap = draw(st.integers(95, 130))
        legs.append(
            (2 + depth * 40 // worth[at], 2 + depth * 40 * gap // (100 * worth[(at + 1) % hops]), draw(FEES_PPM))
        )
    return legs


def everything_tried(legs: Sequence[tuple[int, int, int]]) -> int:
    """The best profit of all sizes up to the first reserve."""
    best = 0
    for size in range(1, legs[0][0]):
        amount = size
        for reserve_in, reserve_out, fee_ppm in legs:
            amount = amount_out(amount, reserve_in, reserve_out, fee_ppm)
        best = max(best, amount - size)
    return best


def unit_worths(chain: Chain) -> Fraction:
    """What a unit of each token on the way is worth at the start, summed: what rounding can hide."""
    total, worth = Fraction(1), Fraction(1)
    for (_, token_in, token_out), state in zip(chain.cycle.hops[:-1], chain.states[:-1], strict=True):
        out, into = state.price(token_in, token_out)
        worth *= Fraction(into, out)
        total += worth
    return total


@settings(max_examples=40, deadline=None)
@given(small_legs())
def test_no_size_of_a_small_market_earns_more(legs: list[tuple[int, int, int]]) -> None:
    """Against all sizes: rounding hides no more than the worth of a unit of each token on the way."""
    assume(legs[0][0] < 20_000)
    cycle, states = pair_cycle(legs)
    path = size_cycle(cycle, states)
    found = path.profit if path else 0
    best = everything_tried(legs)
    assert best - unit_worths(Chain(cycle, states)) <= found <= best


def test_most_small_markets_are_sized_to_the_last_unit() -> None:
    """Of 150 drawn by a seed nine in ten: what rounding hides is looked for, not only bounded."""
    chance = Random(7)
    exact = earning = 0
    for _ in range(150):
        worth = [chance.randint(1, 40) for _ in range(chance.choice([2, 3, 4]))]
        legs = [
            (2 + 40_000 // sold, 2 + 400 * chance.randint(95, 125) // bought, chance.choice([0, 500, 3000]))
            for sold, bought in zip(worth, worth[1:] + worth[:1], strict=True)
        ]
        best = everything_tried(legs)
        path = size_cycle(*pair_cycle(legs))
        earning += best > 0
        exact += best > 0 and path is not None and path.profit == best
    assert earning > 50
    assert exact * 10 >= earning * 9


@st.composite
def ticked(draw: st.DrawFn, number: int, sold: int, bought: int, price: Fraction) -> tuple[Pool, ConcentratedState]:
    """A concentrated pool with known ticks at about a price (bought for one sold), some of its ranges empty."""
    fee_ppm = draw(st.sampled_from(sorted(SPACINGS)))
    spacing = SPACINGS[fee_ppm]
    low, high = min(sold, bought), max(sold, bought)
    ratio = price if sold == low else 1 / price
    sqrt_price = isqrt((ratio.numerator << 192) // ratio.denominator)
    tick = tick_at_sqrt_ratio(sqrt_price)
    here = tick // spacing
    net: dict[int, list[int]] = {}
    for at in range(draw(st.integers(1, 6))):
        lower = here - draw(st.integers(0, 3)) if not at else here + draw(st.integers(-12, 8))
        upper = here + draw(st.integers(1, 4)) if not at else lower + draw(st.integers(1, 10))
        liquidity = draw(st.integers(10**17, 10**20))
        for border, change in ((lower, liquidity), (upper, -liquidity)):
            both = net.setdefault(border * spacing, [0, 0])
            both[0] += liquidity
            both[1] += change
    ticks = TickMap.of(spacing, [(border, gross, change) for border, (gross, change) in net.items()])
    liquidity = sum(change for border, (_, change) in net.items() if border <= tick)
    pool_id = InstrumentId.from_pool_address((5000 + number).to_bytes(20, "big"), Venue.UNISWAP_V3)
    pool = Pool(pool_id, PoolKind.V3, f"ticks {number}", token(low), token(high), fee_ppm, spacing)
    return pool, ConcentratedState(sqrt_price, liquidity, tick, STAMP, Trust.PROVEN, fee_ppm, spacing, ticks)


@st.composite
def mixed_cycles(draw: st.DrawFn) -> tuple[Cycle, list[AmmState]]:
    """Pairs and pools with ticks in turn, their tokens of 6 to 18 decimals, with a gap of up to 8%."""
    hops = draw(st.integers(2, 4))
    units = [10 ** draw(st.sampled_from([6, 8, 18])) for _ in range(hops)]
    pools, states = [], list[AmmState]()
    for at in range(hops):
        sold, bought = at + 1, (at + 1) % hops + 1
        price = Fraction(units[(at + 1) % hops] * draw(st.integers(995, 1020)), units[at] * 1000)
        if draw(st.booleans()):
            pool, state = draw(ticked(at, sold, bought, price))
            pools.append(pool)
            states.append(state)
        else:
            depth = draw(st.integers(10, 10_000))
            reserve_in = depth * units[at]
            reserve_out = int(reserve_in * price)
            pools.append(graph_pool(at, sold, bought))
            states.append(pair_state(*((reserve_in, reserve_out) if sold < bought else (reserve_out, reserve_in))))
    return cycle_of(pools, list(range(1, hops + 1))), states


def scanned(chain: Chain, around: int) -> int:
    """The best profit of a scan: twelve sizes an octave from 1 to 2^100, then ever closer around the best."""
    best, best_size = 0, max(around, 1)
    for size in {2**power * (12 + step) // 12 for power in range(100) for step in range(12)}:
        quotes = chain.forward(size)
        if chain.is_passed(quotes) and quotes[-1].amount_out - size > best:
            best, best_size = quotes[-1].amount_out - size, size
    width = best_size // 10 + 8
    while width > 4:
        for step in range(-24, 25):
            size = best_size + width * step // 24
            quotes = chain.forward(size) if size > 0 else []
            if chain.is_passed(quotes) and quotes[-1].amount_out - size > best:
                best, best_size = quotes[-1].amount_out - size, size
        width //= 5
    return best


@settings(max_examples=25, deadline=None)
@given(mixed_cycles())
def test_no_scan_across_ticks_finds_more(market: tuple[Cycle, list[AmmState]]) -> None:
    """Ranges with and without liquidity, tokens of 6 and 8 decimals between others: only rounding is hidden."""
    chain = Chain(*market)
    path = size_cycle(*market)
    found = path.profit if path else 0
    if path:
        quotes = chain.forward(path.size)
        assert path.profit == quotes[-1].amount_out - path.size
        assert [step.amount_out for step in path.steps] == [quote.amount_out for quote in quotes]
    assert scanned(chain, path.size if path else 1) - 2 * unit_worths(chain) - found // 10**6 <= found


def in_range_only(state: ConcentratedState) -> ConcentratedState:
    return state._replace(trust=Trust.IN_RANGE, ticks=None)


def dear_pool(spacing: int = 60, liquidity: int = 10**18) -> tuple[Pool, ConcentratedState]:
    """A pool that sells token 2 for a third of what the pair beside it pays, all its liquidity in one spacing."""
    price = sqrt_ratio_at_tick(30)
    ticks = TickMap.of(spacing, [(0, liquidity, liquidity), (60, liquidity, -liquidity)])
    pool_id = InstrumentId.from_pool_address((9).to_bytes(20, "big"), Venue.UNISWAP_V3)
    pool = Pool(pool_id, PoolKind.V3, "one range", token(1), token(2), 3000, spacing)
    return pool, ConcentratedState(price, liquidity, 30, STAMP, Trust.PROVEN, 3000, spacing, ticks)


@pytest.mark.parametrize("known", [True, False])
def test_a_range_that_ends_is_used_to_its_end_and_not_beyond(known: bool) -> None:
    """Behind the last tick there is nothing to buy; where ticks are not known nothing behind the range is guessed."""
    pool, state = dear_pool()
    pair, beside = graph_pool(1, 1, 2), pair_state(3 * 10**22, 10**22)
    cycle = cycle_of([pool, pair], [1, 2])
    one_range = state if known else in_range_only(state)
    path = size_cycle(cycle, [one_range, beside])
    assert path is not None
    most = one_range.most_in(0, 1)
    assert most is not None
    assert most - 3 <= path.size <= most
    assert path.profit > path.size // 2


def test_known_ticks_earn_more_than_the_range_alone() -> None:
    pool, state = dear_pool()
    wide = TickMap.of(60, [(-6000, 10**18, 10**18), (6000, 10**18, -(10**18))])
    pair, beside = graph_pool(1, 1, 2), pair_state(11 * 10**21, 10**22)
    cycle = cycle_of([pool, pair], [1, 2])
    alone = size_cycle(cycle, [in_range_only(state), beside])
    across = size_cycle(cycle, [state._replace(ticks=wide), beside])
    assert alone is not None
    assert across is not None
    assert across.profit > 5 * alone.profit
    assert across.size > alone.size


def test_a_cycle_that_cannot_earn_has_no_size() -> None:
    """Fair prices, an empty pair, a fee that is not known yet, and a pool in quarantine."""
    fair = [(10**20, 10**20, 3000)] * 2
    cycle, states = pair_cycle(fair)
    assert size_cycle(cycle, states) is None
    cycle, states = pair_cycle([(10**20, 3 * 10**20, 3000), (10**20, 10**20, 3000)])
    assert size_cycle(cycle, states) is not None
    for spoiled in (
        pair_state(0, 0),
        pair_state(10**20, 3 * 10**20)._replace(fee_ppm=None),
        pair_state(10**20, 3 * 10**20)._replace(trust=Trust.DIVERGENT),
    ):
        assert size_cycle(cycle, [spoiled, states[1]]) is None


def other_kind(kind: PoolKind, balances: tuple[int, int]) -> tuple[Pool, AmmState]:
    """A pool of the tokens 1 and 2 whose mathematics has no ranges."""
    weights = (8 * 10**17, 2 * 10**17) if kind is PoolKind.BALANCER_WEIGHTED else ()
    amplification = 2000 if kind is PoolKind.CURVE_STABLE else None
    pool_id = InstrumentId.from_pool_address((6000 + kind).to_bytes(20, "big"), Venue.CURVE)
    pool = Pool(pool_id, kind, kind.name, token(1), token(2), 400, None, weights=weights, amplification=amplification)
    if kind is PoolKind.BALANCER_WEIGHTED:
        return pool, BalancerWeightedState(balances, STAMP, Trust.PROVEN, 400, pool)
    if kind is PoolKind.CURVE_STABLE:
        return pool, CurveStableState(balances, STAMP, Trust.PROVEN, 400, pool)
    is_stable = kind is PoolKind.SOLIDLY_STABLE
    return pool, SolidlyState(*balances, STAMP, Trust.PROVEN, 400, (10**18, 10**18), is_stable)


@pytest.mark.parametrize(
    ("kind", "balances", "beside"),
    [
        (PoolKind.CURVE_STABLE, (10**24, 12 * 10**23), (10**24, 98 * 10**22)),
        (PoolKind.CURVE_STABLE, (3 * 10**24, 10**23), (98 * 10**22, 10**24)),
        (PoolKind.SOLIDLY_STABLE, (10**24, 2 * 10**24), (10**24, 101 * 10**22)),
        (PoolKind.SOLIDLY_VOLATILE, (10**24, 105 * 10**22), (10**24, 10**24)),
        (PoolKind.BALANCER_WEIGHTED, (4 * 10**24, 105 * 10**22), (10**24, 10**24)),
    ],
)
def test_kinds_without_ranges_are_searched(kind: PoolKind, balances: tuple[int, int], beside: tuple[int, int]) -> None:
    """Beside a V2 pair, in the direction that pays: no scan finds a millionth more."""
    first, second = other_kind(kind, balances), (graph_pool(1, 1, 2), pair_state(*beside, 500))
    found = []
    for one, other in ((first, second), (second, first)):
        cycle, states = cycle_of([one[0], other[0]], [1, 2]), [one[1], other[1]]
        path = size_cycle(cycle, states)
        best = scanned(Chain(cycle, states), path.size if path else 1)
        assert best - best // 10**6 - 10 <= (path.profit if path else 0)
        if path is not None:
            found.append(path)
            assert [step.pool for step in path.steps] == [one[0], other[0]]
            assert all(0 < step.fee_amount < step.amount_in // 1000 for step in path.steps)
    assert len(found) == 1


@pytest.mark.parametrize(("held", "beside", "refused"), [((47, 64_000_000), 125, 1), ((30, 29_490_000), 112, 1 << 54)])
def test_a_curve_that_reverts_for_single_amounts_is_searched_beyond_them(
    held: tuple[int, int], beside: int, refused: int
) -> None:
    """A stable pool of 18 and 6 decimals whose contract overflows at the sale of one amount, and pays for more."""
    pool, state = other_kind(PoolKind.SOLIDLY_STABLE, (held[0] * 10**18, held[1]))
    assert isinstance(state, SolidlyState)
    state = state._replace(units=(10**18, 10**6), fee_ppm=500)
    with pytest.raises(QuoteRefused, match="256 bits"):
        state.quote_in(0, 1, refused)
    cycle = cycle_of([pool, graph_pool(1, 1, 2)], [1, 2])
    states: list[AmmState] = [state, pair_state(beside * 10**23, 10**13, 500)]
    path = size_cycle(cycle, states)
    assert path is not None
    best = scanned(Chain(cycle, states), path.size)
    assert path.profit >= best - best // 10**6 > 10**17


def test_where_the_smooth_optimum_pays_nothing_a_few_units_are_tried() -> None:
    """A fee of one unit at least takes all of one that goes in: of three units two are left, and they earn most."""
    ticks = TickMap.of(60, [(52_200, 10**9, 10**9), (53_400, 10**9, -(10**9))])
    state = ConcentratedState(sqrt_ratio_at_tick(52_500), 10**9, 52_500, STAMP, Trust.PROVEN, 3000, 60, ticks)
    pool_id = InstrumentId.from_pool_address((9).to_bytes(20, "big"), Venue.UNISWAP_V3)
    pool = Pool(pool_id, PoolKind.V3, "coarse", token(2), token(3), 3000, 60)
    cycle = cycle_of([graph_pool(0, 1, 2), pool, graph_pool(1, 1, 3)], [1, 2, 3])
    chain = Chain(cycle, [pair_state(1110, 15), state, pair_state(873, 760)])
    tried = [(chain.forward(size), size) for size in range(1, 1000)]
    best = max(quotes[-1].amount_out - size for quotes, size in tried if chain.is_passed(quotes))
    path = size_cycle(cycle, chain.states)
    assert path is not None
    assert (path.profit, path.steps[1].amount_in) == (best, 3) == (11, 3)
