"""A trade through a cycle: the exact steps, and the cycle's pools as something that can be asked for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt
from typing import NamedTuple

from alphapulse.data.pools import Pool, PoolKind
from alphapulse.data.signals import Leg
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.pool_state import AmmState, Quote
from alphapulse.rules.arbitrage.cycle import Cycle, Hop
from alphapulse.rules.wire.slots import maker_of

Q192_BITS = 192
MAX_UINT256 = (1 << 256) - 1

_new_leg: Callable[..., Leg] = maker_of(Leg)
_new = tuple.__new__


class PathStep(NamedTuple):
    """One exact swap of a path: amounts in raw units, the fee in raw units of the token sold.

    `sqrt_price_x96` is the pool's price before the step: raw units of the token with the greater address for one of
    the other.
    """

    pool: Pool
    token_in: int
    token_out: int
    amount_in: int
    amount_out: int
    fee_amount: int
    sqrt_price_x96: int

    @property
    def zero_for_one(self) -> bool:
        """True if, of two tokens, the one with the lesser address is sold."""
        return self.token_in < self.token_out

    def as_leg(self) -> Leg:
        """The step as it travels in signals and fills."""
        tokens = self.pool.tokens
        return _new_leg(
            self.pool.id,
            tokens[self.token_in].address,
            tokens[self.token_out].address,
            self.amount_in,
            self.amount_out,
            self.fee_amount,
            self.sqrt_price_x96,
        )


class SizedPath(NamedTuple):
    """The best trade found: `profit` = last amount out - first amount in, in raw units of the profit token.

    `at_end` says that one of its pools is at the end of the range in which it was looked at.
    """

    size: int
    profit: int
    steps: tuple[PathStep, ...]
    at_end: bool = False


class Chain:
    """The pools of a cycle at given states, and what they do exactly."""

    __slots__ = ("cycle", "states")

    def __init__(self, cycle: Cycle, states: Sequence[AmmState]) -> None:
        self.cycle = cycle
        self.states = tuple(states)

    def forward(self, amount: int) -> list[Quote]:
        """What each pool does if the first is given `amount`: as many quotes as pools can be passed."""
        quotes: list[Quote] = []
        try:
            for (_, token_in, token_out), state in zip(self.cycle.hops, self.states, strict=True):
                quote = state.quote_in(token_in, token_out, amount)
                if quote.amount_in != amount:
                    break
                quotes.append(quote)
                amount = quote.amount_out
        except QuoteRefused:
            pass
        return quotes

    def is_passed(self, quotes: Sequence[Quote]) -> bool:
        """True if these quotes lead through all pools."""
        return len(quotes) == len(self.states)

    def is_too_much(self, quotes: Sequence[Quote]) -> bool:
        """True if a pool cannot take what it is given; what is rounded to nothing on the way is too little."""
        return len(quotes) < len(self.states) and (not quotes or quotes[-1].amount_out > 0)

    def input_for(self, amount: int, end: int) -> int | None:
        """What the first pool must be given so that the last of the first `end` pays `amount`; it may pay more."""
        try:
            for (_, token_in, token_out), state in reversed(
                list(zip(self.cycle.hops[:end], self.states[:end], strict=True))
            ):
                quote = state.quote_out(token_in, token_out, amount)
                if quote.amount_out < amount:
                    return None
                amount = quote.amount_in
        except QuoteRefused:
            return None
        return amount

    def path(self, size: int, quotes: Sequence[Quote]) -> SizedPath:
        """The trade of which these are the quotes."""
        steps = [step_of(*one) for one in zip(self.cycle.hops, self.states, quotes, strict=True)]
        return SizedPath(size, quotes[-1].amount_out - size, tuple(steps))


def step_of(hop: Hop, state: AmmState, quote: Quote) -> PathStep:
    """The step that a quote describes."""
    pool, token_in, token_out = hop
    fee = quote.fee_amount
    if pool.kind is PoolKind.CURVE_STABLE and fee:
        # The fee is taken from what comes out: told as the same share of what goes in.
        fee = quote.amount_in * fee // (quote.amount_out + fee)
    price = sqrt_price_of(hop, state)
    return _new(PathStep, (pool, token_in, token_out, quote.amount_in, quote.amount_out, fee, price))


def sqrt_price_of(hop: Hop, state: AmmState) -> int:
    """The price before a hop as the square root of raw units of the greater address for one of the lesser, Q64.96."""
    known: int | None = getattr(state, "sqrt_price_x96", None)
    if known is not None:
        return known
    pool, token_in, token_out = hop
    tokens = pool.tokens
    low, high = (token_in, token_out) if tokens[token_in].address < tokens[token_out].address else (token_out, token_in)
    numerator, denominator = state.price(low, high)
    return min(isqrt((numerator << Q192_BITS) // denominator), MAX_UINT256) if denominator else 0
