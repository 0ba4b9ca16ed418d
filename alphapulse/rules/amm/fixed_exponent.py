"""Powers of decimal numbers with 18 digits, as Balancer's LogExpMath computes them, to the last digit.

The numbers are those of the contract (balancer-v2-monorepo, LogExpMath.sol): powers of e at the precision that it holds
them with. It divides towards zero; everything here is above zero and signs are put aside, which is the same.
"""

from __future__ import annotations

from alphapulse.errors import AmmError

ONE = 10**18
ONE_20 = 10**20
ONE_36 = 10**36
LEAST_EXPONENT = -41 * ONE
MOST_EXPONENT = 130 * ONE
MOST_POWER = (1 << 254) // ONE_20
NEAR_ONE = ONE // 10
"""Closer to one than this the logarithm is computed with 36 digits."""

_LARGE = (
    (128 * ONE, 38877084059945950922200000000000000000000000000000000000),
    (64 * ONE, 6235149080811616882910000000),
)
"""Exponent with 18 digits, and e to it, whole."""

_SMALL = (
    (3200000000000000000000, 7896296018268069516100000000000000),
    (1600000000000000000000, 888611052050787263676000000),
    (800000000000000000000, 298095798704172827474000),
    (400000000000000000000, 5459815003314423907810),
    (200000000000000000000, 738905609893065022723),
    (100000000000000000000, 271828182845904523536),
    (50000000000000000000, 164872127070012814685),
    (25000000000000000000, 128402541668774148407),
    (12500000000000000000, 113314845306682631683),
    (6250000000000000000, 106449445891785942956),
)
"""Exponents 2^5 … 2^-4 and e to them, all with 20 digits."""

_EXP_PARTS = 8
"""The exponential uses the first eight of them; the two smallest are for logarithms."""


def power(base: int, exponent: int) -> int:
    """`base` to the `exponent`, both with 18 digits and at least zero.

    Raises:
        AmmError: numbers that the contract refuses.
    """
    if not exponent:
        return ONE
    if not base:
        return 0
    if base >> 255 or exponent >= MOST_POWER:
        raise AmmError(f"a power that is too large: {base} to {exponent}")
    if abs(base - ONE) < NEAR_ONE:
        log = _log_near_one(base)
        whole, rest = divmod(abs(log), ONE)
        product = (whole * exponent + rest * exponent // ONE) // ONE
        sign = log > 0
    else:
        log = _log(base)
        product = abs(log) * exponent // ONE
        sign = log > 0
    if not LEAST_EXPONENT <= (product if sign else -product) <= MOST_EXPONENT:
        raise AmmError(f"a power that is too large or too small: {base} to {exponent}")
    return _exp(product) if sign else ONE * ONE // _exp(product)


def _exp(exponent: int) -> int:
    """The exponential of a number of at least zero, 18 digits."""
    first = 1
    for part, value in _LARGE:
        if exponent >= part:
            exponent -= part
            first = value
            break
    exponent *= 100
    product = ONE_20
    for part, value in _SMALL[:_EXP_PARTS]:
        if exponent >= part:
            exponent -= part
            product = product * value // ONE_20
    series = term = ONE_20
    for number in range(1, 13):
        term = term * exponent // ONE_20 // number
        series += term
    return product * series // ONE_20 * first // 100


def _log(number: int) -> int:
    """The natural logarithm, 18 digits."""
    if number < ONE:
        return -_log(ONE * ONE // number)
    total = 0
    for part, value in _LARGE:
        if number >= value * ONE:
            number //= value
            total += part
    total *= 100
    number *= 100
    for part, value in _SMALL:
        if number >= value:
            number = number * ONE_20 // value
            total += part
    return (total + _area(number, ONE_20, 11)) // 100


def _log_near_one(number: int) -> int:
    """The natural logarithm with 36 digits, of a number near one."""
    return _area(number * ONE, ONE_36, 15)


def _area(number: int, one: int, last: int) -> int:
    """2 · (z + z³/3 + … + z^last/last) with z = (number - 1) / (number + 1): the logarithm of a number near one."""
    z = abs(number - one) * one // (number + one)
    squared = z * z // one
    series = term = z
    for odd in range(3, last + 1, 2):
        term = term * squared // one
        series += term // odd
    return 2 * series if number >= one else -2 * series
