"""The process ends at any point of a halt or a flatten: the next start is not ACTIVE, and nothing is sold twice.

A point is every call that reaches the disk, before and after it, and every call of a party. What the crashed process
had in memory is gone; the disk is as it was at that moment.
"""

from __future__ import annotations

import logging
import math
import os
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.data.execution import Mode
from alphapulse.data.halts import GLOBAL, FlattenRecord, FlattenStage, HaltChange, KillReport, Level, Via
from alphapulse.errors import HaltError
from alphapulse.safety.halt_switch import HaltSwitch
from alphapulse.safety.latch import LatchRecord, read_latch
from alphapulse.safety.parties import FlattenResult, OrderState
from alphapulse.safety.start_rule import start_level

FLASH = "strategy:flash"


class Crash(BaseException):
    """The process is gone."""


@attrs.define
class Life:
    """One process over a folder, which ends at point `end_at`; points are counted in `reached`.

    `told` is what anybody outside could have learnt before the end, `sold` the orders that a flatten sent.
    """

    folder: Path
    end_at: float = math.inf
    reached: int = 0
    told: list[str] = attrs.field(factory=list)
    sold: list[str] = attrs.field(factory=list)
    journal: list[Any] = attrs.field(factory=list)
    switch: HaltSwitch = attrs.field(init=False)

    @property
    def latch(self) -> Path:
        return self.folder / "paper.halt"

    def point(self) -> None:
        """Here the process may end."""
        self.reached += 1
        if self.reached > self.end_at:
            raise Crash

    def begin(self) -> Level:
        """Start as the daemon does, by the start rule."""
        problem, found = None, None
        try:
            found = read_latch(self.latch)
        except HaltError as error:
            problem = str(error)
        self.switch = HaltSwitch(
            latch_path=self.latch,
            record=found or LatchRecord(),
            now_ns=lambda: 1,
            clock_ns=lambda: round(trio.current_time() * 1_000_000_000),
            market_ns=lambda: None,
            on_change=self.on_change,
            on_flatten=self.on_flatten,
            kept_running=tuple,
            on_report=self.on_report,
            logger=logging.getLogger("life"),
            probation_ns=0,
        )
        self.switch.register_decisions("decisions", self)
        self.switch.register_gateway("venue", self)
        level, reason = start_level(found, problem, found is None, Mode.PAPER, 0)
        return self.switch.start(level, reason).level

    def on_change(self, change: HaltChange) -> None:
        self.point()
        self.journal.append(change)
        self.told.append(f"{change.scope} {change.level.name}")
        self.point()

    def on_flatten(self, record: FlattenRecord) -> None:
        self.point()
        self.journal.append(record)
        self.point()

    def on_report(self, report: KillReport) -> None:
        self.point()
        self.told.append("report")
        self.point()

    def stop(self, scope: str, reason: str) -> None:
        self.point()

    def start(self, scope: str) -> None:
        self.point()

    async def wait_stopped(self, scope: str) -> None:
        self.point()
        await trio.lowlevel.checkpoint()
        self.point()

    def open_orders(self, scope: str) -> Collection[str]:
        self.point()
        return ("an order",)

    async def cancel_orders(self, scope: str, orders: Collection[str]) -> None:
        self.point()
        await trio.lowlevel.checkpoint()
        self.point()

    async def query_orders(self, scope: str, orders: Collection[str]) -> Mapping[str, OrderState]:
        self.point()
        await trio.lowlevel.checkpoint()
        return {"an order": OrderState.CANCELLED}

    async def flatten(self, scope: str, key: str) -> FlattenResult:
        self.point()
        self.sold.append(key)
        self.point()
        await trio.lowlevel.checkpoint()
        self.point()
        return FlattenResult(1, 0, "1 sold")


