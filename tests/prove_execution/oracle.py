"""What a block's end offers, and what a path would pay there: exact integers on the chain's own word, and brute force.

The mathematics of pools is the product's own, which other tests hold equal to the contracts; the search is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from alphapulse.devnet.moves import DevPool, DevToken
from alphapulse.devnet.world import World
from alphapulse.errors import DevnetError, QuoteRefused
from alphapulse.rules.amm.pool_state import AmmState
from tests.chain.truth import read_truth
from tests.contracts.executor_rig import state_of

LADDER = tuple(10**3 * 2**step for step in range(4, 28))
"""Sizes that are tried, in thousandths of a dollar: 16 cents to 134,000 dollars."""
States = Mapping[str, AmmState]


@attrs.frozen
class Cycle:
    """Pools in a row that lead from a token back to it."""

    base: DevToken
    pools: tuple[DevPool, ...]

    def __str__(self) -> str:
        return f"{self.base.symbol} by {', '.join(pool.name for pool in self.pools)}"


@attrs.frozen
class Chance:
    """What a cycle pays at its best size among those tried; raw units of its base token."""

    cycle: Cycle
    size: int
    profit: int


@attrs.frozen
class Moment:
    """All pools at the end of a block."""

    number: int
    hash: str
    states: States
    base_fee_wei: int

    def paid_back(self, cycle: Cycle, size: int) -> int | None:
        """What comes back for `size` raw units; None where a pool cannot take all of a leg."""
        done = self._done(cycle, size)
        return None if done is None else done[0]

    def behind(self, cycle: Cycle, size: int) -> Moment:
        """The same moment behind a trade; as it is where the trade cannot be done."""
        done = self._done(cycle, size)
        return self if done is None else attrs.evolve(self, states=done[1])

    def _done(self, cycle: Cycle, size: int) -> tuple[int, States] | None:
        token, left, states = cycle.base, size, dict(self.states)
        for pool in cycle.pools:
            token_in = 0 if pool.token0.address == token.address else 1
            try:
                quote = states[pool.name].quote_in(token_in, 1 - token_in, left)
            except QuoteRefused:
                return None
            if quote.amount_in != left or quote.amount_out <= 0:
                return None
            states[pool.name] = quote.after
            left, token = quote.amount_out, (pool.token0, pool.token1)[1 - token_in]
        return left, states

    def best(self, cycle: Cycle) -> Chance | None:
        """The best size among those tried; None if the smallest earns nothing."""
        found: Chance | None = None
        for size in (_raw(cycle.base, dollars_e3) for dollars_e3 in LADDER):
            back = self.paid_back(cycle, size)
            if back is None or back <= size or (found is not None and back - size < found.profit):
                return found
            found = Chance(cycle, size, back - size)
        return found


async def look(world: World, tries: int = 3) -> Moment:
    """The newest block's.

    Raises:
        DevnetError: so many times the node did not have what it had just told of. Busy, anvil has done so once.
    """
    block = await world.block()
    number = int(block["number"], 16)
    pools = tuple(world.pools.values())
    try:
        truths = await read_truth(world.rpc, world.places["Multicall3"], pools, number)
    except DevnetError:
        if tries == 1:
            raise
        return await look(world, tries - 1)
    states = {pool.name: state_of(pool, truths[pool.name]) for pool in pools}
    return Moment(number, block["hash"], states, int(block["baseFeePerGas"], 16))


def cycles(pools: Sequence[DevPool], bases: Sequence[DevToken], most: int) -> Iterator[Cycle]:
    """All cycles of two to `most` different pools that begin with a base token."""
    for base in bases:
        yield from _longer(pools, base, base, (), most)


def _longer(
    pools: Sequence[DevPool], base: DevToken, token: DevToken, behind: tuple[DevPool, ...], most: int
) -> Iterator[Cycle]:
    for pool in pools:
        if token not in (pool.token0, pool.token1) or pool in behind:
            continue
        ahead = pool.token1 if pool.token0 == token else pool.token0
        if ahead == base:
            if behind:
                yield Cycle(base, (*behind, pool))
        elif len(behind) + 2 <= most:
            yield from _longer(pools, base, ahead, (*behind, pool), most)


def _raw(token: DevToken, dollars_e3: int) -> int:
    one: int = 10**token.decimals
    return dollars_e3 * 10**5 * one // token.price_q8
