"""The least profit of a trade: the intent's to the wei, and more where gas may cost more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.execution.profit_floor import ProfitFloor
from tests.rules.execution.trade_samples import INTENT, changed

amounts = st.integers(0, 10**24)


def test_the_sample_asks_for_gas_and_the_strategys_floor() -> None:
    """2,700 of minimum are 500 for the lender, 1,200 for gas and 1,000 for the strategy."""
    floor = ProfitFloor.of(INTENT)
    assert (floor.stated, floor.net) == (2_200, 1_000)
    assert [floor.at(gas) for gas in (0, 1_200, 1_500)] == [2_200, 2_200, 2_500]
    assert [floor.surplus(profit, 1_500) for profit in (2_500, 2_501, 100)] == [0, 1, 0]


@given(fee=amounts, gas=amounts, floor=amounts, most_gas=amounts, profit=amounts)
def test_what_is_mined_has_paid_for_its_gas_and_the_floor(
    fee: int, gas: int, floor: int, most_gas: int, profit: int
) -> None:
    """Whatever gas costs up to the most that was offered, and never less than the intent's own minimum."""
    intent = changed(flash_fee=fee, gas_cost=gas, minimum_profit=fee + gas + floor)
    found = ProfitFloor.of(intent)
    assert found.stated == gas + floor
    assert found.net == floor
    least = found.at(most_gas)
    assert least >= intent.minimum_profit - fee
    assert least - most_gas >= floor
    assert (found.surplus(profit, most_gas) > 0) == (profit - most_gas > floor)
