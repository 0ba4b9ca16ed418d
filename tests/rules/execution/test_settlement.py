"""What is booked for a mined trade: to the last unit of what its receipt says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.execution import Outcome
from alphapulse.rules.execution.settlement import failure_of, fill_of, pool_fees_of
from tests.rules.execution.trade_samples import EARNED, INTENT, LEGS, MINED, TIME_NS, receipt_of

GAS_WEI = 200_000 * 30 * 10**9


def test_a_fill_holds_what_was_earned_and_what_gas_has_cost() -> None:
    """The lender's fee is what the legs brought and the wallet did not get."""
    fill = fill_of(INTENT, MINED, LEGS, earned=EARNED, gas_cost=1_150, venue_time_ns=TIME_NS, filled_ns=9)
    assert (fill.flash_fee, fill.gas_wei, fill.gas_cost, fill.net) == (500, GAS_WEI, 1_150, EARNED - 1_150)
    assert (fill.block_number, fill.log_index, fill.mode) == (101, 17, INTENT.mode)
    assert fill.assumption == f"mined as 0x{MINED.hash.hex()}"


@given(earned=st.integers(-(10**30), 10**30), gas_cost=st.integers(0, 10**30))
def test_the_holding_changes_by_what_the_transfers_say(earned: int, gas_cost: int) -> None:
    """Gross less fees is what was earned, whatever the legs say; net is that less gas."""
    fill = fill_of(INTENT, MINED, LEGS, earned=earned, gas_cost=gas_cost, venue_time_ns=TIME_NS, filled_ns=9)
    assert fill.gross - fill.pool_fees - fill.flash_fee == earned
    assert fill.net == earned - gas_cost
    assert fill.flash_fee >= 0


def test_a_failure_costs_its_gas() -> None:
    """Undone, or replaced: nothing was traded, and the receipt's gas is paid."""
    undone = receipt_of([], succeeded=False)
    for outcome in (Outcome.REVERTED, Outcome.CANCELLED):
        report = failure_of(INTENT, outcome, undone, gas_cost=1_150, text="why", venue_time_ns=TIME_NS, reported_ns=9)
        assert (report.outcome, report.gas_wei, report.gas_cost, report.log_index) == (outcome, GAS_WEI, 1_150, 0)
        assert (report.block_number, report.venue_time_ns) == (101, TIME_NS)


def test_fees_of_legs_are_valued_by_what_their_token_brought() -> None:
    """A thousandth of each leg is about a thousandth of what came back."""
    assert pool_fees_of(LEGS) == 1_000 + 1_010_000 * 2_000 // 1_998_000 + 1_010_000 * 500 // 499_500
