"""The optimum of all trades together, for comparison: Angeris, Chitra, Evans, Boyd, "Optimal Routing for CFMMs".

The dual: token prices at which the arbitrage of every single pool, summed, is worth least (Diamandis, Resnick, Chitra,
Angeris, arXiv 2302.04938). Each pool's arbitrage has a closed form but for one number; the prices, a handful, are found
by the ellipsoid method. Floats: this is no part of the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from typing import Protocol

import attrs
import numpy as np

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]


class Market(Protocol):
    """Tokens, and what the pools together pay at their prices."""

    tokens: int

    def arbitrage(self, prices: Vector) -> Vector:
        """What all pools together give (positive) and take at the trades that are worth most at these prices."""
        ...


@attrs.frozen
class WeightedPool:
    """A weighted geometric mean; equal weights are a constant product. `keep` is one less the fee."""

    tokens: tuple[int, ...]
    reserves: tuple[float, ...]
    weights: tuple[float, ...]
    keep: float

    def trade(self, prices: Sequence[float]) -> list[float]:
        """What it gives of each of its tokens at the trade that is worth most.

        At the optimum a token that is taken out has its price proportional to weight / reserve, one that is paid in
        its price over `keep`, and one in between is not traded.
        """
        wanted = sum(weight * log(held) for weight, held in zip(self.weights, self.reserves, strict=True))

        def reserves_at(level: float) -> list[float]:
            found = []
            for held, weight, price in zip(self.reserves, self.weights, prices, strict=True):
                out = weight * level / price
                found.append(out if out < held else max(held, out * self.keep))
            return found

        low, high = -80.0, 80.0
        for _ in range(100):
            middle = (low + high) / 2
            reached = sum(w * log(r) for w, r in zip(self.weights, reserves_at(exp(middle)), strict=True))
            low, high = (middle, high) if reached < wanted else (low, middle)
        return [
            held - now if now < held else (held - now) / self.keep
            for held, now in zip(self.reserves, reserves_at(exp(high)), strict=True)
        ]


@attrs.frozen
class ConstantSumPool:
    """Two tokens, one for one, as long as there are any."""

    tokens: tuple[int, int]
    reserves: tuple[float, float]
    keep: float

    def trade(self, prices: Sequence[float]) -> list[float]:
        """All of the dearer token for the cheaper one, if the fee leaves anything."""
        for dear, cheap in ((0, 1), (1, 0)):
            if prices[dear] * self.keep > prices[cheap]:
                given = [0.0, 0.0]
                given[dear], given[cheap] = self.reserves[dear], -self.reserves[dear] / self.keep
                return given
        return [0.0, 0.0]


@attrs.define
class PoolMarket:
    """Any of these pools."""

    tokens: int
    pools: list[WeightedPool | ConstantSumPool]

    def arbitrage(self, prices: Vector) -> Vector:
        given = np.zeros(self.tokens)
        for pool in self.pools:
            for token, amount in zip(pool.tokens, pool.trade([prices[token] for token in pool.tokens]), strict=True):
                given[token] += amount
        return given


def least_worth(market: Market, least: Sequence[float], assets: Sequence[float], fixed: int | None = None) -> float:
    """The least of what all arbitrage and the assets are worth, over prices from `least` on: the optimum.

    `fixed` names a token whose price is one.
    """
    free = [token for token in range(market.tokens) if token != fixed]
    centre = np.array([max(least[token], 1.0) for token in free]) + 1.0
    size = len(free)
    shape = np.eye(size) * 400.0
    best = float("inf")
    for _ in range(260 * size):
        prices = np.ones(market.tokens)
        prices[free] = centre
        below = next((at for at, token in enumerate(free) if centre[at] < max(least[token], 1e-9)), None)
        if below is not None:
            slope = np.zeros(size)
            slope[below] = -1.0
        else:
            given = market.arbitrage(prices) + np.array(assets)
            best = min(best, float(prices @ given))
            slope = given[free]
        width = float(slope @ shape @ slope)
        if width < 1e-24:
            break
        step = shape @ slope / width**0.5
        if size == 1:
            centre, shape = centre - step / 2, shape / 4
            continue
        centre = centre - step / (size + 1)
        shape = (shape - 2 / (size + 1) * np.outer(step, step)) * (size * size / (size * size - 1))
    return best


def most_profit(pools: Sequence[tuple[tuple[int, int], tuple[int, int], int]], tokens: int) -> int:
    """The most of token 0 that constant-product pools of (tokens, raw reserves, keep in ppm) give, in raw units."""
    scale = 10**18
    market = PoolMarket(
        tokens,
        [
            WeightedPool(pair, (first / scale, second / scale), (0.5, 0.5), keep / 10**6)
            for pair, (first, second), keep in pools
        ],
    )
    least = [1.0] + [0.0] * (tokens - 1)
    return int(least_worth(market, least, [0.0] * tokens, fixed=0) * scale)
