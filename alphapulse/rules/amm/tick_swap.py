"""A swap across ticks: the loop of Uniswap v3-core's UniswapV3Pool.swap, equal to it to the last unit.

Each step ends at the next initialised tick or at the end of its word of 256, whichever comes first: amounts are rounded
at both, and the results of the contract are only met if they are rounded where it rounds.
"""

from __future__ import annotations

from typing import NamedTuple

from alphapulse.errors import AmmError
from alphapulse.rules.amm.swap_math import PPM, step_to_buy, step_to_sell
from alphapulse.rules.amm.tick_map import EMPTY_WORD, WORD, WORD_BITS, TickMap
from alphapulse.rules.amm.tick_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    sqrt_ratio_at_tick,
    tick_near,
)

MAX_INT256 = (1 << 255) - 1
MAX_UINT128 = (1 << 128) - 1


_new = tuple.__new__


class TickSwap(NamedTuple):
    """What a swap did: raw amounts, `amount_in` with the fee, and price, liquidity and tick behind it."""

    amount_in: int
    amount_out: int
    fee_amount: int
    sqrt_price_x96: int
    liquidity: int
    tick: int
    crossed: int


def price_limit(*, zero_for_one: bool) -> int:
    """The limit that stands for none: the last price short of the end, as routers and quoters give it."""
    return MIN_SQRT_RATIO + 1 if zero_for_one else MAX_SQRT_RATIO - 1


def swap_ticks(
    ticks: TickMap,
    sqrt_price: int,
    liquidity: int,
    tick: int,
    fee_ppm: int,
    amount: int,
    sqrt_limit: int,
    *,
    zero_for_one: bool,
) -> TickSwap:
    """Swap until the amount is used up or the price limit is reached.

    Args:
        ticks: the pool's initialised ticks.
        sqrt_price: square root of the price, Q64.96.
        liquidity: liquidity in range.
        tick: the pool's tick, which is one below the price's own where a swap ended exactly at a tick downwards.
        fee_ppm: swap fee.
        amount: raw amount to sell, fee included, if above zero; raw amount to buy, negated, if below.
        sqrt_limit: the price at which to stop, Q64.96.
        zero_for_one: True if token0 is sold.

    Raises:
        AmmError: the contract would revert: no amount, a limit on the wrong side, a liquidity that cannot be.
    """
    if not amount or not -MAX_INT256 <= amount <= MAX_INT256:
        raise AmmError(f"an amount is not zero and fits 255 bits, this was {amount}")
    if not (MIN_SQRT_RATIO < sqrt_limit < sqrt_price if zero_for_one else sqrt_price < sqrt_limit < MAX_SQRT_RATIO):
        raise AmmError(f"expected a price limit between the price and its end, found {sqrt_limit} at {sqrt_price}")
    try:
        done = _swapped(ticks, sqrt_price, liquidity, tick, fee_ppm, amount, sqrt_limit, zero_for_one=zero_for_one)
    except ZeroDivisionError:
        raise AmmError(f"a price is above zero and a fee below {PPM} ppm, these were {sqrt_price}, {fee_ppm}") from None
    if done.amount_in > MAX_INT256:
        raise AmmError(f"amounts fit 255 bits, paid in were {done.amount_in}")
    return done


def _swapped(
    ticks: TickMap,
    sqrt_price: int,
    liquidity: int,
    tick: int,
    fee_ppm: int,
    amount: int,
    sqrt_limit: int,
    *,
    zero_for_one: bool,
) -> TickSwap:
    words, spacing = ticks.words, ticks.spacing
    selling = amount > 0
    step_of, remaining = (step_to_sell, amount) if selling else (step_to_buy, -amount)
    total_in = total_out = fees = crossed = 0
    while remaining and sqrt_price != sqrt_limit:
        compressed = tick // spacing if zero_for_one else tick // spacing + 1
        bitmap, _, nets = words.get(compressed >> WORD_BITS, EMPTY_WORD)
        bit = compressed % WORD
        if zero_for_one:
            found = bitmap & (2 << bit) - 1
            next_bit = found.bit_length() - 1 if found else 0
        else:
            found = bitmap >> bit << bit
            next_bit = (found & -found).bit_length() - 1 if found else WORD - 1
        next_tick = (compressed - bit + next_bit) * spacing
        if not found and not liquidity:
            next_tick = _next_tick(ticks, tick, zero_for_one=zero_for_one)  # nothing is traded, nothing is rounded
        if next_tick < MIN_TICK:
            next_tick = MIN_TICK
        elif next_tick > MAX_TICK:
            next_tick = MAX_TICK
        next_price = sqrt_ratio_at_tick(next_tick)
        target = sqrt_limit if (next_price < sqrt_limit) is zero_for_one else next_price
        before = sqrt_price
        sqrt_price, step_in, step_out, fee = step_of(sqrt_price, target, liquidity, remaining, fee_ppm)
        fees += fee
        total_in += step_in + fee
        total_out += step_out
        remaining -= step_in + fee if selling else step_out
        if sqrt_price == next_price:
            if found:
                net = nets[(bitmap & (1 << next_bit) - 1).bit_count()]
                liquidity += -net if zero_for_one else net
                if not 0 <= liquidity <= MAX_UINT128:
                    raise AmmError(f"liquidity fits 128 bits, behind tick {next_tick} it was {liquidity}")
                crossed += 1
            tick = next_tick - 1 if zero_for_one else next_tick
        elif sqrt_price != before:
            tick = tick_near(sqrt_price, tick)
    return _new(TickSwap, (total_in, total_out, fees, sqrt_price, liquidity, tick, crossed))


def _next_tick(ticks: TickMap, tick: int, *, zero_for_one: bool) -> int:
    """The tick short of the word that holds the next initialised one, so that it is found there; else the end."""
    if zero_for_one:
        below = ticks.next_below(tick)
        return MIN_TICK if below is None else ((below // ticks.spacing >> WORD_BITS) + 1 << WORD_BITS) * ticks.spacing
    above = ticks.next_above(tick)
    return MAX_TICK if above is None else ((above // ticks.spacing >> WORD_BITS << WORD_BITS) - 1) * ticks.spacing
