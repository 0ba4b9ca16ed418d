"""The oracle gives the published optima, so that a comparison with it says something."""

from __future__ import annotations

import pytest

from tests.rules.arbitrage.convex_oracle import ConstantSumPool, PoolMarket, WeightedPool, least_worth

BALANCED = (0.5, 0.5)


def pools(tokens: tuple[int, ...], weights: tuple[float, ...], last: int) -> list[WeightedPool | ConstantSumPool]:
    """The five pools of Angeris' examples (angeris/cfmm-routing-code); the last three lie beside token `last`."""
    total = sum(weights)
    return [
        WeightedPool(tokens, (4.0,) * len(tokens), tuple(weight / total for weight in weights), 0.998),
        WeightedPool((0, 1), (10.0, 1.0), BALANCED, 0.997),
        WeightedPool((last - 2, last - 1), (1.0, 5.0), BALANCED, 0.997),
        WeightedPool((last - 1, last), (40.0, 50.0), BALANCED, 0.997),
        ConstantSumPool((last - 1, last), (10.0, 10.0), 0.999),
    ]


def test_arbitrage_of_five_pools() -> None:
    """21.499809 at market values of 1.5, 10, 2 and 3."""
    market = PoolMarket(4, pools((0, 1, 2, 3), (4, 3, 2, 1), 3))
    assert least_worth(market, [1.5, 10, 2, 3], [0.0] * 4) == pytest.approx(21.499809, abs=2e-5)


def test_liquidation_into_one_token() -> None:
    """2, 1, 3 and 5 of the others bring 15.883010 of the last."""
    market = PoolMarket(5, pools((0, 1, 2, 3, 4), (5, 4, 3, 2, 1), 4))
    assert least_worth(market, [0.0] * 5, [2, 1, 3, 5, 0], fixed=4) == pytest.approx(15.883010, abs=2e-5)
