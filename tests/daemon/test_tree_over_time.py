"""The whole daemon by the mock clock: exact lists of (time, state)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock

from alphapulse.data.execution import Check, ExecutionReport, OrderRequest, Outcome, RiskDecision
from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.data.runs import RunEnded, RunStarted
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.errors import HaltError
from alphapulse.execution.engine import Engine
from alphapulse.execution.paper import PaperExecutor
from alphapulse.journal.journal import SystemCalls
from alphapulse.observe.service_manager import ServiceManager
from alphapulse.portfolio.portfolio import Portfolio
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.strategies.flash_arbitrage import FlashArbitrage
from tests.daemon import resuming
from tests.daemon.books import all_records, records
from tests.daemon.daemon_rig import NS_PER_S, START_NS, Rig, paths_in, running_daemon
from tests.daemon.day_config import Day
from tests.execution.execution_fakes import evolved
from tests.fakes.systemd import Systemd

pytestmark = pytest.mark.slow

FOUNDATION = (
    *("journal", "ledger", "portfolio", "settlements", "paper executor", "halt switch"),
    *("control socket", "halt file", "clock watch", "reconciliation", "breakers", "own health", "watchdog"),
)
DECISIONS = ("engine", "flash_arbitrage")
COLLECTORS = ("day",)
START = [(0.0, "stopped"), (0.0, "starting"), (0.0, "running")]
STRATEGY = "strategy:flash_arbitrage"

FIRST_GAP = Day(speed=60, start="2024-01-05T01:15:00Z", end="2024-01-05T01:20:00Z")
"""A minute a second; the first opportunity comes in the third second."""
MORNING = Day(speed=600, start="2024-01-05T01:15:00Z")


def kill(rig: Rig, scope: str = GLOBAL) -> HaltChange:
    return rig.daemon.kill(scope, reason="a drill", actor="ann", via=Via.API)


def resume(rig: Rig, scope: str = GLOBAL) -> None:
    resuming.resume(rig.daemon, scope)


def level(rig: Rig) -> Level:
    return rig.daemon.halts.level("flash_arbitrage")


async def test_a_start_brings_up_foundation_decisions_and_collectors_in_this_order(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
    started = [name for at, name, state in rig.timeline.rows if state == "running" and at == 0]
    assert started == [*FOUNDATION, *DECISIONS, *COLLECTORS]


async def test_the_shipped_speed_shows_the_first_opportunity_within_ten_seconds(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(10)
        assert rig.daemon.strategy.counts.opportunities == 1
        assert [book.total.traded for book in rig.daemon.portfolio.tokens.values()] == [1]


async def test_a_kill_ends_the_decisions_and_nothing_else(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(10)
        delivered = rig.daemon.collector.counts.logs
        kill(rig)
        assert level(rig) is Level.HALTED
        await rig.until(30)
        for name in DECISIONS:
            assert rig.timeline.of(name) == [*START, (10.0, "cancelled")]
        for name in (*FOUNDATION, *COLLECTORS):
            assert rig.timeline.of(name) == START
        assert rig.daemon.collector.counts.logs > delivered


async def test_the_report_of_a_kill_is_complete_in_the_same_moment(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(10)
        change = kill(rig)
        report = await rig.daemon.halts.wait_report(change.halt_id)
        assert trio.current_time() == 10
        assert [(step.name, step.done) for step in report.steps] == [
            ("gate closed", True),
            ("latch on disk", True),
            ("strategies and engine gone", True),
            ("orders cancelled", True),
            ("report", True),
        ]
        assert report.kept_running == (*FOUNDATION, *COLLECTORS)


async def test_no_intent_follows_a_kill_and_the_books_of_the_run_stay(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(10)
        traded = [book.total.traded for book in rig.daemon.portfolio.tokens.values()]
        assert traded != []
        kill(rig)
        await rig.until(50)
        assert [book.total.traded for book in rig.daemon.portfolio.tokens.values()] == traded
    told = all_records(paths_in(tmp_path).journal)
    halted = next(index for index, one in enumerate(told) if isinstance(one, HaltChange) and one.level is Level.HALTED)
    assert not any(isinstance(one, OrderRequest | ArbitrageSignal) for one in told[halted:])


async def test_a_resume_starts_the_decisions_anew_and_trading_goes_on(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(10)
        kill(rig)
        await rig.until(12)
        traded = sum(book.total.traded for book in rig.daemon.portfolio.tokens.values())
        resume(rig)
        await rig.until(60)
        for name in DECISIONS:
            assert rig.timeline.of(name)[3:] == [(10.0, "cancelled"), (12.0, "starting"), (12.0, "running")]
        assert sum(book.total.traded for book in rig.daemon.portfolio.tokens.values()) > traded


async def test_a_resume_before_the_report_is_complete_is_refused(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        kill(rig)
        with pytest.raises(HaltError, match="still being carried out"):
            resume(rig)
        await rig.until(1.5)
        resume(rig)
        assert level(rig) is Level.ACTIVE


async def test_a_kill_of_one_strategy_leaves_the_engine_running(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(10)
        kill(rig, STRATEGY)
        await rig.until(20)
        assert level(rig) is Level.HALTED
        assert rig.daemon.halts.changes[GLOBAL].level is Level.ACTIVE
        resume(rig, STRATEGY)
        await rig.until(21)
        assert rig.timeline.of("engine") == START
        assert rig.timeline.of("flash_arbitrage") == [
            *START,
            (10.0, "stopped"),
            (20.0, "starting"),
            (20.0, "running"),
        ]


async def test_a_strategys_halt_outlives_a_global_halt_and_its_end(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(1)
        kill(rig, STRATEGY)
        await rig.until(2)
        kill(rig)
        await rig.until(3)
        resume(rig)
        await rig.until(4)
        assert rig.timeline.of("engine") == [*START, (2.0, "cancelled"), (3.0, "starting"), (3.0, "running")]
        assert rig.timeline.of("flash_arbitrage") == [*START, (1.0, "stopped")]
        assert level(rig) is Level.HALTED


async def test_sigusr1_closes_the_gate_in_its_handler(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert level(rig) is Level.HALTED
        await rig.until(2)
        change = rig.daemon.halts.changes[GLOBAL]
        assert (change.level, change.via, change.reason) == (Level.HALTED, Via.OS_SIGNAL, "SIGUSR1 was received")
        assert rig.timeline.of("engine") == [*START, (1.0, "cancelled")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_signal_ends_decisions_then_data_then_foundation(
    tmp_path: Path, autojump_clock: MockClock, number: int
) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        os.kill(os.getpid(), number)
        await rig.done.wait()
        assert trio.current_time() == 1
    gone = [name for _, name, state in rig.timeline.rows if state == "cancelled"]
    assert set(gone[:2]) == set(DECISIONS)
    assert gone[2] == "day"
    assert set(gone[3:]) == set(FOUNDATION)
    assert rig.ended_at_once == []


async def test_a_second_stop_signal_ends_the_process_at_once(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "run", _slow_to_go(Engine.run, 3))
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        os.kill(os.getpid(), signal.SIGTERM)
        await rig.until(1.25)
        assert rig.ended_at_once == []
        os.kill(os.getpid(), signal.SIGTERM)
        await rig.until(1.3)
        assert rig.ended_at_once == [1.25]


async def test_a_stage_that_hangs_delays_the_next_by_its_deadline_only(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine takes three seconds to go; data end after half a second all the same, and nobody is left behind."""
    monkeypatch.setattr(Engine, "run", _slow_to_go(Engine.run, 3))
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        rig.daemon.request_stop("a drill")
        await rig.done.wait()
        assert trio.current_time() == 4
    assert rig.timeline.of("flash_arbitrage", since=1) == [(1.0, "cancelled")]
    assert rig.timeline.of("day", since=1) == [(1.5, "cancelled")]
    assert rig.timeline.of("journal", since=1) == [(1.5, "cancelled")]
    assert rig.timeline.of("engine", since=1) == [(4.0, "cancelled")]


