"""The record of trades: told twice it counts once, and what is heard late counts from then on."""

from __future__ import annotations

from alphapulse.data.risk import BreakerAction, BreakerScope, CircuitBreaker
from alphapulse.rules.limits.trading_record import HOUR_NS, TradingRecord
from tests.execution.execution_fakes import evolved
from tests.execution.gate_bench import flash
from tests.execution.test_gate import reverted
from tests.journal.journal_samples import DAY_NS, USDC, fill, intent, run_started

SECOND = 10**9
GAS_WEI = 4 * 10**15


def approved(record: TradingRecord, number: int, at_ns: int) -> None:
    record.time.at(at_ns)
    record.approve(flash(number))


def test_an_approved_trade_whose_intent_and_fill_are_told_too_counts_once() -> None:
    record = TradingRecord()
    approved(record, 1, DAY_NS)
    record.take(intent(1))
    assert record.exposure.gross(USDC) == 10**9
    assert record.sent.total(record.time.now_ns) == 1
    for _ in range(2):
        record.take(fill(1))
    assert record.exposure.stakes == {}
    assert record.gas_wei.total(record.time.now_ns) == GAS_WEI
    assert record.losses.states["flash", USDC].net == fill(1).net


def test_what_is_heard_late_counts_for_an_hour_from_then_on_and_moves_no_other_entry() -> None:
    """A fill's own time lies behind the market's: it must not push the clock of the windows ahead."""
    record = TradingRecord()
    for number in range(1, 11):
        approved(record, number, DAY_NS + number * SECOND)
        record.take(evolved(reverted(number), venue_time_ns=DAY_NS - 1000 * SECOND))
    assert record.time.at(DAY_NS + HOUR_NS) == DAY_NS + HOUR_NS
    assert record.gas_wei.total(DAY_NS + HOUR_NS) == 10 * GAS_WEI
    assert record.gas_wei.total(DAY_NS + HOUR_NS + SECOND) == 9 * GAS_WEI
    assert record.reverts.total(DAY_NS + HOUR_NS + 10 * SECOND) == 0


def test_a_market_that_begins_anew_frees_no_budget() -> None:
    """A repeated recording starts half a day earlier: what was spent is as young as it was."""
    record = TradingRecord()
    approved(record, 1, DAY_NS)
    record.take(reverted(1))
    earlier = record.time.at(DAY_NS - 12 * HOUR_NS)
    assert record.gas_wei.total(earlier) == GAS_WEI
    assert record.gas_wei.total(record.time.at(DAY_NS - 11 * HOUR_NS)) == 0


def test_fresh_books_hold_nothing_and_keep_losses_and_what_is_open() -> None:
    record = TradingRecord()
    for message in (intent(1), fill(1), intent(2), reverted(2), intent(3)):
        record.take(message)
    record.take(run_started(2))
    assert record.exposure.gross(USDC) == 10**9
    assert record.losses.drawdown("flash", USDC) == 90


def closed(rule: str, scope: BreakerScope, target: str) -> CircuitBreaker:
    return CircuitBreaker(scope, target, BreakerAction.RESUME, rule, "a person", None, DAY_NS)


def test_a_breaker_that_a_person_ended_lets_its_count_begin_anew() -> None:
    record = TradingRecord()
    for number in (1, 2):
        record.take(intent(number))
        record.take(reverted(number))
    legs, pools = intent(1).legs, [leg.pool for leg in intent(1).legs]
    assert (record.attempts.unfilled("flash", legs), record.attempts.failures(pools)) == (2, 2)
    record.take(closed("repeated", BreakerScope.STRATEGY, "flash"))
    assert (record.attempts.unfilled("flash", legs), record.attempts.failures(pools)) == (0, 2)
    record.take(closed("reject_storm", BreakerScope.VENUE, "uniswap_v3"))
    assert record.attempts.failures(pools) == 0
    record.take(closed("drawdown", BreakerScope.STRATEGY, "flash"))
    assert record.losses.drawdown("flash", USDC) == 0


def test_the_throttles_width_can_be_set_behind_what_the_journal_told() -> None:
    record = TradingRecord()
    record.take(intent(1))
    now_ns = record.time.now_ns
    record.throttle(10 * SECOND)
    found = [record.sent.total(now_ns + after) for after in (10 * SECOND - 1, 10 * SECOND)]
    assert found == [1, 0]
