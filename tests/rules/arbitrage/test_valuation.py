"""Prices from live pools: along the deepest way, costs rounded against us, and what has no price stays unknown."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool, PoolKind, Trust
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO, sqrt_ratio_at_tick, tick_at_sqrt_ratio
from alphapulse.rules.arbitrage.cycle_index import CycleIndex
from alphapulse.rules.arbitrage.holdings import holdings
from alphapulse.rules.arbitrage.valuation import RETRY_AFTER, ROUTES_LAST, Valuation
from tests.rules.arbitrage.market_graphs import STAMP, address, graph_pool, pair_state, token
from tests.rules.arbitrage.market_samples import changed

ROOT = address(1)
PRICES = st.integers(MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1)


class Market:
    """Pools with their states, and the valuation of all tokens in token 1."""

    def __init__(self, *pools: tuple[Pool, AmmState]) -> None:
        self.index = CycleIndex()
        for pool, state in pools:
            self.index.add(pool)
            self.set(pool, state)
        self.valuation = Valuation(ROOT, self.index)

    def set(self, pool: Pool, state: AmmState) -> None:
        for seat in self.index.seats(pool.id):
            seat.state = state

    def price(self, number: int, block_number: int = 1) -> Fraction | None:
        found = self.valuation.price(1, address(number), block_number)
        return None if found is None else Fraction(found.numerator, found.denominator)


def concentrated(
    number: int, low: int, high: int, sqrt_price_x96: int, liquidity: int = 10**18
) -> tuple[Pool, AmmState]:
    pool_id = InstrumentId.from_pool_address(address(7000 + number), graph_pool(0, 1, 2).id.venue)
    pool = Pool(pool_id, PoolKind.V3, f"v3 {number}", token(low), token(high), 3000, 60)
    tick = tick_at_sqrt_ratio(sqrt_price_x96)
    return pool, ConcentratedState(sqrt_price_x96, liquidity, tick, STAMP, Trust.IN_RANGE, 3000, 60, None)


def test_the_roots_own_price_is_one_and_of_no_age() -> None:
    price = Market().valuation.price(1, ROOT, 5)
    assert price is not None
    assert (price.numerator, price.denominator, price.depth, price.as_of_ns, price.hops) == (1, 1, None, None, 0)


def test_the_way_is_the_one_whose_thinnest_pool_holds_most() -> None:
    """Directly through a pool of 1,000 units, or over token 3 through pools of 50,000 and 80,000."""
    market = Market(
        (graph_pool(1, 1, 2), pair_state(1_000, 9_000)),
        (graph_pool(2, 1, 3), pair_state(50_000, 25_000)),
        (graph_pool(3, 2, 3), pair_state(200_000, 40_000)),
    )
    assert market.price(2) == Fraction(40_000, 200_000) * 2
    price = market.valuation.price(1, address(2), 1)
    assert price is not None
    assert (price.hops, price.depth) == (2, 50_000)
    assert market.valuation.value(1, address(2), 1_001, 1) == 400


def test_prices_follow_their_pools_and_say_how_old_they_are() -> None:
    pool, other = graph_pool(1, 1, 2), graph_pool(2, 2, 3)
    old, new = changed(STAMP, venue_time_ns=5), changed(STAMP, venue_time_ns=9)
    market = Market((pool, pair_state(100, 50)._replace(stamp=old)), (other, pair_state(10, 10)._replace(stamp=new)))
    assert market.price(3) == 2
    market.set(pool, pair_state(300, 50)._replace(stamp=new))
    assert market.price(3) == 6
    market.set(other, pair_state(10, 10)._replace(stamp=old))
    price = market.valuation.price(1, address(3), 1)
    assert price is not None
    assert price.as_of_ns == 5


def test_ways_are_looked_for_anew_as_liquidity_moves() -> None:
    """Until then a way is kept, at its newest prices."""
    thin, deep = graph_pool(1, 1, 2), graph_pool(2, 1, 2)
    market = Market((thin, pair_state(100, 100)), (deep, pair_state(900, 300)))
    assert market.price(2) == 3
    market.set(deep, pair_state(9, 3))
    assert market.price(2, ROUTES_LAST) == 3
    assert market.price(2, ROUTES_LAST + 1) == 1


def test_what_no_pool_prices_is_unknown() -> None:
    """A token that no pool holds, one whose pools lead elsewhere, an empty pool, and another chain."""
    market = Market(
        (graph_pool(1, 1, 2), pair_state(0, 0)),
        (graph_pool(2, 3, 4), pair_state(5, 5)),
        concentrated(3, 1, 5, 1 << 96, 0),
    )
    assert [market.price(number) for number in (2, 3, 4, 5, 6)] == [None] * 5
    assert market.valuation.price(137, address(2), 1) is None
    assert market.valuation.value(1, address(2), 1, 1) is None
    assert market.valuation.amount_for(1, address(2), 1, 1) is None
    assert market.valuation.holding_value(market.index.seats(graph_pool(2, 3, 4).id)[0], 1) is None


def test_a_pool_that_left_prices_nothing_any_more() -> None:
    """One that is not believed: its last word does not value a cost, and soon the way leads through another."""
    (leaves, deep), (stays, thin) = (graph_pool(0, 1, 2), (10**20, 10**20)), (graph_pool(1, 1, 2), (10**18, 3 * 10**18))
    market = Market((leaves, pair_state(*deep)), (stays, pair_state(*thin)))
    assert market.price(2) == 1
    market.index.remove(leaves.id)
    assert market.price(2, 2) is None
    assert market.price(2, 1 + RETRY_AFTER) == Fraction(1, 3)


def test_a_pool_that_becomes_known_gives_a_price_some_blocks_later() -> None:
    pool = graph_pool(1, 1, 2)
    market = Market((pool, pair_state(0, 0)))
    assert market.price(2) is None
    market.set(pool, pair_state(6, 3))
    assert [market.price(2, block) for block in (2, 10, 11)] == [None, None, 2]


@given(st.integers(0, 10**21), PRICES)
def test_a_cost_is_rounded_up(value: int, price: int) -> None:
    """In a token that the root is sold for, and in one that is sold for the root."""
    there = Market(concentrated(1, 1, 2, price))
    found = there.valuation.amount_for(1, address(2), value, 1)
    assert found in (None, ceil(Fraction(value * price**2, 1 << 192)))
    back = Valuation(address(2), there.index)
    assert back.amount_for(1, ROOT, value, 1) in (None, ceil(Fraction(value << 192, price**2)))


def test_the_least_favourable_of_the_deep_pools_prices_a_cost() -> None:
    """A cost is never made smaller than one of them says; a pool of a twentieth of their depth has no say."""
    market = Market(
        (graph_pool(1, 1, 2), pair_state(10_000, 20_000)),
        (graph_pool(2, 1, 2), pair_state(9_000, 27_000)),
        (graph_pool(3, 1, 2), pair_state(400, 400_000)),
    )
    assert market.valuation.amount_for(1, address(2), 7, 1) == 21
    assert (market.valuation.amount_for(1, address(2), 0, 1), market.valuation.amount_for(1, ROOT, 7, 1)) == (0, 7)


def test_what_a_pool_holds_is_what_its_range_holds() -> None:
    """Of a range from tick 0 to 60 at tick 30: what its two ends leave; of a pair its reserves; both valued."""
    pool, state = concentrated(1, 1, 2, sqrt_ratio_at_tick(30))
    price, upper, liquidity = sqrt_ratio_at_tick(30), sqrt_ratio_at_tick(60), 10**18
    held = (((liquidity << 96) * (upper - price)) // (upper * price), liquidity * (price - (1 << 96)) >> 96)
    assert holdings(state, 2) == held
    market = Market((pool, state), (graph_pool(2, 1, 2), pair_state(10**24, 2 * 10**24)))
    assert market.valuation.holding_value(market.index.seats(pool.id)[0], 1) == held[0] + held[1] // 2
    assert holdings(pair_state(3, 4), 2) == (3, 4)
