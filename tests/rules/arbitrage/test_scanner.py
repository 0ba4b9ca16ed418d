"""States, opportunities and episodes of hand-made pools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pytest

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.market import MarketEvent, PoolState, StreamState
from alphapulse.data.pool_events import PoolInitialized
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.arbitrage.open_cycle import OpenCycle
from alphapulse.rules.arbitrage.open_sizing import OpenSizing
from alphapulse.rules.arbitrage.pair import PoolPair
from alphapulse.rules.arbitrage.path import SizedPath
from alphapulse.rules.arbitrage.scanner import CycleScanner
from alphapulse.rules.arbitrage.sizing import size_path
from alphapulse.rules.books.pool_book import Position
from tests.rules.arbitrage.market_graphs import graph_pool
from tests.rules.arbitrage.market_samples import (
    LIQUIDITY,
    TOKEN_A,
    burn,
    changed,
    collect,
    completed,
    mint,
    pool,
    stamp,
    state,
    status,
    swap,
)

ONE, TWO, THREE = pool(1, 500, 10), pool(2, 3000, 60), pool(3, 500, 10)
FAIR = 1 << 96
DEAR = FAIR * 1003 // 1000
"""0.6% above FAIR: more than both fees."""
NEAR = FAIR * 1001 // 1000
"""0.2% above FAIR: less than both fees."""


class Found(NamedTuple):
    """An open cycle, where it was found, and its best trade."""

    position: Position
    opened: OpenCycle
    path: SizedPath | None

    @property
    def opens_episode(self) -> bool:
        return self.opened.opens_episode

    @property
    def pools(self) -> set[str]:
        return {pool.name for pool in self.opened.cycle.pools}


def scanned(scanner: CycleScanner, events: Iterable[MarketEvent]) -> list[Found]:
    """All that the scanner yields."""
    sizing = OpenSizing()
    return [
        Found(moment.position, opened, sizing.best(opened))
        for moment in scanner.scan(events)
        for opened in moment.cycles
    ]


def scanner(*, per_block: bool = False, repeats: bool = False, pools: Sequence[Pool] = (ONE, TWO)) -> CycleScanner:
    return CycleScanner(pools, (), per_block=per_block, repeats=repeats)


def opened(watching: CycleScanner, events: Sequence[MarketEvent]) -> list[tuple[Position, bool]]:
    return [(found.position, found.opens_episode) for found in scanned(watching, events)]


def best_of(dear: ConcentratedState, fair: ConcentratedState) -> SizedPath:
    """The best trade between the two pools at these states."""
    return size_path(PoolPair(ONE, TWO, TOKEN_A.address), dear, fair)


def test_a_state_needs_a_swap_of_both_pools() -> None:
    watching = scanner()
    assert scanned(watching, [swap(ONE, (1, 0), FAIR), swap(ONE, (1, 1), DEAR)]) == []
    assert watching.counts.states == 0
    assert opened(watching, [swap(TWO, (1, 2), FAIR)]) == [((1, 2), True)]
    assert watching.counts.states == 1


def test_mint_burn_and_collect_make_no_state() -> None:
    """Also while a gap stands open."""
    watching = scanner()
    scanned(watching, [swap(ONE, (1, 0), DEAR), swap(TWO, (1, 1), FAIR)])
    others: list[MarketEvent] = [mint(ONE, (1, 2), (-60, 60), 5), burn(TWO, (1, 3), (-60, 60), 5), collect(ONE, (1, 4))]
    assert scanned(watching, others) == []
    assert watching.counts.states == 1


def test_a_mint_before_the_first_swap_is_forgotten() -> None:
    """Its liquidity is part of what the swap then says."""
    watching = scanner()
    (found,) = scanned(
        watching, [mint(ONE, (1, 0), (-887_220, 887_220), 5), swap(ONE, (1, 1), DEAR), swap(TWO, (1, 2), FAIR)]
    )
    assert found.path == best_of(state(DEAR), state(FAIR))


@pytest.mark.parametrize(
    ("ticks", "counts"),
    [
        ((-60, 60), True),
        ((0, 60), True),
        ((-60, 0), False),
        ((60, 120), False),
        ((1, 60), False),
        ((-60, 1), True),
    ],
)
def test_liquidity_in_range_changes_the_size(ticks: tuple[int, int], counts: bool) -> None:
    """A range holds its lower tick and not its upper one; what lies beside the tick changes nothing."""
    before, change = LIQUIDITY, 7 * 10**17
    for event, after in ((mint, before + change), (burn, before - change)):
        watching = scanner()
        events = [swap(TWO, (1, 0), FAIR), event(TWO, (1, 1), ticks, change), swap(ONE, (1, 2), DEAR)]
        (found,) = scanned(watching, events)
        assert found.path == best_of(state(DEAR), state(FAIR, after if counts else before))
        assert found.path != best_of(state(DEAR), state(FAIR, before if counts else after))


def test_an_episode_lasts_until_a_state_without_opportunity() -> None:
    """Consecutive opportunity states are one episode, over block borders and other pools' events alike."""
    watching = scanner()
    events: list[MarketEvent] = [
        swap(TWO, (1, 0), FAIR),
        swap(ONE, (1, 1), DEAR),
        mint(ONE, (1, 2), (-60, 60), 1),
        swap(ONE, (1, 3), DEAR),
        completed((1, 3)),
        swap(TWO, (2, 0), FAIR),
        swap(ONE, (2, 1), NEAR),
        swap(ONE, (2, 2), DEAR),
    ]
    expected = [((1, 1), True), ((1, 3), False), ((2, 0), False), ((2, 2), True)]
    assert opened(watching, events) == expected
    counts = watching.counts
    assert (counts.states, counts.screened_out, counts.opportunities) == (5, 1, 4)
    assert (counts.episodes, counts.blocks) == (2, 2)


