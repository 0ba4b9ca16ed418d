"""Paths for the executor contract: each leg as its pool is called, funded as configured, with minima to the wei."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.pools import PoolKind
from alphapulse.data.signals import Leg
from alphapulse.devnet.call_data import call
from alphapulse.errors import PathRefused
from alphapulse.rules.arbitrage.flash_loan import LoanSource
from alphapulse.rules.evm.executor_path import Funding, LegKind
from alphapulse.rules.execution.path_planning import FundingTerms, call_data, minima, plan_path
from tests.rules.execution.trade_samples import (
    ALGEBRA,
    AMOUNTS,
    BASE,
    INTENT,
    LEGS,
    LENDER,
    POOLS,
    V2,
    V3,
    changed,
)

SWAP = FundingTerms(LoanSource.SWAP)


def test_each_leg_is_called_as_its_pool_is() -> None:
    """Kind, direction and V2's fee are those of the pool; the whole is what the contract reads."""
    path = plan_path(INTENT, POOLS, SWAP, least_profit=2_200, deadline_block=103)
    assert [(leg.pool, leg.kind, leg.zero_for_one, leg.fee_ppm) for leg in path.legs] == [
        (V2.id.body, LegKind.V2, True, 3_000),
        (V3.id.body, LegKind.V3, True, 0),
        (ALGEBRA.id.body, LegKind.ALGEBRA, False, 0),
    ]
    assert (path.amount_in, path.base, path.deadline, path.least_profit) == (AMOUNTS[0], BASE.address, 103, 2_200)
    assert [leg.token_out for leg in path.legs] == [leg.token_out for leg in LEGS]
    assert path.legs[-1].least_out == INTENT.size + INTENT.minimum_profit
    assert call_data(path) == call("0x" + "11" * 20, "execute(bytes)", path.packed()).data


@pytest.mark.parametrize(
    ("source", "lender", "found"),
    [
        (LoanSource.SWAP, None, (Funding.FIRST_POOL, bytes(20))),
        (LoanSource.BALANCER, LENDER, (Funding.BALANCER, LENDER)),
        (LoanSource.AAVE, LENDER, (Funding.AAVE, LENDER)),
        (LoanSource.STATED, None, (Funding.STOCK, bytes(20))),
        (LoanSource.AAVE, None, "lender"),
        (LoanSource.POOL, None, "funding"),
    ],
)
def test_money_comes_from_where_the_strategy_says_or_from_nowhere(
    source: LoanSource, lender: bytes | None, found: tuple[Funding, bytes] | str
) -> None:
    """A lender that is not known, or a way in that the contract does not have, is refused."""
    terms = FundingTerms(source, lender)
    if isinstance(found, str):
        with pytest.raises(PathRefused) as refused:
            terms.funding()
        assert refused.value.reason == found
    else:
        assert terms.funding() == found


def test_what_the_contract_cannot_run_is_refused_with_its_reason() -> None:
    """Before anything is signed: a kind, a pool, a pair, a lender's fee without a lender, numbers that do not fit."""
    curve = {**POOLS, V3.id: attrs.evolve(V3, kind=PoolKind.CURVE_STABLE)}
    twice = changed(legs=(LEGS[0], LEGS[1], LEGS[0]))
    other = changed(legs=(Leg(V2.id, BASE.address, ALGEBRA.id.body, 1, 1, 0, 1), *LEGS[1:]))
    cases = {
        "kind": (INTENT, curve, SWAP, 0),
        "unknown_pool": (INTENT, {V2.id: V2}, SWAP, 0),
        "pool_twice": (twice, POOLS, SWAP, 0),
        "tokens": (other, POOLS, SWAP, 0),
        "lender": (INTENT, POOLS, FundingTerms(LoanSource.STATED), 0),
        "unpackable": (INTENT, POOLS, SWAP, 1 << 128),
    }
    for reason, (intent, pools, terms, least) in cases.items():
        with pytest.raises(PathRefused) as refused:
            plan_path(intent, pools, terms, least_profit=least, deadline_block=103)
        assert refused.value.reason == reason


amounts = st.integers(1, 10**30)


@given(reserves=st.tuples(amounts, amounts), bought=amounts, share=st.integers(0, 10**6))
def test_a_leg_that_brings_its_minimum_lets_the_rest_bring_what_is_owed(
    reserves: tuple[int, int], bought: int, share: int
) -> None:
    """Where the later pool stands as it was seen: to the unit that rounding leaves."""

    def sell(amount: int) -> int:
        return reserves[1] * amount // (reserves[0] + amount)

    back = sell(bought)
    if not back:
        return
    owed = back * share // 10**6
    intent = changed(legs=(Leg(V2.id, BASE.address, b"", 1, bought, 0, 1), Leg(V3.id, b"", b"", bought, back, 0, 1)))
    first, last = minima(intent, owed)
    assert last == owed
    assert first <= bought
    assert sell(first + 1) >= owed - 1


def test_dearer_gas_asks_no_leg_for_more_than_was_seen_but_the_last() -> None:
    """What is owed beyond what was seen is asked of the path as a whole."""
    assert minima(INTENT, AMOUNTS[-1] + 5) == (AMOUNTS[1], AMOUNTS[2], AMOUNTS[3] + 5)
