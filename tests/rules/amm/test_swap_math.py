"""Swap steps: thousands of real swaps to the last unit, and the unrolled formulas against the plain ones."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import AmmError
from alphapulse.rules.amm.sqrt_price_math import (
    amount0_delta,
    amount1_delta,
    next_sqrt_price_from_input,
    next_sqrt_price_from_output,
)
from alphapulse.rules.amm.swap_math import PPM, SwapStep, compute_swap_step
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO, tick_at_sqrt_ratio
from tests.rules.amm.amm_strategies import AMOUNTS, FEES_PPM, LIQUIDITY, PRICES

VECTORS = Path(__file__).parents[2] / "vectors/amm"
ONE = 1 << 96
MORE_THAN_ENOUGH = 1 << 200

AMOUNTS_EITHER_WAY = st.builds(lambda amount, out: -amount if out else amount, AMOUNTS, st.booleans())


@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("swapmath_ethereum_usdc_weth_2024-01-05_h00-12.csv.gz", 2_753),
        ("swapmath_polygon_usdce_weth_2023-11-25.csv.gz", 2_925),
        ("swapmath_polygon_usdce_weth_2021-12-22.csv.gz", 185),
    ],
)
def test_every_real_swap_is_reproduced(file: str, count: int) -> None:
    """Amounts, price and tick of each recorded swap come out of the state before it, without a difference."""
    with gzip.open(VECTORS / file, "rt", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == count
    for row in rows:
        amount_in, amount_out, after = (int(row[name]) for name in ("amount_in", "amount_out", "sqrt_price_x96_after"))
        limit = MIN_SQRT_RATIO + 1 if row["zero_for_one"] == "1" else MAX_SQRT_RATIO - 1
        target, amount = {
            "exact_in": (limit, amount_in),
            "exact_out": (limit, -amount_out),
            "to_price": (after, MORE_THAN_ENOUGH),
        }[row["mode"]]
        step = compute_swap_step(
            int(row["sqrt_price_x96_before"]), target, int(row["liquidity"]), amount, int(row["fee_ppm"])
        )
        assert (step.amount_in + step.fee_amount, step.amount_out, step.sqrt_price_next) == (
            amount_in,
            amount_out,
            after,
        ), row
        assert tick_at_sqrt_ratio(step.sqrt_price_next) == int(row["tick_after"]), row


def plain_step(price: int, target: int, liquidity: int, remaining: int, fee_ppm: int) -> SwapStep:
    """The contract's order of steps, written with the functions of `sqrt_price_math`."""
    down = price >= target
    delta_in, delta_out = (amount0_delta, amount1_delta) if down else (amount1_delta, amount0_delta)
    if remaining >= 0:
        net = remaining * (PPM - fee_ppm) // PPM
        reached = net >= delta_in(price, target, liquidity, round_up=True)
        after = target if reached else next_sqrt_price_from_input(price, liquidity, net, zero_for_one=down)
    else:
        reached = -remaining >= delta_out(price, target, liquidity, round_up=False)
        after = target if reached else next_sqrt_price_from_output(price, liquidity, -remaining, zero_for_one=down)
    amount_in = delta_in(price, after, liquidity, round_up=True)
    amount_out = delta_out(price, after, liquidity, round_up=False)
    if remaining < 0:
        amount_out = min(amount_out, -remaining)
    if remaining >= 0 and after != target:
        return SwapStep(after, amount_in, amount_out, remaining - amount_in)
    return SwapStep(after, amount_in, amount_out, -(-amount_in * fee_ppm // (PPM - fee_ppm)))


@given(PRICES, PRICES, LIQUIDITY, AMOUNTS_EITHER_WAY, FEES_PPM)
def test_the_fast_form_equals_the_plain_one(price: int, target: int, liquidity: int, amount: int, fee_ppm: int) -> None:
    assert compute_swap_step(price, target, liquidity, amount, fee_ppm) == plain_step(
        price, target, liquidity, amount, fee_ppm
    )


@given(PRICES, PRICES, LIQUIDITY, FEES_PPM, st.integers(-2, 2), st.booleans())
def test_both_forms_agree_at_the_edge_of_the_target(
    price: int, target: int, liquidity: int, fee_ppm: int, off: int, exact_in: bool
) -> None:
    """Around the very amount that just reaches the target one unit decides which branch is taken."""
    edge = compute_swap_step(price, target, liquidity, MORE_THAN_ENOUGH << 54, fee_ppm)
    amount = edge.amount_in + edge.fee_amount + off if exact_in else -(edge.amount_out + off)
    assert compute_swap_step(price, target, liquidity, amount, fee_ppm) == plain_step(
        price, target, liquidity, amount, fee_ppm
    )


@given(PRICES, PRICES, LIQUIDITY, AMOUNTS_EITHER_WAY, FEES_PPM)
def test_a_step_keeps_its_promises(price: int, target: int, liquidity: int, amount: int, fee_ppm: int) -> None:
    """Never past the target, never more sold than offered, never more bought than asked, and used up short of it."""
    step = compute_swap_step(price, target, liquidity, amount, fee_ppm)
    low, high = sorted((price, target))
    assert low <= step.sqrt_price_next <= high
    assert min(step.amount_in, step.amount_out, step.fee_amount) >= 0
    if amount >= 0:
        assert step.amount_in + step.fee_amount <= amount
        if step.sqrt_price_next != target:
            assert step.amount_in + step.fee_amount == amount
    else:
        assert step.amount_out <= -amount
        if step.sqrt_price_next != target:
            assert step.amount_out == -amount


@given(PRICES, PRICES, LIQUIDITY, AMOUNTS_EITHER_WAY, FEES_PPM)
def test_rounding_favours_the_pool(price: int, target: int, liquidity: int, amount: int, fee_ppm: int) -> None:
    """What came in is at least, and what went out at most, what the exact way of the price is worth."""
    step = compute_swap_step(price, target, liquidity, amount, fee_ppm)
    after = step.sqrt_price_next
    way = abs(after - price)
    in0, out1 = (step.amount_in, step.amount_out) if price >= target else (step.amount_out, step.amount_in)
    worth0, worth1 = (liquidity << 96) * way, liquidity * way
    if price >= target:
        assert in0 * after * price >= worth0
        assert out1 << 96 <= worth1
    else:
        assert in0 * after * price <= worth0
        assert out1 << 96 >= worth1
    assert step.fee_amount * (PPM - fee_ppm) >= step.amount_in * fee_ppm or step.sqrt_price_next != target


@given(PRICES, PRICES, LIQUIDITY, AMOUNTS, AMOUNTS, FEES_PPM)
def test_more_in_never_gives_less_out(
    price: int, target: int, liquidity: int, one: int, other: int, fee_ppm: int
) -> None:
    less, more = sorted((one, other))
    small = compute_swap_step(price, target, liquidity, less, fee_ppm)
    large = compute_swap_step(price, target, liquidity, more, fee_ppm)
    assert small.amount_out <= large.amount_out


@given(PRICES, PRICES, AMOUNTS_EITHER_WAY, FEES_PPM)
def test_without_liquidity_the_price_moves_for_nothing(price: int, target: int, amount: int, fee_ppm: int) -> None:
    assert compute_swap_step(price, target, 0, amount, fee_ppm) == (target, 0, 0, 0)


def test_steps_of_the_contracts_tests() -> None:
    """Uniswap's examples: from a price of 1, capped at a target of 1.01 or fully spent before 10, fee 600 ppm."""
    liquidity = 2 * 10**18
    target = 79_623_317_895_830_914_510_639_640_423
    capped_in = compute_swap_step(ONE, target, liquidity, 10**18, 600)
    assert capped_in == (target, 9_975_124_224_178_055, 9_925_619_580_021_728, 5_988_667_735_148)
    capped_out = compute_swap_step(ONE, target, liquidity, -(10**18), 600)
    assert capped_out == capped_in
    far = 250_541_448_375_047_931_186_413_801_569
    spent = compute_swap_step(ONE, far, liquidity, 10**18, 600)
    assert spent[1:] == (999_400_000_000_000_000, 666_399_946_655_997_866, 600_000_000_000_000)


@pytest.mark.parametrize(
    ("price", "target", "amount"),
    [(ONE, 0, 10**6), (ONE, 0, -(10**19)), (0, ONE, 10**6), (0, ONE, -(10**6)), (0, 0, 10**6), (0, 0, -(10**6))],
)
def test_a_price_of_zero_reverts(price: int, target: int, amount: int) -> None:
    with pytest.raises(AmmError, match="above zero"):
        compute_swap_step(price, target, 10**18, amount, 500)


def test_a_target_of_zero_that_is_not_reached_is_no_matter_for_exact_output() -> None:
    """The contract does not look at the lower price then; it only does for exact input."""
    assert compute_swap_step(ONE, 0, 10**18, -(10**6), 500) == compute_swap_step(ONE, ONE // 2, 10**18, -(10**6), 500)


def test_a_fee_of_everything_reverts_at_the_target() -> None:
    with pytest.raises(AmmError, match="1000000 ppm"):
        compute_swap_step(ONE, ONE, 10**18, 5, PPM)
