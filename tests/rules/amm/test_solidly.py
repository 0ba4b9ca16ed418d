"""The Solidly family: the stable curve against exact rational arithmetic, the volatile one against its formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.pools import Trust
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.solidly import ONE, SolidlyState, stable_reserve
from tests.rules.amm.vector_files import STAMP, rows

HELD = st.integers(10**6, 10**14)


def state(reserve0: int, reserve1: int, units: tuple[int, int] = (10**6, 10**18), *, stable: bool) -> SolidlyState:
    return SolidlyState(reserve0, reserve1, STAMP, Trust.PROVEN, 500, units, stable)


def test_results_of_the_contracts_own_functions() -> None:
    """Volatile and stable, tokens of 2 to 24 decimals, from dust to a thousand times the reserves; refusals too."""
    refused = 0
    for row in rows("solidly_get_amount_out.csv"):
        units = int(row["unit0"]), int(row["unit1"])
        pool = state(int(row["reserve0"]), int(row["reserve1"]), units, stable=row["stable"] == "1")
        pool, token_in = pool._replace(fee_ppm=int(row["fee_bps"]) * 100), int(row["token_in"])
        try:
            found = str(pool.quote_in(token_in, 1 - token_in, int(row["amount_in"])).amount_out)
        except QuoteRefused:
            found = "REVERT"
        assert found == row["amount_out"], row
        refused += found == "REVERT"
    assert refused == 20


@given(HELD, HELD, st.integers(1, 10**13))
def test_a_volatile_pool_takes_its_fee_first(reserve0: int, reserve1: int, amount: int) -> None:
    """And out of the pool: the reserve grows by what is left."""
    quote = state(reserve0, reserve1, stable=False).quote_in(0, 1, amount)
    kept = amount - amount * 5 // 10_000
    assert (quote.amount_out, quote.fee_amount) == (kept * reserve1 // (reserve0 + kept), amount - kept)
    assert quote.after == state(reserve0 + kept, reserve1 - quote.amount_out, stable=False)


@given(st.integers(10**18, 10**28), st.integers(1, 50), st.integers(10, 200), st.integers(1, 10**27))
def test_the_stable_curve_is_met_from_above(x: int, share: int, spread: int, more: int) -> None:
    """The reserve that is found lies on or above x³y + xy³ = k, and at most a few units above, at any imbalance."""
    y = x * spread // 100
    product = (x * y // ONE) * (x * x // ONE + y * y // ONE) // ONE
    moved = x + min(more, x * share // 10)
    found = stable_reserve(moved, product, y)
    exact = moved**3 * found + moved * found**3
    assert exact + 4 * (moved + found) ** 2 * ONE >= product * ONE**3
    below = found - found // 10**12 - 10
    assert moved**3 * below + moved * below**3 <= (product + 1) * ONE**3


def test_a_stable_pool_trades_near_par_across_decimals() -> None:
    """A balanced pool of a million pays a thousand less its fee of 0.05%, both ways."""
    pool = state(10**12, 10**24, stable=True)
    out = pool.quote_in(0, 1, 10**9)
    assert (out.fee_amount, out.amount_out // 10**12) == (500_000, 999_499_999)
    back = pool.quote_in(1, 0, 10**21)
    assert back.amount_out == 999_499_999
    assert pool.quote_out(1, 0, back.amount_out).amount_in <= 10**21
    numerator, denominator = pool.price(0, 1)
    assert numerator == denominator * 10**12


@pytest.mark.parametrize("stable", [True, False])
def test_what_cannot_be_is_refused(stable: bool) -> None:
    pool = state(10**12, 10**24, stable=stable)
    for asked, amount, reason in (
        (pool, 0, "reverts"),
        (pool._replace(fee_ppm=None), 5, "fee_unknown"),
        (pool._replace(reserve0=0), 5, "no_liquidity"),
    ):
        for quote in (asked.quote_in, asked.quote_out):
            with pytest.raises(QuoteRefused) as refused:
                quote(0, 1, amount)
            assert refused.value.reason == reason
    with pytest.raises(QuoteRefused, match="reverts"):
        pool.quote_out(0, 1, 10**24)
    assert (pool.virtual_reserves(0, 1) is None) is stable
    with pytest.raises(QuoteRefused, match="reverts"):
        stable_reserve(1, 10**40, 1)
