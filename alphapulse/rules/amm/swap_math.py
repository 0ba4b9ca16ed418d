"""One step of a swap inside one liquidity range. Equal to Uniswap v3-core's SwapMath.sol to the last unit.

This is the innermost loop of every search, so the formulas of `sqrt_price_math` stand here once more, unrolled and
shortened by two identities that hold for integers:

- two divisions that round the same way equal one division by the product, and
- `amount >= ceil(n / d)` is `amount * d >= n`; `amount >= floor(n / d)` is `(amount + 1) * d > n`,
  so whether the target is reached is known without dividing.

The tests hold both forms equal.
"""

from __future__ import annotations

from typing import NamedTuple

from alphapulse.errors import AmmError
from alphapulse.rules.amm.sqrt_price_math import MAX_UINT256, next_sqrt_price_from_input

PPM = 1_000_000


class SwapStep(NamedTuple):
    """What a step did. Amounts are raw units; `amount_in` is without the fee, which is paid in the same token."""

    sqrt_price_next: int
    amount_in: int
    amount_out: int
    fee_amount: int


_new_step = tuple.__new__


def compute_swap_step(
    sqrt_price: int, sqrt_target: int, liquidity: int, amount_remaining: int, fee_ppm: int
) -> SwapStep:
    """Swap towards `sqrt_target` until it is reached or the amount is used up.

    Args:
        sqrt_price: square root of the price now, Q64.96; token0 is sold if the target is at or below it.
        sqrt_target: the price at which the step ends, Q64.96, such as the next initialized tick's.
        liquidity: liquidity in range, uint128.
        amount_remaining: raw amount to sell, fee included, if >= 0 (exact in); to buy, negated, if < 0 (exact out).
        fee_ppm: swap fee in parts per million of what is sold, below 1,000,000.

    Raises:
        AmmError: numbers at which the contract reverts: a price of zero, a fee of 100%.
    """
    try:
        if amount_remaining < 0:
            return step_to_buy(sqrt_price, sqrt_target, liquidity, -amount_remaining, fee_ppm)
        return step_to_sell(sqrt_price, sqrt_target, liquidity, amount_remaining, fee_ppm)
    except ZeroDivisionError:
        raise AmmError(
            f"prices are above zero and a fee is below {PPM} ppm, these were {sqrt_price}, {sqrt_target} and {fee_ppm}"
        ) from None


def step_to_sell(sqrt_price: int, sqrt_target: int, liquidity: int, offered: int, fee_ppm: int) -> SwapStep:
    """As `compute_swap_step` for what is offered, fee included. Raises ZeroDivisionError where it raises AmmError."""
    net = offered * (PPM - fee_ppm) // PPM
    if sqrt_price >= sqrt_target:
        reserve = liquidity << 96
        product = sqrt_price * sqrt_target
        needed = reserve * (sqrt_price - sqrt_target)
        if product == 0:
            raise ZeroDivisionError  # as the contract does, although no division below would need it
        if net * product >= needed:
            amount_in = -(-needed // product)
            sqrt_next = sqrt_target
        else:
            denominator = reserve + net * sqrt_price
            if denominator <= MAX_UINT256:
                sqrt_next = -(-reserve * sqrt_price // denominator)
            else:
                sqrt_next = next_sqrt_price_from_input(sqrt_price, liquidity, net, zero_for_one=True)
            amount_in = -(reserve * (sqrt_next - sqrt_price) // (sqrt_next * sqrt_price))
        amount_out = liquidity * (sqrt_price - sqrt_next) >> 96
    else:
        needed = liquidity * (sqrt_target - sqrt_price)
        if net << 96 >= needed:
            amount_in = -(-needed >> 96)
            sqrt_next = sqrt_target
        else:
            sqrt_next = sqrt_price + (net << 96) // liquidity
            amount_in = -(liquidity * (sqrt_price - sqrt_next) >> 96)
        amount_out = (liquidity << 96) * (sqrt_next - sqrt_price) // (sqrt_next * sqrt_price)
    # Short of the target, what is left after the last unit that moved the price stays with the pool as fee.
    fee_amount = -(-amount_in * fee_ppm // (PPM - fee_ppm)) if sqrt_next == sqrt_target else offered - amount_in
    return _new_step(SwapStep, (sqrt_next, amount_in, amount_out, fee_amount))


def step_to_buy(sqrt_price: int, sqrt_target: int, liquidity: int, wanted: int, fee_ppm: int) -> SwapStep:
    """As `compute_swap_step` for what is wanted. Raises ZeroDivisionError where it raises AmmError."""
    reserve = liquidity << 96
    sqrt_next = sqrt_target
    if sqrt_price >= sqrt_target:
        if (wanted + 1) << 96 <= liquidity * (sqrt_price - sqrt_target):
            sqrt_next = sqrt_price + (-wanted << 96) // liquidity
        amount_in = -(reserve * (sqrt_next - sqrt_price) // (sqrt_next * sqrt_price))
        amount_out = liquidity * (sqrt_price - sqrt_next) >> 96
    else:
        if (wanted + 1) * (sqrt_target * sqrt_price) <= reserve * (sqrt_target - sqrt_price):
            sqrt_next = -(-reserve * sqrt_price // (reserve - wanted * sqrt_price))
        amount_in = -(liquidity * (sqrt_price - sqrt_next) >> 96)
        amount_out = reserve * (sqrt_next - sqrt_price) // (sqrt_next * sqrt_price)
    fee_amount = -(-amount_in * fee_ppm // (PPM - fee_ppm))
    # The price is rounded in the pool's favour, which can free a unit more than was asked; the pool keeps it.
    amount_out = min(amount_out, wanted)
    return _new_step(SwapStep, (sqrt_next, amount_in, amount_out, fee_amount))
