"""What the swaps of one transaction leave behind: whether they alone are an arbitrage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Swap(NamedTuple):
    """One swap as it happened; amounts in raw units of its tokens, as the trader saw them."""

    pool: str
    token_in: str
    amount_in: int
    token_out: str
    amount_out: int


def net_balances(swaps: Iterable[Swap]) -> dict[str, int]:
    """What is left of each token that was touched, zero included."""
    left: dict[str, int] = {}
    for swap in swaps:
        left[swap.token_in] = left.get(swap.token_in, 0) - swap.amount_in
        left[swap.token_out] = left.get(swap.token_out, 0) + swap.amount_out
    return left


def gains(swaps: Sequence[Swap]) -> dict[str, int] | None:
    """What a transaction's swaps won, if they alone leave no token negative and at least one positive; else None."""
    left = net_balances(swaps)
    if any(amount < 0 for amount in left.values()):
        return None
    return {token: amount for token, amount in left.items() if amount > 0} or None


def closes(swaps: Sequence[Swap]) -> bool:
    """True if each swap sells what the one before bought, and the first what the last bought."""
    return bool(swaps) and all(
        swap.token_in == before.token_out for before, swap in zip((swaps[-1], *swaps[:-1]), swaps, strict=True)
    )
