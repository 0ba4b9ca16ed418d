"""The portfolio: what the execution relay told, summed exactly per run, strategy, day and token."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice, pairwise

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from alphapulse.data.execution import Check, ExecutionReport, Fill, RiskDecision
from alphapulse.data.runs import RunStarted
from alphapulse.portfolio.portfolio import Portfolio
from alphapulse.relays.bus import Bus
from alphapulse.rules.accounting import token_book
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss, market_day
from alphapulse.rules.accounting.token_book import CurvePoint
from tests.execution.execution_fakes import evolved
from tests.journal.journal_samples import DAY_NS, USDC, WETH, decision, fill, halt, history, intent, report

DAY = "2024-01-05"
NS_PER_DAY = 86_400 * 10**9


def opened(run: int = 1) -> Portfolio:
    portfolio = Portfolio(Bus().execution)
    portfolio.begin_run(run)
    return portfolio


def test_a_fill_books_what_it_earned_and_cost() -> None:
    portfolio = opened()
    portfolio.apply([intent(), fill(gross=1_000)])
    book = portfolio.tokens[USDC]
    assert book.total == ProfitAndLoss(USDC, traded=1, gross=1_000, pool_fees=300, flash_fees=50, gas=90)
    assert book.total.net == 560 == fill(gross=1_000).net
    assert portfolio.by_day == {("flash", DAY, USDC): book.total}
    assert portfolio.holdings == {("flash", USDC): 650}, "gas is paid in the chain's coin"
    assert portfolio.gas_wei == {"flash": 4 * 10**15}
    assert (book.best, book.worst, book.last_trade_ns, book.largest) == (560, 560, DAY_NS, 10**9)
    assert book.curve == [CurvePoint(DAY_NS, 560, filled=True)]
    assert portfolio.in_flight == {}


def test_a_failure_books_its_gas() -> None:
    portfolio = opened()
    portfolio.apply([intent(), report(gas_cost=40)])
    book = portfolio.tokens[USDC]
    assert book.total == ProfitAndLoss(USDC, failed=1, gas_of_failed=40)
    assert (book.total.net, book.best, book.worst, book.last_trade_ns) == (-40, -40, -40, None)
    assert book.curve == [CurvePoint(DAY_NS, -40, filled=False)]
    assert portfolio.holdings == {}
    assert portfolio.gas_wei == {"flash": 2 * 10**15}


def test_a_refusal_counts_under_its_check_and_an_approval_does_not() -> None:
    portfolio = opened()
    portfolio.apply([decision(1), decision(2, failed=Check.DUPLICATE), decision(3), decision(4, failed=None)])
    assert portfolio.rejected == {"min_net_profit": 2, "duplicate": 1}
    assert portfolio.tokens[USDC].total == ProfitAndLoss(USDC, refused=3)
    assert portfolio.by_day == {("flash", DAY, USDC): ProfitAndLoss(USDC, refused=3)}


def test_an_intent_is_in_flight_until_it_is_settled() -> None:
    portfolio = opened()
    portfolio.apply([intent(1), intent(2)])
    assert list(portfolio.in_flight) == [1, 2]
    portfolio.apply([report(1)])
    assert portfolio.in_flight == {2: intent(2)}
    portfolio.apply([fill(2)])
    assert portfolio.in_flight == {}


def test_strategies_days_and_tokens_are_apart() -> None:
    portfolio = opened()
    fills = [
        fill(1),
        fill(2, strategy="other"),
        fill(3, token=WETH),
        fill(4, venue_time_ns=DAY_NS + NS_PER_DAY),
        fill(5),
    ]
    portfolio.apply(fills)
    assert {key: book.traded for key, book in portfolio.by_day.items()} == {
        ("flash", DAY, USDC): 2,
        ("other", DAY, USDC): 1,
        ("flash", DAY, WETH): 1,
        ("flash", "2024-01-06", USDC): 1,
    }
    assert {token: book.total.traded for token, book in portfolio.tokens.items()} == {USDC: 4, WETH: 1}
    assert portfolio.holdings == {("flash", USDC): 3 * 650, ("other", USDC): 650, ("flash", WETH): 650}
    assert portfolio.gas_wei == {"flash": 16 * 10**15, "other": 4 * 10**15}


def test_best_and_worst_are_of_single_trades_and_the_curve_of_all() -> None:
    portfolio = opened()
    portfolio.apply([fill(1, gross=1_000), report(2, gas_cost=40), fill(3, gross=100), fill(4, gross=900)])
    book = portfolio.tokens[USDC]
    assert [point.net for point in book.curve] == [560, 520, 180, 640]
    assert (book.best, book.worst) == (560, -340)


def test_a_long_curve_drops_its_oldest_points_and_stays_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_book, "CURVE_POINTS", 3)
    portfolio = opened()
    portfolio.apply([fill(number) for number in range(5)])
    assert [point.net for point in portfolio.tokens[USDC].curve] == [3 * 560, 4 * 560, 5 * 560]


def test_a_new_run_begins_with_empty_books_and_ignores_the_old_one() -> None:
    portfolio = opened(1)
    portfolio.apply([intent(), fill(), decision()])
    portfolio.begin_run(2)
    empty = opened(2)
    portfolio.apply([report(), fill(), decision(), intent()])
    for name in ("tokens", "by_day", "holdings", "gas_wei", "in_flight", "rejected"):
        assert getattr(portfolio, name) == getattr(empty, name) == {}, name
    portfolio.apply([fill(run=2)])
    assert portfolio.tokens[USDC].total.traded == 1


def test_the_revision_tells_when_something_changed() -> None:
    portfolio = opened()
    seen = [portfolio.revision]
    for message in (intent(), fill(), decision(), halt(), fill(run=7)):
        portfolio.apply([message])
        seen.append(portfolio.revision)
    assert [after - before for before, after in pairwise(seen)] == [1, 1, 1, 0, 0]


@given(seed=st.integers(0, 10**6), length=st.integers(0, 300))
def test_profit_and_loss_is_the_sum_of_the_journals_records(seed: int, length: int) -> None:
    """Per run, strategy, day and token, in plain integer sums over a plausible life of the daemon."""
    records = list(islice(history(seed), length))
    portfolio = opened(0)
    sums: dict[tuple[str, str, bytes], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for record in records:
        if isinstance(record, RunStarted):
            portfolio.begin_run(record.run)
            sums.clear()
        portfolio.apply([record])
        match record:
            case RiskDecision() if record.failed is not None:
                sums[record.strategy, market_day(record.venue_time_ns), record.profit_token][2] += 1
            case Fill():
                key = (record.strategy, market_day(record.venue_time_ns), record.profit_token)
                sums[key][0] += 1
                sums[key][3] += record.gross - record.pool_fees - record.flash_fee - record.gas_cost
            case ExecutionReport():
                key = (record.strategy, market_day(record.venue_time_ns), record.profit_token)
                sums[key][1] += 1
                sums[key][3] -= record.gas_cost
            case _:
                continue
        books = portfolio.by_day
        assert {key: [one.traded, one.failed, one.refused, one.net] for key, one in books.items()} == dict(sums)
        for token, book in portfolio.tokens.items():
            assert book.total.net == sum(row[3] for key, row in sums.items() if key[2] == token)
            if book.curve:
                assert book.curve[-1].net == book.total.net


async def test_the_service_books_what_the_relay_carries_until_it_is_cancelled() -> None:
    bus = Bus()
    portfolio = Portfolio(bus.execution)
    portfolio.begin_run(1)
    async with trio.open_nursery() as nursery:
        await nursery.start(portfolio.run)
        bus.execution.publish([evolved(decision(), run=1), intent()])
        bus.execution.publish([fill()])
        await wait_all_tasks_blocked()
        assert portfolio.tokens[USDC].total.traded == 1
        assert bus.flow.pending == 0
        nursery.cancel_scope.cancel()
    assert bus.execution.statistics().subscribers == ()


def test_what_is_settled_is_the_net_of_trades_on_final_blocks() -> None:
    """By chain; of a chain that does not tell how far it is final nothing is."""
    portfolio = opened()
    portfolio.apply([fill(1), evolved(fill(2), block_number=105), evolved(fill(3), chain_id=137)])
    book = portfolio.tokens[USDC]
    assert [book.settled(final) for final in ({}, {1: 100}, {1: 101}, {1: 105}, {1: 105, 137: 101})] == [
        0, 0, 560, 2 * 560, 3 * 560
    ]  # fmt: skip
