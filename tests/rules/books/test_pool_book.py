"""The newest states, and the states at every position of the last blocks, against a naive book."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import (
    BLOCK_END,
    MarketEvent,
    PoolBurn,
    PoolEvent,
    PoolMint,
    PoolState,
    PoolSwap,
    StreamState,
)
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick
from alphapulse.rules.books.pool_book import Position, RangeState
from alphapulse.rules.books.pool_history import HISTORY_BLOCKS, PRUNE_AT, PoolHistory
from tests.rules.arbitrage.market_samples import (
    burn,
    collect,
    completed,
    day_events,
    mint,
    pool,
    stamp,
    state,
    status,
    swap,
)

POOLS = [pool(number) for number in (1, 2)]
ONE, TWO = POOLS
FAIR = 1 << 96


class NaiveBook:
    """Keeps all events and computes each answer from the beginning."""

    def __init__(self) -> None:
        self.events: list[PoolEvent] = []

    def state_at(self, pool_id: object, position: Position) -> RangeState | None:
        found: RangeState | None = None
        for event in self.events:
            if event.pool != pool_id or event.stamp.position > position:
                continue
            if isinstance(event, PoolSwap):
                found = RangeState(event.sqrt_price_x96, event.liquidity, event.tick, event.stamp)
            elif (
                isinstance(event, PoolMint | PoolBurn)
                and found is not None
                and found.tick in range(event.tick_lower, event.tick_upper)
            ):
                change = event.liquidity if isinstance(event, PoolMint) else -event.liquidity
                found = RangeState(found.sqrt_price_x96, max(0, found.liquidity + change), found.tick, event.stamp)
        return found

    def logs_after(self, position: Position) -> list[int]:
        stamps = [event.stamp for event in self.events]
        return [one.log_index for one in stamps if one.block_number == position[0] and one.position > position]


@st.composite
def histories(draw: st.DrawFn) -> list[PoolEvent]:
    """Events of two pools in chain order, over blocks that may lie far apart."""
    events: list[PoolEvent] = []
    block = 0
    for _ in range(draw(st.integers(0, 12))):
        block += draw(st.integers(1, 40))
        log_index = -1
        for _ in range(draw(st.integers(1, 4))):
            log_index += draw(st.integers(1, 9))
            where, of = (block, log_index), draw(st.sampled_from(POOLS))
            kind = draw(st.sampled_from(["swap", "swap", "mint", "burn", "collect"]))
            ticks = draw(st.sampled_from([(-60, 60), (0, 60), (-60, 0), (60, 120)]))
            if kind == "swap":
                price = sqrt_ratio_at_tick(draw(st.integers(-70, 130)))
                events.append(swap(of, where, price, draw(st.integers(0, 100))))
            elif kind == "collect":
                events.append(collect(of, where))
            else:
                events.append((mint if kind == "mint" else burn)(of, where, ticks, draw(st.integers(0, 60))))
    return events


def filled(events: list[PoolEvent]) -> tuple[PoolHistory, NaiveBook]:
    history, naive = PoolHistory(), NaiveBook()
    for event in events:
        assert history.apply(event) is (event if isinstance(event, PoolSwap) else None)
        naive.events.append(event)
    return history, naive


@given(histories(), st.integers(0, 45), st.integers(0, 40))
def test_every_kept_position_reads_as_in_the_naive_book(events: list[PoolEvent], behind: int, log_index: int) -> None:
    """At each event, at block ends and at any position of the last blocks."""
    history, naive = filled(events)
    newest = events[-1].stamp.block_number if events else 0
    positions = [event.stamp.position for event in events if event.stamp.block_number >= newest - HISTORY_BLOCKS]
    positions += [(newest, BLOCK_END), (max(0, newest - behind), log_index)]
    for position in positions:
        for of in POOLS:
            assert history.state_at(of.id, position) == naive.state_at(of.id, position)
        assert history.logs_after(position) == naive.logs_after(position)
    for of in POOLS:
        assert history.book.state(of.id) == naive.state_at(of.id, (newest, BLOCK_END))


@given(histories())
def test_a_book_that_starts_from_a_snapshot_goes_on_like_the_old_one(events: list[PoolEvent]) -> None:
    half = len(events) // 2
    history, naive = filled(events[:half])
    fresh = PoolHistory()
    for message in history.book.snapshot():
        fresh.apply(message)
    for event in events[half:]:
        naive.events.append(event)
        assert fresh.apply(event) == history.apply(event)
        for of in POOLS:
            assert fresh.book.state(of.id) == history.book.state(of.id)


def test_the_snapshot_is_each_known_pools_newest_state() -> None:
    """Corrected by mints; with the stamp of the event after which it holds."""
    history, _ = filled([swap(ONE, (1, 0), FAIR, 5), swap(ONE, (1, 1), FAIR, 7), mint(ONE, (1, 2), (-60, 60), 3)])
    assert list(history.book.snapshot()) == [PoolState(stamp((1, 2)), ONE.id, FAIR, 10, 0)]
    assert list(PoolHistory().book.snapshot()) == []


@pytest.mark.parametrize(("tick", "inside"), [(-61, False), (-60, True), (59, True), (60, False)])
def test_a_range_holds_its_lower_tick_and_not_its_upper(tick: int, inside: bool) -> None:
    price = sqrt_ratio_at_tick(tick)
    for change, liquidity in ((mint, 130), (burn, 70)):
        history, _ = filled([swap(ONE, (1, 0), price, 100), change(ONE, (1, 1), (-60, 60), 30)])
        now = history.book.state(ONE.id)
        assert now is not None
        assert now.liquidity == (liquidity if inside else 100)
        assert now.stamp.position == ((1, 1) if inside else (1, 0))


def test_liquidity_never_falls_below_zero() -> None:
    """A burn of what was minted before the history began, of a range that it had not seen, cannot make it negative."""
    history, _ = filled([swap(ONE, (1, 0), FAIR, 5), burn(ONE, (1, 1), (-60, 60), 6)])
    assert history.book.state(ONE.id) == state(FAIR, 0, (1, 1))


def test_an_unknown_pool_has_no_state() -> None:
    """Until its first swap: a mint says nothing of the price."""
    history, _ = filled([mint(ONE, (1, 0), (-60, 60), 5), swap(TWO, (1, 1), FAIR)])
    assert history.book.state(ONE.id) is None
    assert history.state_at(ONE.id, (1, BLOCK_END)) is None
    assert history.state_at(TWO.id, (1, 0)) is None
    assert history.logs_after((1, 0)) == [1]
    assert history.logs_after((2, 0)) == []


def test_a_reset_forgets_everything() -> None:
    history, _ = filled([swap(ONE, (1, 0), FAIR)])
    history.apply(status(StreamState.RESET))
    assert history.book.state(ONE.id) is None
    assert history.logs_after((1, -1)) == []
    assert list(history.book.snapshot()) == []


@pytest.mark.parametrize(
    "message", [completed((1, 0)), *(status(one) for one in StreamState if one is not StreamState.RESET)]
)
def test_other_messages_change_nothing(message: MarketEvent) -> None:
    history, _ = filled([swap(ONE, (1, 0), FAIR)])
    assert history.apply(message) is None
    assert history.book.state(ONE.id) == state(FAIR, position=(1, 0))
    assert history.logs_after((1, -1)) == [0]


def test_old_blocks_are_forgotten_and_the_last_ones_are_not() -> None:
    """Memory stays bounded over ten thousand blocks of one pool, while a quiet pool keeps its only state."""
    history = PoolHistory()
    history.apply(swap(TWO, (1, 0), FAIR))
    for block in range(1, 10_001):
        history.apply(swap(ONE, (block, 1), FAIR, block))
        oldest = history.state_at(ONE.id, (block - HISTORY_BLOCKS, 0))
        liquidity = 0 if oldest is None else oldest.liquidity
        assert liquidity == max(0, block - HISTORY_BLOCKS - 1)
    assert len(history._tracks[ONE.id].states) == len(history._tracks[ONE.id].positions) <= PRUNE_AT
    assert len(history._logs) <= HISTORY_BLOCKS + 1
    for block in range(10_000 - HISTORY_BLOCKS, 10_001):
        found = history.state_at(ONE.id, (block, 0))
        assert found is not None
        assert found.liquidity == block - 1
        assert history.logs_after((block, 0)) == [1]
    assert history.state_at(ONE.id, (1, 1)) is None
    assert history.state_at(TWO.id, (9_000, 0)) == state(FAIR, position=(1, 0))


def test_the_recorded_day_stays_within_bounds_and_right() -> None:
    """At each event the last 20 states read back as they were when they were new."""
    history = PoolHistory()
    seen: list[tuple[Position, InstrumentId, RangeState | None]] = []
    for event in day_events():
        history.apply(event)
        seen.append((event.stamp.position, event.pool, history.book.state(event.pool)))
        for position, pool_id, expected in seen[-20:]:
            if position[0] >= event.stamp.block_number - HISTORY_BLOCKS:
                assert history.state_at(pool_id, position) == expected
    assert all(len(track.states) <= PRUNE_AT for track in history._tracks.values())
