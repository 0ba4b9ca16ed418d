"""Small markets of many tokens: pools by the numbers of their tokens, and every cycle in them by trying all ways."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import permutations

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import LogStamp
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.cycle import MOST_HOPS, Cycle, Hop

STAMP = LogStamp(1, 0, 0, bytes(32), None, 0, 0)

Walk = tuple[tuple[str, bytes, bytes], ...]


def address(number: int) -> bytes:
    """A token's address by its number."""
    return number.to_bytes(20, "big")


def token(number: int) -> Token:
    return Token(address(number), f"T{number}", 18)


def graph_pool(number: int, *tokens: int, fee_ppm: int = 3000) -> Pool:
    """Pool `number` of these tokens, in the order of their addresses."""
    first, second, *more = (token(one) for one in sorted(tokens))
    pool_id = InstrumentId.from_pool_address((1000 + number).to_bytes(20, "big"), Venue.UNISWAP_V2)
    kind = PoolKind.CURVE_STABLE if more else PoolKind.V2
    return Pool(pool_id, kind, f"pool {number}", first, second, fee_ppm, None, more_tokens=tuple(more))


def pair_state(reserve0: int, reserve1: int, fee_ppm: int = 3000) -> ConstantProductState:
    return ConstantProductState(reserve0, reserve1, STAMP, Trust.PROVEN, fee_ppm)


def cycle_of(pools: Sequence[Pool], tokens: Sequence[int]) -> Cycle:
    """The cycle through the pools; the first sells `tokens[0]` for `tokens[1]`."""
    hops = []
    for pool, sold, bought in zip(pools, tokens, (*tokens[1:], tokens[0]), strict=True):
        place = {one.address: at for at, one in enumerate(pool.tokens)}
        hops.append(Hop(pool, place[address(sold)], place[address(bought)]))
    return Cycle(tuple(hops), ())


def pair_cycle(legs: Sequence[tuple[int, int, int]]) -> tuple[Cycle, list[AmmState]]:
    """A cycle of pairs of (reserve in, reserve out, fee); of two the tokens are the same, else each has its own."""
    pools, states = [], list[AmmState]()
    tokens = list(range(1, len(legs) + 1))
    for at, (reserve_in, reserve_out, fee_ppm) in enumerate(legs):
        sold, bought = tokens[at], tokens[(at + 1) % len(legs)]
        pools.append(graph_pool(at, sold, bought, fee_ppm=fee_ppm))
        reserves = (reserve_in, reserve_out) if sold < bought else (reserve_out, reserve_in)
        states.append(pair_state(*reserves, fee_ppm))
    return cycle_of(pools, tokens), states


def turned(walk: Walk) -> Walk:
    """The same cycle begun where it is least: two that are equal then are the same."""
    return min(walk[at:] + walk[:at] for at in range(len(walk)))


def walk_of(cycle: Cycle) -> Walk:
    return turned(tuple((hop.pool.id.name, hop.sold, hop.bought) for hop in cycle.hops))


def all_walks(pools: Collection[Pool], bases: Collection[bytes]) -> set[Walk]:
    """Every cycle: no pool and no token twice; those of more than two hops pass a base token."""
    found = set()
    for length in range(2, MOST_HOPS + 1):
        for chosen in permutations(pools, length):
            for start in chosen[0].tokens:
                for walk in _walks(chosen, start.address, start.address, ()):
                    if length == 2 or any(sold in bases for _, sold, _ in walk):
                        found.add(turned(walk))
    return found


def _walks(pools: Sequence[Pool], start: bytes, here: bytes, walk: Walk) -> Iterator[Walk]:
    if not pools:
        if here == start:
            yield walk
        return
    pool, *rest = pools
    tokens = [one.address for one in pool.tokens]
    seen = {sold for _, sold, _ in walk} | {here}
    for bought in tokens if here in tokens else ():
        if bought not in seen or (bought == start and not rest and bought != here):
            yield from _walks(rest, start, bought, (*walk, (pool.id.name, here, bought)))
