"""The board: which breakers hold a trade, what half-open ones allow, and what a start finds."""

from __future__ import annotations

from collections.abc import Iterable

from alphapulse.data.halts import GLOBAL, Level
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.risk import BreakerAction, BreakerScope, CircuitBreaker
from alphapulse.rules.breakers import board as board_module
from alphapulse.rules.breakers import table
from alphapulse.rules.breakers.board import BreakerBoard, BreakerEvent
from alphapulse.rules.breakers.breaker import Phase
from alphapulse.rules.limits.facts import Permit
from tests.journal.journal_samples import POOL

SECOND = 10**9
VENUE = "venue:uniswap_v3"
TRADE = (1, 7)


def holds(scope: str, strategy: str, pools: Iterable[InstrumentId]) -> bool:
    return scope in (GLOBAL, f"strategy:{strategy}") or any(scope == f"venue:{p.venue.name.lower()}" for p in pools)


def half_open() -> BreakerBoard:
    board = BreakerBoard(holds)
    list(board.trip(table.REJECT_RATIO, VENUE, 0, "a storm"))
    (event,) = board.look(60 * SECOND)
    assert event == BreakerEvent(table.REJECT_RATIO, VENUE, BreakerAction.PROBE, Level.REDUCING, "a storm")
    return board


def test_a_trip_is_an_event_once() -> None:
    board = BreakerBoard(holds)
    assert list(board.trip(table.DRAWDOWN, GLOBAL, 5, "a loss")) == [
        BreakerEvent(table.DRAWDOWN, GLOBAL, BreakerAction.PAUSE, Level.HALTED, "a loss")
    ]
    assert list(board.trip(table.DRAWDOWN, GLOBAL, 6, "a loss")) == []


def test_half_open_lets_one_trade_pass_until_that_one_has_ended() -> None:
    board = half_open()
    assert board.permit("flash", (POOL,)) is Permit.PROBE
    board.send_probe("flash", (POOL,), TRADE)
    assert board.permit("flash", (POOL,)) is Permit.TAKEN
    (event,) = board.end_trade(TRADE, 61 * SECOND, filled=True, reason="")
    assert (event.action, event.reason) == (BreakerAction.RESUME, "reject_ratio is over")
    assert board.permit("flash", (POOL,)) is Permit.ANY


def test_a_failed_probe_closes_the_way_again() -> None:
    board = half_open()
    board.send_probe("flash", (POOL,), TRADE)
    (event,) = board.end_trade(TRADE, 61 * SECOND, filled=False, reason="reverted")
    assert event.action is BreakerAction.REDUCE
    assert board.permit("flash", (POOL,)) is Permit.ANY  # the halt switch refuses now, not the probe


def test_a_trade_elsewhere_is_not_held() -> None:
    assert half_open().permit("flash", ()) is Permit.ANY


def test_a_person_closes_the_breakers_of_the_scope_and_no_others() -> None:
    board = BreakerBoard(holds)
    list(board.trip(table.DRAWDOWN, GLOBAL, 0, "a loss"))
    list(board.trip(table.REPEATED, "strategy:flash", 0, "a loop"))
    (event,) = board.resume(GLOBAL, 5)
    assert (event.rule, event.action) == (table.DRAWDOWN, BreakerAction.RESUME)
    assert board.breakers[table.REPEATED, "strategy:flash"].phase is Phase.OPEN


def test_events_are_told_in_the_wires_words() -> None:
    event = BreakerEvent(table.STALE_DATA, "strategy:flash", BreakerAction.REDUCE, Level.REDUCING, "old")
    assert event.message(9) == CircuitBreaker(
        BreakerScope.STRATEGY, "flash", BreakerAction.REDUCE, "stale_data", "old", None, 9
    )
    everything = BreakerEvent(table.DRAWDOWN, GLOBAL, BreakerAction.PAUSE, Level.HALTED, "a loss").message(9)
    assert (everything.scope, everything.target) == (BreakerScope.GLOBAL, "")


def test_a_start_finds_what_the_journal_left_open() -> None:
    board = BreakerBoard(holds)
    event = BreakerEvent(table.DRAWDOWN, "strategy:flash", BreakerAction.PAUSE, Level.HALTED, "a loss")
    unknown = CircuitBreaker(BreakerScope.GLOBAL, "", BreakerAction.PAUSE, "a rule of another version", "", None, 1)
    board.restore([event.message(9), unknown], {}, 9)
    assert {key: one.reason for key, one in board.breakers.items()} == {(table.DRAWDOWN, "strategy:flash"): "a loss"}


def test_closed_breakers_are_forgotten_beyond_a_bound_and_open_ones_never() -> None:
    board = BreakerBoard(holds)
    list(board.trip(table.PRICE_JUMP, "instrument:open", 0, "a jump"))
    for number in range(board_module.MOST_CLOSED + 5):
        list(board.trip(table.PRICE_JUMP, f"instrument:{number}", 0, "a jump"))
        list(board.resume(f"instrument:{number}", 1))
    assert len(board.breakers) == board_module.MOST_CLOSED + 1
    assert (table.PRICE_JUMP, "instrument:open") in board.breakers


def test_every_rule_of_the_table_has_words_for_its_trip_and_its_end() -> None:
    assert all(row.trip and row.ends and row.scope for row in table.ROWS)
    assert len(table.ROW_OF) == len(table.ROWS)
    assert all(row.level is Level.REDUCING for row in table.ROWS if row.reset.clean_ns is not None)


def test_a_restart_lets_no_breaker_count_its_trips_anew() -> None:
    """Two trips before the start and one behind it are three; older ones than an hour are forgotten."""
    key = table.PRICE_JUMP, BreakerScope.INSTRUMENT, "ab"
    for ago_s, person in ((3599, True), (3600, False)):
        board = BreakerBoard(holds)
        board.restore([], {key: (10_000 * SECOND - ago_s * SECOND, 9_999 * SECOND)}, 10_000 * SECOND)
        list(board.trip(table.PRICE_JUMP, "instrument:ab", 10_000 * SECOND, "a jump"))
        assert board.breakers[table.PRICE_JUMP, "instrument:ab"].needs_person is person
        assert list(board.look(20_000 * SECOND)) == [] or not person


def test_one_that_waited_for_a_person_waits_on_behind_a_restart() -> None:
    key = table.PRICE_JUMP, BreakerScope.INSTRUMENT, "ab"
    left = CircuitBreaker(BreakerScope.INSTRUMENT, "ab", BreakerAction.REDUCE, table.PRICE_JUMP, "a jump", None, 30)
    board = BreakerBoard(holds)
    board.restore([left], {key: (10, 20, 30)}, 9_000 * SECOND)
    assert list(board.look(99_000 * SECOND)) == []
    (event,) = board.resume("instrument:ab", 99_001 * SECOND)
    assert event.action is BreakerAction.RESUME
    list(board.trip(table.PRICE_JUMP, "instrument:ab", 99_002 * SECOND, "a jump"))
    assert not board.breakers[table.PRICE_JUMP, "instrument:ab"].needs_person
