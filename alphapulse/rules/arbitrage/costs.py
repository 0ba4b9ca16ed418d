"""What a path pays in fees, in its profit token."""

from __future__ import annotations

from alphapulse.rules.arbitrage.path import PathStep


def pool_fees(steps: tuple[PathStep, ...]) -> int:
    """All pool fees of a path in raw units of its profit token, rounded down.

    A fee is valued by what the same amount of its token brought along the rest of the path.
    """
    back = steps[-1].amount_out
    total = 0
    for step in steps:
        if step is steps[0]:
            total += step.fee_amount
        elif net := step.amount_in - step.fee_amount:
            total += back * step.fee_amount // net
    return total
