"""The breakers at work: what passes on the relays trips scopes through the halt switch, and is told and journalled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.data.execution import Check, ExecutionReport, Outcome
from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.data.instruments import Venue
from alphapulse.data.market import BlockCompleted, LogStamp, PoolSwap, StreamState, StreamStatus
from alphapulse.data.orders import OrderState, OrderStatus
from alphapulse.data.orphans import AlertRevoked
from alphapulse.data.risk import BreakerAction, BreakerScope, CircuitBreaker
from alphapulse.data.trades import Side
from alphapulse.data.transactions import TransactionState, TransactionStatus
from alphapulse.errors import HaltError
from alphapulse.relays.bus import Bus
from alphapulse.rules.breakers import table
from alphapulse.rules.breakers.board import BreakerBoard
from alphapulse.rules.breakers.breaker import Phase
from alphapulse.rules.limits.facts import Permit
from alphapulse.rules.limits.limit_book import LimitBook
from alphapulse.rules.limits.limit_table import Place
from alphapulse.rules.limits.trading_record import TradingRecord
from alphapulse.safety.breakers import Breakers
from alphapulse.safety.market_causes import MarketCauses
from alphapulse.safety.scopes import scope_holds
from alphapulse.safety.trade_causes import TradeCauses
from tests.execution.execution_fakes import evolved
from tests.execution.gate_bench import limits_of
from tests.execution.test_gate import reverted
from tests.journal.journal_samples import DAY_NS, POOL, decision, fill, intent

SECOND = 10**9
VENUE = "venue:uniswap_v3"
INSTRUMENT = f"instrument:{POOL.to_wire().hex()}"
ROOT = 1 << 96

Call = tuple[str, str, str, Level]
"""What was asked of the switch: trip or restore, the scope, the actor, the level."""


class Switch:
    """A halt switch that notes what is asked of it; it may refuse to restore."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.refusal: HaltError | None = None

    def trip(self, scope: str, *, reason: str, actor: str, via: Via, level: Level = Level.HALTED) -> HaltChange:
        assert via is Via.BREAKER
        self.calls.append(("trip", scope, actor, level))
        return change(scope, level, via)

    def restore(self, scope: str, *, reason: str, actor: str, via: Via) -> HaltChange:
        if self.refusal is not None:
            raise self.refusal
        self.calls.append(("restore", scope, actor, Level.ACTIVE))
        return change(scope, Level.ACTIVE, via)


def change(scope: str, level: Level, via: Via) -> HaltChange:
    return HaltChange(1, 2, scope, level, "somebody", via, "why", DAY_NS)


@attrs.define
class Bench:
    """Breakers that run, and what they did."""

    bus: Bus
    switch: Switch
    board: BreakerBoard
    breakers: Breakers
    kept: list[CircuitBreaker]
    revoked: list[AlertRevoked]
    market_ns: int = DAY_NS

    async def execution(self, *messages: object) -> None:
        self.bus.execution.publish(list(messages))
        await wait_all_tasks_blocked()

    async def market(self, *messages: object) -> None:
        self.bus.market_data.publish(list(messages))
        await wait_all_tasks_blocked()

    async def pass_time(self, seconds: int) -> None:
        """The market moves on, and a block ends."""
        self.market_ns += seconds * SECOND
        await self.market(BlockCompleted(1, 100, 0, self.market_ns, 0, None, None))

    @property
    def actions(self) -> list[tuple[str, BreakerAction]]:
        return [(one.rule, one.action) for one in self.kept]


@asynccontextmanager
async def running(
    limits: dict[tuple[Place, str], int] | None = None,
    record: TradingRecord | None = None,
    left: Sequence[CircuitBreaker] = (),
) -> AsyncIterator[Bench]:
    bus, switch, board, kept = Bus(), Switch(), BreakerBoard(scope_holds), list[CircuitBreaker]()
    revoked: list[AlertRevoked] = []

    def keep(message: CircuitBreaker | AlertRevoked) -> None:
        if isinstance(message, AlertRevoked):
            revoked.append(message)
        else:
            kept.append(message)

    board.restore(left, {}, DAY_NS)
    trades = TradeCauses(
        LimitBook(limits_of(limits or {})),
        record or TradingRecord(),
        max_failure_ppm=500_000,
        least_outcomes=4,
        max_unknown_orders=1,
    )
    breakers = Breakers(
        board,
        MarketCauses(100_000, {}),
        trades,
        switch,
        bus.market_data,
        bus.execution,
        market_ns=lambda: bench.market_ns,
        now_ns=lambda: DAY_NS,
        keep=keep,
    )
    bench = Bench(bus, switch, board, breakers, kept, revoked)
    async with trio.open_nursery() as nursery:
        await nursery.start(breakers.run)
        yield bench
        nursery.cancel_scope.cancel()