def test_a_gap_that_turns_round_stays_one_episode() -> None:
    """An episode is a run of opportunity states of the pair, whichever pool is the dearer one."""
    watching = scanner()
    assert opened(
        watching, [swap(ONE, (1, 0), DEAR), swap(TWO, (1, 1), FAIR), swap(ONE, (1, 2), FAIR * 99 // 100)]
    ) == [
        ((1, 1), True),
        ((1, 2), False),
    ]


def test_states_of_another_pair_end_no_episode() -> None:
    """With three pools the swap of one is a state of all cycles through it, and of no other."""
    watching = scanner(pools=(ONE, TWO, THREE))
    scanned(watching, [swap(ONE, (1, 0), DEAR), swap(TWO, (1, 1), FAIR)])
    events = [swap(THREE, (1, 2), FAIR), swap(THREE, (1, 3), NEAR), swap(TWO, (1, 4), FAIR)]
    found = [(one.pools, one.position, one.opens_episode) for one in scanned(watching, events)]
    first, second, third = (one.id.name for one in (ONE, TWO, THREE))
    assert found == [
        ({first, third}, (1, 2), True),
        ({first, third}, (1, 3), False),
        ({first, second}, (1, 4), False),
    ]
    assert watching.counts.states == 4
    assert watching.counts.blocks == 1


def test_a_reset_forgets_prices_and_episodes() -> None:
    watching = scanner()
    scanned(watching, [swap(ONE, (1, 0), DEAR), swap(TWO, (1, 1), FAIR), status(StreamState.RESET)])
    assert opened(watching, [swap(ONE, (1, 0), DEAR)]) == []
    assert opened(watching, [swap(TWO, (1, 1), FAIR)]) == [((1, 1), True)]
    assert (watching.counts.episodes, watching.counts.blocks) == (2, 2)


def test_other_stream_states_forget_nothing() -> None:
    watching = scanner()
    scanned(watching, [swap(ONE, (1, 0), DEAR), *(status(one) for one in StreamState if one is not StreamState.RESET)])
    assert opened(watching, [swap(TWO, (1, 1), FAIR)]) == [((1, 1), True)]


def test_a_snapshot_gives_prices_but_makes_no_state() -> None:
    """A new life starts from the relay's newest pool states."""
    watching = scanner()
    snapshot = [PoolState(stamp((1, at)), one.id, price, LIQUIDITY, 0) for at, (one, price) in enumerate([(TWO, FAIR)])]
    assert scanned(watching, snapshot) == []
    assert opened(watching, [swap(ONE, (1, 5), DEAR)]) == [((1, 5), True)]


def test_a_gap_that_a_snapshot_shows_opens_no_episode() -> None:
    """It began before, in another life; once it has closed, the next one is an episode like any other."""
    prices = ((ONE, DEAR), (TWO, FAIR))
    snapshot = [PoolState(stamp((1, at)), of.id, price, LIQUIDITY, 0) for at, (of, price) in enumerate(prices)]
    later = [swap(ONE, (2, 0), DEAR), swap(ONE, (2, 1), NEAR), swap(ONE, (2, 2), DEAR)]
    assert opened(scanner(), [*snapshot, *later]) == [((2, 0), False), ((2, 2), True)]


def test_block_mode_looks_once_at_each_complete_block() -> None:
    """A gap that is closed inside its block is not seen; one that stands at its end is, at the block's last log."""
    watching = scanner(per_block=True)
    assert scanned(watching, [swap(TWO, (1, 0), FAIR), swap(ONE, (1, 1), DEAR), swap(ONE, (1, 2), NEAR)]) == []
    assert watching.counts.states == 0
    assert scanned(watching, [completed((1, 2))]) == []
    assert watching.counts.states == 1
    later: list[MarketEvent] = [
        swap(ONE, (2, 0), NEAR),
        swap(ONE, (2, 3), DEAR),
        collect(ONE, (2, 5)),
        completed((2, 5)),
    ]
    assert opened(watching, later) == [((2, 5), True)]
    assert opened(watching, [mint(ONE, (3, 0), (-60, 60), 1), completed((3, 0))]) == []
    assert opened(watching, [swap(TWO, (4, 0), FAIR), completed((4, 0))]) == [((4, 0), False)]
    assert (watching.counts.states, watching.counts.episodes, watching.counts.blocks) == (3, 1, 2)


def test_what_stood_open_is_looked_at_again_at_the_next_end_where_it_is_wanted() -> None:
    """Nothing has moved, and a trade may have come to nothing; what was closed since is not told again."""
    watching = scanner(per_block=True, repeats=True)
    opening: list[MarketEvent] = [swap(TWO, (1, 0), FAIR), swap(ONE, (1, 1), DEAR), completed((1, 1))]
    assert opened(watching, opening) == [((1, 1), True)]
    assert opened(watching, [completed((2, 0)), completed((3, 0))]) == [((2, 0), False), ((3, 0), False)]
    assert opened(watching, [swap(ONE, (4, 0), NEAR), completed((4, 0)), completed((5, 0))]) == []
    assert watching.counts.episodes == 1
    assert opened(scanner(per_block=True), [*opening, completed((2, 0))]) == [((1, 1), True)]


def test_what_a_snapshot_shows_is_looked_at_at_the_next_end_where_it_is_wanted() -> None:
    prices = ((ONE, DEAR), (TWO, FAIR))
    snapshot = [PoolState(stamp((1, at)), of.id, price, LIQUIDITY, 0) for at, (of, price) in enumerate(prices)]
    assert opened(scanner(per_block=True, repeats=True), [*snapshot, completed((2, 0))]) == [((2, 0), False)]
    assert opened(scanner(per_block=True), [*snapshot, completed((2, 0))]) == []


def test_block_mode_uses_the_liquidity_of_the_blocks_end() -> None:
    watching = scanner(per_block=True)
    events: list[MarketEvent] = [
        swap(TWO, (1, 0), FAIR),
        swap(ONE, (1, 1), DEAR),
        mint(TWO, (1, 2), (-60, 60), LIQUIDITY),
        completed((1, 2)),
    ]
    (found,) = scanned(watching, events)
    assert found.path == best_of(state(DEAR), state(FAIR, 2 * LIQUIDITY))


def test_a_reset_forgets_the_block_that_was_not_complete() -> None:
    watching = scanner(per_block=True)
    scanned(watching, [swap(ONE, (1, 0), DEAR), swap(TWO, (1, 1), FAIR), status(StreamState.RESET)])
    assert opened(watching, [completed((1, 1))]) == []
    assert watching.counts.states == 0


def test_liquidity_that_came_far_from_the_price_is_known_when_it_is_needed() -> None:
    """A mint behind the range makes no state, but the cycle that opens later is sized across it."""
    wide, near = (-6000, 6000), (-60, 60)

    def sized(extra: Sequence[MarketEvent]) -> SizedPath:
        watching = scanner()
        begun: list[MarketEvent] = []
        for at, one in enumerate((ONE, TWO)):
            begun.append(PoolInitialized(stamp((1, 2 * at)), one.id, FAIR, 0))
            begun.append(mint(one, (1, 2 * at + 1), near, LIQUIDITY))
        swapped = swap(ONE, (2, 0), FAIR * 1002 // 1000)
        (found,) = scanned(watching, [*begun, *extra, swapped])
        assert found.path is not None
        return found.path

    alone = sized([])
    assert sized([mint(TWO, (1, 9), (-6000, -120), LIQUIDITY)]) == alone
    assert sized([mint(TWO, (1, 9), wide, LIQUIDITY)]).profit > alone.profit
    beside = sized([mint(TWO, (1, 9), (60, 6000), 100 * LIQUIDITY)])
    assert beside.profit >= alone.profit


@pytest.mark.parametrize(("beside", "is_open"), [((-600, -300), True), ((-6000, -3000), False), (None, False)])
def test_behind_a_range_without_liquidity_a_gap_is_seen_where_liquidity_begins(
    beside: tuple[int, int] | None, is_open: bool
) -> None:
    """Token 0 is dearer by 3% where the pool's next range begins, cheaper by 26%, or the pool is empty for good."""
    watching, cheap = scanner(), FAIR * 97 // 100
    positions = [] if beside is None else [mint(ONE, (1, 1), beside, LIQUIDITY)]
    begun: list[MarketEvent] = [PoolInitialized(stamp((1, 0)), ONE.id, FAIR, 0), *positions]
    found = scanned(watching, [*begun, swap(TWO, (2, 0), cheap)])
    assert len(found) == is_open
    for one in found:
        assert one.path is not None
        assert one.path.profit > one.path.size // 50


def test_after_a_rollback_rates_are_those_of_the_states() -> None:
    """Whatever was undone: every pool's rate is what a scanner finds that never saw the undone blocks."""
    kept: list[MarketEvent] = [swap(ONE, (1, 0), FAIR), swap(TWO, (1, 1), FAIR), swap(THREE, (2, 0), NEAR)]
    undone: list[MarketEvent] = [swap(ONE, (3, 0), DEAR), swap(TWO, (4, 0), NEAR), swap(ONE, (5, 0), NEAR)]
    back = ChainReorganised("live", 1, 2, bytes(32), 5, bytes(32), 6, bytes(32), 0)
    watching, fresh = scanner(pools=(ONE, TWO, THREE)), scanner(pools=(ONE, TWO, THREE))
    scanned(watching, [*kept, *undone, back])
    scanned(fresh, kept)
    for one in (ONE, TWO, THREE):
        (here,), (there,) = watching.screen.index.seats(one.id), fresh.screen.index.seats(one.id)
        assert (here.up, here.down, here.state) == (there.up, there.down, there.state)
        assert watching.screen.edge_rates(here.edge) == fresh.screen.edge_rates(there.edge)
    again = [swap(ONE, (3, 0), DEAR)]
    assert opened(watching, again) == opened(fresh, again) != []


def test_an_episode_that_was_not_looked_at_is_not_over() -> None:
    """One of 299 gaps over a pool keeps its number while 256 others are looked at."""
    pools = [graph_pool(at, 1, 2, fee_ppm=0) for at in range(300)]
    watching = scanner(pools=pools)
    fair = PoolSync(stamp((1, 0)), pools[0].id, 10**6, 10**6)
    (first,) = scanned(watching, [fair, PoolSync(stamp((1, 1)), pools[-1].id, 10**6, 10**6 + 100)])
    watching.number_episode(first.opened.cycle, 1, 7)
    for at, one in enumerate(pools[1:-1], 2):
        watching.take(PoolSync(stamp((1, at)), one.id, 10**6, 10**6 + 100 * at))
    found = scanned(watching, [changed(fair, stamp=stamp((2, 0)))])
    assert first.opened.cycle.key not in {one.opened.cycle.key for one in found}
    assert watching.episode(first.opened.cycle) == 7
