"""The halt switch: the order of a kill, what may fail in it, and what a resume must meet."""

from __future__ import annotations

import logging
import math
import os
import signal
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.data.halts import GLOBAL, FlattenRecord, HaltChange, KillReport, Level, Via
from alphapulse.data.roles import Role
from alphapulse.errors import HaltError
from alphapulse.nursery.os_signals import install_kill_signal
from alphapulse.safety.halt_switch import HaltSwitch
from alphapulse.safety.latch import LatchRecord, read_latch, write_latch
from alphapulse.safety.parties import FlattenResult, OrderState
from alphapulse.safety.rearm import ASKED_OUTSIDE, Answer
from alphapulse.safety.report_draft import is_complete

WALL_NS = 1_704_437_087_000_000_000
MARKET_NS = 1_600_000_000_000_000_000
YES = dict.fromkeys(ASKED_OUTSIDE, Answer(True, "yes"))
FLASH = "strategy:flash"


class Desk:
    """A halt switch among parties that take their time, with one record of what happened when.

    It is decisions and gateway in one. `clock_ns` is Trio's clock plus what synchronous steps took.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "paper.halt"
        self.events: list[tuple[float, str]] = []
        self.changes: list[HaltChange] = []
        self.gone_after_s = 0.0625
        self.cancel_takes_s = 0.25
        self.write_takes_ns = 0
        self.orders = {"a": OrderState.CANCELLED, "b": OrderState.CANCELLED, "c": OrderState.IN_FLIGHT}
        self.fail: set[str] = set()
        self.probation_ns = 0
        self.flattens: list[FlattenRecord] = []
        self.in_change: Callable[[HaltChange], None] = self.changes.append
        self._spent_ns = 0
        self.switch = self.build()

    def build(self, record: LatchRecord | None = None) -> HaltSwitch:
        """A switch as a restart makes it."""
        self.reports: list[KillReport] = []
        self.switch = HaltSwitch(
            latch_path=self.path,
            record=record or LatchRecord(),
            now_ns=lambda: WALL_NS,
            clock_ns=self.clock_ns,
            market_ns=lambda: MARKET_NS,
            on_change=self.on_change,
            on_flatten=self.on_flatten,
            kept_running=self.kept_running,
            on_report=self.reports.append,
            logger=logging.getLogger("desk"),
            probation_ns=self.probation_ns,
            write=self.write,
        )
        self.switch.register_decisions("decisions", self)
        self.switch.register_gateway("paper", self)
        return self.switch

    def clock_ns(self) -> int:
        return round(trio.current_time() * 1_000_000_000) + self._spent_ns

    def note(self, text: str) -> None:
        self.events.append((trio.current_time(), text))
        if text.split(maxsplit=1)[0] in self.fail:
            raise OSError(f"{text} failed")

    def write(self, path: Path, record: LatchRecord) -> None:
        self._spent_ns += self.write_takes_ns
        levels = ",".join(change.level.name for change in record.changes)
        self.note(f"latch {levels}, level {self.switch.level('flash').name}")
        write_latch(path, record)

    def on_change(self, change: HaltChange) -> None:
        self.note(f"journal {change.level.name} {change.scope}")
        self.in_change(change)

    def kept_running(self) -> tuple[str, ...]:
        if "kept" in self.fail:
            raise OSError("kept running failed")
        return ("collectors", "journal")

    def stop(self, scope: str, reason: str) -> None:
        self.note(f"stop {scope}: {reason}")

    def start(self, scope: str) -> None:
        self.note(f"start {scope}")

    async def wait_stopped(self, scope: str) -> None:
        await trio.sleep(self.gone_after_s)
        self.note(f"gone {scope}")

    def on_flatten(self, record: FlattenRecord) -> None:
        self.note(f"flatten {record.stage.name}")
        self.flattens.append(record)

    def open_orders(self, scope: str) -> Collection[str]:
        return tuple(self.orders)

    async def cancel_orders(self, scope: str, orders: Collection[str]) -> None:
        self.note(f"cancel {scope}")
        await trio.sleep(self.cancel_takes_s)
        self.note(f"cancelled {scope}")

    async def query_orders(self, scope: str, orders: Collection[str]) -> Mapping[str, OrderState]:
        await trio.lowlevel.checkpoint()
        if "query" in self.fail:
            raise OSError("query failed")
        return self.orders

    async def flatten(self, scope: str, key: str) -> FlattenResult:
        self.note(f"sell {scope} {key}")
        await trio.sleep(0.5)
        return FlattenResult(1, 0, "1 sold")

    def kill(self, scope: str = GLOBAL, reason: str = "odd prices", actor: str = "dana") -> HaltChange:
        return self.switch.trip(scope, reason=reason, actor=actor, via=Via.DASHBOARD)

    def resume(self, scope: str = GLOBAL, role: Role = Role.OPERATOR, **found: str) -> HaltChange:
        """`found` names what does not hold, with the text."""
        answers = YES | {name: Answer(False, text) for name, text in found.items()}
        return self.switch.resume(
            scope, reason="checked", actor="erin", via=Via.COMMAND_LINE, role=role, answers=answers
        )

    def go(self) -> None:
        """Begin ACTIVE and forget how."""
        self.switch.start(Level.ACTIVE, "the books are new and the mode is paper")
        self.events.clear()
        self.changes.clear()

    def trip_in_change(self, scope: str) -> None:
        def trip_once(change: HaltChange) -> None:
            self.changes.append(change)
            if change.level is Level.ACTIVE:
                self.kill(scope, reason="in the same breath")

        self.in_change = trip_once


@pytest.fixture
async def desk(tmp_path: Path, caplog: pytest.LogCaptureFixture, mock_clock: MockClock) -> Desk:
    """A desk. Each test asks for `mock_clock` too: pytest-trio finds a clock only among a test's arguments."""
    caplog.set_level(logging.CRITICAL + 1)
    return Desk(tmp_path)


