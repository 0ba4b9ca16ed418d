"""Losses: days, peaks and streaks follow from settlements alone, so that no restart moves the point where they trip."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.execution import Fill
from alphapulse.data.risk import BreakerAction, BreakerScope, CircuitBreaker
from alphapulse.rules.limits.losses import ALL, LossBook
from alphapulse.rules.limits.trading_record import TradingRecord
from tests.execution.execution_fakes import evolved
from tests.journal.journal_samples import DAY_NS, USDC, WETH, fill, intent

NS_PER_DAY = 86_400 * 10**9
MIDNIGHT_NS = DAY_NS - DAY_NS % NS_PER_DAY + NS_PER_DAY


def settled(number: int, net: int, at_ns: int = DAY_NS, *, strategy: str = "flash", token: bytes = USDC) -> Fill:
    """A trade that ended with exactly that net."""
    one = fill(number, strategy=strategy, token=token, venue_time_ns=at_ns)
    return evolved(one, net=net)


def booked(*settlements: Fill) -> LossBook:
    book = LossBook()
    for one in settlements:
        book.book(one)
    return book


def test_a_day_ends_at_midnight_utc_and_not_before() -> None:
    book = booked(settled(1, -70, MIDNIGHT_NS - 1))
    assert book.day_loss("flash", USDC, MIDNIGHT_NS - 1) == 70
    assert book.day_loss("flash", USDC, MIDNIGHT_NS) == 0
    book.book(settled(2, -5, MIDNIGHT_NS))
    assert (book.day_loss("flash", USDC, MIDNIGHT_NS), book.drawdown("flash", USDC)) == (5, 75)


def test_the_end_of_yesterdays_trade_takes_nothing_from_what_was_lost_today() -> None:
    """A receipt may come late, or a start settle what was left open; a new run's market may begin on an earlier day."""
    book = booked(settled(1, -70, MIDNIGHT_NS), settled(2, -5, MIDNIGHT_NS - 1))
    assert (book.day_loss("flash", USDC, MIDNIGHT_NS), book.drawdown("flash", USDC)) == (70, 75)
    book.book(evolved(settled(3, -1, MIDNIGHT_NS), run=2))
    assert book.day_loss("flash", USDC, MIDNIGHT_NS) == 71
    book.book(evolved(settled(4, -2, MIDNIGHT_NS - 1), run=3))
    assert book.day_loss("flash", USDC, MIDNIGHT_NS - 1) == 2
    book.book(settled(5, -9, MIDNIGHT_NS - 2 * NS_PER_DAY))
    assert book.day_loss("flash", USDC, MIDNIGHT_NS - 1) == 2


def test_a_drawdown_counts_from_the_highest_net_over_midnight() -> None:
    book = booked(settled(1, 100), settled(2, -30), settled(3, 10), settled(4, -50, MIDNIGHT_NS))
    assert book.drawdown("flash", USDC) == 70
    book.book(settled(5, 90, MIDNIGHT_NS))
    assert book.drawdown("flash", USDC) == 0


def test_what_earned_sets_off_what_was_lost_on_one_day() -> None:
    assert booked(settled(1, 100), settled(2, -30)).day_loss("flash", USDC, DAY_NS) == 0


def test_losing_trades_in_a_row_end_with_one_that_earns_and_a_free_failure_is_neither() -> None:
    book = booked(settled(1, -1), settled(2, 0), settled(3, -1))
    assert book.streak("flash") == 2
    book.book(settled(4, 1))
    assert book.streak("flash") == 0


def test_strategies_and_tokens_are_apart_and_all_together_are_a_sum_of_their_own() -> None:
    book = booked(settled(1, -10), settled(2, -20, strategy="other"), settled(3, -5, token=WETH))
    assert [book.drawdown(name, USDC) for name in ("flash", "other", ALL)] == [10, 20, 30]
    assert book.drawdown("flash", WETH) == 5
    assert (book.streak("flash"), book.streak(ALL)) == (2, 3)


def journal(seed: int, trades: int) -> list[object]:
    """Intents and fills of some days around midnights: earning first, then mostly losing."""
    chance = random.Random(seed)
    records: list[object] = []
    at_ns = DAY_NS
    for number in range(1, trades + 1):
        at_ns += chance.choice([10**9, 3600 * 10**9, MIDNIGHT_NS - DAY_NS])
        records.append(evolved(intent(number), venue_time_ns=at_ns))
        records.append(settled(number, chance.randrange(-100, 60 if number > 20 else 140), at_ns))
    return records


def trip_points(records: list[object], restarts: frozenset[int]) -> list[tuple[int, int, int, int]]:
    """Loss of the day, drawdown and streak behind each record; at `restarts` everything is read anew from the start."""
    record = TradingRecord()
    points = []
    for index, one in enumerate(records):
        if index in restarts:
            record = TradingRecord()
            for old in records[:index]:
                record.take(old)
        record.take(one)
        at_ns = one.venue_time_ns  # type: ignore[attr-defined]  # an intent or a fill
        losses = record.losses
        points.append(
            (index, losses.day_loss("flash", USDC, at_ns), losses.drawdown("flash", USDC), losses.streak(ALL))
        )
    return points


@pytest.mark.parametrize("seed", range(10))
def test_fifty_restarts_in_a_drawdown_move_no_trip_point(seed: int) -> None:
    """500 restarts over ten histories, in the midst of losses and over midnights: the shift is 0."""
    records = journal(seed, 60)
    chance = random.Random(seed + 1000)
    restarts = frozenset(chance.sample(range(len(records)), 50))
    assert trip_points(records, restarts) == trip_points(records, frozenset())


def test_a_person_who_resumes_lets_it_count_from_there_and_so_does_the_next_start() -> None:
    """A breaker's end is in the journal: the new base is as durable as the loss."""
    records: list[object] = [
        intent(1),
        settled(1, -100),
        CircuitBreaker(BreakerScope.STRATEGY, "flash", BreakerAction.RESUME, "drawdown", "a person", None, DAY_NS),
        intent(2),
        settled(2, -7),
    ]
    record = TradingRecord()
    for one in records:
        record.take(one)
    losses = record.losses
    assert (losses.drawdown("flash", USDC), losses.day_loss("flash", USDC, DAY_NS), losses.streak("flash")) == (7, 7, 1)
    assert losses.drawdown(ALL, USDC) == 107


@given(st.lists(st.integers(-(10**30), 10**30), max_size=40))
def test_a_drawdown_is_the_largest_fall_that_ends_now(nets: list[int]) -> None:
    book = booked(*(settled(number, net) for number, net in enumerate(nets, 1)))
    sums = [0]
    for net in nets:
        sums.append(sums[-1] + net)
    assert book.drawdown("flash", USDC) == max(sums) - sums[-1]
