"""How amounts move a price inside one liquidity range. Equal to Uniswap v3-core's SqrtPriceMath.sol, roundings too.

Prices are square roots as Q64.96 (uint160), liquidity is uint128, amounts are raw units of the token (uint256).
Where the contract would revert, AmmError is raised.
"""

from __future__ import annotations

from alphapulse.errors import AmmError

MAX_UINT160 = (1 << 160) - 1
MAX_UINT256 = (1 << 256) - 1


def next_sqrt_price_from_input(sqrt_price_x96: int, liquidity: int, amount_in: int, *, zero_for_one: bool) -> int:
    """The price after `amount_in` was paid in, rounded so that the pool's price never moves too far.

    Raises:
        AmmError: price or liquidity is zero, or the next price does not fit uint160.
    """
    _require_state(sqrt_price_x96, liquidity)
    if zero_for_one:
        return _add_amount0(sqrt_price_x96, liquidity, amount_in)
    return _add_amount1(sqrt_price_x96, liquidity, amount_in)


def next_sqrt_price_from_output(sqrt_price_x96: int, liquidity: int, amount_out: int, *, zero_for_one: bool) -> int:
    """The price after `amount_out` was paid out, rounded so that the pool's price always moves far enough.

    Raises:
        AmmError: price or liquidity is zero, or the range does not hold `amount_out`.
    """
    _require_state(sqrt_price_x96, liquidity)
    if zero_for_one:
        return _remove_amount1(sqrt_price_x96, liquidity, amount_out)
    return _remove_amount0(sqrt_price_x96, liquidity, amount_out)


def amount0_delta(sqrt_a_x96: int, sqrt_b_x96: int, liquidity: int, *, round_up: bool) -> int:
    """Raw token0 between two prices, in either order: liquidity * (1/lower - 1/upper).

    Raises:
        AmmError: the lower price is zero.
    """
    lower, upper = (sqrt_a_x96, sqrt_b_x96) if sqrt_a_x96 < sqrt_b_x96 else (sqrt_b_x96, sqrt_a_x96)
    if lower <= 0:
        raise AmmError(f"a price is above zero, this was {lower}")
    # The contract divides twice, rounding the same way each time, which equals one division by the product.
    numerator = (liquidity << 96) * (upper - lower)
    denominator = upper * lower
    return -(-numerator // denominator) if round_up else numerator // denominator


def amount1_delta(sqrt_a_x96: int, sqrt_b_x96: int, liquidity: int, *, round_up: bool) -> int:
    """Raw token1 between two prices, in either order: liquidity * (upper - lower)."""
    product = liquidity * abs(sqrt_a_x96 - sqrt_b_x96)
    return -(-product >> 96) if round_up else product >> 96


def _require_state(sqrt_price_x96: int, liquidity: int) -> None:
    if sqrt_price_x96 <= 0 or liquidity <= 0:
        raise AmmError(f"price and liquidity are above zero, these were {sqrt_price_x96} and {liquidity}")


def _add_amount0(sqrt_price_x96: int, liquidity: int, amount: int) -> int:
    if amount == 0:
        return sqrt_price_x96
    reserve = liquidity << 96
    denominator = reserve + amount * sqrt_price_x96
    if denominator <= MAX_UINT256:
        return -(-reserve * sqrt_price_x96 // denominator)
    # The contract's product or sum overflows 256 bits here, and it falls back to a coarser formula.
    denominator = reserve // sqrt_price_x96 + amount
    if denominator > MAX_UINT256:
        raise AmmError(f"an amount of token0 that leaves uint256: {amount}")
    return -(-reserve // denominator)


def _remove_amount0(sqrt_price_x96: int, liquidity: int, amount: int) -> int:
    if amount == 0:
        return sqrt_price_x96
    reserve = liquidity << 96
    product = amount * sqrt_price_x96
    if product >= reserve:
        raise AmmError(f"more token0 was asked than the range holds: {amount}")
    return _uint160(-(-reserve * sqrt_price_x96 // (reserve - product)))


def _add_amount1(sqrt_price_x96: int, liquidity: int, amount: int) -> int:
    return _uint160(sqrt_price_x96 + (amount << 96) // liquidity)


def _remove_amount1(sqrt_price_x96: int, liquidity: int, amount: int) -> int:
    quotient = -((-amount << 96) // liquidity)
    if quotient >= sqrt_price_x96:
        raise AmmError(f"more token1 was asked than the range holds: {amount}")
    return sqrt_price_x96 - quotient


def _uint160(sqrt_price_x96: int) -> int:
    if sqrt_price_x96 > MAX_UINT160:
        raise AmmError(f"a price fits 160 bits, this was {sqrt_price_x96}")
    return sqrt_price_x96
