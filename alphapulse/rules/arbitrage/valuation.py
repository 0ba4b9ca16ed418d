"""What a token is worth in another one, from live pools: along the way whose thinnest pool holds most.

A thin pool can be made to say any price for little money, so a way is as good as its poorest pool. What no pool prices
has no value: it is unknown, and unknown refuses.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from alphapulse.data.pools import Trust
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.arbitrage.cycle_index import CycleIndex
from alphapulse.rules.arbitrage.holdings import holdings
from alphapulse.rules.arbitrage.token_graph import Seat, TokenNode

Q96_BITS, Q192_BITS = 96, 192

MOST_HOPS = 4
"""Pools of a way: farther off every price is a rumour."""

ROUTES_LAST = 300
"""Blocks after which ways are looked for anew, as liquidity moves; prices along them are always the newest."""

RETRY_AFTER = 10
"""Blocks after which a token without a way is looked for again."""

EQUALLY_GOOD = 10
"""A pool that prices a token directly counts if it holds at least a tenth of what the deepest such pool holds."""

Way = tuple[tuple[Seat, bool], ...]
"""From the token to the root: each pool, and whether the token with the lesser address is sold there."""


class Price(NamedTuple):
    """Raw units of the root for one raw unit of a token: numerator / denominator, before fees.

    `depth` is what the thinnest pool on the way has of the token that is nearer to the root, in raw units of the root
    and as a constant-product pool of the same slope would hold it. `as_of_ns` is the venue time of the oldest state
    that it rests on. The root's own price has neither.
    """

    numerator: int
    denominator: int
    depth: int | None
    as_of_ns: int | None
    hops: int


OWN_PRICE = Price(1, 1, None, None, 0)


class Valuation:
    """Prices in `root`, the address of a token, on each chain where pools hold it."""

    def __init__(self, root: bytes, index: CycleIndex) -> None:
        self.root = root
        self._index = index
        self._ways: dict[int, dict[bytes, Way]] = {}
        self._made: dict[int, int] = {}

    def price(self, chain_id: int, token: bytes, block_number: int) -> Price | None:
        """The price of a token as the pools say it now; None if no known pools lead from it to the root."""
        if token == self.root:
            return OWN_PRICE
        made = self._made.get(chain_id)
        if made is None or not made <= block_number < made + ROUTES_LAST:
            self._find_ways(chain_id, block_number)
        price = self._along(self._ways[chain_id].get(token, ()))
        if price is None and block_number >= self._made[chain_id] + RETRY_AFTER:
            self._find_ways(chain_id, block_number)
            price = self._along(self._ways[chain_id].get(token, ()))
        return price

    def value(self, chain_id: int, token: bytes, amount: int, block_number: int) -> int | None:
        """An amount in raw units of the root, rounded down; None if it has no price."""
        price = self.price(chain_id, token, block_number)
        return None if price is None else amount * price.numerator // price.denominator

    def amount_for(self, chain_id: int, token: bytes, value: int, block_number: int) -> int | None:
        """The amount of a token that is worth `value` raw units of the root, rounded up; None if it has no price.

        Of pools that price it directly and hold about as much as the deepest, the least favourable counts: a cost is
        never made smaller than the market says.
        """
        if token == self.root or not value:
            return value
        direct = self._direct(chain_id, token)
        if direct:
            return max([-(-value * denominator // numerator) for numerator, denominator in direct])
        price = self.price(chain_id, token, block_number)
        return None if price is None else -(-value * price.denominator // price.numerator)

    def holding_value(self, seat: Seat, block_number: int) -> int | None:
        """What a pool holds of the tokens that have a price, in raw units of the root; None if none has one."""
        state = seat.state
        if state is None:
            return None
        chain_id = seat.pool.id.chain_id or 0
        values = [
            self.value(chain_id, token.address, held, block_number)
            for token, held in zip(seat.pool.tokens, holdings(state, len(seat.pool.tokens)), strict=True)
        ]
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    def _direct(self, chain_id: int, token: bytes) -> list[tuple[int, int]]:
        """Prices of the pools between token and root that hold enough of the root."""
        edge = self._index.edge_between(chain_id, token, self.root)
        if edge is None:
            return []
        up, deepest = edge.low.address == token, 0
        found = []
        for seat in edge.seats:
            price = self._sold_at(seat, up=up)
            if price is not None:
                found.append(price)
                deepest = max(deepest, price[2])
        return [(numerator, denominator) for numerator, denominator, held in found if held * EQUALLY_GOOD >= deepest]

    def _sold_at(self, seat: Seat, *, up: bool) -> tuple[int, int, int] | None:
        """Price of a token sold in a pool, as numerator and denominator, and how deep the pool is in the other one."""
        state = seat.state
        if state is None or state.trust is Trust.DIVERGENT:
            return None
        sold, bought = (seat.low, seat.high) if up else (seat.high, seat.low)
        if isinstance(state, ConcentratedState):
            return _at_price(state, sold < bought)
        reserves = state.virtual_reserves(sold, bought)
        if reserves is not None:
            # As a constant-product pool that moves its price as slowly: its price is that of its reserves.
            taken, paid, scale, _ = reserves
            return (paid, taken, paid // scale) if paid and taken else None
        depth = holdings(state, len(seat.pool.tokens))[bought]
        numerator, denominator = state.price(sold, bought) if depth else (0, 0)
        return (numerator, denominator, depth) if numerator and denominator else None

    def _along(self, way: Way) -> Price | None:
        """The price along a way as it is now; None if there is no way, or a pool of it no longer has a state."""
        numerator = denominator = 1
        depth = as_of_ns = None
        for seat, up in reversed(way):
            found = self._sold_at(seat, up=up)
            state = seat.state
            if found is None or state is None:
                return None
            held = found[2] * numerator // denominator
            numerator, denominator = found[0] * numerator, found[1] * denominator
            depth = held if depth is None else min(depth, held)
            told_ns = state.stamp.venue_time_ns
            as_of_ns = told_ns if as_of_ns is None else min(as_of_ns, told_ns)
        return Price(numerator, denominator, depth, as_of_ns, len(way)) if way else None

    def _find_ways(self, chain_id: int, block_number: int) -> None:
        """The deepest way of every token: the deepest that is left is always the next one that is sure."""
        ways: dict[bytes, Way] = {}
        self._ways[chain_id], self._made[chain_id] = ways, block_number
        root = self._index.node(chain_id, self.root)
        if root is None:
            return
        order = count()
        waiting: list[tuple[int, int, TokenNode, Way, int, int]] = [(0, next(order), root, (), 1, 1)]
        sure: set[bytes] = set()
        while waiting:
            negated, _, token, way, numerator, denominator = heappop(waiting)
            if token.address in sure:
                continue
            sure.add(token.address)
            ways[token.address] = way
            if len(way) == MOST_HOPS:
                continue
            for neighbour, edge in token.edges.items():
                if neighbour.address in sure:
                    continue
                up = edge.low is neighbour
                best = max(
                    ((found[2], seat, found) for seat in edge.seats if (found := self._sold_at(seat, up=up))),
                    key=lambda one: one[0],
                    default=None,
                )
                if best is not None:
                    held, seat, (out, into, _) = best
                    depth = held * numerator // denominator
                    depth = min(depth, -negated) if way else depth
                    heappush(
                        waiting,
                        (-depth, next(order), neighbour, ((seat, up), *way), out * numerator, into * denominator),
                    )


def _at_price(state: ConcentratedState, sells_token0: bool) -> tuple[int, int, int] | None:
    """The same of concentrated liquidity: √P, and the virtual reserve L·√P or L/√P of the token bought."""
    price, liquidity = state.sqrt_price_x96, state.liquidity
    if not price or not liquidity:
        return None
    squared = price * price
    if sells_token0:
        return squared, 1 << Q192_BITS, liquidity * price >> Q96_BITS
    return 1 << Q192_BITS, squared, (liquidity << Q96_BITS) // price
