"""The gap between pools' marginal prices, in exact integers: what a trade of next to nothing would find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from typing import NamedTuple

from alphapulse.scoring.pool_table import ListedPool

PPM = 1_000_000
Q192 = 1 << 192


class SpotState(NamedTuple):
    """A pool and its price before fees: raw token1 for one raw token0."""

    pool: ListedPool
    price: Fraction
    numbers: Mapping[str, int] = {}
    """What the file tells of it: `reserve0` and `reserve1`, or `sqrt_price_x96` and `liquidity`."""


class SpotGap(NamedTuple):
    """token0 is sold in `sell` and bought back in `buy`. Both gaps in parts per million, rounded down."""

    sell: str
    buy: str
    gross_ppm: int
    net_ppm: int
    positive: bool


def price_of_reserves(reserve0: int, reserve1: int) -> Fraction | None:
    """The price of a constant-product pool; None if it holds nothing of one token."""
    return Fraction(reserve1, reserve0) if reserve0 > 0 and reserve1 > 0 else None


def price_of_sqrt(sqrt_price_x96: int) -> Fraction | None:
    """The price that a concentrated-liquidity pool states; None if it was never initialised."""
    return Fraction(sqrt_price_x96 * sqrt_price_x96, Q192) if sqrt_price_x96 > 0 else None


def best_gap(states: Sequence[SpotState]) -> SpotGap | None:
    """The two pools between which most is left after both fees; None if there are not two.

    Positive means that the gap beats both fees: the ratio of the prices, less both fees, is above one.
    """
    best: tuple[Fraction, Fraction, SpotState, SpotState] | None = None
    for sell, buy in permutations(states, 2):
        gross = sell.price / buy.price
        net = gross * Fraction((PPM - sell.pool.fee_ppm) * (PPM - buy.pool.fee_ppm), PPM * PPM)
        if best is None or net > best[0]:
            best = net, gross, sell, buy
    if best is None:
        return None
    net, gross, sell, buy = best
    return SpotGap(sell.pool.address, buy.pool.address, _less_one_ppm(gross), _less_one_ppm(net), net > 1)


def gaps_by_pair(states: Iterable[SpotState]) -> dict[tuple[int, str, str], SpotGap]:
    """The best gap of each pair of tokens that has two pools or more."""
    pairs: dict[tuple[int, str, str], list[SpotState]] = {}
    for state in states:
        pairs.setdefault(state.pool.pair, []).append(state)
    return {pair: gap for pair, ones in pairs.items() if (gap := best_gap(ones)) is not None}


def _less_one_ppm(ratio: Fraction) -> int:
    return int((ratio - 1) * PPM // 1)
