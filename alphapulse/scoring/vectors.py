"""Scores of swaps whose states before and behind are known: our mathematics against what the contracts did."""

from __future__ import annotations

from collections import Counter

from alphapulse.rules.amm.swap_math import compute_swap_step
from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from alphapulse.scoring.evidence import Evidence
from alphapulse.scoring.pool_table import integer
from alphapulse.scoring.score import Score, counted

PPM = 1_000_000
SIDES = (("reserve", "before"), ("amount", "in"), ("amount", "out"))


def score_swap_steps(answers: Evidence) -> Score:
    """Swaps that stay in one liquidity range: amounts and the price behind, to the last unit."""
    right = []
    modes: Counter[str] = Counter()
    for number, row in enumerate(answers.rows, 2):
        where = f"{answers.path}, line {number}"
        columns = ("sqrt_price_x96_before", "sqrt_price_x96_after", "liquidity", "fee_ppm", "amount_in", "amount_out")
        before, after, liquidity, fee_ppm, paid, got = (integer(row, column, where) for column in columns)
        mode = str(row["mode"])
        modes[f"swaps {mode}"] += 1
        far = sqrt_ratio_at_tick(MIN_TICK) if row["zero_for_one"] == "1" else sqrt_ratio_at_tick(MAX_TICK)
        target = after if mode == "to_price" else far
        amount = -got if mode == "exact_out" else paid if mode == "exact_in" else 1 << 255
        step = compute_swap_step(before, target, liquidity, amount, fee_ppm)
        right.append((step.amount_in + step.fee_amount, step.amount_out, step.sqrt_price_next) == (paid, got, after))
    return Score(str(answers.path), answers.form, (counted("swaps, to the last unit", right),), dict(modes))


def score_pair_swaps(answers: Evidence) -> Score:
    """Swaps of constant-product pools: none takes out more than our formula pays with the pool's real fee."""
    right = []
    best = 0
    for number, row in enumerate(answers.rows, 2):
        where = f"{answers.path}, line {number}"
        sides = [[integer(row, f"{name}{at}_{way}", where) for at in "01"] for name, way in SIDES]
        fee_ppm, (reserve0, reserve1), (in0, in1), (out0, out1) = integer(row, "fee_ppm", where), *sides
        keep = (reserve0 + in0 - out0) * PPM - in0 * fee_ppm, (reserve1 + in1 - out1) * PPM - in1 * fee_ppm
        right.append(keep[0] * keep[1] >= reserve0 * reserve1 * PPM * PPM)
        if in0 and not in1 and not out0:
            best += out1 == _paid(in0, reserve0, reserve1, fee_ppm)
        elif in1 and not in0 and not out1:
            best += out0 == _paid(in1, reserve1, reserve0, fee_ppm)
    facts = {"swaps that took all that the formula pays": best}
    return Score(str(answers.path), answers.form, (counted("swaps that keep the product", right),), facts)


def _paid(amount: int, reserve_in: int, reserve_out: int, fee_ppm: int) -> int:
    kept = amount * (PPM - fee_ppm)
    return kept * reserve_out // (reserve_in * PPM + kept)
