"""How much to trade between two V3 pools: closed form on virtual reserves, checked exactly.

In its current range a V3 pool trades like a constant-product pool with reserves L/√P and L·√P (Uniswap V3 white paper,
6.1). Two such pools in a row compose into one Möbius map out = A·x / (B + C·x), whose best input is (√(AB) - B) / C.
"""

from __future__ import annotations

from functools import lru_cache

from alphapulse.data.pools import Pool
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from alphapulse.rules.arbitrage import trade_core
from alphapulse.rules.arbitrage.pair import PPM, ROOT_BITS, PoolPair
from alphapulse.rules.arbitrage.path import PathStep, SizedPath
from alphapulse.rules.arbitrage.range_trade import Side

Q96_BITS = 96
KEPT_RANGES = 16_384
"""Ranges whose ends are kept; the one that was not asked for the longest time goes first."""

_new = tuple.__new__


def range_end(pool: Pool, state: ConcentratedState, *, zero_for_one: bool) -> int:
    """The sqrt price (X96) up to which a swap in that direction stays in the range that holds the state's tick.

    Where tick and price contradict each other nothing is known of any range: it is the price itself, and no amount
    can be swapped.
    """
    spacing, price = pool.fixed_tick_spacing, state.sqrt_price_x96
    lower, upper = _range_ends(state.tick // spacing, spacing)
    if not lower <= price <= upper:
        return price
    return lower if zero_for_one else upper


@lru_cache(maxsize=KEPT_RANGES)
def _range_ends(number: int, spacing: int) -> tuple[int, int]:
    """The sqrt prices (X96) between which the range of that number lies, counted in spacings from tick 0."""
    lower_tick = number * spacing
    return sqrt_ratio_at_tick(max(lower_tick, MIN_TICK)), sqrt_ratio_at_tick(min(lower_tick + spacing, MAX_TICK))


def size_path(pair: PoolPair, first: ConcentratedState, second: ConcentratedState) -> SizedPath:
    """The most profitable input of the cycle between the pair's pools at these states, staying in both ranges.

    token0 is sold where it is dear and bought back where it is cheap; if the profit token is token1 the cycle starts
    at the cheap pool. A cycle that cannot earn has size and profit 0 at the best.
    """
    dear, cheap = (pair.first, first), (pair.second, second)
    if first.sqrt_price_x96 < second.sqrt_price_x96:
        dear, cheap = cheap, dear
    start = best_input(pair, *dear, *cheap)
    opening, closing = (dear, cheap) if pair.sells_token0 else (cheap, dear)
    opening_side = side_of(*opening, zero_for_one=opening is dear)
    closing_side = side_of(*closing, zero_for_one=closing is dear)
    size, bought, brought, opening_fee, closing_fee, at_end = trade_core.best_trade(opening_side, closing_side, start)
    steps = (
        _path_step(opening[0], opening_side, size, bought, opening_fee),
        _path_step(closing[0], closing_side, bought, brought, closing_fee),
    )
    return _new(SizedPath, (size, brought - size, steps, at_end))


def side_of(pool: Pool, state: ConcentratedState, *, zero_for_one: bool) -> Side:
    """A pool as a leg in that direction sees it."""
    bound = range_end(pool, state, zero_for_one=zero_for_one)
    return _new(Side, (state.sqrt_price_x96, bound, state.liquidity, pool.fixed_fee_ppm, zero_for_one))


def best_input(pair: PoolPair, hi: Pool, hi_state: ConcentratedState, lo: Pool, lo_state: ConcentratedState) -> int:
    """The continuous optimum, floored, in raw units of the profit token; 0 if the gap does not beat the fees."""
    s_hi, l_hi = hi_state.sqrt_price_x96, hi_state.liquidity
    s_lo, l_lo = lo_state.sqrt_price_x96, lo_state.liquidity
    keep_hi, keep_lo = PPM - hi.fixed_fee_ppm, PPM - lo.fixed_fee_ppm
    # √(γ_hi γ_lo) - √(P_lo / P_hi), times s_hi · PPM · 2^ROOT_BITS
    edge = pair.fee_root * s_hi - (s_lo * PPM << ROOT_BITS)
    if edge <= 0 or not l_hi or not l_lo:
        return 0
    if pair.sells_token0:
        reach = s_hi * keep_hi * (l_lo * s_lo * PPM + keep_lo * l_hi * s_hi)
        return (l_hi * l_lo * edge * PPM << Q96_BITS) // (reach << ROOT_BITS)
    reach = keep_lo * (l_hi * s_lo * PPM + keep_hi * l_lo * s_hi)
    return l_hi * l_lo * edge * PPM * s_lo // (reach << (ROOT_BITS + Q96_BITS))


def _path_step(pool: Pool, side: Side, amount_in: int, amount_out: int, fee: int) -> PathStep:
    tokens = (0, 1) if side.zero_for_one else (1, 0)
    return _new(PathStep, (pool, *tokens, amount_in, amount_out, fee, side.sqrt_price_x96))