async def test_a_stop_closes_the_run_in_the_books_and_is_no_halt(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        rig.daemon.request_stop("enough for today")
        await rig.done.wait()
    journal = paths_in(tmp_path).journal
    assert [(one.run, one.reason) for one in records(journal, RunEnded)] == [(1, "enough for today")]
    assert [one.level for one in records(journal, HaltChange)] == [Level.ACTIVE]


async def test_a_stop_settles_what_is_on_its_way(tmp_path: Path, autojump_clock: MockClock) -> None:
    """After four seconds the trade of the first gap waits for a block that is an hour away."""
    async with running_daemon(tmp_path, attrs.evolve(FIRST_GAP, latency="{ blocks = 300 }")) as rig:
        await rig.until(4)
        assert len(rig.daemon.executor.pending) == 1
    reports = records(paths_in(tmp_path).journal, ExecutionReport)
    assert [(one.outcome, one.text) for one in reports] == [(Outcome.CANCELLED, "the daemon was stopped")]


async def test_an_engine_that_keeps_failing_halts_everything(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "run", _fail_at_once)
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(30.9)
        assert level(rig) is Level.ACTIVE
        await rig.until(40)
        change = rig.daemon.halts.changes[GLOBAL]
        assert (change.level, change.via, change.at_ns) == (Level.HALTED, Via.SUPERVISOR, _at_ns(31))
        assert "engine failed for good: a bug" in change.reason
        assert rig.timeline.of("engine") == [
            (0.0, "stopped"),
            *[(at, state) for at in (0.0, 1.0, 3.0, 7.0, 15.0) for state in ("starting", "backing off")],
            (31.0, "starting"),
            (31.0, "failed"),
        ]
        assert rig.timeline.of("flash_arbitrage") == [*START, (31.0, "cancelled")]
        assert rig.timeline.of("day") == START


async def test_a_strategy_that_keeps_failing_is_halted_alone(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_events(strategy: FlashArbitrage, events: object) -> list[ArbitrageSignal]:
        raise RuntimeError("a bug")

    monkeypatch.setattr(FlashArbitrage, "on_events", on_events)
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(60)
        change = rig.daemon.halts.changes[STRATEGY]
        assert (change.level, change.via) == (Level.HALTED, Via.SUPERVISOR)
        assert rig.daemon.halts.changes[GLOBAL].level is Level.ACTIVE
        assert rig.timeline.of("flash_arbitrage")[-1] == (31.0, "failed")
        assert rig.timeline.of("engine") == START


@pytest.mark.parametrize(("part", "name"), [(Portfolio, "portfolio"), (PaperExecutor, "paper executor")])
async def test_a_failure_of_what_keeps_the_books_halts_everything(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, part: type, name: str
) -> None:
    monkeypatch.setattr(part, "run", _fail_after_a_second)
    async with running_daemon(tmp_path, MORNING) as rig:
        await rig.until(5)
        assert rig.timeline.of(name) == [*START, (1.0, "failed")]
        change = rig.daemon.halts.changes[GLOBAL]
        assert (change.level, change.via, change.at_ns) == (Level.HALTED, Via.SUPERVISOR, _at_ns(1))
        with pytest.raises(HaltError, match=f"foundation: failed: .*{name}"):
            resume(rig)


async def test_a_disk_that_fails_halts_everything_and_is_the_error_of_the_end(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """The disk is asked when the first intent must be on it; the intent is not sent."""
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        rig.daemon.journal._system = SystemCalls(fdatasync=_full_disk)
        await rig.until(10)
        change = rig.daemon.halts.changes[GLOBAL]
        assert (change.level, change.via) == (Level.HALTED, Via.JOURNAL)
        assert "No space left on device" in change.reason
        at = round((change.at_ns - START_NS) / NS_PER_S, 3)
        assert rig.timeline.of("engine") == [*START, (at, "cancelled")]
        assert rig.timeline.of("journal")[:-1] == START
        assert rig.timeline.of("journal")[-1][1] == "failed"
        assert rig.timeline.of("day") == START
        assert rig.daemon.portfolio.in_flight == {}
        assert rig.daemon.portfolio.tokens == {}
        with pytest.raises(HaltError, match=r"journal: the journal .* could not sync"):
            resume(rig)
    assert "No space left on device" in str(rig.daemon.failure)


async def test_a_disk_that_fails_in_a_write_halts_before_anything_is_sent(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        rig.daemon.journal._system = SystemCalls(write=_no_write)
        await rig.until(5)
        assert level(rig) is Level.HALTED
        assert rig.daemon.portfolio.in_flight == {}
        assert rig.daemon.portfolio.tokens == {}
    assert records(paths_in(tmp_path).journal, OrderRequest) == []


async def test_a_kill_whose_audit_cannot_be_written_is_a_kill_all_the_same(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(1)
        first = kill(rig)
        await rig.until(2)
        rig.daemon.journal._system = SystemCalls(write=_no_write)
        assert kill(rig).halt_id == first.halt_id
        await rig.until(3)
        assert (await rig.daemon.halts.wait_report(first.halt_id)).halt_id == first.halt_id
        assert rig.daemon.failure is not None


async def test_a_collector_that_fails_begins_a_new_run_with_fresh_books(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        await rig.until(4)
        assert sum(book.total.traded for book in rig.daemon.portfolio.tokens.values()) == 1
        with monkeypatch.context() as patch:
            patch.setattr(LogDecoder, "decode_log", _raise_a_bug)
            await rig.until(4.5)
        failed_at = rig.timeline.of("day")[-1][0]
        assert rig.timeline.of("day") == [*START, (failed_at, "backing off")]
        await rig.until(6)
        again = round(failed_at + 1, 3)
        assert rig.timeline.of("day", since=4) == [(failed_at, "backing off"), (again, "starting"), (again, "running")]
        assert rig.daemon.portfolio.run_number == 2
        assert rig.daemon.portfolio.tokens == {}
        await rig.until(20)
        assert [book.total.traded for book in rig.daemon.portfolio.tokens.values()] == [1]
    assert [one.run for one in records(paths_in(tmp_path).journal, RunStarted)] == [1, 2]


async def test_nothing_is_traded_on_a_stream_whose_collector_is_down(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_daemon(tmp_path, FIRST_GAP) as rig:
        seen: list[ArbitrageSignal] = []
        with rig.daemon.bus.signals.subscribe("test", types=(ArbitrageSignal,)) as subscription:
            seen += await subscription.receive()
        await rig.until(4)
        rig.daemon.collectors.stop("day", "a drill")
        await rig.until(4.5)
        rig.daemon.bus.signals.publish([evolved(one, signal_id=one.signal_id + 100) for one in seen])
        await rig.until(5)
    verdicts = records(paths_in(tmp_path).journal, RiskDecision)
    assert [(one.failed and one.failed.name) for one in verdicts] == [None, Check.INPUT_FRESH.name]
    assert "stale" in verdicts[-1].text


async def test_a_repeated_recording_is_a_new_run_whose_books_start_at_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, attrs.evolve(FIRST_GAP, at_end="repeat")) as rig:
        await rig.until(4)
        first = {token: book.total for token, book in rig.daemon.portfolio.tokens.items()}
        assert [book.traded for book in first.values()] == [1]
        await _until(lambda: rig.daemon.portfolio.run_number == 2)
        assert rig.daemon.portfolio.tokens == {}
        assert rig.daemon.portfolio.holdings == {}
        began = trio.current_time()
        await rig.until(began + 4)
        assert {token: book.total for token, book in rig.daemon.portfolio.tokens.items()} == first
        assert rig.timeline.of("day") == START
    journal = paths_in(tmp_path).journal
    assert [(one.run, one.reason) for one in records(journal, RunStarted)] == [
        (1, "the daemon started"),
        (2, "the recording began again"),
    ]


async def test_a_trade_that_waits_when_its_data_end_is_cancelled_in_its_own_run(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_daemon(tmp_path, attrs.evolve(FIRST_GAP, latency="{ blocks = 300 }", at_end="repeat")) as rig:
        await _until(lambda: rig.daemon.portfolio.run_number == 2)
        assert rig.daemon.executor.pending == ()
    assert [(one.run, one.outcome) for one in records(paths_in(tmp_path).journal, ExecutionReport)] == [
        (1, Outcome.CANCELLED)
    ]


async def test_at_end_hold_keeps_the_books_in_view_and_stop_ends_the_daemon(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    (tmp_path / "hold").mkdir()
    (tmp_path / "stop").mkdir()
    async with running_daemon(tmp_path / "hold", attrs.evolve(FIRST_GAP, at_end="hold")) as rig:
        await rig.until(100)
        assert rig.daemon.collector.finished
        assert [book.total.traded for book in rig.daemon.portfolio.tokens.values()] == [1]
    async with running_daemon(tmp_path / "stop", attrs.evolve(FIRST_GAP, at_end="stop")) as rig:
        await rig.done.wait()
        assert rig.daemon.stopping == "the recording is over"


async def _until(holds: Callable[[], bool]) -> None:
    """Wait, by the mock clock, until something holds."""
    with trio.fail_after(60):
        while not holds():  # noqa: ASYNC110 - no event tells of it
            await trio.sleep(0.01)


def _at_ns(second: int) -> int:
    return START_NS + second * NS_PER_S


def _slow_to_go(run: Callable[..., object], seconds: float) -> Callable[..., object]:
    """The service, but its clean-up takes its time."""

    async def slow(service: object, *, task_status: trio.TaskStatus[None]) -> None:
        try:
            await run(service, task_status=task_status)  # type: ignore[misc]
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(seconds)

    return slow


async def _fail_at_once(service: object, *, task_status: trio.TaskStatus[None]) -> None:
    raise RuntimeError("a bug")


async def _fail_after_a_second(service: object, *, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    await trio.sleep(1)
    raise RuntimeError("a bug")


def _raise_a_bug(*_: object) -> None:
    raise RuntimeError("a bug")


def _full_disk(descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def _no_write(descriptor: int, data: bytes) -> int:
    raise OSError(28, "No space left on device")


def hear(systemd: Systemd) -> tuple[int, list[str]]:
    """How many signs of life have come since the last look, and all else."""
    lines = [line for note in systemd.notes() for line in note.split("\n")]
    return lines.count("WATCHDOG=1"), [line for line in lines if line != "WATCHDOG=1"]


@pytest.mark.real_io
async def test_a_service_manager_hears_of_the_start_the_halt_and_the_stop(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """A halt ends the engine, not the daemon: signs of life go on. An engine that hangs ends them."""
    systemd = Systemd(str(tmp_path / "notify"))
    manager = ServiceManager(systemd.address, watchdog_us=4_000_000)
    async with running_daemon(tmp_path, FIRST_GAP, service_manager=manager) as rig:
        await rig.until(9.5)
        signs, told = hear(systemd)
        assert signs == 10
        assert told == ["STATUS=active (paper)", "READY=1", "STATUS=active (paper)"]
        kill(rig)
        await rig.until(19.5)
        signs, told = hear(systemd)
        assert signs == 10
        assert [line.partition(" by ")[0] for line in told] == ["STATUS=halted (paper)"]
        resume(rig)
        await rig.until(20.5)
        rig.daemon.engine.turn = trio.sleep_forever  # type: ignore[method-assign]
        hear(systemd)
        await rig.until(40.5)
        assert hear(systemd) == (0, [])
    assert hear(systemd)[1] == ["STOPPING=1", "STATUS=stopping: the test is over"]
    systemd.close()
