"""Levels beside HALTED, and scopes beside strategies: what holds what, and what ends by itself."""

from __future__ import annotations

import logging
import math
import sys
from itertools import product
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.data.halts import GLOBAL, STRICTEST_FIRST, FlattenStage, HaltChange, Level, Via, strictest
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.errors import HaltError
from alphapulse.safety.halt_switch import HaltSwitch
from alphapulse.safety.latch import MOST_SCOPES, LatchRecord, read_latch
from alphapulse.safety.scopes import check_scope, instrument_scope, scope_holds, venue_scope
from tests.safety.test_halt_switch import FLASH, Desk

V3 = InstrumentId.from_pool_address(b"\1" * 20, Venue.UNISWAP_V3)
V2 = InstrumentId.from_pool_address(b"\2" * 20, Venue.UNISWAP_V2)
QUICK = InstrumentId.from_pool_address(b"\3" * 20, Venue.QUICKSWAP)
COIN = InstrumentId.from_symbol("ETH/USD", Venue.KRAKEN)


@pytest.fixture
async def desk(tmp_path: Path, caplog: pytest.LogCaptureFixture, mock_clock: MockClock) -> Desk:
    caplog.set_level(logging.CRITICAL + 1)
    desk = Desk(tmp_path)
    desk.go()
    return desk


def trip(desk: Desk, scope: str, level: Level = Level.HALTED, actor: str = "dana") -> HaltChange:
    return desk.switch.trip(scope, reason="odd prices", actor=actor, via=Via.API, level=level)


@pytest.mark.parametrize(
    ("scope", "holds", "spares"),
    [
        ("global", (V3, V2, QUICK, COIN), ()),
        ("venue:uniswap_v3", (V3,), (V2, QUICK, COIN)),
        ("venue:ethereum", (V3, V2), (QUICK, COIN)),
        ("venue:polygon", (QUICK,), (V3, V2, COIN)),
        ("venue:kraken", (COIN,), (V3, V2, QUICK)),
        (instrument_scope(V3), (V3,), (V2, QUICK, COIN)),
        (instrument_scope(COIN), (COIN,), (V3, V2, QUICK)),
    ],
)
async def test_a_scope_holds_what_is_in_it_and_nothing_else(
    mock_clock: MockClock, desk: Desk, scope: str, holds: tuple[InstrumentId, ...], spares: tuple[InstrumentId, ...]
) -> None:
    check_scope(scope)
    trip(desk, scope)
    for instrument in holds:
        assert desk.switch.level("flash", (COIN, instrument)) is Level.HALTED or instrument is COIN
        assert desk.switch.level("flash", (instrument,)) is Level.HALTED
        assert scope_holds(scope, "flash", (instrument,))
    for instrument in spares:
        assert desk.switch.level("flash", (instrument,)) is Level.ACTIVE
        assert not scope_holds(scope, "flash", (instrument,))
    if scope != GLOBAL:
        assert desk.switch.level("flash") is Level.ACTIVE


async def test_the_strictest_of_all_scopes_counts(mock_clock: MockClock, desk: Desk) -> None:
    """Every combination of levels of global, strategy, venue and instrument."""
    scopes = (GLOBAL, FLASH, venue_scope(Venue.UNISWAP_V3), instrument_scope(V3))
    for number, levels in enumerate(product(STRICTEST_FIRST, repeat=len(scopes)), 1):
        record = LatchRecord()
        for scope, level in zip(scopes, levels, strict=True):
            record = record.after(HaltChange(number, number, scope, level, "dana", Via.API, "r", 1))
        switch = desk.build(record)
        switch._kills_when_opened = None if levels[0].stopped else 0
        assert switch.level("flash", (V3,)) is strictest(levels)
        assert switch.factor_ppm("flash", (V3,)) == (100_000 if strictest(levels) is Level.PROBATION else 1_000_000)


