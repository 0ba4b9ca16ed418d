"""Ticks and prices: sqrt(1.0001^tick) as Q64.96 integers, both ways. Equal to Uniswap v3-core's TickMath.sol."""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

from alphapulse.errors import AmmError

MIN_TICK = -887_272
MAX_TICK = 887_272
MIN_SQRT_RATIO = 4_295_128_739
"""The ratio at MIN_TICK: the lowest price that a pool can have."""
MAX_SQRT_RATIO = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342
"""The ratio at MAX_TICK: every price of a pool is below it."""

_BITS = 20
_GUARD = 512


def _powers() -> tuple[int, ...]:
    """1.0001^(-2^i / 2) for i = 0…19 as Q128, rounded to nearest: the contract's twenty constants."""
    power = isqrt((10_000 << (2 * _GUARD)) // 10_001)
    powers = []
    for _ in range(_BITS):
        powers.append((power + (1 << (_GUARD - 129))) >> (_GUARD - 128))
        power = (power * power) >> _GUARD
    return tuple(powers)


_POWERS = _powers()

_LOW_BITS = 10


def _low_products() -> tuple[int, ...]:
    """The contract's product over the lowest ten bits of a tick, for each value of them."""
    products = []
    for low in range(1 << _LOW_BITS):
        ratio = 1 << 128
        for bit in range(_LOW_BITS):
            if low >> bit & 1:
                ratio = ratio * _POWERS[bit] >> 128
        products.append(ratio)
    return tuple(products)


_LOW_PRODUCTS = _low_products()


@lru_cache(maxsize=65_536)
def sqrt_ratio_at_tick(tick: int) -> int:
    """sqrt(1.0001^tick) * 2^96, rounded up as the contract does.

    Raises:
        AmmError: the tick is outside MIN_TICK … MAX_TICK.
    """
    if not MIN_TICK <= tick <= MAX_TICK:
        raise AmmError(f"a tick lies within {MIN_TICK} and {MAX_TICK}, this was {tick}")
    distance = abs(tick)
    ratio = _LOW_PRODUCTS[distance & (1 << _LOW_BITS) - 1]
    bit, high = _LOW_BITS, distance >> _LOW_BITS
    while high:
        if high & 1:
            ratio = ratio * _POWERS[bit] >> 128
        high >>= 1
        bit += 1
    if tick > 0:
        ratio = ((1 << 256) - 1) // ratio
    return (ratio + 0xFFFF_FFFF) >> 32


_TICKS_OF_ITSELF = 20_001
"""1 / ln(sqrt(1.0001)): how many ticks a ratio moves that grows by as much as it is, were it to grow evenly."""
_NEAR = 200
"""Ticks within which that guess is off by one at most."""


def tick_near(sqrt_price_x96: int, tick: int) -> int:
    """As `tick_at_sqrt_ratio`, faster where the answer lies near `tick`.

    Raises:
        AmmError: the price is outside MIN_SQRT_RATIO … MAX_SQRT_RATIO - 1, or the tick outside its range.
    """
    ratio = sqrt_ratio_at_tick(tick)
    guess = tick + (sqrt_price_x96 - ratio) * _TICKS_OF_ITSELF // ratio
    if not -_NEAR < guess - tick < _NEAR or not MIN_TICK < guess < MAX_TICK - 1:
        return tick_at_sqrt_ratio(sqrt_price_x96)
    while sqrt_ratio_at_tick(guess) > sqrt_price_x96:
        guess -= 1
    while sqrt_ratio_at_tick(guess + 1) <= sqrt_price_x96:
        guess += 1
    return guess


_LOG_BITS = 14
_TICKS_PER_OCTAVE_Q64 = 255_738_958_999_603_826_347_141
"""1 / log2(sqrt(1.0001)) * 2^64: how many ticks double the square root of the price."""


@lru_cache(maxsize=8_192)
def tick_at_sqrt_ratio(sqrt_price_x96: int) -> int:
    """The greatest tick whose ratio is at most `sqrt_price_x96`.

    Raises:
        AmmError: the price is outside MIN_SQRT_RATIO … MAX_SQRT_RATIO - 1.
    """
    if not MIN_SQRT_RATIO <= sqrt_price_x96 < MAX_SQRT_RATIO:
        raise AmmError(
            f"a square root of a price lies within {MIN_SQRT_RATIO} and {MAX_SQRT_RATIO - 1}, this was {sqrt_price_x96}"
        )
    octave = sqrt_price_x96.bit_length() - 1
    mantissa = sqrt_price_x96 << 127 >> octave
    log2 = octave - 96
    # Each squaring doubles the logarithm of the mantissa; the bit that it carries out is the next binary digit.
    for _ in range(_LOG_BITS):
        mantissa = mantissa * mantissa >> 127
        carry = mantissa >> 128
        mantissa >>= carry
        log2 = log2 << 1 | carry
    # Fourteen digits, all rounded down, leave the estimate at most one tick too low: the ratios themselves decide.
    tick = log2 * _TICKS_PER_OCTAVE_Q64 >> (64 + _LOG_BITS)
    if sqrt_ratio_at_tick(tick + 1) <= sqrt_price_x96:
        return tick + 1
    return tick
