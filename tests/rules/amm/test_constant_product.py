"""Pairs of Uniswap V2 and its forks, against what routers and pairs on chain did."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.pools import Trust
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.constant_product import (
    MAX_RESERVE,
    ConstantProductState,
    amount_in,
    amount_out,
    keeps_product,
)
from alphapulse.rules.amm.swap_math import PPM
from tests.rules.amm.vector_files import STAMP, rows

FEES = st.sampled_from([0, 1000, 2000, 2500, 3000, 10_000])
RESERVES = st.integers(0, 111).flatmap(lambda bits: st.integers(1 << bits, (2 << bits) - 1))


def state(reserve0: int, reserve1: int, fee_ppm: int | None = 3000) -> ConstantProductState:
    return ConstantProductState(reserve0, reserve1, STAMP, Trust.PROVEN, fee_ppm)


def test_routers_on_chain_say_the_same() -> None:
    """24 quotes of PancakeSwap V2 on Base (0.25%), both ways, and 11 of QuickSwap V2 on Polygon with a way back."""
    for row in rows("pancakeswap_v2_base_46875151.quotes.csv"):
        pair = state(int(row["reserve0"]), int(row["reserve1"]), int(row["fee_ppm"]))
        way = (0, 1) if row["zero_for_one"] == "1" else (1, 0)
        amount, result = int(row["amount"]), int(row["onchain_result"])
        if row["function"] == "getAmountsOut":
            assert pair.quote_in(*way, amount).amount_out == result
        else:
            assert pair.quote_out(*way, amount).amount_in == result
    for row in rows("polygon_v2_router_quotes.csv"):
        pair = state(int(row["reserve_a"]), int(row["reserve_b"]), int(row["fee_ppm"]))
        assert pair.quote_in(0, 1, int(row["in_a"])).amount_out == int(row["quoted_out_b"])
        assert pair.quote_in(1, 0, int(row["in_b"])).amount_out == int(row["quoted_out_a"])


def test_437_real_swaps_pass_the_pairs_own_check_with_its_real_fee() -> None:
    """Each kept the product; nine of ten paid exactly what a router says, none more."""
    exact = 0
    for row in rows("v2_swap_vectors.csv.gz"):
        names = ("reserve0_before", "reserve1_before", "amount0_in", "amount1_in", "amount0_out", "amount1_out")
        reserve0, reserve1, in0, in1, out0, out1 = (int(row[name]) for name in names)
        fee_ppm = int(row["fee_ppm"])
        left0, left1 = reserve0 + in0 - out0, reserve1 + in1 - out1
        assert (left0, left1) == (int(row["reserve0_after"]), int(row["reserve1_after"]))
        assert (left0 * PPM - in0 * fee_ppm) * (left1 * PPM - in1 * fee_ppm) >= reserve0 * reserve1 * PPM * PPM
        for side in ((reserve0, reserve1, in0, out1, in1 + out0), (reserve1, reserve0, in1, out0, in0 + out1)):
            reserve_in, reserve_out, paid, taken, other_way = side
            if paid and not other_way:
                expected = amount_out(paid, reserve_in, reserve_out, fee_ppm)
                assert taken <= expected
                assert keeps_product(reserve_in, reserve_out, paid, taken, fee_ppm)
                exact += taken == expected
    assert exact == 392


@given(RESERVES, RESERVES, RESERVES, FEES)
def test_a_quote_is_the_most_that_the_pair_lets_out(reserve_in: int, reserve_out: int, paid: int, fee: int) -> None:
    """Not a unit more passes its check; nothing is paid out whole."""
    taken = amount_out(paid, reserve_in, reserve_out, fee)
    assert 0 <= taken < reserve_out
    assert keeps_product(reserve_in, reserve_out, paid, taken, fee)
    assert not keeps_product(reserve_in, reserve_out, paid, taken + 1, fee)


@given(RESERVES, RESERVES, st.data(), FEES)
def test_an_input_brings_its_output_and_costs_at_most_a_unit_too_much(
    reserve_in: int, reserve_out: int, data: st.DataObject, fee: int
) -> None:
    """As the router rounds: one more than the quotient, which is one too much where the division is even."""
    if reserve_out == 1:
        return
    wanted = data.draw(st.integers(1, reserve_out - 1))
    paid = amount_in(wanted, reserve_in, reserve_out, fee)
    assert amount_out(paid, reserve_in, reserve_out, fee) >= wanted
    assert paid < 3 or amount_out(paid - 2, reserve_in, reserve_out, fee) < wanted


@given(RESERVES, RESERVES, RESERVES, RESERVES, FEES, st.booleans())
def test_quotes_rise_with_the_amount_and_leave_what_they_say(
    reserve0: int, reserve1: int, one: int, other: int, fee: int, down: bool
) -> None:
    pair, way = state(reserve0, reserve1, fee), (0, 1) if down else (1, 0)
    if max(one, other) + max(reserve0, reserve1) > MAX_RESERVE:
        return
    less, more = (pair.quote_in(*way, amount) for amount in sorted((one, other)))
    assert less.amount_out <= more.amount_out
    paid, taken = more.amount_in, more.amount_out
    change = (paid, -taken) if down else (-taken, paid)
    assert more.after == state(reserve0 + change[0], reserve1 + change[1], fee)
    virtual = pair.virtual_reserves(*way)
    assert virtual is not None
    kept = virtual.keep_ppm * paid
    assert taken == virtual.reserve_out * kept // (virtual.reserve_in * PPM + virtual.scale * kept)
    assert pair.most_in(*way) == MAX_RESERVE - (reserve0 if down else reserve1)


REFUSED: list[tuple[ConstantProductState, str, Any, str]] = [
    (state(10, 10), "quote_in", 0, "reverts"),
    (state(10, 10), "quote_out", 10, "reverts"),
    (state(10, 10), "quote_out", 0, "reverts"),
    (state(10, 10), "quote_in", 1 << 250, "reverts"),
    (state(0, 10), "quote_in", 5, "no_liquidity"),
    (state(10, 10, None), "quote_in", 5, "fee_unknown"),
    (state(10, 10)._replace(trust=Trust.DIVERGENT), "quote_out", 5, "divergent"),
]


@pytest.mark.parametrize(("pair", "what", "amount", "reason"), REFUSED)
def test_what_the_contract_refuses_is_refused(pair: ConstantProductState, what: str, amount: int, reason: str) -> None:
    with pytest.raises(QuoteRefused) as refused:
        getattr(pair, what)(0, 1, amount)
    assert refused.value.reason == reason


def test_an_empty_pair_has_no_virtual_reserves() -> None:
    assert state(0, 5).virtual_reserves(0, 1) is None
    assert state(4, 5).price(0, 1) == (5, 4)
