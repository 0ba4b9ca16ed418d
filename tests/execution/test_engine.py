"""The engine: everything is in the journal before it happens, and no intent is left without an end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count, permutations
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.data.execution import Check, ExecutionReport, Mode, OrderRequest, Outcome, RiskDecision
from alphapulse.data.halts import Level
from alphapulse.data.risk import RiskAlert
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.errors import JournalError
from alphapulse.execution.engine import HALTED_BEFORE_SENDING, LATE_BEFORE_SENDING, Engine
from alphapulse.journal.journal import Journal
from alphapulse.journal.recovery import Recovery
from alphapulse.relays.bus import Bus
from alphapulse.rules.limits.limit_table import Place
from tests.execution.execution_fakes import Disk, Halts, RecordingExecutor, evolved, of_type, open_journal, records
from tests.execution.gate_bench import GateBench, flash
from tests.fakes.cancellation import cancel_at_step
from tests.journal.journal_samples import DAY_NS, USDC

FLOOR = 5


@attrs.define
class Bench:
    """An engine with a recording executor, and what was published on the execution relay."""

    bus: Bus
    journal: Journal
    disk: Disk
    halts: Halts
    executor: RecordingExecutor
    engine: Engine
    gate: GateBench
    published: list[object] = attrs.field(factory=list)

    async def listen(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with self.bus.execution.subscribe("listener") as subscription:
            task_status.started()
            while True:
                self.published += await subscription.receive()

    async def decide(self, *lists: list[ArbitrageSignal]) -> None:
        """Let the engine run over lists of signals, then stop it."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.listen)
            await nursery.start(self.engine.run)
            for signals in lists:
                self.bus.signals.publish(signals)
                await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    @property
    def reports(self) -> list[ExecutionReport]:
        return [record for record in records(self.journal) if isinstance(record, ExecutionReport)]


@asynccontextmanager
async def bench_in(folder: Path, limits: dict[tuple[Place, str], int] | None = None) -> AsyncIterator[Bench]:
    disk, halts, bus, numbers = Disk(), Halts(), Bus(), count(41)
    async with open_journal(folder, disk) as journal:
        surroundings = GateBench(halts, floors={USDC: FLOOR}, max_input_age_ns=10**18, limits=limits or {})
        gate = surroundings.gate()
        executor = RecordingExecutor(journal, disk)
        engine = Engine(
            gate,
            executor,
            journal,
            bus.signals,
            bus.execution,
            mode=Mode.PAPER,
            next_intent_id=lambda: next(numbers),
            now_ns=lambda: DAY_NS,
        )
        yield Bench(bus, journal, disk, halts, executor, engine, surroundings)


def numbered(signal_id: int, *, strategy: str = "flash", block: int = 100, log: int = 7) -> ArbitrageSignal:
    """A signal with an episode of its own."""
    return evolved(flash(signal_id, strategy=strategy), block_number=block, log_index=log)


BAD = evolved(numbered(9), gas_cost=None)


async def test_signals_verdicts_and_intents_are_on_the_disk_before_the_executor_hears_of_them(tmp_path: Path) -> None:
    async with bench_in(tmp_path) as bench:
        good = numbered(1)
        await bench.decide([good, BAD])
        (held,) = bench.executor.held
        assert [type(record) for record in held] == [
            ArbitrageSignal, ArbitrageSignal, RiskDecision, RiskDecision, OrderRequest
        ]  # fmt: skip
        assert held[:2] == [good, BAD]
        assert [decision.failed for decision in held if isinstance(decision, RiskDecision)] == [
            None, Check.MIN_NET_PROFIT
        ]  # fmt: skip
        assert held[-1:] == bench.executor.intents
        assert bench.executor.unsynced == [0]
        assert records(bench.journal) == held


async def test_an_intent_says_what_is_to_be_done_and_the_least_it_must_earn(tmp_path: Path) -> None:
    async with bench_in(tmp_path) as bench:
        one = numbered(1)
        await bench.decide([one])
        assert bench.executor.intents == [
            OrderRequest(
                run=one.run,
                intent_id=41,
                signal_id=1,
                strategy="flash",
                mode=Mode.PAPER,
                halt_epoch=1,
                chain_id=1,
                block_number=100,
                log_index=7,
                venue_time_ns=one.venue_time_ns,
                legs=one.legs,
                profit_token=USDC,
                size=one.size,
                minimum_profit=one.flash_fee + 90 + FLOOR,
                flash_fee=one.flash_fee,
                gas_wei=one.gas_units * one.gas_price_wei,
                gas_cost=90,
                expected_net=560,
                created_ns=DAY_NS,
            )
        ]