async def finished(desk: Desk, clock: MockClock, halt_id: int) -> KillReport:
    """The report, with the clock jumping until it is there and no longer."""
    clock.autojump_threshold = 0
    report = await desk.switch.wait_report(halt_id)
    clock.autojump_threshold = math.inf
    await wait_all_tasks_blocked()
    return report


def steps(report: KillReport) -> list[tuple[str, int, bool]]:
    return [(step.name, step.elapsed_us, step.done) for step in report.steps]


def text_of(report: KillReport, name: str) -> str:
    return next(step.text for step in report.steps if step.name == name)


async def test_order_of_a_kill(mock_clock: MockClock, desk: Desk, nursery: trio.Nursery) -> None:
    """Epoch, level, latch, decisions, journal in the call itself; then gone, cancelled, report."""
    await nursery.start(desk.switch.run)
    desk.go()
    epoch = desk.switch.epoch
    change = desk.kill()
    assert desk.events == [
        (0.0, "latch HALTED, level HALTED"),
        (0.0, "stop global: odd prices"),
        (0.0, "journal HALTED global"),
    ]
    assert change == HaltChange(1, epoch + 1, GLOBAL, Level.HALTED, "dana", Via.DASHBOARD, "odd prices", WALL_NS)
    assert (desk.switch.epoch, desk.switch.level("flash")) == (epoch + 1, Level.HALTED)
    assert desk.switch.report is not None
    assert not is_complete(desk.switch.report)
    report = await finished(desk, mock_clock, 1)
    assert desk.events[3:] == [
        (0.0625, "gone global"),
        (0.0625, "cancel global"),
        (0.3125, "cancelled global"),
    ]
    assert desk.reports == [report]
    assert steps(report) == [
        ("gate closed", 0, True),
        ("latch on disk", 0, True),
        ("strategies and engine gone", 62_500, True),
        ("orders cancelled", 312_500, True),
        ("report", 312_500, True),
    ]
    assert (report.cancelled, report.in_flight, report.unknown) == (2, 1, 0)
    assert report.kept_running == ("collectors", "journal")
    assert text_of(report, "orders cancelled") == "paper: 2 cancelled, 1 in flight, 0 unknown"
    assert (report.actor, report.via, report.reason, report.epoch) == ("dana", Via.DASHBOARD, "odd prices", epoch + 1)
    assert (report.level, report.at_ns, report.market_ns) == (Level.HALTED, WALL_NS, MARKET_NS)
    assert is_complete(report)
    assert desk.switch.report == report


