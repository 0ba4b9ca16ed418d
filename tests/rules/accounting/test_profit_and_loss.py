"""Profit and loss in exact integers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss, holding_change, market_day
from tests.journal.journal_samples import DAY_NS, USDC, WETH, fill, report

AMOUNTS = st.integers(-(2**255), 2**255 - 1)
NS_PER_DAY = 86_400_000_000_000


def test_fill_adds_what_it_earned_and_each_of_its_costs() -> None:
    books = ProfitAndLoss(USDC).add_fill(fill(gross=1_000))
    assert books == ProfitAndLoss(USDC, traded=1, gross=1_000, pool_fees=300, flash_fees=50, gas=90)
    assert books.net == fill(gross=1_000).net == 560


def test_failure_costs_its_gas() -> None:
    books = ProfitAndLoss(USDC).add_failure(report(gas_cost=40))
    assert books == ProfitAndLoss(USDC, failed=1, gas_of_failed=40)
    assert books.net == -40


def test_refusal_is_counted_and_costs_nothing() -> None:
    books = ProfitAndLoss(USDC).add_refusals()
    assert books == ProfitAndLoss(USDC, refused=1)
    assert books.net == 0


@given(st.lists(AMOUNTS, max_size=20))
def test_net_is_the_sum_of_the_fills_nets_to_the_last_unit(grosses: list[int]) -> None:
    books = ProfitAndLoss(USDC)
    for gross in grosses:
        books = books.add_fill(fill(gross=gross))
    assert books.net == sum(fill(gross=gross).net for gross in grosses)
    assert books.traded == len(grosses)


@given(st.lists(AMOUNTS, max_size=10), st.lists(st.integers(0, 2**256 - 1), max_size=10), st.integers(0, 10))
def test_books_kept_apart_and_added_equal_books_kept_as_one(grosses: list[int], gas: list[int], split: int) -> None:
    entries = [fill(gross=gross) for gross in grosses], [report(gas_cost=cost) for cost in gas]

    def books(fills: slice, reports: slice) -> ProfitAndLoss:
        result = ProfitAndLoss(USDC).add_refusals()
        for one in entries[0][fills]:
            result = result.add_fill(one)
        for failure in entries[1][reports]:
            result = result.add_failure(failure)
        return result

    apart = books(slice(split), slice(split)).add(books(slice(split, None), slice(split, None)))
    assert apart == books(slice(None), slice(None)).add_refusals()


def test_another_token_is_refused() -> None:
    with pytest.raises(ValueError, match=f"books of token 0x{WETH.hex()}, the entry was in 0x{USDC.hex()}"):
        ProfitAndLoss(WETH).add_fill(fill())
    with pytest.raises(ValueError, match="books of token"):
        ProfitAndLoss(WETH).add_failure(report())
    with pytest.raises(ValueError, match="books of token"):
        ProfitAndLoss(WETH).add(ProfitAndLoss(USDC))


def test_holding_grows_by_profit_less_flash_fee() -> None:
    assert holding_change(fill(gross=1_000)) == 650
    assert holding_change(report()) == 0


def test_market_day_changes_at_midnight_utc() -> None:
    midnight = DAY_NS // NS_PER_DAY * NS_PER_DAY
    days = [market_day(midnight - 1), market_day(midnight), market_day(midnight + NS_PER_DAY - 1)]
    assert days == ["2024-01-04", "2024-01-05", "2024-01-05"]
    assert market_day(0) == "1970-01-01"
    assert market_day(2**64 - 1) == "2554-07-21"
