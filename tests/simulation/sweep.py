"""Sweeps: one short story, interrupted at each of its steps, told again from what was left.

The story: a start, trades, a kill while intents are on their way, a resume, more trades, a stop. It is cancelled at
every scheduler step, loses its power at every call of the disk, and has each of these calls fail. A second life then
starts from the disk: it must come up, know every intent that an executor has seen, and leave nothing open.
"""

from __future__ import annotations

import enum
import shutil
import tempfile
import threading
from pathlib import Path

import attrs
import trio

from alphapulse.data.halts import GLOBAL
from alphapulse.errors import JournalError
from tests.fakes.open_files import open_files_in
from tests.simulation.disk import Fault, ModelDisk
from tests.simulation.life import Life
from tests.simulation.plan import Goal, draw_plan
from tests.simulation.scheduler import run_seeded
from tests.simulation.simulation import MEMORY_FOLDER, Simulation, leaves_of
from tests.simulation.truth import Broken, check_durable, check_journal, expect, open_in

SEED = 34
"""A story with trades in its first seconds."""
TRADING_S = 20
TRADES = 2
AFTER_KILL_S = 2
GONE_S = 20.0
"""A cancelled daemon is gone within so many simulated seconds: every shield has its deadline."""


class Sweep(enum.Enum):
    """What interrupts the story."""

    CANCEL = "cancel at a scheduler step"
    POWER_CUT = "power cut at a call of the disk"
    ERROR = "error of a call of the disk"


@attrs.frozen
class Told:
    """What came of one telling. `reached` is False if the story was over before."""

    reached: bool
    submitted: int
    calls: int
    steps: int
    problem: str | None


class _CancelAtStep(trio.abc.Instrument):
    """Cancels `scope` at the `number`-th step that any task takes while it counts."""

    def __init__(self, number: int | None) -> None:
        self.scope = trio.CancelScope()
        self.steps = 0
        self.counts = False
        self._number = number

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """A task goes on."""
        if self.counts:
            self.steps += 1
            if self.steps == self._number:
                self.scope.cancel("the step of the sweep")


def tell(sweep: Sweep | None, number: int | None) -> Told:
    """Tell the story, interrupted at its `number`-th step or call, and what follows."""
    folder = Path(tempfile.mkdtemp(prefix="alphapulse-", dir=MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None))
    threads = threading.active_count()
    try:
        plan = attrs.evolve(draw_plan(SEED, Goal.SAFETY, 0), block_s=2, rates={})
        told = run_seeded(SEED, Story(plan, folder, lambda _: None).told, sweep, number)
        if (left := open_files_in(folder)) and told.problem is None:
            return attrs.evolve(told, problem=f"files were left open: {left}")
        if threading.active_count() > threads and told.problem is None:
            return attrs.evolve(told, problem=f"{threading.active_count() - threads} threads were left")
        return told
    finally:
        shutil.rmtree(folder)


class Story(Simulation):
    """The world of a simulation without faults of its own, and a script in place of the nemesis."""

    async def told(self, sweep: Sweep | None, number: int | None) -> Told:
        """Two lives: the story, interrupted, and the one that finds what it left."""
        instrument = _CancelAtStep(number if sweep is Sweep.CANCEL else None)
        disk = ModelDisk(self._paths.journal, self._faults, self._trace)
        if sweep in (Sweep.POWER_CUT, Sweep.ERROR) and number is not None:
            disk.at_call(number, Fault.POWER_CUT if sweep is Sweep.POWER_CUT else Fault.ERROR)
            disk.on_power_cut = lambda: instrument.scope.cancel("power cut")
        problem = None
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._chain.run)
                await self._first_life(disk, instrument)
                self._truth.begin_life()
                await self._second_life()
                nursery.cancel_scope.cancel("the story is over")
        except* Broken as errors:
            problem = "; ".join(map(str, leaves_of(errors)))
        reached = instrument.scope.cancel_called or disk.struck or number is None
        return Told(reached, self._truth.submitted, disk.calls, instrument.steps, problem)

    async def _first_life(self, disk: ModelDisk, instrument: _CancelAtStep) -> None:
        tasks = trio.lowlevel.current_statistics().tasks_living
        trio.lowlevel.add_instrument(instrument)
        instrument.counts = True
        over = trio.Event()
        try:
            async with trio.open_nursery() as watch:
                watch.start_soon(self._expect_it_gone, instrument, over)
                with instrument.scope:
                    async with trio.open_nursery() as nursery:
                        try:
                            life = await nursery.start(self._start_life, disk)
                        except JournalError as error:
                            expect(disk.broken, f"the daemon did not start: {error}")
                        else:
                            await self._follow_script(life)
                instrument.counts = False
                over.set()
        finally:
            trio.lowlevel.remove_instrument(instrument)
        left = trio.lowlevel.current_statistics().tasks_living - tasks
        expect(left == 0, f"{left} tasks were left")
        expect(not disk.called_after_failure, "the journal's file was written or synced again after it had failed")
        disk.cut_journal(power=disk.dead)
        self._truth.raise_findings()

    async def _expect_it_gone(self, instrument: _CancelAtStep, over: trio.Event) -> None:
        """Once it was cancelled it is gone in time: a task that swallows a Cancelled would stay."""
        while not instrument.scope.cancel_called:
            with trio.move_on_after(0.5):
                await over.wait()
                return
        with trio.move_on_after(GONE_S):
            await over.wait()
            return
        raise Broken(f"{GONE_S:g} s after it was cancelled the daemon was still there")

    async def _follow_script(self, life: Life) -> None:
        with trio.move_on_after(TRADING_S):
            while self._truth.submitted < TRADES:  # noqa: ASYNC110 - the truth is no event
                await trio.sleep(0.05)
        self._kill_at_once(life)
        await trio.sleep(AFTER_KILL_S)
        for _ in range(2):
            self._resume(life)
            await trio.sleep(AFTER_KILL_S)
        life.daemon.request_stop("the story ends")
        with trio.fail_after(GONE_S):
            await life.ended.wait()

    def _kill_at_once(self, life: Life) -> None:
        self._operator.kill(life.daemon, GLOBAL)
        self._truth.closed = True

    async def _second_life(self) -> None:
        disk = ModelDisk(self._paths.journal, self._faults, self._trace)
        async with trio.open_nursery() as nursery:
            with trio.fail_after(60):
                life = await nursery.start(self._start_life, disk)
            await trio.sleep(2)
            expect(life.leaves_running() or bool(self._operator.halted(life.daemon)), "the second life does not run")
            life.daemon.request_stop("all is told")
            with trio.fail_after(GONE_S):
                await life.ended.wait()
        self._truth.raise_findings()
        records = check_journal(self._paths.journal, whole=True)
        check_durable(records, self._truth.acted)
        expect(not open_in(records), f"the intents {open_in(records)} were left open")


def points(sweep: Sweep) -> int:
    """How many points the story has at which it can be interrupted."""
    told = tell(None, None)
    return told.steps if sweep is Sweep.CANCEL else told.calls