def swap(root: int, seconds: int) -> PoolSwap:
    at_ns = DAY_NS + seconds * SECOND
    return PoolSwap(LogStamp(1, seconds, 0, bytes(32), None, at_ns, 0), POOL, 1, -1, root, 1, 0)


def status(state: StreamState, *, recorded: bool = True) -> StreamStatus:
    return StreamStatus("day", Venue.ETHEREUM, state, "a test", DAY_NS, 0, recorded)


def failed(number: int, seconds: int = 0) -> tuple[object, ExecutionReport]:
    """An intent and its revert."""
    at_ns = DAY_NS + seconds * SECOND
    return evolved(intent(number), venue_time_ns=at_ns), evolved(reverted(number), venue_time_ns=at_ns)


async def test_a_price_that_jumps_reduces_its_pool_until_a_minute_was_calm() -> None:
    async with running() as bench:
        await bench.market(swap(ROOT, 0), swap(ROOT * 104 // 100, 1))
        assert bench.switch.calls == []
        await bench.market(swap(ROOT * 106 // 100, 2))
        actor = "breaker price_jump"
        assert bench.switch.calls == [("trip", INSTRUMENT, actor, Level.REDUCING)]
        bench.market_ns = DAY_NS + 2 * SECOND
        await bench.pass_time(59)
        assert len(bench.switch.calls) == 1
        await bench.pass_time(1)
        assert bench.switch.calls[1:] == [("restore", INSTRUMENT, actor, Level.ACTIVE)]
        assert bench.actions == [("price_jump", BreakerAction.REDUCE), ("price_jump", BreakerAction.RESUME)]


async def test_three_decisions_on_stale_input_reduce_the_strategy_until_30_s_with_a_whole_stream() -> None:
    stale = decision(failed=Check.INPUT_FRESH)
    async with running() as bench:
        await bench.execution(stale, stale)
        assert bench.switch.calls == []
        await bench.market(status(StreamState.STALE))
        await bench.execution(stale)
        assert bench.switch.calls == [("trip", "strategy:flash", "breaker stale_data", Level.REDUCING)]
        await bench.pass_time(40)
        await bench.market(status(StreamState.FRESH))
        await bench.pass_time(29)
        assert len(bench.switch.calls) == 1
        await bench.pass_time(1)
        assert bench.switch.calls[1:] == [("restore", "strategy:flash", "breaker stale_data", Level.ACTIVE)]


LOSS = {(Place.STRATEGY, "max_daily_loss"): 180, (Place.LIMITS, "max_daily_loss"): 270}


async def test_a_loss_halts_the_strategy_first_and_everything_when_it_grows() -> None:
    """Each revert costs 90."""
    async with running(LOSS) as bench:
        await bench.execution(*failed(1))
        assert bench.switch.calls == []
        await bench.execution(*failed(2))
        assert bench.switch.calls == [("trip", "strategy:flash", "breaker daily_loss", Level.HALTED)]
        await bench.execution(*failed(3))
        assert bench.switch.calls[1:] == [("trip", GLOBAL, "breaker daily_loss", Level.HALTED)]
        await bench.pass_time(1000 * 86_400)
        assert len(bench.switch.calls) == 2


@pytest.mark.parametrize("rule", ["max_drawdown", "max_losing_streak"])
async def test_a_drawdown_and_a_losing_streak_halt_the_strategy(rule: str) -> None:
    limit = 2 if rule == "max_losing_streak" else 180
    async with running({(Place.STRATEGY, rule): limit}) as bench:
        await bench.execution(*failed(1), *failed(2))
        name = rule.removeprefix("max_")
        assert bench.switch.calls == [("trip", "strategy:flash", f"breaker {name}", Level.HALTED)]


async def test_a_loss_that_the_journal_holds_trips_at_the_start() -> None:
    """The process may have ended between the loss and its trip."""
    record = TradingRecord()
    for number in (1, 2):
        for message in failed(number):
            record.take(message)
    async with running(LOSS, record) as bench:
        assert bench.switch.calls == [("trip", "strategy:flash", "breaker daily_loss", Level.HALTED)]


async def test_a_person_who_resumes_closes_the_breakers_of_the_scope_and_losses_count_from_there() -> None:
    async with running(LOSS) as bench:
        await bench.execution(*failed(1), *failed(2))
        await bench.execution(change("strategy:flash", Level.PROBATION, Via.COMMAND_LINE))
        assert bench.actions == [("daily_loss", BreakerAction.PAUSE), ("daily_loss", BreakerAction.RESUME)]
        assert bench.kept[-1].scope is BreakerScope.STRATEGY
        await bench.execution(*failed(3))
        assert [call[1] for call in bench.switch.calls] == ["strategy:flash", GLOBAL]


@pytest.mark.parametrize("via", [Via.BREAKER, Via.START_RULE, Via.PROBATION])
async def test_what_no_person_did_closes_nothing(via: Via) -> None:
    async with running(LOSS) as bench:
        await bench.execution(*failed(1), *failed(2))
        await bench.execution(change("strategy:flash", Level.ACTIVE, via))
        assert bench.actions == [("daily_loss", BreakerAction.PAUSE)]


async def test_failures_in_a_row_halt_their_venue_and_a_fill_counts_anew() -> None:
    async with running({(Place.LIMITS, "max_failures_in_row"): 2}) as bench:
        filled = evolved(fill(2), venue_time_ns=DAY_NS + 100 * SECOND)
        for number, messages in enumerate((failed(1), (intent(2), filled), failed(3, 200))):
            bench.market_ns = DAY_NS + number * 100 * SECOND
            await bench.execution(*messages)
            assert bench.switch.calls == []
        bench.market_ns = DAY_NS + 300 * SECOND
        await bench.execution(*failed(4, 300))
        assert bench.switch.calls == [("trip", VENUE, "breaker reject_storm", Level.HALTED)]


async def test_a_share_of_failures_reduces_the_venue_and_one_probe_decides() -> None:
    async with running() as bench:
        for number in range(1, 5):
            await bench.execution(*failed(number))
        assert bench.switch.calls == [("trip", VENUE, "breaker reject_ratio", Level.REDUCING)]
        await bench.pass_time(59)
        assert bench.board.permit("flash", (POOL,)) is Permit.ANY
        await bench.pass_time(1)
        assert bench.actions[-1] == ("reject_ratio", BreakerAction.PROBE)
        assert bench.switch.calls[1:] == [("restore", VENUE, "breaker reject_ratio", Level.ACTIVE)]
        assert bench.board.permit("flash", (POOL,)) is Permit.PROBE
        bench.board.send_probe("flash", (POOL,), (1, 9))
        assert bench.board.permit("flash", (POOL,)) is Permit.TAKEN
        await bench.execution(*failed(9, 60))
        assert bench.switch.calls[2:] == [("trip", VENUE, "breaker reject_ratio", Level.REDUCING)]
        await bench.pass_time(60)
        bench.board.send_probe("flash", (POOL,), (1, 10))
        await bench.execution(intent(10), fill(10))
        assert bench.actions[-1] == ("reject_ratio", BreakerAction.RESUME)
        assert bench.board.permit("flash", (POOL,)) is Permit.ANY


@pytest.mark.parametrize(
    ("check", "rule"),
    [
        (Check.VENUE_THROTTLE, "throttle"),
        (Check.STRATEGY_THROTTLE, "throttle"),
        (Check.GLOBAL_THROTTLE, "throttle"),
        (Check.REPEATED, "repeated"),
    ],
)
async def test_a_pace_or_a_path_that_is_repeated_halts_the_strategy(check: Check, rule: str) -> None:
    async with running() as bench:
        await bench.execution(decision(failed=check))
        assert bench.switch.calls == [("trip", "strategy:flash", f"breaker {rule}", Level.HALTED)]
        await bench.pass_time(10**6)
        assert bench.board.breakers[rule, "strategy:flash"].phase is Phase.OPEN


def order(number: int, state: OrderState) -> OrderStatus:
    return OrderStatus(1, number, POOL, "", state, Side.BUY, 1, 0, None, "", DAY_NS, DAY_NS)


def transaction(number: int, state: TransactionState) -> TransactionStatus:
    name = bytes([number]) * 32
    return TransactionStatus(1, bytes(20), 1, number, name, state, 1, None, None, None, None, "", DAY_NS)


async def test_more_unknown_transactions_than_allowed_halt_their_chain() -> None:
    """Until so many of them are heard of again."""
    unknown, mined = TransactionState.UNKNOWN, TransactionState.MINED
    async with running() as bench:
        await bench.execution(transaction(1, unknown), transaction(1, mined), transaction(2, unknown))
        assert bench.switch.calls == []
        await bench.execution(transaction(3, unknown))
        assert bench.switch.calls == [("trip", "venue:ethereum", "breaker reconciliation", Level.HALTED)]
        await bench.execution(transaction(3, mined))
        assert bench.breakers.differing() == ()


async def test_more_unknown_orders_than_allowed_halt_their_venue() -> None:
    async with running() as bench:
        await bench.execution(order(1, OrderState.UNKNOWN), order(1, OrderState.FILLED), order(2, OrderState.UNKNOWN))
        assert bench.switch.calls == []
        await bench.execution(order(3, OrderState.UNKNOWN))
        assert bench.switch.calls == [("trip", VENUE, "breaker reconciliation", Level.HALTED)]
        assert bench.breakers.differing() == (VENUE,)
        await bench.execution(order(3, OrderState.CANCELLED))
        assert bench.breakers.differing() == ()


async def test_books_that_differ_three_times_halt_their_venue() -> None:
    async with running() as bench:
        for _ in range(3):
            assert bench.switch.calls == []
            bench.breakers.reconciled(VENUE, equal=False)
        assert bench.switch.calls == [("trip", VENUE, "breaker reconciliation", Level.HALTED)]


async def test_a_live_chain_without_blocks_is_reduced_and_a_recorded_one_is_not(autojump_clock: MockClock) -> None:
    async with running() as bench:
        await bench.market(status(StreamState.FRESH), BlockCompleted(1, 1, 0, DAY_NS, 0, None, None))
        bench.market_ns = DAY_NS + 7 * SECOND
        await trio.sleep(2)
        assert bench.switch.calls == []
        await bench.market(status(StreamState.FRESH, recorded=False), BlockCompleted(1, 2, 0, DAY_NS, 0, None, None))
        await trio.sleep(2)
        assert bench.switch.calls == [("trip", "venue:ethereum", "breaker chain_health", Level.REDUCING)]
        for number in range(65):  # the first of them came late
            bench.market_ns += SECOND
            await bench.market(BlockCompleted(1, 3 + number, 0, bench.market_ns, 0, None, None))
        bench.market_ns += SECOND
        await trio.sleep(1)
        assert bench.switch.calls[1:] == [("restore", "venue:ethereum", "breaker chain_health", Level.ACTIVE)]


async def test_a_scope_that_somebody_else_holds_stays_held_and_the_breaker_closes() -> None:
    async with running() as bench:
        await bench.market(swap(ROOT, 0), swap(2 * ROOT, 1))
        bench.switch.refusal = HaltError("a person holds it")
        await bench.pass_time(100)
        assert bench.board.breakers[table.PRICE_JUMP, INSTRUMENT].phase is Phase.CLOSED
        assert bench.actions[-1] == ("price_jump", BreakerAction.RESUME)


async def test_what_a_journal_left_open_holds_its_scope_again_from_the_start() -> None:
    """The latch names one who reduced a scope; with two open breakers the switch must hear of both."""
    left = [
        CircuitBreaker(BreakerScope.VENUE, "uniswap_v3", BreakerAction.REDUCE, rule, "odd", None, DAY_NS)
        for rule in (table.REJECT_RATIO, table.CHAIN_HEALTH)
    ]
    halted = CircuitBreaker(BreakerScope.STRATEGY, "flash", BreakerAction.PAUSE, table.REPEATED, "odd", None, DAY_NS)
    async with running(left=[*left, halted]) as bench:
        assert bench.switch.calls == [
            ("trip", VENUE, "breaker reject_ratio", Level.REDUCING),
            ("trip", VENUE, "breaker chain_health", Level.REDUCING),
        ]
        assert bench.kept == []


async def test_a_failure_that_cost_nothing_and_was_cancelled_is_no_failure() -> None:
    async with running({(Place.LIMITS, "max_failures_in_row"): 1}) as bench:
        sent, report = failed(1)
        await bench.execution(sent, evolved(report, outcome=Outcome.CANCELLED, gas_cost=0, gas_wei=0))
        assert bench.switch.calls == []