async def test_verdicts_and_intents_are_published_when_they_are_written(tmp_path: Path) -> None:
    async with bench_in(tmp_path) as bench:
        await bench.decide([numbered(1), BAD])
        assert bench.published == of_type(records(bench.journal), RiskDecision, OrderRequest)


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_a_list_is_judged_by_position_then_strategy(tmp_path: Path, order: tuple[int, ...]) -> None:
    signals = [
        numbered(4, block=99, log=9),
        numbered(3, strategy="other", block=100, log=1),
        numbered(1, strategy="flash", block=100, log=2),
        numbered(2, strategy="other", block=100, log=2),
    ]
    async with bench_in(tmp_path) as bench:
        await bench.decide([signals[place] for place in order])
        assert [intent.signal_id for intent in bench.executor.intents] == [4, 3, 1, 2]
        assert len(bench.executor.calls) == 1
        verdicts = of_type(records(bench.journal), RiskDecision)
        assert [verdict.signal_id for verdict in verdicts] == [4, 3, 1, 2]  # type: ignore[attr-defined]


async def test_the_earlier_of_two_signals_of_an_episode_is_traded(tmp_path: Path) -> None:
    async with bench_in(tmp_path) as bench:
        early, late = numbered(1, log=1), evolved(numbered(2, log=2), episode=1)
        await bench.decide([late, early])
        assert [intent.signal_id for intent in bench.executor.intents] == [1]


async def test_what_the_gate_refuses_reaches_nobody(tmp_path: Path) -> None:
    async with bench_in(tmp_path) as bench:
        bench.halts.levels["flash"] = Level.HALTED
        await bench.decide([numbered(1)], [BAD])
        assert bench.executor.calls == []
        assert of_type(records(bench.journal), OrderRequest) == []
        assert len(of_type(records(bench.journal), RiskDecision)) == 2


async def test_a_halt_between_journal_and_sending_sends_nothing_and_settles_the_intents(tmp_path: Path) -> None:
    async with bench_in(tmp_path) as bench:
        bench.disk.during_sync = lambda: setattr(bench.halts, "epoch", 2)
        await bench.decide([numbered(1), numbered(2)])
        assert bench.executor.calls == []
        assert [(report.intent_id, report.outcome, report.text) for report in bench.reports] == [
            (number, Outcome.CANCELLED, HALTED_BEFORE_SENDING) for number in (41, 42)
        ]
        assert [report.gas_cost for report in bench.reports] == [0, 0]
        assert Recovery.of(enumerate(records(bench.journal))).unsettled == {}
        assert bench.published[-2:] == bench.reports


async def test_after_a_halt_the_next_signals_of_the_new_epoch_are_sent(tmp_path: Path) -> None:
    async with bench_in(tmp_path) as bench:
        bench.disk.during_sync = lambda: setattr(bench.halts, "epoch", 2)
        await bench.decide([numbered(1)], [evolved(numbered(2), halt_epoch=2)])
        assert [intent.signal_id for intent in bench.executor.intents] == [2]