def patch_disk(monkeypatch: pytest.MonkeyPatch, point: Callable[[], None]) -> None:
    """Every call of the latch that reaches the disk is a point, before and after."""

    def pointed(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            point()
            result = call(*args, **kwargs)
            point()
            return result

        return run

    monkeypatch.setattr("alphapulse.durable_file.os.fsync", pointed(os.fsync))
    monkeypatch.setattr("alphapulse.safety.latch.Path.replace", pointed(Path.replace))
    monkeypatch.setattr("alphapulse.durable_file.tempfile.mkstemp", pointed(tempfile.mkstemp))
    monkeypatch.setattr(
        "alphapulse.safety.latch.Path.unlink", lambda *args, **kwargs: None
    )  # a dead process cleans up nothing


async def live(life: Life, acts: Callable[[Life], Any]) -> None:
    """Run `acts` in a life until it is over or the process is gone."""
    try:
        async with trio.open_nursery() as nursery:
            life.begin()
            await nursery.start(life.switch.run)
            await acts(life)
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as ends:
        if ends.split(Crash)[1] is not None:
            raise
    except Crash:
        return


async def halt_and_flatten(life: Life) -> None:
    """A halt of one strategy, one of everything, and its flatten."""
    for scope in (FLASH, GLOBAL):
        change = life.switch.trip(scope, reason="odd prices", actor="dana", via=Via.API)
        life.told.append(f"returned {scope}")
        await life.switch.wait_report(change.halt_id)
    record = life.switch.flatten(GLOBAL, reason="out", actor="dana", via=Via.API)
    life.told.append("flatten begun")
    await life.switch.wait_flattened(record.halt_id)
    await wait_all_tasks_blocked()


async def restarted(folder: Path) -> tuple[Life, Level]:
    """The next process, once it has carried out what it found; a flatten is tried again."""
    life = Life(folder)
    async with trio.open_nursery() as nursery:
        level = life.begin()
        await nursery.start(life.switch.run)
        halted = life.switch.changes.get(GLOBAL)
        if halted is not None and halted.level.stopped:
            await life.switch.wait_report(halted.halt_id)
            try:
                record = life.switch.flatten(GLOBAL, reason="out", actor="erin", via=Via.API)
                await life.switch.wait_flattened(record.halt_id)
            except HaltError as refusal:
                life.told.append(str(refusal))
        nursery.cancel_scope.cancel()
    return life, level


async def count_points(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    with monkeypatch.context() as patch:
        life = Life(folder)
        patch_disk(patch, life.point)
        await live(life, halt_and_flatten)
        assert "flatten begun" in life.told
        return life.reached


async def test_no_end_in_a_halt_leads_to_active_and_no_flatten_happens_twice(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each point once. Before the latch is renamed nobody has been told of the halt; from then on it holds."""
    caplog.set_level(logging.CRITICAL + 1)
    (tmp_path / "count").mkdir()
    points = await count_points(tmp_path / "count", monkeypatch)
    assert points > 60
    active, refused, sold_first = 0, 0, 0
    for end_at in range(points):
        folder = tmp_path / str(end_at)
        folder.mkdir()
        life = Life(folder, end_at)
        with monkeypatch.context() as patch:
            patch_disk(patch, life.point)
            await live(life, halt_and_flatten)
        next_life, level = await restarted(folder)
        global_told = {"returned global", f"{GLOBAL} HALTED", "flatten begun"} & set(life.told)
        if level is Level.ACTIVE:
            active += 1
            assert not global_told, f"point {end_at}: it was told as halted and came up ACTIVE"
            if f"returned {FLASH}" in life.told or f"{FLASH} HALTED" in life.told:
                assert next_life.switch.level("flash") is Level.HALTED, end_at
        else:
            keys = [*life.sold, *next_life.sold]
            assert len(keys) == len(set(keys)), f"point {end_at}: {keys} sold twice"
            assert len(keys) <= 1, end_at
            refused += any("has had its flatten" in text for text in next_life.told)
            sold_first += bool(life.sold)
    assert 0 < active < points
    assert refused >= sold_first > 0


async def test_a_flatten_is_on_the_disk_before_its_first_order(tmp_path: Path, autojump_clock: MockClock) -> None:
    life = Life(tmp_path)
    async with trio.open_nursery() as nursery:
        life.begin()
        await nursery.start(life.switch.run)
        change = life.switch.trip(GLOBAL, reason="out", actor="dana", via=Via.API)
        await life.switch.wait_report(change.halt_id)
        begun = life.switch.flatten(GLOBAL, reason="out", actor="dana", via=Via.API)
        latch = read_latch(life.latch)
        assert (begun.stage, life.sold) == (FlattenStage.BEGUN, [])
        assert latch is not None
        assert latch.flattened == (change.halt_id,)
        assert life.journal[-1] == begun
        ended = await life.switch.wait_flattened(change.halt_id)
        assert ended is not None
        assert (ended.stage, ended.closed, life.sold) == (FlattenStage.DONE, 1, [f"flatten-{change.halt_id}"])
        nursery.cancel_scope.cancel()