async def test_halt_goes_on_without_its_latch(mock_clock: MockClock, desk: Desk, nursery: trio.Nursery) -> None:
    """A folder that is missing: the step says so, everything else happens."""
    await nursery.start(desk.switch.run)
    desk.go()
    desk.path = desk.path.parent / "missing" / "paper.halt"
    desk.build(LatchRecord())
    await nursery.start(desk.switch.run)
    change = desk.kill()
    report = await finished(desk, mock_clock, change.halt_id)
    assert [(step.name, step.done) for step in report.steps] == [
        ("gate closed", True),
        ("latch on disk", False),
        ("strategies and engine gone", True),
        ("orders cancelled", True),
        ("report", True),
    ]
    assert "was not written" in text_of(report, "latch on disk")
    assert "the halt holds, but not over a restart" in text_of(report, "latch on disk")
    assert desk.switch.level("flash") is Level.HALTED


async def test_halt_that_is_latched_already_holds_over_a_restart_though_its_latch_cannot_be_written_anew(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    """The report says what a start will find: that of the first halt, not of one that is stricter."""
    await nursery.start(desk.switch.run)
    desk.go()
    desk.kill()
    desk.fail = {"latch"}
    report = await finished(desk, mock_clock, desk.kill().halt_id)
    assert "the halt holds, over a restart too, by the latch of before" in text_of(report, "latch on disk")
    locked = desk.switch.trip(GLOBAL, reason="for good", actor="ann", via=Via.API, level=Level.LOCKED)
    report = await finished(desk, mock_clock, locked.halt_id)
    assert "the halt holds, but not over a restart" in text_of(report, "latch on disk")


async def test_slow_latch_is_said(mock_clock: MockClock, desk: Desk, nursery: trio.Nursery) -> None:
    """80 ms on the disk: the gate was closed before, the step is done and says how long it took."""
    await nursery.start(desk.switch.run)
    desk.go()
    desk.write_takes_ns = 80_000_000
    desk.kill()
    report = await finished(desk, mock_clock, 1)
    assert steps(report)[:2] == [("gate closed", 0, True), ("latch on disk", 80_000, True)]
    assert text_of(report, "latch on disk") == "written and synced in 80000 µs, over the budget of 50 ms"


async def test_nothing_that_fails_breaks_a_kill(mock_clock: MockClock, desk: Desk, nursery: trio.Nursery) -> None:
    """Latch, decisions, journal, gateway and the list of what runs fail: each is named, and the gate is closed."""
    await nursery.start(desk.switch.run)
    desk.go()
    desk.fail = {"latch", "stop", "journal", "gone", "cancel", "query", "kept"}
    desk.kill()
    report = await finished(desk, mock_clock, 1)
    assert [step.done for step in report.steps] == [True, False, False, False, True]
    assert text_of(report, "strategies and engine gone") == "decisions: OSError: gone global failed"
    assert text_of(report, "orders cancelled") == (
        "paper: 0 cancelled, 0 in flight, 3 unknown (query: OSError: query failed): no answer within 4.9375 s"
    )
    assert report.unknown_orders == ("a", "b", "c")
    assert text_of(report, "report") == (
        "complete; decisions could not be stopped: stop global: odd prices failed; "
        "it was not journalled or published: journal HALTED global failed; "
        "what keeps running is not known: kept running failed"
    )
    assert report.unknown == 3
    assert desk.switch.level("flash") is Level.HALTED


async def test_venue_that_hangs_is_unknown_after_5_s(mock_clock: MockClock, desk: Desk, nursery: trio.Nursery) -> None:
    """The deadline is kept even if the gateway's clean-up takes another minute."""

    class Deaf(Desk):
        def open_orders(self, scope: str) -> Collection[str]:
            return ()

        async def cancel_orders(self, scope: str, orders: Collection[str]) -> None:
            with trio.move_on_after(60, shield=True):
                await trio.sleep_forever()

    await nursery.start(desk.switch.run)
    desk.switch.register_gateway("deaf", Deaf(desk.path.parent))
    desk.go()
    desk.kill()
    report = await finished(desk, mock_clock, 1)
    assert steps(report)[3:] == [("orders cancelled", 5_000_000, False), ("report", 5_000_000, True)]
    assert (report.cancelled, report.in_flight, report.unknown) == (2, 1, 1)
    assert "deaf: 0 cancelled, 0 in flight, 1 unknown: no answer" in text_of(report, "orders cancelled")
    mock_clock.autojump_threshold = 0  # lets the gateway's clean-up end


async def test_decisions_that_do_not_end_hold_up_nothing(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    """After 0.2 s the orders are cancelled all the same, and the report says what is still there after a second."""
    await nursery.start(desk.switch.run)
    desk.go()
    desk.gone_after_s = 100
    desk.kill()
    report = await finished(desk, mock_clock, 1)
    assert steps(report)[2:4] == [
        ("strategies and engine gone", 1_000_000, False),
        ("orders cancelled", 450_000, True),
    ]
    assert text_of(report, "strategies and engine gone") == "decisions: no answer within 1 s"


async def test_repeated_kill_keeps_the_halt_and_verifies_anew(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    """Same id, same first reason; a new epoch, a new round of cancels, and its report."""
    await nursery.start(desk.switch.run)
    desk.go()
    first = desk.kill()
    await finished(desk, mock_clock, 1)
    desk.events.clear()
    desk.orders = {}
    again = desk.kill(reason="is it really off?", actor="erin")
    assert (again.halt_id, again.reason, again.actor) == (first.halt_id, "odd prices", "dana")
    assert again.epoch == first.epoch + 1
    report = await finished(desk, mock_clock, 1)
    assert [text for _, text in desk.events] == [
        "latch HALTED, level HALTED",
        "stop global: odd prices",
        "gone global",
        "cancel global",
        "cancelled global",
    ]
    assert "erin asked again: is it really off?" in text_of(report, "gate closed")
    assert (report.cancelled, report.in_flight, report.unknown) == (0, 0, 0)
    assert desk.changes == [first]


async def test_kills_in_a_row_are_carried_out_one_after_another(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    """A hundred while the first is under way make one more round, and every waiter sees the last report."""
    await nursery.start(desk.switch.run)
    desk.go()
    desk.kill()
    await wait_all_tasks_blocked()
    for _ in range(100):
        desk.kill()
    report = await finished(desk, mock_clock, 1)
    assert [at for at, text in desk.events if text.startswith("cancel global")] == [0.0625, 0.375]
    assert report == desk.switch.report
    assert desk.switch.report.steps[3].elapsed_us == 625_000


async def test_scopes_are_carried_out_side_by_side(mock_clock: MockClock, desk: Desk, nursery: trio.Nursery) -> None:
    """A global kill does not wait for a strategy's halt; each has an id and a report of its own."""
    await nursery.start(desk.switch.run)
    desk.go()
    assert desk.kill(FLASH).halt_id == 1
    assert (desk.switch.level("flash"), desk.switch.level("other")) == (Level.HALTED, Level.ACTIVE)
    assert desk.switch.report is None
    assert desk.kill().halt_id == 2
    assert (desk.switch.level("flash"), desk.switch.level("other")) == (Level.HALTED, Level.HALTED)
    for halt_id, scope in ((1, FLASH), (2, GLOBAL)):
        report = await finished(desk, mock_clock, halt_id)
        assert (report.scope, report.steps[3].elapsed_us) == (scope, 312_500)
    assert set(desk.switch.changes) == {GLOBAL, FLASH}


async def test_kill_during_start_is_carried_out_when_the_switch_runs(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    """A kill before the start rule spoke wins over it; the gate was never open."""
    change = desk.kill()
    assert desk.switch.level("flash") is Level.HALTED
    assert desk.switch.start(Level.ACTIVE, "the books are new and the mode is paper").level is Level.HALTED
    assert desk.switch.changes[GLOBAL].reason == "odd prices"
    await nursery.start(desk.switch.run)
    assert is_complete(await finished(desk, mock_clock, change.halt_id))
    assert read_latch(desk.path) == LatchRecord().after(desk.switch.changes[GLOBAL])


async def test_gate_closed_by_a_handler_before_the_start_stays_closed(mock_clock: MockClock, desk: Desk) -> None:
    desk.switch.close_gate()
    change = desk.switch.start(Level.ACTIVE, "the books are new and the mode is paper")
    assert (change.level, change.reason) == (Level.HALTED, "a kill came during the start")
    assert desk.switch.level("flash") is Level.HALTED


async def test_resume_is_durable_before_it_counts(mock_clock: MockClock, desk: Desk, nursery: trio.Nursery) -> None:
    """Epoch, latch, journal, level, decisions; the id is that of the halt that it ends."""
    await nursery.start(desk.switch.run)
    desk.go()
    halt = desk.kill()
    await finished(desk, mock_clock, 1)
    desk.events.clear()
    change = desk.resume()
    assert [text for _, text in desk.events] == [
        "latch ACTIVE, level HALTED",
        "journal ACTIVE global",
        "start global",
    ]
    assert change == HaltChange(1, halt.epoch + 1, GLOBAL, Level.ACTIVE, "erin", Via.COMMAND_LINE, "checked", WALL_NS)
    assert (desk.switch.epoch, desk.switch.level("flash")) == (halt.epoch + 1, Level.ACTIVE)
    assert read_latch(desk.path) == LatchRecord((change,), 2, change.epoch)


async def test_resume_is_refused_with_every_failed_precondition(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    """Each failed one is an argument of the error; nothing has changed."""
    desk.go()
    desk.kill()
    desk.events.clear()
    epoch = desk.switch.epoch
    with pytest.raises(HaltError) as refusal:
        desk.resume(GLOBAL, Role.VIEWER, orders="3 are unknown", journal="full")
    assert refusal.value.args == (
        "role: expected the role operator or admin, found viewer",
        "carried out: halt 1 is still being carried out: wait for its report",
        "journal: full",
        "orders: 3 are unknown",
    )
    assert (desk.events, desk.switch.epoch, desk.switch.level("flash")) == ([], epoch, Level.HALTED)
    await nursery.start(desk.switch.run)
    await finished(desk, mock_clock, 1)
    assert desk.resume().level is Level.ACTIVE
    with pytest.raises(HaltError, match="found active: there is nothing to resume"):
        desk.resume()


async def test_strategy_resumes_only_under_an_active_global_scope(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    await nursery.start(desk.switch.run)
    desk.go()
    desk.kill(FLASH)
    desk.kill()
    await finished(desk, mock_clock, 1)
    await finished(desk, mock_clock, 2)
    with pytest.raises(HaltError, match="the global scope is halted: resume it first"):
        desk.resume(FLASH)
    desk.resume()
    assert desk.switch.level("flash") is Level.HALTED
    desk.resume(FLASH)
    assert desk.switch.level("flash") is Level.ACTIVE


@pytest.mark.parametrize("part", ["latch", "journal"])
async def test_resume_that_cannot_be_kept_is_refused(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery, part: str
) -> None:
    """Neither disk nor journal may be without it; the latch is put back to HALTED."""
    await nursery.start(desk.switch.run)
    desk.go()
    halt = desk.kill()
    await finished(desk, mock_clock, 1)
    desk.fail = {part}
    with pytest.raises(HaltError, match="global stays halted, as ACTIVE could not be recorded"):
        desk.resume()
    assert desk.switch.level("flash") is Level.HALTED
    assert desk.switch.changes[GLOBAL] == halt
    assert read_latch(desk.path) == LatchRecord((halt,), 2, halt.epoch)


async def test_decisions_that_do_not_start_are_halted_again(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    """A resume that starts nothing is no resume: a halt with an id of its own says why."""
    await nursery.start(desk.switch.run)
    desk.go()
    desk.kill()
    await finished(desk, mock_clock, 1)
    desk.fail = {"start"}
    with pytest.raises(HaltError, match="the scope is halted again"):
        desk.resume()
    assert desk.switch.level("flash") is Level.HALTED
    assert (desk.switch.changes[GLOBAL].halt_id, desk.switch.changes[GLOBAL].via) == (2, Via.SUPERVISOR)


@pytest.mark.parametrize("scope", [GLOBAL, FLASH])
async def test_kill_during_a_resume_wins(mock_clock: MockClock, desk: Desk, nursery: trio.Nursery, scope: str) -> None:
    """Whether a handler closes the gate or the journal trips the scope: nothing starts, the disk says HALTED."""
    await nursery.start(desk.switch.run)
    desk.go()
    desk.kill(scope)
    await finished(desk, mock_clock, 1)
    desk.in_change = lambda change: desk.switch.close_gate()
    desk.events.clear()
    with pytest.raises(HaltError, match=f"a kill came while {scope} was being made active"):
        desk.resume(scope)
    assert desk.switch.level("flash") is Level.HALTED
    assert not [text for _, text in desk.events if text.startswith("start")]
    latch = read_latch(desk.path)
    assert latch is not None
    halted = latch.of(scope)
    assert halted is not None
    assert (halted.halt_id, halted.level) == (2, Level.HALTED)


@pytest.mark.parametrize("scope", [GLOBAL, FLASH])
async def test_trip_out_of_a_resumes_own_journal_entry_wins(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery, scope: str
) -> None:
    """The change is being published and a breaker trips on it: both scopes end as the breaker wants."""
    await nursery.start(desk.switch.run)
    desk.go()
    desk.kill(FLASH)
    await finished(desk, mock_clock, 1)
    desk.trip_in_change(scope)
    with pytest.raises(HaltError, match="a kill came"):
        desk.resume(FLASH)
    assert desk.switch.level("flash") is Level.HALTED
    assert desk.switch.changes[scope].level is Level.HALTED


async def test_restart_reads_halted_and_keeps_id_actor_and_reason(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    """What was halted is so after the restart and the log says why; orders are cancelled again, none is told twice."""
    desk.go()
    desk.kill(FLASH, reason="too many losses")
    halt = desk.kill()
    record = read_latch(desk.path)
    assert record is not None
    desk.events.clear()
    desk.changes.clear()
    switch = desk.build(record)
    assert switch.level("flash") is Level.HALTED
    with caplog.at_level(logging.WARNING):
        change = switch.start(Level.HALTED, "halt 2 of dana is still in force: odd prices")
    assert (change.halt_id, change.actor, change.reason, change.at_ns) == (2, "dana", "odd prices", halt.at_ns)
    assert switch.epoch > record.epoch
    assert desk.changes == []
    assert caplog.messages == ["global stays halted: halt 2 of dana is still in force: odd prices"]
    await nursery.start(switch.run)
    report = await finished(desk, mock_clock, 2)
    assert (report.halt_id, report.cancelled) == (2, 2)
    desk.resume()
    assert (switch.level("flash"), switch.level("other")) == (Level.HALTED, Level.ACTIVE)


async def test_restart_after_active_trades_on(mock_clock: MockClock, desk: Desk) -> None:
    desk.go()
    record = read_latch(desk.path)
    assert record is not None
    switch = desk.build(record)
    assert switch.level("flash") is Level.HALTED
    switch.start(Level.ACTIVE, "the last durable record says ACTIVE and every intent is settled")
    assert switch.level("flash") is Level.ACTIVE
    assert switch.epoch > record.epoch


async def test_start_that_cannot_be_kept_comes_up_halted(mock_clock: MockClock, desk: Desk) -> None:
    desk.fail = {"latch"}
    change = desk.switch.start(Level.ACTIVE, "the books are new and the mode is paper")
    assert change.level is Level.HALTED
    assert "could not be recorded" in change.reason
    assert desk.switch.level("flash") is Level.HALTED


async def test_start_rule_cannot_open_what_the_latch_holds(mock_clock: MockClock, desk: Desk) -> None:
    desk.go()
    desk.kill()
    record = read_latch(desk.path)
    assert desk.build(record).start(Level.ACTIVE, "a wrong rule").level is Level.HALTED


async def test_texts_too_long_for_a_record_are_cut(mock_clock: MockClock, desk: Desk) -> None:
    """A halt is never lost because somebody wrote a novel."""
    change = desk.kill(reason="é" * 5000, actor="x" * 500)
    assert len(change.reason.encode()) <= 1024
    assert change.reason.endswith("é…")
    assert len(change.actor.encode()) == 64


@pytest.mark.parametrize(
    "scope", ["", "strategy:", "venue:nowhere", "instrument:00", "account:1", "strategy:" + "x" * 60]
)
async def test_scope_that_cannot_exist_is_refused(mock_clock: MockClock, desk: Desk, scope: str) -> None:
    for act in (desk.kill, desk.resume):
        with pytest.raises(HaltError, match="expected the scope"):
            act(scope)


async def test_report_of_an_unknown_halt_is_refused(mock_clock: MockClock, desk: Desk) -> None:
    with pytest.raises(HaltError, match=r"expected a halt since the start \(none\), found 9"):
        await desk.switch.wait_report(9)


async def test_only_the_newest_reports_are_kept(mock_clock: MockClock, desk: Desk, nursery: trio.Nursery) -> None:
    """Memory is bounded, and a waiter for a report that was dropped is told so."""
    desk.go()
    outcome: list[Any] = []

    async def wait_for_first() -> None:
        with pytest.raises(HaltError, match="found 1"):
            await desk.switch.wait_report(1)
        outcome.append("told")

    desk.kill("strategy:s0")
    nursery.start_soon(wait_for_first)
    await wait_all_tasks_blocked()
    for number in range(1, 65):
        desk.kill(f"strategy:s{number}")
    await wait_all_tasks_blocked()
    assert outcome == ["told"]


@pytest.mark.real_io
async def test_real_signal_closes_the_gate_before_any_task_runs(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    """SIGUSR1 to this process: the epoch is bumped when `os.kill` returns; the halt itself follows on the loop."""
    await nursery.start(desk.switch.run)
    desk.go()
    tripped = trio.Event()

    def trip() -> None:
        desk.switch.trip(GLOBAL, reason="SIGUSR1 was received", actor="operating system", via=Via.OS_SIGNAL)
        tripped.set()

    epoch = desk.switch.epoch
    with install_kill_signal(desk.switch.close_gate, trip):
        os.kill(os.getpid(), signal.SIGUSR1)
        assert desk.switch.epoch == epoch + 1
        assert desk.switch.level("flash") is Level.HALTED
        assert desk.events == []
        with pytest.raises(HaltError, match="a kill has just come"):
            desk.resume()
        await tripped.wait()
    report = await finished(desk, mock_clock, 1)
    assert is_complete(report)
    assert desk.switch.changes[GLOBAL].via is Via.OS_SIGNAL
