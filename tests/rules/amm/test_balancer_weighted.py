"""Balancer's weighted pools, against two pools on chain, and its powers against exact ones."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.errors import AmmError, QuoteRefused
from alphapulse.rules.amm.balancer_weighted import BalancerWeightedState
from alphapulse.rules.amm.fixed_exponent import ONE, power
from tests.rules.amm.vector_files import STAMP, document, rows

PAIRS = {"usdc_weth": 18, "weth_bal": 18}
"""Pools and how many results there are."""


def weighted(name: str) -> BalancerWeightedState:
    """A pool on Ethereum: 50/50 with 0.09%, or 80/20 with 1%."""
    found = document(f"balancer_weighted_{name}.state.json.gz")
    coins = [Token(bytes.fromhex(one["address"][2:]), one["symbol"], one["decimals"]) for one in found["tokens"]]
    pool = Pool(
        InstrumentId.from_pool_address(bytes.fromhex(found["address"][2:]), Venue.BALANCER),
        PoolKind.BALANCER_WEIGHTED,
        found["name"],
        coins[0],
        coins[1],
        int(Fraction(found["fee"]) * 10**6),
        None,
        weights=tuple(found["weights"]),
    )
    return BalancerWeightedState(tuple(found["balances"]), STAMP, Trust.PROVEN, pool.fee_ppm, pool)


@pytest.mark.parametrize("name", PAIRS)
def test_18_results_of_each_pool_on_chain(name: str) -> None:
    """Exact in, between 18 and 6 decimals, up to a quarter of the balance."""
    state = weighted(name)
    names = [token.symbol for token in state.pool.tokens]
    results: dict[str, Any] = document(f"balancer_v2_{name}_query_swap.quotes.json.gz")["entries"]
    for key, result in results.items():
        _, _, kind, pair, amount = key.split("|")
        way = [names.index(one) for one in pair.split("->")]
        quote = state.quote_in if kind == "GIVEN_IN" else state.quote_out
        found = quote(way[0], way[1], int(amount))
        assert (found.amount_out if kind == "GIVEN_IN" else found.amount_in) == result["value"], key
    assert len(results) == PAIRS[name]


def test_200_results_of_the_contracts_own_mathematics() -> None:
    """Second generation, any weights, both ways, up to the most that may be traded and beyond."""
    refused = 0
    for row in rows("balancer_weighted_math.csv"):
        names = ("balance_in", "weight_in", "balance_out", "weight_out", "amount")
        balance_in, weight_in, balance_out, weight_out, amount = (int(row[name]) for name in names)
        first, second = (Token(bytes([number]) * 20, "T", 18) for number in (1, 2))
        pool_id = InstrumentId.from_pool_address(bytes([9]) * 20, Venue.BALANCER)
        weights = weight_in, weight_out
        pool = Pool(pool_id, PoolKind.BALANCER_WEIGHTED, "", first, second, 0, None, weights=weights, generation=2)
        state = BalancerWeightedState((balance_in, balance_out), STAMP, Trust.PROVEN, 0, pool)
        try:
            if row["function"] == "in_given_out":
                found = str(state.quote_out(0, 1, amount).amount_in)
            else:
                found = str(state.quote_in(0, 1, amount).amount_out)
        except QuoteRefused:
            found = "REVERT"
        assert found == row["result"], row
        refused += found == "REVERT"
    assert refused == 10


@given(st.integers(ONE // 2, 3 * ONE), st.sampled_from([(1, 1), (2, 1), (4, 1), (1, 2), (1, 4), (3, 2)]))
def test_a_power_is_right_within_the_error_that_is_allowed_for(base: int, exponent: tuple[int, int]) -> None:
    """Against whole powers of exact fractions: 10^-14 of it, and a unit."""
    over, under = exponent
    found = power(base, ONE * over // under)
    margin = found // 10**14 + 1
    low, high = (Fraction(found + sign * margin, ONE) ** under for sign in (-1, 1))
    assert low <= Fraction(base, ONE) ** over <= high


def test_powers_at_the_ends() -> None:
    """Nothing to no power is one; e, to 18 digits; what the contract refuses."""
    assert (power(0, 0), power(0, ONE), power(5, 0)) == (ONE, 0, ONE)
    assert power(2_718281828459045235, ONE) == pytest.approx(2_718281828459045235, abs=100)
    for base, exponent in ((1 << 255, ONE), (ONE, 1 << 254), (10**36, 4 * ONE), (1, 2 * ONE)):
        with pytest.raises(AmmError):
            power(base, exponent)


@given(st.integers(1, 10**27), st.sampled_from([(0, 1), (1, 0)]), st.booleans())
def test_what_comes_out_pays_for_what_goes_in(amount: int, way: tuple[int, int], short_forms: bool) -> None:
    """A price for an output is never below what the same input would have paid; the short forms pay more."""
    state = weighted("usdc_weth")
    later = state._replace(pool=attrs.evolve(state.pool, generation=2))
    asked = later if short_forms else state
    try:
        sold = asked.quote_in(*way, amount)
    except QuoteRefused as refused:
        most = asked.most_in(*way)
        assert (refused.reason, most is not None and amount > most) == ("reverts", True)  # noqa: PT017  # either way
        return
    if short_forms:
        assert sold.amount_out >= state.quote_in(*way, amount).amount_out
    if sold.amount_out:
        assert asked.quote_out(*way, sold.amount_out).amount_in <= amount + amount // 10**10 + 10**13


def test_no_more_than_three_tenths_of_a_balance() -> None:
    state = weighted("weth_bal")
    most = state.most_in(0, 1)
    assert most is not None
    assert state.quote_in(0, 1, most).amount_in == most
    for ask, amount in (
        (state.quote_in, most + 1),
        (state.quote_in, 0),
        (state.quote_out, 0),
        (state.quote_out, 10**27),
    ):
        with pytest.raises(QuoteRefused, match="reverts"):
            ask(0, 1, amount)
    with pytest.raises(QuoteRefused, match="fee_unknown"):
        state._replace(pool=attrs.evolve(state.pool, weights=())).quote_in(0, 1, 5)
    with pytest.raises(QuoteRefused, match="no_liquidity"):
        state._replace(balances=(0, 1)).quote_in(0, 1, 5)
