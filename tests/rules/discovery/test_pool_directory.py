"""Whoever holds a directory's mappings sees pools come and go."""

from __future__ import annotations

import attrs

from alphapulse.data.verdicts import PoolVerdict
from alphapulse.rules.discovery.pool_directory import PoolDirectory
from alphapulse.rules.discovery.pool_info import info_of
from tests.rules.arbitrage.market_samples import TOKEN_A, TOKEN_B, TOKEN_C, pool


def test_found_pools_join_and_those_not_believed_leave_with_their_names_kept() -> None:
    one, two = pool(1), pool(2, pair=(TOKEN_A, TOKEN_C))
    directory = PoolDirectory([one])
    assert PoolDirectory.of(directory) is directory
    by_id, tokens, pairs = directory.by_id, directory.tokens, directory.pairs
    found = info_of(two, 1, 1)
    directory.heed(found)
    directory.heed(found)
    assert [one.id for one in directory] == [one.id, two.id]
    assert pairs[two.id] == two.pair
    assert set(tokens) == {TOKEN_A.address, TOKEN_B.address, TOKEN_C.address}
    directory.heed(PoolVerdict(two.id, True, "proved"))
    assert len(directory) == 2
    directory.heed(PoolVerdict(two.id, False, "its token is quarantined"))
    directory.heed(PoolVerdict(pool(9).id, False, "never heard of"))
    assert (list(directory), directory[0], directory[-1:]) == ([one], one, [one])
    assert two.id not in pairs
    assert by_id[two.id].tokens == two.tokens
    directory.heed(found)
    assert len(directory) == 2


def test_a_pool_stays_what_it_was_registered_as() -> None:
    one = pool(1)
    directory = PoolDirectory([one])
    directory.add(attrs.evolve(one, name="another name"))
    assert directory.by_id[one.id] is one
