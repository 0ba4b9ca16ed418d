"""What a start finds in the journal: used-up numbers, open intents, the newest halt of each scope."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.execution import OrderRequest
from alphapulse.data.halts import HaltChange, Level, Via
from alphapulse.data.risk import BreakerAction, BreakerScope, CircuitBreaker, LimitOverride
from alphapulse.journal.recovery import Recovery
from tests.execution.execution_fakes import evolved
from tests.journal.journal_samples import (
    USDC,
    audit,
    decision,
    fill,
    halt,
    history,
    intent,
    report,
    run_ended,
    run_started,
)


def of(*records: object) -> Recovery:
    return Recovery.of(enumerate(records, 1))


def test_an_empty_journal_leaves_everything_at_its_beginning() -> None:
    assert of() == Recovery(records=0, last_run=0, last_intent_id=0, halt_changes={})


def test_runs_and_intents_are_counted_on() -> None:
    found = of(
        run_started(4), intent(7), fill(7), run_ended(4), run_started(5), intent(12), report(12), intent(9), fill(9)
    )
    assert (found.records, found.last_run, found.last_intent_id) == (9, 5, 12)
    assert found.unsettled == {}


def test_an_intent_without_an_end_is_open_and_the_oldest_comes_first() -> None:
    found = of(intent(3), intent(1), intent(2), fill(1), decision(3))
    assert list(found.unsettled.values()) == [intent(3), intent(2)]


def test_an_end_settles_the_intent_of_its_own_number_only() -> None:
    found = of(intent(1), evolved(fill(1), intent_id=2, signal_id=1))
    assert list(found.unsettled) == [1]


def test_an_end_without_an_intent_is_no_trouble() -> None:
    assert of(fill(1), report(2)).unsettled == {}


def test_the_newest_halt_of_each_scope_is_kept() -> None:
    strategy = evolved(halt(2), scope="strategy:flash")
    found = of(halt(1), strategy, halt(1, Level.ACTIVE), audit())
    assert found.halt_changes == {"global": halt(1, Level.ACTIVE), "strategy:flash": strategy}


@given(seed=st.integers(0, 10**6), length=st.integers(0, 200))
def test_after_a_life_that_settles_each_intent_at_once_only_the_last_record_can_be_open(seed: int, length: int) -> None:
    records = list(islice(history(seed), length))
    found = of(*records)
    assert found.records == len(records)
    assert list(found.unsettled.values()) == [record for record in records[-1:] if isinstance(record, OrderRequest)]


def test_a_start_finds_overrides_open_breakers_and_what_limits_ask_of_all_trades() -> None:
    wish = LimitOverride("limits.max_intents", 30, 20, "trades", "anna", "a wide day", 1, 2)
    later = LimitOverride("limits.max_intents", 10, 20, "trades", "anna", "a calm one", 2, 3)
    opened = CircuitBreaker(BreakerScope.GLOBAL, "", BreakerAction.PAUSE, "drawdown", "a loss", None, 1)
    reduced = CircuitBreaker(BreakerScope.VENUE, "kraken", BreakerAction.REDUCE, "reject_ratio", "a storm", None, 1)
    closed = CircuitBreaker(BreakerScope.VENUE, "kraken", BreakerAction.RESUME, "reject_ratio", "over", None, 2)
    found = of(wish, opened, reduced, later, intent(1), fill(1), intent(2), closed)
    assert found.overrides == {"limits.max_intents": later}
    assert list(found.breakers.values()) == [opened]
    assert list(found.record.exposure.stakes) == [(1, 2)]
    assert found.record.losses.states["flash", USDC].net == fill(1).net


def test_a_start_knows_when_a_breaker_last_tripped_unless_a_person_has_resumed_since() -> None:
    def event(action: BreakerAction, at_ns: int) -> CircuitBreaker:
        return CircuitBreaker(BreakerScope.VENUE, "kraken", action, "reject_ratio", "a storm", None, at_ns)

    key = "reject_ratio", BreakerScope.VENUE, "kraken"
    told = [event(action, at_ns) for at_ns in range(1, 6) for action in (BreakerAction.REDUCE, BreakerAction.RESUME)]
    assert of(*told).trips == {key: (3, 4, 5)}
    by_itself = HaltChange(1, 2, "venue:kraken", Level.ACTIVE, "breaker reject_ratio", Via.BREAKER, "over", 6)
    elsewhere = evolved(by_itself, scope="venue:ethereum", via=Via.API, actor="dana")
    assert of(*told, by_itself, elsewhere).trips == {key: (3, 4, 5)}
    assert of(*told, evolved(by_itself, via=Via.API, actor="dana")).trips == {}
