"""What a cycle costs beside pool fees: the flash loan and gas, in the profit token."""

from __future__ import annotations

from collections.abc import Iterable

from alphapulse.data.pools import Pool
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.pair import PPM
from alphapulse.rules.arbitrage.path import PathStep


def flash_fee(size: int, fee_ppm: int) -> int:
    """The lender's fee on `size`, rounded up, in the same raw units."""
    return -(-size * fee_ppm // PPM)


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


def native_value(wei: int, native: bytes, token: bytes, known: Iterable[tuple[Pool, AmmState]]) -> int | None:
    """`wei` of the chain's native coin in raw units of `token`, rounded up; None if no pool prices it.

    The price is the least favourable among `known` pools of the pair native/token: a cost is never made smaller than
    the market says. `native` is the wrapped coin's address.
    """
    if not wei or native == token:
        return wei
    values = []
    for pool, state in known:
        tokens = [one.address for one in pool.tokens]
        if native in tokens and token in tokens and getattr(state, "liquidity", True):
            numerator, denominator = state.price(tokens.index(native), tokens.index(token))
            if numerator and denominator:
                values.append(-(-wei * numerator // denominator))
    return max(values, default=None)
