"""The recorded half day: 2,863 states, 29 opportunities in 17 blocks and 18 episodes, none at block ends."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from functools import cache
from itertools import combinations
from pathlib import Path

import attrs
import pytest

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import MarketEvent, PoolEvent, PoolSwap
from alphapulse.data.pools import Pool
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.arbitrage.cycle_sizing import size_cycle
from alphapulse.rules.arbitrage.open_cycle import OpenCycle, newest_stamp
from alphapulse.rules.arbitrage.open_sizing import OpenSizing
from alphapulse.rules.arbitrage.pair import PoolPair
from alphapulse.rules.arbitrage.path import SizedPath
from alphapulse.rules.arbitrage.repricing import reprice
from alphapulse.rules.arbitrage.scanner import CycleScanner
from alphapulse.rules.books.pool_book import PoolBook, Position
from tests.rules.arbitrage.market_samples import changed, day_events, day_with_block_ends
from tests.rules.arbitrage.sizing_oracle import Cycle
from tests.rules.events.recorded_day import pools

VECTORS = Path(__file__).parents[2] / "vectors/arbitrage"
USDC, WETH = pools()[0].pair


@cache
def gap_rows() -> tuple[dict[str, str], ...]:
    with gzip.open(VECTORS / "gap_states_h00-12.csv.gz", "rt") as file:
        return tuple(csv.DictReader(file))


@cache
def positive_rows() -> dict[tuple[int, int], dict[str, str]]:
    with (VECTORS / "net_positive_states_h00-12.csv").open() as file:
        return {(int(row["block_number"]), int(row["log_index"])): row for row in csv.DictReader(file)}


@attrs.frozen
class Found:
    """An opportunity state of the day with its best trade."""

    position: Position
    opened: OpenCycle
    path: SizedPath

    @property
    def pools(self) -> tuple[InstrumentId, ...]:
        return self.opened.cycle.pools


def sized(scanner: CycleScanner, events: Iterable[MarketEvent]) -> list[Found]:
    sizing, found = OpenSizing(), []
    for moment in scanner.scan(events):
        for opened in moment.cycles:
            path = sizing.best(opened)
            assert path is not None
            found.append(Found(moment.position, opened, path))
    return found


def scan(base_token: bytes, *, per_block: bool = False) -> tuple[CycleScanner, list[Found]]:
    scanner = CycleScanner(pools(), (base_token,), per_block=per_block)
    return scanner, sized(scanner, day_with_block_ends())


def test_counts_of_the_day() -> None:
    scanner, found = scan(USDC)
    counts = scanner.counts
    assert (counts.states, counts.screened_out, counts.opportunities) == (2863, 2863 - 29, 29)
    assert (counts.blocks, counts.episodes) == (17, 18)
    assert sum(one.opened.opens_episode for one in found) == 18
    assert sum(one.path.profit for one in found) == 7_479_841_507


def test_every_state_is_the_recorded_one() -> None:
    """Both pools' price, tick and liquidity at all 2,863 states, liquidity corrected by mints and burns."""
    book, rows = PoolBook(pools()), iter(gap_rows())
    first, second = (pool.id for pool in pools())
    for event in day_events():
        if not isinstance(book.apply(event), PoolSwap):
            continue
        a, b = book.state(first), book.state(second)
        if a is None or b is None:
            continue
        row = next(rows)
        assert event.stamp.position == (int(row["block_number"]), int(row["log_index"]))
        assert event.pool.name == row["event_pool"]
        assert isinstance(a, ConcentratedState)
        assert isinstance(b, ConcentratedState)
        assert a[:3] == (int(row["a_sqrt_price_x96"]), int(row["a_liquidity"]), int(row["a_tick"]))
        assert b[:3] == (int(row["b_sqrt_price_x96"]), int(row["b_liquidity"]), int(row["b_tick"]))
    assert next(rows, None) is None


def test_the_opportunities_are_the_29_states_with_their_profit() -> None:
    """Each profit lies between the recorded lower bound and 10 raw units more, sold and bought in the right pools."""
    _, found = scan(USDC)
    assert [one.position for one in found] == list(positive_rows())
    for one in found:
        row = positive_rows()[one.position]
        recorded = int(row["profit_usdc_raw_in_range"])
        assert recorded <= one.path.profit <= recorded + 10
        assert [step.pool.id.name for step in one.path.steps] == [row["sell_usdc_in_pool"], row["buy_usdc_in_pool"]]
        assert newest_stamp(one.opened.states).position == one.position


@pytest.mark.parametrize("base_token", [USDC, WETH])
def test_no_size_earns_more(base_token: bytes) -> None:
    """A search over exact swaps finds at most one raw unit more, or one raw unit of the middle token's worth."""
    for one, (first, second) in zip(scan(base_token)[1], opportunity_states(), strict=True):
        cycle = Cycle.of(PoolPair(pools()[0], pools()[1], base_token), first, second)
        assert cycle.profit(one.path.size) == one.path.profit
        assert cycle.searched() - one.path.profit <= (1 if base_token == USDC else cycle.tolerance())
        assert one.path.profit <= cycle.continuous_bound()


