"""The screen: it may pass too many cycles and never one too few, at any price and fee, however long it has run."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from hypothesis import given, settings
from hypothesis import strategies as st

from alphapulse.data.pools import Pool
from alphapulse.rules.arbitrage.cycle import Cycle, Hop
from alphapulse.rules.arbitrage.cycle_index import CycleIndex
from alphapulse.rules.arbitrage.screen import MOST_CYCLES, Screen
from alphapulse.rules.arbitrage.screen_rates import price_rates
from alphapulse.rules.arbitrage.token_graph import FEW_LOOPS, UNKNOWN, Seat
from tests.rules.arbitrage.market_graphs import Walk, address, graph_pool, walk_of

Price = tuple[int, int, int]
"""Numerator and denominator of what the lesser address is sold for, and the fee in ppm."""

FEES_PPM = st.sampled_from([0, 1, 100, 500, 3000, 30_000, 999_999])
AMOUNTS = st.one_of(
    st.integers(1, 9),
    st.integers(0, 512).flatmap(lambda bits: st.integers(1 << bits, (2 << bits) - 1)),
    st.integers((1 << 96) - 3, (1 << 96) + 3),
)
PRICES = st.tuples(AMOUNTS, AMOUNTS, FEES_PPM)
POOLS = st.lists(st.lists(st.integers(1, 4), min_size=2, max_size=3, unique=True), min_size=2, max_size=6)


class Market:
    """A screen and, beside it, the exact price of every seat."""

    def __init__(self, pools: list[Pool]) -> None:
        self.screen = Screen(CycleIndex([address(1)]))
        self.pools = pools
        self.prices: dict[tuple[str, int, int], Price] = {}
        for pool in pools:
            self.screen.add(pool)

    def set_price(self, seat: Seat, price: Price) -> None:
        self.prices[seat.pool.id.name, seat.low, seat.high] = price
        self.screen.set_rates(seat, *price_rates(*price))

    def rate(self, hop: Hop) -> Fraction:
        """What the margin brings after the fee; 0 while it is unknown."""
        name = hop.pool.id.name
        if (known := self.prices.get((name, hop.token_in, hop.token_out))) is not None:
            return Fraction(known[0] * (10**6 - known[2]), known[1] * 10**6)
        if (known := self.prices.get((name, hop.token_out, hop.token_in))) is not None:
            return Fraction(known[1] * (10**6 - known[2]), known[0] * 10**6)
        return Fraction(0)

    def gain(self, cycle: Cycle) -> Fraction:
        return prod((self.rate(hop) for hop in cycle.hops), start=Fraction(1))

    def passing(self, pool: Pool) -> set[Walk]:
        return {walk_of(cycle) for seat in self.screen.index.seats(pool.id) for cycle in self.screen.passing(seat)}

    def earning(self, pool: Pool) -> set[Walk]:
        """Cycles through the pool that can earn, exactly."""
        return {walk_of(cycle) for cycle in self.screen.index.cycles_through(pool.id) if self.gain(cycle) > 1}


@settings(max_examples=150)
@given(st.data(), POOLS)
def test_no_cycle_that_can_earn_is_screened_out(data: st.DataObject, tokens: list[list[int]]) -> None:
    """Prices of up to 512 bits, and prices that undo each other but for the last digits."""
    market = Market([graph_pool(at, *one) for at, one in enumerate(tokens)])
    for _ in range(data.draw(st.integers(1, 8))):
        pool = data.draw(st.sampled_from(market.pools))
        for seat in market.screen.index.seats(pool.id):
            price = data.draw(PRICES)
            undoes_another = data.draw(st.booleans())
            if market.prices and undoes_another:
                numerator, denominator, _ = data.draw(st.sampled_from(list(market.prices.values())))
                price = (numerator * 10**30 + data.draw(st.integers(0, 3)), denominator * 10**30, price[2])
            market.set_price(seat, price)
        assert market.earning(pool) <= market.passing(pool)


@settings(max_examples=50)
@given(st.data(), POOLS)
def test_rates_of_edges_do_not_depend_on_the_way_there(data: st.DataObject, tokens: list[list[int]]) -> None:
    """After any changes, and pools that went, the screen is that of a new one which knows the last rates only."""
    market = Market([graph_pool(at, *one) for at, one in enumerate(tokens)])
    screen = market.screen
    for _ in range(data.draw(st.integers(1, 10))):
        seats = [seat for pool in screen.index.pools for seat in screen.index.seats(pool)]
        if len(screen.index) > 1 and data.draw(st.integers(0, 5)) == 0:
            screen.remove(data.draw(st.sampled_from(seats)).pool.id)
            continue
        screen.set_rates(data.draw(st.sampled_from(seats)), *price_rates(*data.draw(PRICES)))
    fresh = Screen(CycleIndex([address(1)]))
    for pool in market.pools:
        if pool.id in screen.index:
            fresh.add(pool)
            for old, new in zip(screen.index.seats(pool.id), fresh.index.seats(pool.id), strict=True):
                fresh.set_rates(new, old.up, old.down)
    for known in fresh.index.pools:
        for old, new in zip(screen.index.seats(known), fresh.index.seats(known), strict=True):
            assert {one.name for one in screen.passing(old)} == {one.name for one in fresh.passing(new)}
            assert screen.edge_rates(old.edge) == fresh.edge_rates(new.edge)


def test_many_loops_are_summed_as_few_are() -> None:
    """With more triangles than plain Python takes, the same ones pass: those whose middle token is dear."""
    number = 2 * FEW_LOOPS
    pools = [graph_pool(0, 1, 2)]
    for third in range(3, 3 + number):
        pools += [graph_pool(100 + third, 1, third), graph_pool(200 + third, 2, third)]
    market = Market(pools)
    for at, pool in enumerate(pools):
        for seat in market.screen.index.seats(pool.id):
            dear = at % 4 == 1
            market.set_price(seat, (102 if dear else 100, 100, 3000))
    passing = market.screen.passing(market.screen.index.seats(pools[0].id)[0])
    assert {walk_of(cycle) for cycle in passing} >= market.earning(pools[0])
    assert len(passing) == number // 2 == len(market.earning(pools[0]))


def test_the_highest_rates_are_looked_at_if_too_many_pass() -> None:
    """What is left out is counted."""
    pools = [graph_pool(at, 1, 2, fee_ppm=0) for at in range(MOST_CYCLES + 6)]
    market = Market(pools)
    for at, pool in enumerate(pools):
        (seat,) = market.screen.index.seats(pool.id)
        market.set_price(seat, (200 + at, 100, 0) if at else (100, 100, 0))
    (seat,) = market.screen.index.seats(pools[0].id)
    passing = market.screen.passing(seat)
    assert (len(passing), market.screen.left_out) == (MOST_CYCLES, 1)


def test_what_is_not_known_has_no_rate() -> None:
    """An empty pool, one whose fee is unknown, and one that keeps everything."""
    for numerator, denominator, fee_ppm in ((0, 1, 3000), (1, 0, 3000), (1, 1, None), (1, 1, 10**6)):
        assert price_rates(numerator, denominator, fee_ppm) == (UNKNOWN, UNKNOWN)
    market = Market([graph_pool(0, 1, 2), graph_pool(1, 1, 2)])
    first, second = (market.screen.index.seats(pool.id)[0] for pool in market.pools)
    assert market.screen.passing(first) == []
    market.set_price(first, (1, 100, 0))
    assert market.screen.passing(first) == []
    market.set_price(second, (100, 1, 0))
    assert len(market.screen.passing(first)) == 1
    market.screen.set_rates(second, UNKNOWN, UNKNOWN)
    assert market.screen.passing(first) == []


def test_a_seat_is_comparable_once_a_whole_loop_is_known() -> None:
    """The pool itself is not the other one; and with a triangle it takes both of its other sides."""
    market = Market([graph_pool(0, 1, 2), graph_pool(1, 1, 2), graph_pool(2, 2, 3), graph_pool(3, 1, 3)])
    screen = market.screen
    first, parallel, one, other = (screen.index.seats(pool.id)[0] for pool in market.pools)
    known = []
    for seat in (first, one, other):
        market.set_price(seat, (1, 1, 0))
        known.append([screen.is_comparable(each) for each in (first, parallel, one, other)])
    market.set_price(parallel, (1, 1, 0))
    market.set_price(one, (1, 0, 0))
    known.append([screen.is_comparable(each) for each in (first, parallel, one, other)])
    assert known == [
        [False, False, False, False],
        [False, False, False, False],
        [True, False, True, True],
        [True, True, False, False],
    ]
