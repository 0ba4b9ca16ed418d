"""What was found, taken, won and lost on each path, and to whom."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import LogStamp, PoolSwap
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.signals import INHERITED_EPISODE, ArbitrageSignal
from alphapulse.rules.accounting.episode_record import EpisodeRecord, Taking
from alphapulse.rules.accounting.outcome_table import EPISODES, PATHS, OutcomeTable, by_pool, by_strategy
from tests.execution.execution_fakes import evolved
from tests.journal.journal_samples import DAY_NS, POOL, USDC, decision, fill, intent, report, signal

OTHER = InstrumentId.from_pool_address(bytes([9]) * 20, Venue.UNISWAP_V3)


def swap(block: int, log: int, *, transaction: int = 1, pool: InstrumentId = POOL) -> PoolSwap:
    """A swap at a position, of transaction `transaction`."""
    stamp = LogStamp(block, log, 0, bytes([transaction]) * 32, None, DAY_NS, DAY_NS)
    return PoolSwap(stamp, pool, 1, -1, 1 << 96, 10**18, 0)


def seen(signal_id: int, block: int, log: int, *, episode: int = 1, **changes: object) -> ArbitrageSignal:
    """A signal at a position."""
    return evolved(signal(signal_id), block_number=block, log_index=log, episode=episode, **changes)


def table(*messages: object) -> OutcomeTable:
    """All of it, taken in and settled."""
    found = OutcomeTable()
    for message in messages:
        found.take([message])
    found.settle()
    return found


def only(found: OutcomeTable) -> EpisodeRecord:
    (episode,) = found.episodes
    return episode


def test_a_gap_is_closed_by_the_first_price_behind_its_last_state() -> None:
    """The closing transaction, how many logs and blocks later; logs of other pools count as places, not as closers."""
    found = table(
        swap(5, 1, transaction=1),
        swap(5, 2, transaction=2),
        swap(5, 3, transaction=2, pool=OTHER),
        swap(5, 4, transaction=3),
        seen(1, 5, 1),
        seen(2, 5, 2),
    )
    episode = only(found)
    assert (episode.opened, episode.last, episode.states) == ((5, 1), (5, 2), 2)
    assert (episode.opener, episode.closer) == (bytes([1]) * 32, bytes([3]) * 32)
    assert (episode.closed, episode.logs_later, episode.blocks_later) == ((5, 4), 3, 0)
    assert not episode.closed_by_opener
    (row,) = found.paths.values()
    assert (row.found, row.episodes, row.closed_in_block, row.closed_later) == (2, 1, 1, 0)
    assert row.median_logs_later == 3
    assert row.closers == {bytes([3]) * 32: 1}


def test_a_gap_stays_open_over_blocks_and_may_be_closed_by_who_opened_it() -> None:
    """Until a price moves nothing is closed; blocks are counted where it is a later one."""
    opened = table(swap(5, 1), seen(1, 5, 1))
    assert (only(opened).closed, list(opened.closed())) == (None, [])
    later = table(swap(5, 1), seen(1, 5, 1), swap(8, 0))
    assert (only(later).blocks_later, only(later).logs_later) == (3, 1)
    assert only(later).closed_by_opener
    (row,) = later.paths.values()
    assert (row.closed_in_block, row.closed_later) == (0, 1)


def test_a_block_that_goes_on_in_the_next_list_is_one_block() -> None:
    """A batch may end inside a block; its signals are known before any of its logs is looked at."""
    found = OutcomeTable()
    found.take([swap(5, 1)])
    found.take([swap(5, 2)])
    found.take([seen(1, 5, 1), seen(2, 5, 2)])
    found.take([swap(6, 0, transaction=4)])
    assert only(found).closed is None
    found.settle()
    assert only(found).closed == (6, 0)


def test_what_was_made_of_a_gap_is_the_best_of_its_attempts() -> None:
    """Refused, lost and won: counts, expected and actual net with the gas of what failed."""
    found = table(
        seen(1, 5, 1),
        decision(1),
        seen(2, 5, 2),
        decision(2, failed=None),
        intent(2),
        report(2, gas_cost=40),
        seen(3, 5, 3),
        decision(3, failed=None),
        intent(3),
        fill(3),
    )
    assert only(found).taking is Taking.WON
    (row,) = found.paths.values()
    assert (row.found, row.taken, row.won, row.lost, dict(row.refused)) == (3, 2, 1, 1, {"min_net_profit": 1})
    assert (row.expected_net, row.actual_net) == (1120, 520)
    worse = table(seen(1, 5, 1), fill(1), decision(1))
    assert only(worse).taking is Taking.WON


def test_what_a_reorganisation_takes_back_is_counted_no_more() -> None:
    """A fill on an orphaned block was none; the trade counts as taken, and its gap as seen."""
    revoked = SettlementRevoked.of(intent(1), fill(1), 90, times=1, text="orphaned", revoked_ns=DAY_NS)
    found = table(seen(1, 5, 1), intent(1), fill(1), revoked)
    (row,) = found.paths.values()
    assert (row.taken, row.won, row.actual_net, only(found).taking) == (1, 0, 0, Taking.SEEN)
    lost = SettlementRevoked.of(intent(1), report(1), 90, times=1, text="orphaned", revoked_ns=DAY_NS)
    (row,) = table(seen(1, 5, 1), intent(1), report(1), lost).paths.values()
    assert (row.lost, row.actual_net) == (0, 0)


def test_rows_add_up_by_strategy_and_by_pool() -> None:
    """Each strategy and token once; a path counts for each of its pools once."""
    found = table(seen(1, 5, 1), intent(1), fill(1), seen(2, 6, 1, episode=2, strategy="other"))
    rows = list(found.paths.values())
    assert [(one.name, one.profit_token, one.found, one.won) for one in by_strategy(rows)] == [
        ("flash", USDC, 1, 1),
        ("other", USDC, 1, 0),
    ]
    assert [(one.name, one.paths, one.found, one.actual_net) for one in by_pool(rows)] == [(POOL.name, 2, 2, 560)]


def test_a_gap_from_before_the_strategy_is_told_by_its_path() -> None:
    """Inherited episodes bear no number; two paths' are two."""
    legs = tuple(evolved(leg, pool=OTHER) for leg in signal().legs)
    first = seen(1, 5, 1, episode=INHERITED_EPISODE)
    assert len(table(first, seen(2, 5, 2, episode=INHERITED_EPISODE, legs=legs)).episodes) == 2
    assert len(table(first, seen(2, 5, 2, episode=INHERITED_EPISODE)).episodes) == 1


def test_everything_is_bounded() -> None:
    """Further paths are counted and not kept, old episodes are forgotten, and a new run begins with nothing."""
    found = table(*(seen(number, 5, number, episode=number, strategy=f"s{number}") for number in range(1, PATHS + 3)))
    assert (len(found.paths), found.unlisted) == (PATHS, 2)
    many = table(*(seen(number, 5, number, episode=number) for number in range(1, EPISODES + 10)))
    assert len(many.episodes) == EPISODES
    many.take([swap(6, 1)])
    many.settle()
    assert sum(one.closed is not None for one in many.episodes) == EPISODES
