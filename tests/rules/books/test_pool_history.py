"""The states at every position of the last blocks, against books that saw only what came before."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from alphapulse.data.market import BLOCK_END
from alphapulse.data.pools import Trust
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.books.pool_book import HISTORY_BLOCKS, Position
from alphapulse.rules.books.pool_history import PoolHistory
from tests.rules.arbitrage.market_samples import collect, day_events, mint, swap
from tests.rules.books.book_samples import POOLS, chain_histories, reorganised, replayed
from tests.rules.events.recorded_day import pools

ONE, TWO = POOLS[:2]
FAIR = 1 << 96


@given(chain_histories())
def test_every_position_reads_as_when_it_was_the_newest(history: list[tuple[Any, list[Any]]]) -> None:
    """Of pools of all kinds on two chains, with reorganisations among the events."""
    past = PoolHistory(POOLS)
    for event, _ in history:
        past.apply(event)
    kept = history[-1][1]
    positions: set[Position] = {one.stamp.position for one in kept}
    for position in positions | {(block, BLOCK_END) for block, _ in positions} | {(1, 0), (2000, 5)}:
        before = replayed([one for one in kept if one.stamp.position <= position])
        for pool in POOLS:
            assert past.state_at(pool.id, position) == before.state(pool.id)
        for chain_id in (1, 137):
            behind = [
                one.stamp.log_index
                for one in kept
                if one.pool.chain_id == chain_id
                and one.stamp.block_number == position[0]
                and one.stamp.position > position
            ]
            assert past.logs_after(chain_id, position) == behind


def test_old_blocks_are_forgotten_and_the_last_ones_are_not() -> None:
    """Memory stays bounded over thousands of blocks of one pool, while a quiet pool keeps its only state."""
    history = PoolHistory([ONE, TWO])
    history.apply(swap(TWO, (1, 0), FAIR))
    for block in range(1, 5001):
        history.apply(swap(ONE, (block, 1), FAIR, block))
    assert len(history._chains[1].undo) == len(history._logs[1].blocks) == HISTORY_BLOCKS + 1
    for block in range(5001 - HISTORY_BLOCKS, 5001, 100):
        found = history.state_at(ONE.id, (block, 0))
        assert isinstance(found, ConcentratedState)
        assert found.liquidity == block - 1
        assert history.logs_after(1, (block, 0)) == [1]
    assert history.state_at(ONE.id, (4998 - HISTORY_BLOCKS, BLOCK_END)) is None
    assert history.state_at(TWO.id, (4000, 0)) == history.state(TWO.id)
    assert history.state_at(POOLS[2].id, (4000, 0)) is None


def test_a_reorganisation_takes_back_logs_too() -> None:
    """Those of its own chain alone; a collect is a log, though it changes nothing."""
    history = PoolHistory(POOLS)
    for event in (swap(ONE, (1, 0), FAIR), collect(ONE, (1, 1)), mint(ONE, (2, 0), (-60, 60), 5)):
        history.apply(event)
    assert (history.logs_after(1, (1, 0)), history.logs_after(1, (2, -1))) == ([1], [0])
    assert history.logs_after(137, (1, 0)) == []
    history.apply(reorganised(137, 0))
    history.apply(reorganised(1, 1))
    assert (history.logs_after(1, (1, 0)), history.logs_after(1, (2, -1))) == ([1], [])
    history.remove(ONE.id)
    history.apply(collect(ONE, (3, 0)))
    assert history.logs_after(1, (3, -1)) == []


def test_the_recorded_day_reads_back() -> None:
    """At each event the last 20 states are as they were when they were new."""
    history = PoolHistory(pools())
    seen: list[Any] = []
    for event in day_events():
        history.apply(event)
        seen.append((event.stamp.position, event.pool, history.state(event.pool)))
        for position, pool_id, expected in seen[-20:]:
            assert history.state_at(pool_id, position) == expected
    assert all(history.trust(pool.id) is Trust.IN_RANGE for pool in pools())
