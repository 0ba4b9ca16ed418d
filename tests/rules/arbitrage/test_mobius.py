"""Pools of constant product in a row as one map: the published cycles of two to five hops, and every other one."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.amm.pool_state import VirtualReserves
from alphapulse.rules.arbitrage.mobius import Mobius

E18 = 10**18
RESERVES = st.integers(0, 256).flatmap(lambda bits: st.integers(1 << bits, (2 << bits) - 1))
LEGS = st.lists(
    st.tuples(RESERVES, RESERVES, st.sampled_from([1, 1 << 96, 1 << 190]), st.integers(1, 10**6)), min_size=1
)

PUBLISHED = [
    # Reserves in and out, in whole tokens, fee 0.3%; best input and profit (Alizerin-Jeff/analytic-arbitrage, MIT).
    (
        [
            ("15800.025178893529930149", "30348149.556699"),
            ("9986593.845926", "5251.705779226172996106"),
        ],
        "7.921088",
        "0.015955",
    ),
    ([("1000", "2050000"), ("2000000", "1020"), ("980", "1060")], "19.078671", "1.118604"),
    (
        [("5000", "10200000"), ("10000000", "5100"), ("4900", "9900000"), ("9500000", "5250")],
        "85.827103",
        "6.123027",
    ),
    (
        [("10000", "20500000"), ("20000000", "10200"), ("9800", "20000000"), ("19500000", "10100"), ("9700", "10500")],
        "162.151803",
        "13.873792",
    ),
]


def wei(whole: str) -> int:
    return int(Fraction(whole) * E18)


def rounded(raw: int) -> str:
    """Whole tokens with six digits, as they were published."""
    millionths = (2 * raw + 10**12) // (2 * 10**12)
    return f"{millionths // 10**6}.{millionths % 10**6:06d}"


@pytest.mark.parametrize(("legs", "best", "profit"), PUBLISHED, ids=["2 hops", "3 hops", "4 hops", "5 hops"])
def test_published_cycles(legs: list[tuple[str, str]], best: str, profit: str) -> None:
    whole = Mobius.of_all(Mobius.of(VirtualReserves(wei(one), wei(other), 1, 997_000)) for one, other in legs)
    size = whole.best_input
    assert (rounded(size), rounded(whole.output(size) - size)) == (best, profit)
    assert all(whole.output(size) - size >= whole.output(other) - other for other in range(size - 50, size + 50))


@given(LEGS)
def test_a_row_of_pools_pays_what_they_pay_one_by_one(legs: list[tuple[int, int, int, int]]) -> None:
    """Exact but for the bits that are dropped: the best input is off by less than 2^-100 of itself, and a unit."""
    maps = [Mobius.of(VirtualReserves(*leg)) for leg in legs]
    gain, base, slope = 1, 1, 0
    for one in maps:
        gain, base, slope = gain * one.gain, base * one.base, one.base * slope + one.slope * gain
    best = (isqrt(gain * base) - base) // slope if gain > base else 0
    found = Mobius.of_all(maps).best_input
    if best > 1 << 60:
        assert abs(found - best) << 60 <= best
    whole = Mobius.of_all(maps)
    amount = max(1, best)
    paid = gain * amount // (base + slope * amount)
    assert abs(whole.output(amount) - paid) << 100 <= paid + (1 << 101)


@given(RESERVES, RESERVES, st.integers(1, 10**6), RESERVES)
def test_the_input_for_an_output_is_the_least(reserve_in: int, reserve_out: int, keep_ppm: int, wanted: int) -> None:
    whole = Mobius.of(VirtualReserves(reserve_in, reserve_out, 1, keep_ppm))
    amount = whole.input_for(wanted)
    if amount is None:
        assert wanted >= reserve_out
    else:
        assert whole.output(amount) >= wanted > whole.output(amount - 1)


def test_a_cycle_that_cannot_earn_has_no_best_input() -> None:
    fair = Mobius.of(VirtualReserves(10**20, 10**20, 1, 10**6))
    assert fair.best_input == fair.then(fair).best_input == Mobius.of_all([]).best_input == 0
