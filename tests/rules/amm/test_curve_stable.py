"""Curve's StableSwap, against 3pool on chain."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.curve_stable import CurveStableState
from tests.rules.amm.vector_files import STAMP, document


def three_pool() -> CurveStableState:
    """DAI, USDC and USDT on Ethereum."""
    found = document("curve_tripool_block_24407242.state.json.gz")
    coins = [Token(bytes.fromhex(one["address"][2:]), one["symbol"], one["decimals"]) for one in found["tokens"]]
    pool = Pool(
        InstrumentId.from_pool_address(bytes.fromhex(found["address"][2:]), Venue.CURVE),
        PoolKind.CURVE_STABLE,
        found["name"],
        coins[0],
        coins[1],
        found["fee"] // 10_000,
        None,
        tuple(coins[2:]),
        amplification=found["a_coefficient"],
    )
    return CurveStableState(tuple(found["balances"]), STAMP, Trust.PROVEN, pool.fee_ppm, pool)


def test_18_results_of_get_dy_on_chain() -> None:
    state = three_pool()
    names = [token.symbol for token in state.pool.tokens]
    results = document("curve_tripool_get_dy.quotes.json.gz")["entries"]
    for key, result in results.items():
        _, _, pair, amount = key.split("|")
        way = [names.index(name) for name in pair.split("->")]
        assert state.quote_in(way[0], way[1], int(amount)).amount_out == result["value"], key
    assert len(results) == 18


@given(st.integers(1, 10**12), st.sampled_from([(1, 2), (2, 1)]))
def test_the_later_contract_takes_its_fee_before_it_scales(amount: int, way: tuple[int, int]) -> None:
    """At most a unit apart; with A in hundredths the curve itself is the same but for rounding."""
    state = three_pool()
    later = state._replace(pool=attrs.evolve(state.pool, generation=2))
    one, other = (which.quote_in(*way, amount).amount_out for which in (state, later))
    assert 0 <= one - other <= 1


def test_what_cannot_be_computed_is_refused() -> None:
    """Without its A, without a token, with nothing to sell or more to buy than there is."""
    state = three_pool()
    nameless = state._replace(pool=attrs.evolve(state.pool, amplification=None))
    for asked, amount, reason in (
        (nameless, 5, "fee_unknown"),
        (state._replace(balances=(0, 5, 5)), 5, "no_liquidity"),
        (state, 0, "reverts"),
        (state, 10**40, "reverts"),
    ):
        with pytest.raises(QuoteRefused) as refused:
            asked.quote_out(0, 1, amount)
        assert refused.value.reason == reason
    huge = attrs.evolve(state.pool, token0=attrs.evolve(state.pool.token0, decimals=19))
    assert CurveStableState.begun(huge, next(state.messages(huge.id))) is None
