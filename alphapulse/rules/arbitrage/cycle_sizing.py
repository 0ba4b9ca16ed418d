"""How much to trade through a cycle: closed form while each pool stays in one range, a walk or a search beyond it.

1. In its present range every constant-product and concentrated pool is a Möbius map; a cycle of them is one map, whose
   best input is known. Where that input leaves a range, the walk goes to the range's end and on from the states there,
   as far as ticks are known; a sum of best inputs is where all marginal prices meet.
2. Where a pool has no such form, or a range is empty, the exact profit itself is searched: first coarsely by powers of
   four, since a plateau of a coarse token (8 decimals and less) has no slope to follow, then by the golden section.
3. Rounding breaks the curve into small teeth, so the last step is exact and discrete: around the optimum, the amounts
   of the coarsest token of the cycle are tried one by one, each with the least input that brings it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import gcd
from typing import Final

from alphapulse.data.pools import Trust
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.pool_state import AmmState, Quote
from alphapulse.rules.arbitrage.cycle import Cycle
from alphapulse.rules.arbitrage.mobius import PPM, Mobius
from alphapulse.rules.arbitrage.path import Chain, SizedPath

MOST_RANGES: Final = 512
"""Ranges that a walk passes; what is beyond is searched."""

SCAN_STEP: Final = 4
SCAN_END: Final = 1 << 127
"""More than any pool takes; the scan ends earlier, where the profit falls or the pools refuse."""

TEETH: Final = 3
"""Amounts of the coarsest token that are tried on each side of the optimum."""

FEW: Final = 48
"""Up to so many units of the coarsest token every amount is tried."""


def size_cycle(cycle: Cycle, states: Sequence[AmmState]) -> SizedPath | None:
    """The most profitable input at these states, evaluated exactly; None if none earns.

    Ranges that are not known are not left.
    """
    chain = Chain(cycle, states)
    try:
        start, is_near = _walk(chain), True
        if start is None:
            start, is_near = _search(chain), False
        return _polish(chain, start, is_near=is_near) if start > 0 else None
    except QuoteRefused:  # a pool that does not even say where its range ends
        return None


def _walk(chain: Chain) -> int | None:
    """Where the marginal prices meet, or the ranges that are known end; None if a pool has no closed form there."""
    total = 0
    here = chain
    for _ in range(MOST_RANGES):
        maps = _maps(here)
        if None in maps:
            if not total:
                return None
            least, at = 0, maps.index(None)  # the trade stands at the border of a range without liquidity
        else:
            whole = Mobius.of_all(maps)  # type: ignore[arg-type]  # none is None
            amount = whole.best_input or int(not total and whole.gain > whole.base)
            least, at = min(_range_ends(here, maps), default=(amount, 0))  # type: ignore[arg-type]
            if amount <= least:
                return total + amount
            if here.states[at].trust is not Trust.PROVEN:
                return _within(chain, total + least)
        beyond = _beyond(here, at, least)
        if beyond is None:
            return None
        gone, states = beyond
        if not states:
            return _within(chain, total + least)
        total += gone
        here = Chain(chain.cycle, states)
    return None


def _maps(chain: Chain) -> list[Mobius | None]:
    reserves = [
        state.virtual_reserves(token_in, token_out)
        for (_, token_in, token_out), state in zip(chain.cycle.hops, chain.states, strict=True)
    ]
    return [None if one is None else Mobius.of(one) for one in reserves]


def _range_ends(chain: Chain, maps: Sequence[Mobius]) -> list[tuple[int, int]]:
    """(input of the cycle, hop): where the range of each hop ends that can end, by what leads to it."""
    ends = []
    before = Mobius(1, 1, 0)
    for at, ((_, token_in, token_out), state) in enumerate(zip(chain.cycle.hops, chain.states, strict=True)):
        most = state.most_in(token_in, token_out)
        if most is not None and (end := before.input_for(most)) is not None:
            ends.append((end, at))
        before = before.then(maps[at])
    return ends


def _beyond(chain: Chain, at: int, end: int) -> tuple[int, list[AmmState]] | None:
    """An input that takes hop `at` into its next range with liquidity, and the states there.

    No states if a pool can take no more than `end`; None if no such input is found.
    """
    _, token_in, token_out = chain.cycle.hops[at]
    before = chain.states[at].virtual_reserves(token_in, token_out)
    most = chain.states[at].most_in(token_in, token_out) if before is not None else None
    for nudge in range(0, 96, 4):
        amount = end + (1 << nudge)
        quotes = chain.forward(amount)
        if chain.is_too_much(quotes):
            return amount, []
        if not chain.is_passed(quotes) or quotes[at].after.virtual_reserves(token_in, token_out) is None:
            continue
        if most is None or quotes[at].amount_in > most or quotes[at].crossed:
            return amount, [quote.after for quote in quotes]
    return None


def _within(chain: Chain, amount: int) -> int:
    """The greatest input up to `amount` that is not too much for a pool."""
    if not chain.is_too_much(chain.forward(amount)):
        return amount
    stride = 1
    while amount > stride and chain.is_too_much(chain.forward(amount - stride)):
        stride *= 2
    low, high = max(0, amount - stride), amount - stride // 2
    while high - low > 1:
        between = (low + high) // 2
        if chain.is_too_much(chain.forward(between)):
            high = between
        else:
            low = between
    return low


def _search(chain: Chain) -> int:
    """The best input by its exact profit alone."""
    best, best_profit, falls, taken, passed = 0, 0, 0, 0, False
    amount = 1
    while amount < SCAN_END and falls < 2:
        profit = _profit_near(chain, amount)
        if profit is not None:
            taken = amount
            passed = passed or profit > -amount
            if profit > best_profit:
                best, best_profit, falls = amount, profit, 0
            elif best:
                falls += 1
        elif passed:  # what is refused before anything has passed may be too little
            break
        amount *= SCAN_STEP
    if not taken:
        return 0
    low, high = (best or taken) // SCAN_STEP, (best or taken * SCAN_STEP) * SCAN_STEP
    high = _within(chain, high)
    while high - low > max(8, high >> 24):
        part = (high - low) * 382 // 1000
        left, right = _profit_near(chain, low + part), _profit_near(chain, high - part)
        if right is None or (left is not None and right < left):
            high -= part
        else:
            low += part
    return max((low, low + 1, high, best), key=lambda size: _profit(chain, size) or 0)


def _profit_near(chain: Chain, amount: int) -> int | None:
    """As `_profit`; of one unit more where that is refused: a stable curve may revert for a single amount."""
    profit = _profit(chain, amount)
    return _profit(chain, amount + 1) if profit is None else profit


def _profit(chain: Chain, amount: int) -> int | None:
    """What an input brings beyond itself; all is lost if nothing comes out; None if it is too much."""
    quotes = chain.forward(amount)
    if chain.is_passed(quotes):
        return quotes[-1].amount_out - amount
    return None if chain.is_too_much(quotes) else -amount


def _polish(chain: Chain, start: int, *, is_near: bool) -> SizedPath | None:
    """The best exact trade around an optimum of the smooth curve; None if even that does not earn."""
    quotes = chain.forward(start)
    tried = _Tried(chain)
    tried.add(start, quotes)
    if not chain.is_passed(quotes):
        # What comes out of a hop is rounded to nothing, or a pool refuses: the least that brings a unit or two.
        for at, amount in product(range(1, len(chain.states)), range(1, TEETH)):
            tried.add_output(at, amount)
        return None if tried.best is None else _polish(chain, tried.best.size, is_near=False)
    at = _coarsest(chain, quotes)
    units = quotes[at - 1].amount_out if at else start
    if units <= FEW:
        for amount in range(1, 2 * units + TEETH + 1):
            tried.add_output(at, amount)
    else:
        stride = 0 if is_near else units // 8
        while stride > TEETH:
            units = max((units - stride, units, units + stride), key=lambda amount: tried.add_output(at, amount))
            stride //= 2
        for amount in range(units - TEETH, units + TEETH + 1):
            tried.add_output(at, amount)
    for hop, amount in {0: start, at: units}.items():
        for thrifty in _thrifty(amount, chain.states[hop].fee_ppm or 0):
            tried.add_output(hop, thrifty)
    return tried.best


def _thrifty(amount: int, fee_ppm: int) -> Iterator[int]:
    """Amounts around one of which a pool's fee takes no more than its share.

    A pool keeps amount · (10⁶ - fee) / 10⁶ rounded down: a multiple of 10⁶ / gcd(10⁶, fee) loses nothing. Among others
    the least amount of which `kept` units are kept is kept · 10⁶ / (10⁶ - fee) rounded up; what that adds grows by a
    fee's worth with each unit kept less, until it begins at nothing again.
    """
    if not 0 < fee_ppm < PPM:
        return
    period = PPM // gcd(PPM, fee_ppm)
    lower = amount - amount % period
    yield lower
    yield lower + period
    keep = PPM - fee_ppm
    for near in (amount, amount + PPM // fee_ppm):
        kept = near * keep // PPM
        beyond = kept * PPM % keep
        if beyond:
            kept = max(0, kept - beyond // fee_ppm - 1)
        yield -(-kept * PPM // keep)


class _Tried:
    """Inputs that were evaluated exactly, and the best of them: the most profit, then the least input."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._profits: dict[int, int] = {}
        self._best: list[Quote] = []
        self._size = self._profit = 0

    @property
    def best(self) -> SizedPath | None:
        """The best trade, None if none earns."""
        return self._chain.path(self._size, self._best) if self._best else None

    def add(self, size: int, quotes: list[Quote] | None = None) -> int:
        """Evaluate an input; what does not pass all pools loses everything."""
        known = self._profits.get(size)
        if known is not None:
            return known
        profit = -max(size, 1)
        if size > 0:
            quotes = quotes or self._chain.forward(size)
            if self._chain.is_passed(quotes):
                profit = quotes[-1].amount_out - size
                if profit > self._profit or (profit == self._profit > 0 and size < self._size):
                    self._best, self._size, self._profit = quotes, size, profit
        self._profits[size] = profit
        return profit

    def add_output(self, at: int, amount: int) -> int:
        """Evaluate the least input that brings hop `at` that amount."""
        if not at:
            return self.add(amount)
        least = self._chain.input_for(amount, at) if amount > 0 else None
        return -1 if least is None else max(self.add(least), self.add(least - 1))


def _coarsest(chain: Chain, quotes: Sequence[Quote]) -> int:
    """The hop whose input is the token of which a unit is worth most, at the prices behind the trade."""
    found, numerator, denominator = 0, 1, 1
    least = (1, 1)
    for at, ((_, token_in, token_out), quote) in enumerate(zip(chain.cycle.hops[:-1], quotes, strict=False), 1):
        out, into = quote.after.price(token_in, token_out)
        numerator *= out
        denominator *= into
        if numerator * least[1] < least[0] * denominator:
            found, least = at, (numerator, denominator)
    return found