@cache
def opportunity_states() -> tuple[tuple[ConcentratedState, ConcentratedState], ...]:
    book = PoolBook(pools())
    states: list[tuple[ConcentratedState, ConcentratedState]] = []
    for event in day_events():
        book.apply(event)
        if event.stamp.position in positive_rows():
            first, second = (book.state(pool.id) for pool in pools())
            assert isinstance(first, ConcentratedState)
            assert isinstance(second, ConcentratedState)
            states.append((first, second))
    return tuple(states)


@pytest.mark.parametrize("base_token", [USDC, WETH])
def test_a_path_pays_at_its_own_state_what_it_says(base_token: bytes) -> None:
    """Repricing at the seen state is the same path: a paper trade without latency is never lost."""
    for one, states in zip(scan(base_token)[1], opportunity_states(), strict=True):
        state_of = {pool.id: state for pool, state in zip(pools(), states, strict=True)}
        legs = [(step.pool, state_of[step.pool.id], step.as_leg()) for step in one.path.steps]
        assert reprice(legs, one.path.size) == one.path.steps


def test_mirrored_for_the_other_base_token() -> None:
    """With WETH as profit token the same states open, and the cycle begins in the pool where it ended."""
    plain, mirrored = scan(USDC)[1], scan(WETH)[1]
    assert [one.position for one in mirrored] == [one.position for one in plain]
    for one, other in zip(plain, mirrored, strict=True):
        assert [step.pool for step in one.path.steps] == [step.pool for step in reversed(other.path.steps)]
        assert [step.zero_for_one for step in one.path.steps] == [True, False]
        assert [step.zero_for_one for step in other.path.steps] == [False, True]
        assert one.path.profit > 0 < other.path.profit


def test_the_profit_token_is_token0_where_no_base_token_is_held() -> None:
    scanner = CycleScanner(pools(), (bytes(20),), per_block=False)
    assert [one.path for one in sized(scanner, day_events())] == [one.path for one in scan(USDC)[1]]


@pytest.mark.parametrize("base_token", [USDC, WETH])
def test_the_way_for_any_cycle_says_the_same(base_token: bytes) -> None:
    """Sized as a cycle of any length, each of the 29 states brings the same profit to the last unit."""
    for one in scan(base_token)[1]:
        path = size_cycle(one.opened.cycle, one.opened.states)
        assert path is not None
        assert path.profit == one.path.profit


def test_no_block_end_has_an_opportunity() -> None:
    scanner, found = scan(USDC, per_block=True)
    blocks = {event.stamp.block_number for event in day_events() if isinstance(event, PoolSwap)}
    first_state = int(gap_rows()[0]["block_number"])
    assert found == []
    assert scanner.counts.opportunities == scanner.counts.episodes == scanner.counts.blocks == 0
    assert scanner.counts.states == scanner.counts.screened_out == len({one for one in blocks if one >= first_state})


def three_pools() -> tuple[tuple[Pool, ...], list[PoolEvent]]:
    """The two pools and a third one that goes, for a fee of 0.01%, where the 0.30% pool was three swaps before."""
    third_id = InstrumentId.from_pool_address(bytes([7]) * 20, Venue.UNISWAP_V3)
    third = attrs.evolve(pools()[1], id=third_id, name="third", fee_ppm=100)
    events: list[PoolEvent] = []
    before: list[PoolSwap] = []
    for event in day_events():
        events.append(event)
        if isinstance(event, PoolSwap) and event.pool == pools()[1].id:
            before.append(event)
            if len(before) > 3:
                late = changed(event.stamp, log_index=event.stamp.log_index + 100_000)
                events.append(changed(before[-4], pool=third_id, stamp=late))
    events.sort(key=lambda event: event.stamp.position)
    return (*pools(), third), events


def test_with_three_pools_each_pair_counts_by_itself() -> None:
    """Each two pools see the opportunities and episodes that they see alone; a block counts once for all."""
    trio, events = three_pools()
    scanner = CycleScanner(trio, (USDC,), per_block=False)
    found = sized(scanner, events)
    assert len({frozenset(one.pools) for one in found}) == 3
    alone = [CycleScanner(two, (USDC,), per_block=False) for two in combinations(trio, 2)]
    for single, two in zip(alone, combinations(trio, 2), strict=True):
        expected = [(one.position, one.opened.opens_episode, one.path) for one in sized(single, events)]
        assert expected == [
            (one.position, one.opened.opens_episode, one.path)
            for one in found
            if set(one.pools) == {pool.id for pool in two}
        ]
    for name in ("opportunities", "episodes"):
        assert getattr(scanner.counts, name) == sum(getattr(single.counts, name) for single in alone)
    assert scanner.counts.blocks == len({one.position[0] for one in found})
