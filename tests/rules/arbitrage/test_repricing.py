"""A path sold into other states than the ones it was made for."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from alphapulse.data.pools import Pool
from alphapulse.data.signals import Leg
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.arbitrage.pair import PoolPair
from alphapulse.rules.arbitrage.repricing import reprice
from alphapulse.rules.arbitrage.sizing import range_end, size_path
from tests.rules.arbitrage.market_samples import TOKEN_A, TOKEN_B, pool, state
from tests.rules.arbitrage.sizing_oracle import Cycle, Half, Market, markets

FAIR = 1 << 96
DEAR = FAIR * 1003 // 1000
PAIR = PoolPair(pool(1, 500, 200), pool(2, 3000, 200), TOKEN_A.address)


def leg(of: Pool, *, zero_for_one: bool) -> Leg:
    """Only its pool and its direction count."""
    tokens = of.pair if zero_for_one else of.pair[::-1]
    return Leg(of.id, *tokens, 0, 0, 0, 1)


def seen(of: Pool, state: ConcentratedState) -> ConcentratedState:
    """The state as the pool's own, with its fee and its spacing."""
    return state._replace(fee_ppm=of.fee_ppm, tick_spacing=of.fixed_tick_spacing)


def cycle_legs(first: ConcentratedState, second: ConcentratedState) -> list[tuple[Pool, ConcentratedState, Leg]]:
    return [
        (PAIR.first, seen(PAIR.first, first), leg(PAIR.first, zero_for_one=True)),
        (PAIR.second, seen(PAIR.second, second), leg(PAIR.second, zero_for_one=False)),
    ]


def test_each_leg_sells_what_the_one_before_bought() -> None:
    """At another price of the closing pool the first step is the same and the second pays what is left there."""
    path = size_path(PAIR, state(DEAR), state(FAIR))
    moved = state(FAIR * 1001 // 1000)
    steps = reprice(cycle_legs(state(DEAR), moved), path.size)
    assert steps is not None
    assert steps[0] == path.steps[0]
    assert steps[1].amount_in == steps[0].amount_out
    assert steps[1].sqrt_price_x96 == moved.sqrt_price_x96
    assert steps[1].amount_out == Half(PAIR.second, moved, zero_for_one=False).swap(steps[0].amount_out)
    assert steps[1].amount_out < path.steps[1].amount_out


@given(markets(honest=False), st.integers(0, 1 << 130), st.booleans())
def test_a_leg_that_leaves_its_range_gives_no_answer(market: Market, size: int, zero_for_one: bool) -> None:
    """The most that the range takes is priced; one unit more is None."""
    pair, first, _ = market
    legs = [(pair.first, first, leg(pair.first, zero_for_one=zero_for_one))]
    half = Half(pair.first, first, zero_for_one)
    steps, amount_out = reprice(legs, size), half.swap(size)
    assert (steps is None) == (amount_out is None)
    if steps is not None:
        assert [(step.amount_in, step.amount_out) for step in steps] == [(size, amount_out)]
    assert reprice(legs, half.most) is not None
    assert reprice(legs, half.most + 1) is None


def test_the_second_leg_may_leave_its_range_too() -> None:
    closing = state(FAIR, 10**10)
    most = Half(PAIR.second, closing, zero_for_one=False).most
    opening = state(DEAR, 10**18)
    cycle = Cycle.of(PAIR, opening, closing)
    assert reprice(cycle_legs(opening, closing), cycle.greatest) is not None
    assert reprice(cycle_legs(opening, closing), cycle.greatest + 1) is None
    assert most > 0


@given(markets(honest=False), st.integers(1, 1 << 100), st.integers(-887_272, 887_271))
def test_a_contradictory_state_gives_no_answer(market: Market, size: int, tick: int) -> None:
    pair, first, _ = market
    forged = first._replace(tick=tick)
    assume(range_end(pair.first, forged, zero_for_one=True) == range_end(pair.first, forged, zero_for_one=False))
    for zero_for_one in (True, False):
        assert reprice([(pair.first, forged, leg(pair.first, zero_for_one=zero_for_one))], size) is None


def test_nothing_in_gives_nothing_out() -> None:
    steps = reprice(cycle_legs(state(DEAR), state(FAIR)), 0)
    assert steps is not None
    assert [(step.amount_in, step.amount_out, step.fee_amount) for step in steps] == [(0, 0, 0), (0, 0, 0)]


def test_a_step_travels_as_a_leg() -> None:
    """Tokens by direction, amounts, fee and the price before it."""
    first, second = size_path(PAIR, state(DEAR), state(FAIR)).steps
    for step, tokens in ((first, (TOKEN_A.address, TOKEN_B.address)), (second, (TOKEN_B.address, TOKEN_A.address))):
        expected = Leg(step.pool.id, *tokens, step.amount_in, step.amount_out, step.fee_amount, step.sqrt_price_x96)
        assert step.as_leg() == expected
