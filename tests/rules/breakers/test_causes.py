"""What trips: prices, failures, unknown orders, stale input, chains, and the daemon itself, each at its border."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.execution import Check
from alphapulse.rules.breakers import stale_inputs as stale_inputs_module
from alphapulse.rules.breakers.chain_health import CLEAN_BLOCKS, FINALITY_NS, NO_HEAD_NS, ChainHealth
from alphapulse.rules.breakers.outcomes import FailureRatio, Reconciliation
from alphapulse.rules.breakers.own_health import (
    DiskSpace,
    LoopLag,
    disk_full,
    disk_low,
    disk_warning,
    memory_cause,
)
from alphapulse.rules.breakers.price_watch import PriceWatch
from alphapulse.rules.breakers.stale_inputs import StaleInputs
from tests.journal.journal_samples import POOL, decision

SECOND = 10**9
MINUTE = 60 * SECOND
MIB = 1 << 20
GIB = 1 << 30


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 400)), min_size=1, max_size=40), st.integers(0, 10**6))
def test_a_price_jumps_if_the_window_holds_two_prices_that_far_apart(
    moves: list[tuple[int, int]], limit_ppm: int
) -> None:
    """Against a plain list of all prices: one that the next replaced a minute ago or earlier does not count."""
    watch, seen, now = PriceWatch(limit_ppm, 60), [], 0
    for step, root in moves:
        now += step
        seen.append((now, root))
        ends = [at for at, _ in seen[1:]] + [now]
        window = [price for (_, price), until in zip(seen, ends, strict=True) if until > now - 60]
        low, high = min(window) ** 2, max(window) ** 2
        move = (high - low) * 10**6 // low
        found = watch.take(POOL, root, now)
        assert found == (move if (high - low) * 10**6 > limit_ppm * low else None)


def test_a_flash_crash_to_a_hundredth_is_a_jump_and_a_price_of_nothing_is_none() -> None:
    watch = PriceWatch(100_000, MINUTE)
    assert watch.take(POOL, 10**20, 0) is None
    assert watch.take(POOL, 10**19, SECOND) == 99 * 10**6
    assert PriceWatch(100_000, MINUTE).take(POOL, 0, 0) is None


def test_a_pool_that_was_quiet_for_an_hour_jumps_like_any_other() -> None:
    """Its old price held until the swap: that the last one was long ago makes a thin pool no safer."""
    watch = PriceWatch(100_000, MINUTE)
    assert watch.take(POOL, 10**20, 0) is None
    assert watch.take(POOL, 2 * 10**20, 60 * MINUTE) == 3 * 10**6
    assert watch.take(POOL, 2 * 10**20, 61 * MINUTE - 1) == 3 * 10**6
    assert watch.take(POOL, 2 * 10**20, 61 * MINUTE) is None


def test_a_stream_that_begins_anew_has_no_price_to_jump_from() -> None:
    watch = PriceWatch(1, MINUTE)
    watch.take(POOL, 100, 0)
    watch.forget()
    assert watch.take(POOL, 10**9, 1) is None


def test_failures_count_once_enough_trades_have_ended() -> None:
    ratio = FailureRatio(window_ns=MINUTE, least=4, limit_ppm=500_000)
    found = [ratio.take(at, failed=at != 2) for at in range(4)]
    assert found == [None, None, None, 750_000]


def test_failures_of_more_than_a_minute_ago_are_forgotten() -> None:
    ratio = FailureRatio(window_ns=MINUTE, least=2, limit_ppm=500_000)
    ratio.take(0, failed=True)
    assert ratio.take(MINUTE, failed=True) is None


def test_half_is_not_more_than_half() -> None:
    ratio = FailureRatio(window_ns=MINUTE, least=2, limit_ppm=500_000)
    ratio.take(0, failed=True)
    assert ratio.take(1, failed=False) is None
    assert ratio.take(2, failed=True) == 666_666


def test_books_that_differ_three_times_in_a_row_trip_and_an_equal_round_counts_anew() -> None:
    books = Reconciliation(0)
    assert [books.round(equal=equal) is None for equal in (False, False, True, False, False, False)] == [True] * 5 + [
        False
    ]
    assert not books.clean
    books.round(equal=True)
    assert books.clean


def test_more_unknown_orders_than_allowed_trip_until_they_are_known() -> None:
    books = Reconciliation(1)
    assert books.order(1, known=False) is None
    assert books.order(2, known=False) == "2 orders without a known outcome"
    assert not books.clean
    assert books.order(2, known=True) is None
    assert books.clean


def test_three_decisions_in_a_row_on_stale_input_trip() -> None:
    stale, inputs = decision(failed=Check.INPUT_FRESH), StaleInputs()
    other = decision(failed=Check.DUPLICATE)
    found = [inputs.take(one) is not None for one in (stale, stale, other, stale, stale, stale, stale)]
    assert found == [False] * 5 + [True, True]
    inputs.forget("flash")
    assert inputs.take(stale) is None


def test_strategies_that_are_counted_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stale_inputs_module, "MOST_STRATEGIES", 2)
    inputs = StaleInputs()
    for name in ("a", "a", "b", "c"):
        inputs.take(decision(strategy=name, failed=Check.INPUT_FRESH))
    assert inputs.take(decision(strategy="a", failed=Check.INPUT_FRESH)) is None


def test_a_chain_without_a_block_for_six_seconds_is_ill_until_64_clean_ones_came() -> None:
    chain, now = ChainHealth(2_000), 0
    assert chain.look(10**12) is None
    chain.head(now)
    assert chain.look(now + NO_HEAD_NS) is None
    assert chain.look(now + NO_HEAD_NS + 1) == "no block for 6 s"
    now += NO_HEAD_NS + 1
    chain.head(now)
    for number in range(CLEAN_BLOCKS):
        assert chain.look(now) == f"{number} of 64 clean blocks have come since"
        now += SECOND
        chain.head(now)
    assert chain.look(now) is None


def test_a_chain_of_slow_blocks_is_given_three_of_them_and_a_hundred_for_finality() -> None:
    """Ethereum: 12 s a block, and a newer final one each 384 s at best."""
    chain = ChainHealth(12_000)
    chain.head(0)
    assert chain.look(36 * SECOND) is None
    assert chain.look(36 * SECOND + 1) == "no block for 36 s"
    chain = ChainHealth(12_000)
    chain.finalised(5, 0)
    assert chain.look(1_200 * SECOND) is None
    assert chain.look(1_200 * SECOND + 1) == "finality has stood at block 5 for 1200 s"


@pytest.mark.parametrize(("depth", "problem"), [(32, None), (33, "33 blocks were reorganised")])
def test_a_reorganisation_of_more_than_32_blocks_waits_for_a_person(depth: int, problem: str | None) -> None:
    chain = ChainHealth(2_000)
    chain.reorganised(depth)
    assert chain.look(0) == problem
    chain.forgive()
    if problem is not None:
        assert chain.look(0) == "0 of 64 clean blocks have come since"


def test_finality_that_stands_still_and_nodes_that_differ_are_ill() -> None:
    chain = ChainHealth(2_000)
    chain.finalised(5, 0)
    chain.finalised(5, FINALITY_NS)
    assert chain.look(FINALITY_NS) is None
    assert chain.look(FINALITY_NS + 1) == "finality has stood at block 5 for 360 s"
    chain = ChainHealth(2_000)
    chain.agree(quorum=False)
    assert chain.look(0) == "the nodes do not agree"


def test_a_loop_that_is_late_in_every_round_of_three_seconds_trips() -> None:
    lag, half = LoopLag(SECOND // 2), SECOND // 2
    assert lag.take(10 * SECOND, half) is None
    assert lag.take(11 * SECOND, half + 1) is None
    assert lag.take(12 * SECOND, half + 1) is None
    assert lag.take(13 * SECOND, half) is None
    assert lag.take(14 * SECOND, 3 * SECOND) == "the loop has come round late for 3 s, last by 3000 ms"


def test_memory_over_80_percent_of_its_limit_trips() -> None:
    assert memory_cause(80 * MIB, 100 * MIB) is None
    assert memory_cause(80 * MIB + 1, 100 * MIB) == "the process holds 80 MiB, over 80% of 100 MiB"
    assert memory_cause(10**18, None) is None


@pytest.mark.parametrize(
    ("free", "total", "warned", "low", "full"),
    [
        (20 * GIB, 100 * GIB, False, False, False),
        (20 * GIB - 1, 100 * GIB, True, False, False),
        (10 * GIB, 100 * GIB, True, False, False),
        (10 * GIB - 1, 100 * GIB, True, True, False),
        (5 * GIB, 100 * GIB, True, True, False),
        (5 * GIB - 1, 100 * GIB, True, True, True),
        (256 * MIB, 257 * MIB, False, False, False),
        (256 * MIB - 1, 257 * MIB, False, False, True),
        (0, 0, False, False, True),
    ],
)
def test_a_disk_warns_at_20_reduces_at_10_and_halts_at_5_percent_or_256_mib(
    free: int, total: int, warned: bool, low: bool, full: bool
) -> None:
    space = DiskSpace(free, total)
    found = [one(space) is not None for one in (disk_warning, disk_low, disk_full)]
    assert found == [warned, low, full]
