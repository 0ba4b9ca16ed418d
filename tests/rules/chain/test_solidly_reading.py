"""A Solidly pool is read as a pair, and refused if its contract computes otherwise than it is listed."""

from __future__ import annotations

import attrs
import pytest

from alphapulse.data.log_stamp import LogStamp
from alphapulse.data.pools import PoolKind
from alphapulse.errors import AnswerRefused
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.chain import pool_calls
from alphapulse.rules.chain.pool_comparison import difference
from tests.rules.arbitrage.market_graphs import graph_pool

STAMP = LogStamp(7, 0, 0, None, b"\1" * 32, 1, 1)


def words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in numbers)


@pytest.mark.parametrize(("kind", "stable"), [(PoolKind.SOLIDLY_VOLATILE, 0), (PoolKind.SOLIDLY_STABLE, 1)])
def test_reserves_are_read_and_compared(kind: PoolKind, stable: int) -> None:
    pool = attrs.evolve(graph_pool(0, 1, 2), kind=kind)
    assert len(pool_calls.head_calls(pool)) == 2
    head = pool_calls.head_of(pool, [words(10**20, 10**21, 5), words(stable)])
    assert head is not None
    book = PoolBook([pool])
    for message in pool_calls.messages_of(pool, head, None, STAMP, "read"):
        book.apply(message)
    state = book.state(pool.id)
    assert state is not None
    assert state.quote_in(0, 1, 10**18).amount_out > 0
    assert difference(state, head, None) == ""
    assert "reserves" in difference(state, head._replace(first=1), None)
    with pytest.raises(AnswerRefused, match=f"to be {kind.name.lower()}, found a"):
        pool_calls.head_of(pool, [words(10**20, 10**21, 5), words(1 - stable)])