async def test_a_cancellation_at_any_checkpoint_leaves_no_intent_that_nobody_has(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Each intent in the journal was handed to the executor or is settled there; never both, never neither."""
    step, reached, unsent, sent = 0, True, 0, 0
    while reached:
        step += 1
        folder = tmp_path / str(step)
        folder.mkdir()
        async with bench_in(folder) as bench, trio.open_nursery() as nursery:

            async def feed(bench: Bench = bench) -> None:
                for number in range(1, 7, 2):
                    bench.bus.signals.publish([numbered(number), numbered(number + 1)])
                    await trio.sleep(1)

            nursery.start_soon(feed)
            reached = await cancel_at_step(step, bench.engine.run)
            nursery.cancel_scope.cancel()
            intents = {intent.intent_id for intent in records(bench.journal) if isinstance(intent, OrderRequest)}
            handed = {intent.intent_id for intent in bench.executor.intents}
            settled = {report.intent_id for report in bench.reports}
            assert intents == handed | settled, f"step {step}"
            assert not handed & settled, f"step {step}"
            unsent += bool(settled)
            sent += bool(handed)
    assert unsent >= 3
    assert sent >= 3


async def _fails(bench: Bench, signals: list[ArbitrageSignal]) -> JournalError:
    with pytest.RaisesGroup(JournalError) as caught:
        await bench.decide(signals)
    (error,) = caught.value.exceptions
    assert isinstance(error, JournalError)
    return error


@pytest.mark.parametrize("fault", ["fail_write", "fail_sync"])
async def test_what_cannot_be_recorded_is_not_sent(tmp_path: Path, fault: str) -> None:
    async with bench_in(tmp_path) as bench:
        setattr(bench.disk, fault, True)
        await _fails(bench, [numbered(1)])
        assert bench.executor.calls == []
        assert of_type(bench.published, OrderRequest, ExecutionReport) == []


async def test_a_journal_that_fails_as_the_engine_is_cancelled_does_not_hide_the_cancellation(tmp_path: Path) -> None:
    async with bench_in(tmp_path) as bench:
        with trio.CancelScope() as scope:

            def fail(appended: Sequence[tuple[int, object]]) -> None:
                if of_type([record for _, record in appended], OrderRequest):
                    bench.journal._failure = JournalError("the disk is gone")
                    scope.cancel("a test")

            bench.journal.on_append = fail
            await bench.decide([numbered(1)])
        assert scope.cancelled_caught
        assert bench.executor.calls == []
        assert len(of_type(records(bench.journal), OrderRequest)) == 1, "a restart finds it open"


# --- its own turn ----------------------------------------------------------------------------------------------------


async def test_a_turn_is_over_when_the_engines_own_task_has_come_round(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Idle, it comes round at once; an engine that does not run has no turn to wait for."""
    async with bench_in(tmp_path) as bench:
        await bench.engine.turn()
        async with trio.open_nursery() as nursery:
            await nursery.start(bench.engine.run)
            for _ in range(3):
                with trio.fail_after(1):
                    await bench.engine.turn()
            nursery.cancel_scope.cancel()
        await bench.engine.turn()
        assert records(bench.journal) == []


async def test_a_turn_waits_for_an_engine_that_hangs_and_ends_with_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """A sync that does not come back, until somebody halts: every waiter is told."""
    turns: list[float] = []
    async with bench_in(tmp_path) as bench:

        async def wait_turn() -> None:
            await bench.engine.turn()
            turns.append(trio.current_time())

        async def hang(signals: Sequence[ArbitrageSignal]) -> None:
            await trio.sleep_forever()

        bench.engine._decide = hang  # type: ignore[method-assign]
        async with trio.open_nursery() as waiting, trio.open_nursery() as nursery:
            await nursery.start(bench.engine.run)
            bench.bus.signals.publish([flash()])
            await wait_all_tasks_blocked()
            waiting.start_soon(wait_turn)
            waiting.start_soon(wait_turn)
            await trio.sleep(5)
            assert turns == []
            nursery.cancel_scope.cancel()
    assert turns == [5.0, 5.0]


@pytest.mark.parametrize(
    ("step_ns", "sent"), [(10**10, True), (10**10 + 1, False), (-(10**10), True), (-(10**10) - 1, False)]
)
async def test_an_intent_that_waited_too_long_for_the_disk_is_not_sent(
    tmp_path: Path, step_ns: int, sent: bool
) -> None:
    """A clock that is set meanwhile, either way, is no better: what cannot be known to be young is not sent."""
    async with bench_in(tmp_path) as bench:

        def pass_time() -> None:
            bench.gate.now_ns = DAY_NS + step_ns

        bench.disk.during_sync = pass_time
        await bench.decide([numbered(1)])
        assert bool(bench.executor.intents) is sent
        expected = [] if sent else [(Outcome.CANCELLED, LATE_BEFORE_SENDING)]
        assert [(report.outcome, report.text) for report in bench.reports] == expected
        assert list(Recovery.of(enumerate(records(bench.journal), 1)).unsettled) == ([41] if sent else [])


async def test_an_alert_that_a_limit_is_near_is_published_behind_the_verdicts(tmp_path: Path) -> None:
    async with bench_in(tmp_path, {(Place.STRATEGY, "max_trade_value"): 10**9}) as bench:
        await bench.decide([numbered(1)])
        (alert,) = of_type(bench.published, RiskAlert)
        assert isinstance(alert, RiskAlert)
        assert (alert.rule, alert.value, alert.limit) == ("max_trade_value", 10**9, 10**9)
