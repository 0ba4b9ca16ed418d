"""The cycle index: what is kept as pools come and go is what a new index would hold, and that is every cycle."""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool
from alphapulse.rules.arbitrage.cycle_index import MOST_LOOPS, CycleIndex
from tests.rules.arbitrage.market_graphs import Walk, address, all_walks, graph_pool, walk_of

TOKENS = st.integers(1, 5)
POOLS = st.lists(TOKENS, min_size=2, max_size=3, unique=True)


def cycles_of(index: CycleIndex, pools: list[Pool]) -> dict[str, set[Walk]]:
    """What the index names for each pool; a cycle that it named twice would be an error."""
    found = {}
    for pool in pools:
        walks = [walk_of(cycle) for cycle in index.cycles_through(pool.id)]
        assert len(walks) == len(set(walks))
        found[pool.id.name] = set(walks)
    return found


@settings(max_examples=60)
@given(
    st.lists(st.tuples(POOLS, st.booleans(), st.integers(0, 20)), min_size=1, max_size=9),
    st.sets(TOKENS, max_size=2),
    st.sampled_from([MOST_LOOPS, 1, 2, 3]),
)
def test_kept_up_to_date_is_the_same_as_built_anew(
    steps: list[tuple[list[int], bool, int]], bases: set[int], most_loops: int
) -> None:
    """Pools come and go, and some are looked at in between; without a cap in the way that is every cycle there is."""
    base_tokens = [address(one) for one in sorted(bases)]
    index = CycleIndex(base_tokens, most_loops=most_loops)
    present: list[Pool] = []
    for number, (tokens, goes, look) in enumerate(steps):
        present.append(graph_pool(number, *tokens))
        index.add(present[-1])
        list(index.cycles_through(present[look % len(present)].id))
        if goes:
            index.remove(present.pop(look % len(present)).id)
    fresh = CycleIndex(base_tokens, most_loops=most_loops)
    for pool in present:
        fresh.add(pool)
    found = cycles_of(index, present)
    assert found == cycles_of(fresh, present)
    if not index.full_edges:
        walks = all_walks(present, base_tokens)
        assert found == {one.id.name: {walk for walk in walks if _passes(walk, one)} for one in present}


def _passes(walk: Walk, pool: Pool) -> bool:
    return any(name == pool.id.name for name, _, _ in walk)


def test_a_cycle_begins_at_the_first_base_token_on_it() -> None:
    pools = [graph_pool(1, 1, 2), graph_pool(2, 2, 3), graph_pool(3, 1, 3), graph_pool(4, 2, 3)]
    index = CycleIndex([address(3), address(1)])
    for pool in pools:
        index.add(pool)
    assert {cycle.profit_token for cycle in index.cycles_through(pools[1].id)} == {address(3)}
    without = CycleIndex()
    for pool in pools:
        without.add(pool)
    assert {(len(one.hops), one.profit_token) for one in without.cycles_through(pools[1].id)} == {(2, address(2))}


def test_a_full_edge_keeps_the_short_loops_then_the_least_addresses_and_says_so() -> None:
    """Six triangles over one pair of tokens, of which two fit beside the loop of its two pools."""
    pools = [graph_pool(1, 1, 2), graph_pool(2, 1, 2)]
    for third in (9, 8, 7, 6, 5, 4):
        pools += [graph_pool(10 + third, 1, third), graph_pool(20 + third, 2, third)]
    index = CycleIndex([address(1)], most_loops=3)
    for pool in pools:
        index.add(pool)
    cycles = list(index.cycles_through(pools[0].id))
    assert sorted(len(cycle.hops) for cycle in cycles) == [2, 2, 3, 3, 3, 3]
    passed = {hop.sold for cycle in cycles for hop in cycle.hops}
    assert passed == {address(one) for one in (1, 2, 4, 5)}
    (full,) = index.full_edges
    assert (full.low.address, full.high.address) == (address(1), address(2))
    beyond = index.cycles_through(graph_pool(29, 2, 9).id)
    assert any(pools[0].id in cycle.pools for cycle in beyond), "a loop left out at one edge is found at the others"


def test_pools_of_one_address_on_two_chains_never_meet() -> None:
    """Tokens have the same address on many chains; a trade cannot pass from one chain to another."""
    here = graph_pool(1, 1, 2)
    there = attrs.evolve(here, id=InstrumentId.from_pool_address(address(77), Venue.POLYGON))
    index = CycleIndex([address(1)])
    index.add(here)
    index.add(there)
    assert list(index.cycles_through(here.id)) == []


def test_an_unknown_pool_has_no_cycles_and_its_removal_changes_nothing() -> None:
    index = CycleIndex()
    pool = graph_pool(1, 1, 2)
    assert index.add(pool) is index.add(pool)
    index.remove(graph_pool(2, 1, 2).id)
    assert (len(index), pool.id in index) == (1, True)
    assert list(index.cycles_through(graph_pool(2, 1, 2).id)) == []
