"""What transactions offer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import FeesRefused, SendRefused
from alphapulse.rules.transactions.fees import BaseFeeRule, Fees, FeeTerms, offer, replacement

GWEI = 10**9
TERMS = FeeTerms(tip_floor_wei=30 * GWEI, tip_cap_wei=500 * GWEI, cap_wei=1_000 * GWEI)


@pytest.mark.parametrize(
    ("used", "limit", "base", "expected"),
    [
        (15_000_000, 30_000_000, 1_000_000_000, 1_000_000_000),  # on target
        (30_000_000, 30_000_000, 1_000_000_000, 1_125_000_000),  # full: an eighth more
        (0, 30_000_000, 1_000_000_000, 875_000_000),  # empty: an eighth less
        (9_000_000, 20_000_000, 1_000_000_000, 987_500_000),  # this and the next: go-ethereum, TestCalcBaseFee
        (11_000_000, 20_000_000, 1_000_000_000, 1_012_500_000),
        (20_000_000 // 2 + 1, 20_000_000, 7, 8),  # at least one wei more
        (0, 20_000_000, 7, 7),  # and no less than nothing off
        (14_999_999, 30_000_000, 23_456_789_012, 23_456_788_817),
    ],
)
def test_the_next_base_fee_is_that_of_the_protocol(used: int, limit: int, base: int, expected: int) -> None:
    assert BaseFeeRule().next_base_fee(base, used, limit) == expected


@given(st.integers(0, 10**15), st.integers(0, 6), st.integers(1, 64), st.data())
def test_no_blocks_raise_the_base_fee_above_the_most(base: int, blocks: int, divisor: int, data: st.DataObject) -> None:
    """Whatever the next blocks hold, `most_base_fee` is not passed, and is reached if all are full."""
    rule = BaseFeeRule(change_denominator=divisor)
    found = full = base
    for _ in range(blocks):
        used = data.draw(st.integers(0, 30_000_000))
        found = rule.next_base_fee(found, used, 30_000_000)
        full = rule.next_base_fee(full, 30_000_000, 30_000_000)
    assert found <= rule.most_base_fee(base, blocks) == full


def test_an_offer_has_the_floor_the_bid_and_room_for_the_base_fee() -> None:
    """No profit: the floor. With one: its share spread over the gas, up to the tip's cap; the sum up to the cap."""
    share = FeeTerms(30 * GWEI, 500 * GWEI, 1_000 * GWEI, bid_share_ppm=250_000)
    assert offer(TERMS, base_fee_wei=100 * GWEI) == Fees(30 * GWEI, 130 * GWEI)
    assert offer(TERMS, base_fee_wei=80 * GWEI, blocks=2) == Fees(30 * GWEI, 120 * GWEI)
    bid = offer(share, base_fee_wei=100 * GWEI, net_profit_wei=40_000_000 * GWEI, gas_units=200_000)
    assert bid == Fees(80 * GWEI, 180 * GWEI)
    rich = offer(share, base_fee_wei=100 * GWEI, net_profit_wei=10**20, gas_units=200_000)
    assert rich == Fees(500 * GWEI, 600 * GWEI)
    assert offer(TERMS, base_fee_wei=960 * GWEI, blocks=5) == Fees(30 * GWEI, 1_000 * GWEI)
    assert offer(share, base_fee_wei=100 * GWEI, net_profit_wei=-5, gas_units=1) == Fees(30 * GWEI, 130 * GWEI)
    with pytest.raises(FeesRefused, match="1000000000001 wei per gas") as refused:
        offer(TERMS, base_fee_wei=970 * GWEI + 1)
    assert isinstance(refused.value, SendRefused)
    assert refused.value.reason == "cap_reached"


@given(st.integers(0, 400 * GWEI), st.integers(0, 800 * GWEI), st.integers(0, 600 * GWEI))
def test_a_replacement_pays_a_tenth_more_than_the_attempt_before(tip: int, cap: int, wanted: int) -> None:
    """Both fields, rounded up and always more; never above a cap: then it is refused."""
    now = Fees(min(wanted, 500 * GWEI), wanted)
    try:
        found = replacement(Fees(tip, cap), TERMS, now)
    except FeesRefused:
        assert max(-(-tip * 11 // 10), tip + 1) > 500 * GWEI or max(-(-cap * 11 // 10), cap + 1) > 1_000 * GWEI
        return
    assert found.tip_wei * 10 >= tip * 11
    assert found.cap_wei * 10 >= cap * 11
    assert found.tip_wei > tip
    assert found.cap_wei > cap
    assert found.tip_wei in (max(-(-tip * 11 // 10), tip + 1), now.tip_wei)
    assert found.tip_wei <= TERMS.tip_cap_wei
    assert found.cap_wei <= TERMS.cap_wei


def test_the_caps_end_a_row_of_replacements() -> None:
    """From the floor it takes 29 tenths to reach the tip's cap, each computed from the one before."""
    fees, row = Fees(30 * GWEI, 60 * GWEI), []
    for _ in range(29):
        fees = replacement(fees, TERMS)
        row.append(fees)
    with pytest.raises(FeesRefused, match="of tip and"):
        replacement(fees, TERMS)
    assert row[0] == Fees(33 * GWEI, 66 * GWEI)
    assert row[1] == Fees(36_300_000_000, 72_600_000_000)


def test_terms_out_of_order_are_refused() -> None:
    for floor, most, cap, share in ((2, 1, 3, 0), (1, 3, 2, 0), (-1, 1, 1, 0), (1, 1, 1, 1_000_000)):
        with pytest.raises(ValueError, match="expected"):
            FeeTerms(floor, most, cap, share)
    assert Fees(3, 10).price_at(5) == 8
    assert Fees(3, 10).price_at(9) == 10