async def test_a_venues_halt_cancels_its_orders_and_stops_no_task(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    await nursery.start(desk.switch.run)
    change = trip(desk, "venue:uniswap_v3")
    mock_clock.autojump_threshold = 0
    report = await desk.switch.wait_report(change.halt_id)
    assert [text for _, text in desk.events if text.startswith(("stop", "gone"))] == []
    assert [text for _, text in desk.events if text.startswith("cancel ")] == ["cancel venue:uniswap_v3"]
    assert next(step for step in report.steps if step.name == "strategies and engine gone").done
    desk.events.clear()
    desk.resume("venue:uniswap_v3")
    assert [text for _, text in desk.events if text.startswith("start")] == []
    assert desk.switch.level("flash", (V3,)) is Level.ACTIVE


async def test_reducing_keeps_tasks_and_orders_and_voids_approvals(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    await nursery.start(desk.switch.run)
    epoch = desk.switch.epoch
    change = trip(desk, GLOBAL, Level.REDUCING)
    report = await desk.switch.wait_report(change.halt_id)
    assert (desk.switch.level("flash"), desk.switch.epoch) == (Level.REDUCING, epoch + 1)
    assert [text for _, text in desk.events] == ["latch REDUCING, level REDUCING", "journal REDUCING global"]
    assert [step.name for step in report.steps] == ["gate narrowed", "latch on disk", "report"]
    desk.events.clear()
    assert trip(desk, GLOBAL, Level.REDUCING) == change
    assert desk.events == []


async def test_a_trip_never_makes_a_scope_less_strict(mock_clock: MockClock, desk: Desk) -> None:
    """Every level after every level: the stricter of the two is in force."""
    for first, second in product((Level.REDUCING, Level.HALTED, Level.LOCKED), repeat=2):
        desk.build(LatchRecord())
        desk.go()
        one = trip(desk, GLOBAL, first)
        other = trip(desk, GLOBAL, second)
        assert desk.switch.level("flash") is strictest((first, second))
        assert (other.halt_id == one.halt_id) is (strictest((first, second)) is first)


async def test_reducing_ends_by_itself_only_for_who_set_it(mock_clock: MockClock, desk: Desk) -> None:
    trip(desk, FLASH, Level.REDUCING, actor="breaker stale data")
    epoch = desk.switch.epoch
    restore = {"reason": "30 s clean", "via": Via.BREAKER}
    with pytest.raises(HaltError, match="found REDUCING by breaker stale data: a person must resume it"):
        desk.switch.restore(FLASH, actor="breaker price jump", **restore)  # type: ignore[arg-type]
    change = desk.switch.restore(FLASH, actor="breaker stale data", **restore)  # type: ignore[arg-type]
    assert (change.level, desk.switch.level("flash"), change.epoch) == (Level.ACTIVE, Level.ACTIVE, epoch + 1)
    for level in (Level.HALTED, Level.LOCKED):
        trip(desk, FLASH, level, actor="breaker stale data")
        with pytest.raises(HaltError, match="a person must resume it"):
            desk.switch.restore(FLASH, actor="breaker stale data", **restore)  # type: ignore[arg-type]


async def test_a_breaker_does_not_take_back_what_a_person_reduced_too(mock_clock: MockClock, desk: Desk) -> None:
    """Incident of its own: the breaker came first, the person's wish must not vanish behind it."""
    wish = {"reason": "odd", "via": Via.BREAKER, "actor": "breaker stale_data"}
    first = desk.switch.trip(FLASH, level=Level.REDUCING, **wish)  # type: ignore[arg-type]
    second = trip(desk, FLASH, Level.REDUCING, actor="dana")
    assert (second.actor, second.via, second.level) == ("dana", Via.API, Level.REDUCING)
    assert (second.halt_id, desk.changes[-1]) == (first.halt_id + 1, second)
    record = read_latch(desk.path)
    assert record is not None
    assert record.of(FLASH) == second
    with pytest.raises(HaltError, match="found REDUCING by dana: a person must resume it"):
        desk.switch.restore(FLASH, **wish)  # type: ignore[arg-type]
    assert desk.switch.trip(FLASH, level=Level.REDUCING, **wish) == second  # type: ignore[arg-type]
    with pytest.raises(HaltError, match="found REDUCING by dana"):
        desk.switch.restore(FLASH, **wish)  # type: ignore[arg-type]
    assert trip(desk, FLASH, Level.REDUCING, actor="ben") == second
    assert desk.switch.level("flash") is Level.REDUCING


async def test_a_scope_that_two_breakers_reduced_waits_for_both(mock_clock: MockClock, desk: Desk) -> None:
    venue = "venue:uniswap_v3"
    ratio, chain = (
        {"reason": "odd", "via": Via.BREAKER, "actor": f"breaker {rule}"} for rule in ("reject_ratio", "chain_health")
    )
    first = desk.switch.trip(venue, level=Level.REDUCING, **ratio)  # type: ignore[arg-type]
    assert desk.switch.trip(venue, level=Level.REDUCING, **chain) == first  # type: ignore[arg-type]
    with pytest.raises(HaltError, match="found breaker chain_health too"):
        desk.switch.restore(venue, **ratio)  # type: ignore[arg-type]
    assert desk.switch.level("flash", (V3,)) is Level.REDUCING
    assert desk.switch.restore(venue, **chain).level is Level.ACTIVE  # type: ignore[arg-type]
    # A halt in between, and its end by a person, leave nothing behind.
    for one in (ratio, chain):
        desk.switch.trip(venue, level=Level.REDUCING, **one)  # type: ignore[arg-type]
    trip(desk, venue)
    with pytest.raises(HaltError, match="a person must resume it"):
        desk.switch.restore(venue, **chain)  # type: ignore[arg-type]


async def test_a_reduced_global_scope_is_not_opened_behind_a_kill(mock_clock: MockClock, desk: Desk) -> None:
    """Between a handler that has closed the gate and the trip that follows, nothing ends by itself."""
    wish = {"reason": "odd", "via": Via.BREAKER, "actor": "breaker of all"}
    desk.switch.trip(GLOBAL, level=Level.REDUCING, **wish)  # type: ignore[arg-type]
    desk.switch.close_gate()
    with pytest.raises(HaltError, match="found a kill"):
        desk.switch.restore(GLOBAL, **wish)  # type: ignore[arg-type]
    assert desk.switch.level("flash") is Level.HALTED


@pytest.mark.parametrize("level", [Level.REDUCING, Level.HALTED])
async def test_one_scope_too_many_makes_the_global_one_no_less_strict(
    mock_clock: MockClock, desk: Desk, level: Level
) -> None:
    trip(desk, GLOBAL, Level.LOCKED)
    for number in range(MOST_SCOPES):
        trip(desk, f"strategy:s{number}", level)
        assert desk.switch.level_of(GLOBAL) is Level.LOCKED
    record = read_latch(desk.path)
    assert record is not None
    assert record.of(GLOBAL).level is Level.LOCKED  # type: ignore[union-attr]


async def test_a_kill_between_any_two_steps_of_the_end_of_a_probation_wins(mock_clock: MockClock, desk: Desk) -> None:
    """A signal's handler or the watchdog closes the gate before each single instruction in turn."""
    desk.probation_ns = 900_000_000_000
    record = LatchRecord().after(HaltChange(1, 1, GLOBAL, Level.PROBATION, "dana", Via.API, "over", 1))
    number, through = 0, False
    while not through:
        switch, left = desk.build(record), number
        switch.start(Level.PROBATION, "the last durable record")

        def before(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal left
            if frame.f_code is not HaltSwitch._end_probation.__code__:
                return None
            frame.f_trace_opcodes = True
            if event == "opcode":
                left -= 1
                if left < 0:
                    sys.settrace(None)
                    switch.close_gate()  # noqa: B023 - called within this round
            return before

        known = sys.gettrace()
        sys.settrace(before)
        try:
            switch._end_probation(GLOBAL)
        except HaltError:
            pass  # it saw the kill itself, and halted
        finally:
            sys.settrace(known)
        through = left >= 0
        assert through or switch.level("flash") is Level.HALTED, f"before instruction {number}"
        number += 1
    assert number > 20


@pytest.mark.parametrize("scope", [GLOBAL, FLASH, "venue:uniswap_v3"])
async def test_a_lock_is_not_ended_by_a_resume_nor_by_a_restart(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery, scope: str
) -> None:
    await nursery.start(desk.switch.run)
    trip(desk, scope, Level.LOCKED)
    mock_clock.autojump_threshold = 0
    await desk.switch.wait_report(1)
    with pytest.raises(HaltError, match="level: the scope is locked: stop the daemon"):
        desk.resume(scope)
    record = read_latch(desk.path)
    assert record is not None
    switch = desk.build(record)
    await nursery.start(switch.run)
    switch.start(Level.LOCKED if scope == GLOBAL else Level.ACTIVE, "the last durable record")
    assert switch.level("flash", (V3,)) is Level.LOCKED
    await switch.wait_report(1)
    with pytest.raises(HaltError, match="level: the scope is locked"):
        desk.resume(scope)


async def test_after_a_resume_a_scope_is_on_probation_for_a_time_of_clean_running(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    """900 s at a tenth of the limits; a halt in between begins it anew; a restart too."""
    desk.probation_ns = 900_000_000_000
    desk.build(LatchRecord())
    await nursery.start(desk.switch.run)
    desk.go()
    trip(desk, GLOBAL)
    mock_clock.autojump_threshold = 0
    await desk.switch.wait_report(1)
    mock_clock.autojump_threshold = math.inf
    await wait_all_tasks_blocked()
    assert desk.resume().level is Level.PROBATION
    began = trio.current_time()
    assert (desk.switch.level("flash"), desk.switch.factor_ppm("flash")) == (Level.PROBATION, 100_000)
    mock_clock.jump(600)
    await wait_all_tasks_blocked()
    trip(desk, "venue:uniswap_v3", Level.REDUCING)
    assert desk.switch.probation_left_ns(GLOBAL) == 900_000_000_000
    for _ in range(1799):
        mock_clock.jump(0.5)
        await wait_all_tasks_blocked()
    assert desk.switch.level("flash") is Level.PROBATION
    mock_clock.jump(1)
    await wait_all_tasks_blocked()
    assert desk.switch.level("flash") is Level.ACTIVE
    assert trio.current_time() - began >= 1500
    ended = desk.switch.changes[GLOBAL]
    assert (ended.level, ended.via, ended.halt_id) == (Level.ACTIVE, Via.PROBATION, 1)
    assert ended.reason == "900 s of clean running on probation"
    record = read_latch(desk.path)
    assert record is not None
    latched = record.of(GLOBAL)
    assert latched is not None
    assert latched.level is Level.ACTIVE


async def test_a_probation_that_a_restart_interrupts_begins_anew(mock_clock: MockClock, desk: Desk) -> None:
    desk.probation_ns = 900_000_000_000
    record = LatchRecord().after(HaltChange(3, 7, GLOBAL, Level.PROBATION, "erin", Via.API, "checked", 1))
    switch = desk.build(record)
    change = switch.start(Level.PROBATION, "the last durable record says PROBATION and every intent is settled")
    assert (change.level, change.halt_id, switch.level("flash")) == (Level.PROBATION, 3, Level.PROBATION)
    assert switch.probation_left_ns(GLOBAL) == 900_000_000_000


async def test_reducing_outlives_a_restart_with_who_and_why(mock_clock: MockClock, desk: Desk) -> None:
    trip(desk, GLOBAL, Level.REDUCING)
    record = read_latch(desk.path)
    assert record is not None
    switch = desk.build(record)
    change = switch.start(Level.REDUCING, "the last durable record says REDUCING")
    assert (change.halt_id, change.actor, change.reason) == (1, "dana", "odd prices")
    assert switch.level("flash") is Level.REDUCING


async def test_more_scopes_than_are_kept_halt_everything(mock_clock: MockClock, desk: Desk) -> None:
    """The latch stays small, and the surplus fails to the safe side; scopes that trade again are forgotten first."""
    for number in range(MOST_SCOPES - 1):
        trip(desk, f"strategy:s{number}")
    assert desk.switch.level("another") is Level.ACTIVE
    change = trip(desk, "strategy:one-too-many")
    assert (change.scope, desk.switch.level("another")) == (GLOBAL, Level.HALTED)
    assert "strategy:one-too-many" in change.reason


async def test_a_flatten_happens_once_in_a_halt_and_never_without_one(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery
) -> None:
    await nursery.start(desk.switch.run)

    def begin(scope: str = GLOBAL) -> None:
        desk.switch.flatten(scope, reason="out", actor="dana", via=Via.API)

    with pytest.raises(HaltError, match="expected a halted scope, found global active"):
        begin()
    change = trip(desk, GLOBAL)
    with pytest.raises(HaltError, match="still being carried out"):
        begin()
    mock_clock.autojump_threshold = 0
    await desk.switch.wait_report(change.halt_id)
    begin()
    with pytest.raises(HaltError, match="halt 1 has had its flatten"):
        begin()
    with pytest.raises(HaltError, match="flatten: a flatten is under way"):
        desk.resume()
    ended = await desk.switch.wait_flattened(change.halt_id)
    assert ended is not None
    assert (ended.stage, ended.closed, ended.text) == (FlattenStage.DONE, 1, "paper: 1 sold")
    trip(desk, GLOBAL)
    await desk.switch.wait_report(change.halt_id)
    with pytest.raises(HaltError, match="has had its flatten"):
        begin()
    trip(desk, FLASH)
    await desk.switch.wait_report(2)
    with pytest.raises(HaltError, match="halt 1 has had its flatten"):
        begin(FLASH)
    locked = trip(desk, GLOBAL, Level.LOCKED)
    await desk.switch.wait_report(locked.halt_id)
    with pytest.raises(HaltError, match="halt 3 has had its flatten"):
        begin()
    unlocked = HaltChange(4, 9, GLOBAL, Level.HALTED, "user 0", Via.COMMAND_LINE, "a false alarm", 1)
    desk.build(LatchRecord().after(change).with_flatten(1).after(locked).after(unlocked))
    desk.switch.start(Level.HALTED, "unlocked")
    await nursery.start(desk.switch.run)
    await desk.switch.wait_report(4)
    with pytest.raises(HaltError, match="halt 4 has had its flatten"):
        begin()
    assert [record.stage for record in desk.flattens] == [FlattenStage.BEGUN, FlattenStage.DONE]
    desk.resume()
    again = trip(desk, GLOBAL)
    await desk.switch.wait_report(again.halt_id)
    begin()


@pytest.mark.parametrize("part", ["latch", "flatten"])
async def test_a_flatten_that_cannot_be_kept_sells_nothing(
    mock_clock: MockClock, desk: Desk, nursery: trio.Nursery, part: str
) -> None:
    await nursery.start(desk.switch.run)
    change = trip(desk, GLOBAL)
    mock_clock.autojump_threshold = 0
    await desk.switch.wait_report(change.halt_id)
    desk.fail = {part}
    with pytest.raises((HaltError, OSError)):
        desk.switch.flatten(GLOBAL, reason="out", actor="dana", via=Via.API)
    await trio.sleep(60)
    assert not [text for _, text in desk.events if text.startswith("sell")]
