"""The daemon watches itself: what is short is told, reduces or halts, and keeps a resume from coming too early."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio
from trio.testing import MockClock

from alphapulse.data.risk import RiskAlert
from alphapulse.rules.breakers.own_health import DiskSpace
from alphapulse.safety.own_health import OwnHealth
from tests.fakes.inline_blocking import run_inline

GIB = 1 << 30
MIB = 1 << 20


class Machine:
    """A machine whose disk and memory a test sets; None: it does not tell."""

    def __init__(self) -> None:
        self.free: int | None = 50 * GIB
        self.resident = 100 * MIB

    def disk(self, folder: Path) -> DiskSpace:
        if self.free is None:
            raise OSError(5, "Input/output error")
        return DiskSpace(self.free, 100 * GIB)

    def memory(self) -> int:
        return self.resident


@attrs.define
class Bench:
    """What was tripped and alerted, with the seconds since the start."""

    machine: Machine
    health: OwnHealth
    clock: Clock
    tripped: list[tuple[int, str, str]]
    alerts: list[tuple[int, str, str]]


class Clock:
    """Trio's clock in ns; a test lets the loop be late by so much in each round."""

    def __init__(self) -> None:
        self.late_ns = 0
        self._rounds = 0

    def __call__(self) -> int:
        self._rounds += 1
        return round(trio.current_time() * 10**9) + (self._rounds // 2) * self.late_ns


@asynccontextmanager
async def watching(max_memory_bytes: int | None = None) -> AsyncIterator[Bench]:
    machine, clock = Machine(), Clock()
    began = trio.current_time()
    tripped: list[tuple[int, str, str]] = []
    alerts: list[tuple[int, str, str]] = []

    def second() -> int:
        return round(trio.current_time() - began)

    def alert(one: RiskAlert) -> None:
        alerts.append((second(), one.rule, one.text))

    health = OwnHealth(
        Path("/there"),
        machine,
        max_memory_bytes=max_memory_bytes,
        max_lag_ns=500_000_000,
        trip=lambda rule, scope, reason: tripped.append((second(), rule, scope)),
        alert=alert,
        steady_ns=clock,
        now_ns=lambda: 5,
        run_blocking=run_inline,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(health.run)
        yield Bench(machine, health, clock, tripped, alerts)
        nursery.cancel_scope.cancel()


async def test_a_machine_with_room_says_nothing(autojump_clock: MockClock) -> None:
    async with watching(GIB) as bench:
        await trio.sleep(100)
        assert (bench.tripped, bench.alerts, bench.health.objections()) == ([], [], ())


async def test_a_disk_that_fills_warns_once_reduces_and_halts(autojump_clock: MockClock) -> None:
    async with watching() as bench:
        await trio.sleep(5)
        bench.machine.free = 15 * GIB
        await trio.sleep(30)
        assert bench.alerts == [(10, "disk", "15360 MiB of the data folder's disk are free, 15%")]
        assert bench.health.objections() == ()
        bench.machine.free = 9 * GIB
        await trio.sleep(10)
        assert bench.tripped == [(40, "disk_low", "global")]
        bench.machine.free = 4 * GIB
        await trio.sleep(10)
        assert bench.tripped[1:] == [(50, "disk_full", "global")]
        assert bench.health.objections() == ("4096 MiB of the data folder's disk are free, 4%",)
        bench.machine.free = 50 * GIB
        await trio.sleep(10)
        assert bench.health.objections() == ()


async def test_memory_over_its_limit_halts(autojump_clock: MockClock) -> None:
    async with watching(1000 * MIB) as bench:
        await trio.sleep(5)
        bench.machine.resident = 801 * MIB
        await trio.sleep(10)
        assert bench.tripped == [(10, "memory", "global")]
        assert bench.health.objections() == ("the process holds 801 MiB, over 80% of 1000 MiB",)


async def test_a_loop_that_is_late_for_three_seconds_halts(autojump_clock: MockClock) -> None:
    async with watching() as bench:
        bench.clock.late_ns = 501_000_000
        await trio.sleep(1)
        assert bench.tripped == []
        await trio.sleep(2)
        assert ("loop_lag", "global") in {(rule, scope) for _, rule, scope in bench.tripped}


async def test_a_machine_that_does_not_tell_is_alerted_and_not_halted(autojump_clock: MockClock) -> None:
    async with watching(GIB) as bench:
        await trio.sleep(5)
        bench.machine.free = None
        await trio.sleep(10)
        assert bench.tripped == []
        assert bench.alerts == [(10, "machine", "disk and memory cannot be read: [Errno 5] Input/output error")]
