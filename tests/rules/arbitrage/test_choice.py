"""Cycles that share pools: the best is taken first, the others on what it leaves, and the optimum is hardly more."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations
from random import Random

from alphapulse.data.pools import Pool
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.appraisal import Costs
from alphapulse.rules.arbitrage.choice import MOST_AGAIN, Proposal, choose
from alphapulse.rules.arbitrage.cycle import Cycle
from alphapulse.rules.arbitrage.cycle_sizing import size_cycle
from alphapulse.rules.arbitrage.open_cycle import OpenCycle, open_cycle
from alphapulse.rules.arbitrage.path import Chain
from tests.rules.arbitrage.convex_oracle import most_profit
from tests.rules.arbitrage.market_graphs import address, cycle_of, graph_pool, pair_state

E18 = 10**18


def proposal(opened: OpenCycle) -> Proposal | None:
    """The best trade at a gas of nothing."""
    path = size_cycle(opened.cycle, opened.states)
    return None if path is None else Proposal(opened, path, Costs(0, 0, 0, 0, 0, path.profit))


def worth(found: Proposal) -> int | None:
    return found.costs.net


def again(opened: OpenCycle, states: tuple[AmmState, ...]) -> Proposal | None:
    moved = open_cycle(opened.cycle, states, opens_episode=False)
    return None if moved is None else proposal(moved)


def proposals(pools: Sequence[tuple[Pool, AmmState]], cycles: list[Cycle]) -> list[Proposal]:
    states = {pool.id: state for pool, state in pools}
    opened = [open_cycle(one, [states[pool] for pool in one.pools], opens_episode=True) for one in cycles]
    return [found for one in opened if one is not None and (found := proposal(one)) is not None]


def parallel(*reserves: tuple[int, int]) -> list[tuple[Pool, AmmState]]:
    """Pools of the tokens 1 and 2 side by side."""
    return [(graph_pool(at, 1, 2), pair_state(*each)) for at, each in enumerate(reserves)]


def two_hops(pools: Sequence[tuple[Pool, AmmState]]) -> list[Cycle]:
    return [cycle_of([first, second], [1, 2]) for (first, _), (second, _) in permutations(pools, 2)]


def test_cycles_that_share_nothing_are_all_taken() -> None:
    near = parallel((1000 * E18, 1000 * E18), (1100 * E18, 1000 * E18))
    far = [(graph_pool(8 + at, 1, 3), state) for at, (_, state) in enumerate(near)]
    cycles = two_hops(near) + [cycle_of([first, second], [1, 3]) for (first, _), (second, _) in permutations(far, 2)]
    alone = proposals(near + far, cycles)
    chosen, left = choose(alone, worth, again)
    assert (len(alone), left) == (2, [])
    assert {one.path for one in chosen} == {one.path for one in alone}


def test_the_better_one_is_taken_and_the_other_sized_on_what_it_leaves() -> None:
    """Token 2 is cheap in one pool and dear in two: the dearer one is served first, the other gets the rest."""
    pools = parallel((1000 * E18, 1200 * E18), (1000 * E18, 1000 * E18), (1000 * E18, 1010 * E18))
    alone = proposals(pools, two_hops(pools))
    chosen, left = choose(alone, worth, again)
    assert chosen[0].path == max((one.path for one in alone), key=lambda path: path.profit)
    assert [one.costs.net for one in chosen] == sorted((one.path.profit for one in chosen), reverse=True)
    sizes = {one.opened.cycle.pools: one.path.size for one in alone}
    assert all(one.path.size < sizes[one.opened.cycle.pools] for one in chosen[1:])
    assert len(chosen) + len(left) == len(alone)


def test_what_is_chosen_pays_together_what_it_says() -> None:
    """Carried out one behind the other on the same pools, each trade brings its profit to the last unit."""
    chance = Random(3)
    for _ in range(20):
        pools = parallel(*[(chance.randint(900, 1100) * E18, chance.randint(900, 1100) * E18) for _ in range(4)])
        chosen, _ = choose(proposals(pools, two_hops(pools)), worth, again)
        states = {pool.id: state for pool, state in pools}
        for one in chosen:
            cycle = one.opened.cycle
            quotes = Chain(cycle, [states[pool] for pool in cycle.pools]).forward(one.path.size)
            assert quotes[-1].amount_out - one.path.size == one.path.profit
            states |= {pool: quote.after for pool, quote in zip(cycle.pools, quotes, strict=True)}


def test_trades_of_unknown_worth_come_last() -> None:
    pools = parallel((1000 * E18, 1200 * E18), (1000 * E18, 1000 * E18), (1000 * E18, 1010 * E18))
    alone = proposals(pools, two_hops(pools))
    best = max(alone, key=lambda one: one.path.profit)
    unknown = [one._replace(costs=one.costs._replace(net=None)) if one is best else one for one in alone]
    chosen, _ = choose(unknown, worth, again)
    assert chosen[0].opened.cycle != best.opened.cycle


def test_a_moment_with_too_many_ends() -> None:
    """After so many trades made again the rest is left."""
    pools = parallel(*[((1000 + 2 * at) * E18, 1000 * E18) for at in range(28)])
    tried = 0

    def counted(opened: OpenCycle, states: tuple[AmmState, ...]) -> Proposal | None:
        nonlocal tried
        tried += 1
        return again(opened, states)

    alone = proposals(pools, two_hops(pools))
    chosen, left = choose(alone, worth, counted)
    assert tried <= MOST_AGAIN
    assert len(alone) > MOST_AGAIN
    assert len(chosen) + len(left) == len(alone)


def triangles(pools: Sequence[tuple[Pool, AmmState]]) -> list[Cycle]:
    """Every cycle of two or three of the pools that begins with token 1."""
    cycles = []
    for group in [*permutations([pool for pool, _ in pools], 2), *permutations([pool for pool, _ in pools], 3)]:
        for tokens in ([1, 2], [1, 3]) if len(group) == 2 else ([1, 2, 3], [1, 3, 2]):
            walked = zip(tokens, (*tokens[1:], tokens[0]), strict=True)
            if all(
                {address(sold), address(bought)} == set(pool.pair)
                for pool, (sold, bought) in zip(group, walked, strict=True)
            ):
                cycles.append(cycle_of(group, tokens))
    return cycles


def test_one_after_the_other_earns_nearly_as_much_as_all_at_once() -> None:
    """Beside the convex optimum over random triangles with two pools a side: never more, and hardly less."""
    chance = Random(11)
    shares = []
    for _ in range(8):
        pools = []
        for at, (low, high) in enumerate([*combinations((1, 2, 3), 2)] * 2):
            depth = chance.randint(500, 5000)
            other = depth * chance.randint(95, 105) // 100
            pools.append((graph_pool(at, low, high), pair_state(depth * E18, other * E18)))
        chosen, _ = choose(proposals(pools, triangles(pools)), worth, again)
        optimum = most_profit(
            [
                ((low - 1, high - 1), (state.reserve0, state.reserve1), 997_000)
                for (low, high), (_, state) in zip([*combinations((1, 2, 3), 2)] * 2, pools, strict=True)
            ],
            tokens=3,
        )
        if optimum > E18:
            shares.append(sum(one.path.profit for one in chosen) * 1000 // optimum)
    print(f"\nper mille of the convex optimum: {sorted(shares)}")  # noqa: T201  # pytest -s shows it
    assert len(shares) >= 5
    assert max(shares) <= 1000
    assert sorted(shares)[len(shares) // 2] >= 900
