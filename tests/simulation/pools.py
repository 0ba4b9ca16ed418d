"""Three pools of one pair as they stood on a day, by the formulas of the contract in their long form.

The product swaps with the shortened forms of `rules.amm.swap_math`; here every amount comes from the functions that
follow SqrtPriceMath.sol line by line, so that a model and what is judged do not share their innermost loop.
"""

from __future__ import annotations

import attrs

from alphapulse.rules.amm.sqrt_price_math import amount0_delta, amount1_delta, next_sqrt_price_from_input
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio

PPM = 1_000_000
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
START_SQRT_X96 = 0x51FDF2FD9B2526872A9B723450F2
"""Of the 0.05% pool at 2024-01-05 00:00 UTC: about 2,270 USDC for a WETH."""


@attrs.frozen
class Address:
    """A pool of Ethereum: where it is, what it takes, and its liquidity in range."""

    address: str
    fee_ppm: int
    tick_spacing: int
    liquidity: int


ADDRESSES = (
    Address("0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640", 500, 10, 0xACD43E0E7CF808C5),
    Address("0x8ad599c3a0ff1de082011efddc58f1908eb6e6d8", 3_000, 60, 0x4D1F0E2B6A4CF35E),
    Address("0x7bea39867e4169dbe237d55c8242a8f2fcdcc387", 10_000, 200, 0x03A1B7E2296F11C7),
)
POOL_FILE = {
    "chainId": 1,
    "pools": [
        {
            "address": one.address,
            "fee_ppm": one.fee_ppm,
            "tick_spacing": one.tick_spacing,
            "token0": USDC,
            "token1": WETH,
        }
        for one in ADDRESSES
    ],
    "tokens": {USDC: {"symbol": "USDC", "decimals": 6}, WETH: {"symbol": "WETH", "decimals": 18}},
}


@attrs.frozen
class TrueState:
    """What holds in a pool behind one log."""

    sqrt_price_x96: int
    liquidity: int
    tick: int


@attrs.frozen
class TrueSwap:
    """One exact swap: raw amounts, fee included in what is paid in."""

    amount_in: int
    amount_out: int
    after: TrueState


def swap(state: TrueState, fee_ppm: int, amount_in: int, *, zero_for_one: bool) -> TrueSwap:
    """Sell `amount_in` into liquidity that is the same at every price."""
    net = amount_in * (PPM - fee_ppm) // PPM
    start, liquidity = state.sqrt_price_x96, state.liquidity
    price = next_sqrt_price_from_input(start, liquidity, net, zero_for_one=zero_for_one)
    delta = amount1_delta if zero_for_one else amount0_delta
    amount_out = delta(price, start, liquidity, round_up=False)
    return TrueSwap(amount_in, amount_out, TrueState(price, liquidity, tick_at_sqrt_ratio(price)))


def swap_in_range(pool_fee_ppm: int, tick_spacing: int, state: TrueState, amount_in: int, *, zero_for_one: bool) -> int:
    """What is paid out by a pool whose range ends at its next tick: what would go beyond stops at the end exactly.

    Raises:
        ValueError: the range does not take that much.
    """
    done = swap(state, pool_fee_ppm, amount_in, zero_for_one=zero_for_one)
    low, high = range_of(state.tick, tick_spacing)
    if low <= done.after.sqrt_price_x96 <= high:
        return done.amount_out
    end = low if zero_for_one else high
    start, liquidity = state.sqrt_price_x96, state.liquidity
    paid, got = (amount0_delta, amount1_delta) if zero_for_one else (amount1_delta, amount0_delta)
    net = paid(end, start, liquidity, round_up=True)
    if net + -(-net * pool_fee_ppm // (PPM - pool_fee_ppm)) < amount_in:
        raise ValueError(f"{amount_in} leave the range of tick {state.tick}")
    return got(end, start, liquidity, round_up=False)


def range_of(tick: int, tick_spacing: int) -> tuple[int, int]:
    """The square roots between which a swap stays in the range that holds the tick."""
    lower = tick - tick % tick_spacing
    return sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(lower + tick_spacing)


def amount_to_reach(state: TrueState, target_x96: int, fee_ppm: int) -> int:
    """What must be sold to bring the price about to `target_x96`; the direction follows from it."""
    if target_x96 < state.sqrt_price_x96:
        net = amount0_delta(target_x96, state.sqrt_price_x96, state.liquidity, round_up=True)
    else:
        net = amount1_delta(target_x96, state.sqrt_price_x96, state.liquidity, round_up=True)
    return net * PPM // (PPM - fee_ppm) + 1
