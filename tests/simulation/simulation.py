"""One simulation: a seed, the real daemon through as many lives as its faults leave it, and a verdict.

Two goals. `safety`: faults to the end, and no invariant may ever break. `liveness`: the faults end, and within two
minutes the daemon must be reconciled, armable, and then trading.
"""

from __future__ import annotations

import enum
import shutil
import signal
import tempfile
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import msgspec
import trio

from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.composition.environment import DataPaths
from alphapulse.config import Config, parse_config
from alphapulse.daemon import Daemon
from alphapulse.data.execution import Fill, Mode
from alphapulse.data.halts import GLOBAL
from alphapulse.data.pools import Pool
from alphapulse.errors import JournalError
from alphapulse.execution.paper import PaperExecutor
from alphapulse.safety.latch import read_latch
from tests.simulation.chain import FIRST_BLOCK, ModelChain
from tests.simulation.disk import ModelDisk
from tests.simulation.fault_mix import FaultMix
from tests.simulation.life import STRATEGY_SCOPE, Life, WallClock, live
from tests.simulation.node import ModelNode
from tests.simulation.operator import Operator
from tests.simulation.plan import Goal, Plan, by_address, draw_plan
from tests.simulation.pools import POOL_FILE
from tests.simulation.scheduler import run_seeded
from tests.simulation.trace import Trace
from tests.simulation.truth import (
    Broken,
    Truth,
    check_complete,
    check_durable,
    check_journal,
    check_ledger,
    expect,
    halt_beyond,
    is_fresh,
    net_of,
    open_in,
)
from tests.simulation.verdict import Verdict

NS_PER_S = 1_000_000_000
MEMORY_FOLDER = Path("/dev/shm")
"""Where it is there: a thousand runs need not wear out a disk."""
STRATEGY = "flash_arbitrage"
MEND_SHARE = 0.1
"""How likely the operator resumes, and somebody restarts a daemon that cannot go on, in a second."""
CONVERGE_S = 120
MOST_DEPTH = 5
"""Blocks that the chain takes back at once."""
STOP_S = 10.0
"""Within so many seconds a stop has ended the process, whatever hangs."""


class End(enum.Enum):
    """How a life ends."""

    STOP = "stopped"
    OVER = "the simulation is over"
    POWER_CUT = "power cut"
    KILL_9 = "killed"


def simulate(seed: int, goal: Goal = Goal.SAFETY, *, length_s: int = 240) -> Verdict:
    """Run one simulation in a folder of its own. Raises nothing but what is no finding: a broken harness."""
    return carry_out(draw_plan(seed, goal, length_s))


def carry_out(plan: Plan, on_second: Callable[[Life], None] = lambda _: None) -> Verdict:
    """Run a plan; `on_second` is called with the daemon's present life once a simulated second."""
    folder = Path(tempfile.mkdtemp(prefix="alphapulse-", dir=MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None))
    try:
        return run_seeded(plan.seed, Simulation(plan, folder, on_second).run)
    finally:
        shutil.rmtree(folder)


class Simulation:
    """The world around the lives of one daemon: chain, node, disk, clock, operator and nemesis."""

    def __init__(self, plan: Plan, folder: Path, on_second: Callable[[Life], None]) -> None:
        self._plan = plan
        self._on_second = on_second
        self._trace = Trace()
        (folder / "pools.json").write_bytes(msgspec.json.encode(POOL_FILE))
        self._config: Config = parse_config(tomllib.loads(plan.toml), folder=folder)
        self._pools: tuple[Pool, ...] = load_pools(folder / "pools.json")
        self._folder = folder
        self._paths = DataPaths.in_folder(folder / "data", Mode.PAPER)
        self._faults = FaultMix(dict(plan.rates), Random(f"faults {plan.seed}"))
        self._described = self._faults.describe()
        self._chance = Random(f"nemesis {plan.seed}")
        self._clock = WallClock()
        self._node = ModelNode(self._faults)
        self._chain = ModelChain(
            Random(f"chain {plan.seed}"),
            block_s=plan.block_s,
            restless_ppm=plan.restless_ppm,
            on_block=self._node.send_block,
            depth=lambda: self._faults.chance.randint(1, MOST_DEPTH) if self._faults.strikes("reorganisation") else 0,
        )
        self._node.chain = self._chain
        self._operator = Operator(Random(f"operator {plan.seed}"))
        self._truth = Truth(self._pools, self._chain, by_address(plan.max_size), by_address(plan.max_gross))
        self._lives = 0
        self._halts = 0
        self._healed_at: float | None = None
        self._sudden_end = trio.Event()
        self._halt_is_durable = False
        """A halt is on the disk: until somebody resumes, every life comes up halted."""
        self._recovery_s: int | None = None

    async def run(self) -> Verdict:
        """Lives and faults until the planned end; with the goal `liveness` until it trades again."""
        problem: str | None = None
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._chain.run)
                while not await self._live_once():  # noqa: ASYNC110 - between two lives time passes
                    await trio.sleep(self._chance.uniform(0.1, 5))
                nursery.cancel_scope.cancel("the simulation is over")
        except* Broken as errors:
            problem = "; ".join(map(str, leaves_of(errors)))
        truth, head = self._truth, self._chain.head
        return Verdict(
            seed=self._plan.seed,
            goal=self._plan.goal,
            problem=problem,
            digest=self._trace.digest,
            faults=self._described,
            seconds=round(trio.current_time()),
            lives=self._lives,
            blocks=0 if head is None else head.number - FIRST_BLOCK + 1,
            fills=truth.fills,
            reverts=truth.reverts,
            submitted=truth.submitted,
            halts=self._halts,
            books_compared=truth.books_compared,
            recovery_s=self._recovery_s,
            reorganisations=self._chain.reorganisations,
            revoked=truth.revoked,
            tail=tuple(self._trace.tail),
        )

    async def _live_once(self) -> bool:
        """One life of the daemon to its end, judged; True if it was the last."""
        self._lives += 1
        disk = ModelDisk(self._paths.journal, self._faults, self._trace)
        self._truth.begin_life()
        self._sudden_end = trio.Event()
        life: Life | None = None
        how = End.STOP
        async with trio.open_nursery() as nursery:
            try:
                life = await nursery.start(self._start_life, disk)
            except JournalError as error:
                expect(disk.broken, f"the daemon did not start: {error}")
            else:
                disk.on_moment = partial(self._strike_in_moment, life)
                how = await self._attend(life)
                disk.on_moment = lambda _: None
                await self._end(life, how, nursery.cancel_scope)
        if life is None:
            return False
        lost = disk.cut_journal(power=how is End.POWER_CUT)
        self._trace.note(f"{how.value}, {lost} bytes lost")
        self._judge(life, orderly=how in (End.STOP, End.OVER))
        return how is End.OVER

    async def _start_life(self, disk: ModelDisk, *, task_status: trio.TaskStatus[Life]) -> None:
        chance = Random(f"daemon {self._plan.seed} {self._lives}")
        make_life = partial(self._make_life, disk)
        await live(self._config, self._paths, disk, self._clock, make_life, chance, task_status=task_status)

    def _make_life(self, disk: ModelDisk, daemon: Daemon) -> Life:
        return Life(daemon, disk, self._truth, self._trace, self._node, keeps_published=self._plan.keeps_published)

    async def _attend(self, life: Life) -> End:
        """About once a second: look whether all is well, then do harm, or heal. Returns how the life is to end."""
        must_be_halted = self._halt_is_durable
        await self._wait(1)
        if must_be_halted and not self._sudden_end.is_set():
            level = life.daemon.halts.level(STRATEGY)
            expect(level.stopped, f"a halt that was on the disk was {level.name} after a restart")
        while True:
            if self._sudden_end.is_set():
                return End.POWER_CUT
            self._truth.raise_findings()
            self._compare_books(life)
            self._on_second(life)
            if self._healed_at is not None:
                if self._has_recovered(life):
                    self._recovery_s = round(trio.current_time() - self._healed_at)
                    return End.OVER
                waited_s = trio.current_time() - self._healed_at
                expect(waited_s < CONVERGE_S, f"not recovered {CONVERGE_S} s after the faults: {self._missing(life)}")
                if life.needs_restart():
                    return End.STOP
            elif trio.current_time() >= self._plan.length_s:
                if self._plan.goal is Goal.SAFETY:
                    return End.OVER
                self._healed_at = trio.current_time()
                self._faults.heal()
            elif (how := self._harm(life)) is not None:
                return how
            await self._wait(self._chance.uniform(0.5, 1.5))
            if life.ended.is_set():
                return End.STOP

    def _harm(self, life: Life) -> End | None:
        faults, chance = self._faults, self._chance
        if faults.strikes("crash"):
            life.crash(chance)
        if faults.strikes("crash_of_restarted"):
            life.crash(chance, restarted_only=True)
        if faults.strikes("clock_step"):
            step_s = chance.choice((-3600, -60, -1, 1, 60, 3600))
            self._trace.note(f"the wall clock steps by {step_s} s")
            self._clock.offset_ns += step_s * NS_PER_S
        if faults.strikes("kill"):
            self._kill(life, GLOBAL)
        if faults.strikes("strategy_kill"):
            self._kill(life, STRATEGY_SCOPE)
        if faults.strikes("signal"):
            self._signal()
        if chance.random() < MEND_SHARE:
            self._resume(life)
        for fault, how in (("stop", End.STOP), ("power_cut", End.POWER_CUT), ("kill_9", End.KILL_9)):
            if faults.strikes(fault):
                return how
        return End.STOP if life.needs_restart() and chance.random() < MEND_SHARE else None

    def _strike_in_moment(self, life: Life, moment: str) -> None:
        """The same harm, at the worst of moments. In the midst of a write only a signal can come, and the dark."""
        if moment == "a sync begins" and self._faults.strikes("kill_in_moment"):
            self._trace.note(f"a kill as {moment}")
            self._kill(life, GLOBAL)
        if self._faults.strikes("signal_in_moment"):
            self._trace.note(f"a signal as {moment}")
            self._signal()
        if self._faults.strikes("power_cut_in_moment"):
            self._trace.note(f"the power is cut as {moment}")
            life.disk.lose_power()
            self._sudden_end.set()

    def _kill(self, life: Life, scope: str) -> None:
        disk = life.disk
        asked, written = disk.latches_asked, disk.latches_written
        self._halts += 1
        self._operator.kill(life.daemon, scope)
        expect(disk.latches_asked > asked, f"a kill of {scope} did not ask for the latch")
        if scope == GLOBAL:
            self._truth.closed = True
            self._halt_is_durable |= disk.latches_written > written

    def _signal(self) -> None:
        self._halts += 1
        self._operator.signal()
        self._truth.closed = True

    async def _wait(self, seconds: float) -> None:
        with trio.move_on_after(seconds):
            await self._sudden_end.wait()

    def _resume(self, life: Life) -> None:
        for scope in self._operator.halted(life.daemon):
            refusal = self._operator.resume(life.daemon, scope)
            self._trace.note(f"resume of {scope}: {refusal or 'done'}")
            if refusal is None and scope == GLOBAL:
                self._halt_is_durable = False

    def _has_recovered(self, life: Life) -> bool:
        self._resume(life)
        return not self._missing(life)

    def _missing(self, life: Life) -> list[str]:
        """What keeps the daemon from trading, in words."""
        daemon = life.daemon
        missing = [f"{scope} is halted" for scope in self._operator.halted(daemon)]
        missing += [f"{name}: {text}" for name, holds, text in daemon.resume_preconditions() if not holds]
        if not daemon.halts.level(STRATEGY).trades:
            missing.append("the strategy does not trade")
        if not is_fresh(daemon.bus.streams):
            missing.append("the stream is not fresh")
        if not life.leaves_running():
            missing.append("not every service runs")
        return missing

    def _compare_books(self, life: Life) -> None:
        """What the daemon calls fresh is what the chain says; for consumers once they have taken all in."""
        collector, daemon = life.collector, life.daemon
        if collector is None or not is_fresh(daemon.bus.streams):
            return
        self._truth.check_book("the relay's book", daemon.bus._book, collector.head)
        if daemon.bus.flow.pending == 0 and life.leaves_running():
            executor = daemon.executor
            assert isinstance(executor, PaperExecutor)
            self._truth.check_book("the executor's book", executor._history, collector.head)
            self._truth.check_strategys_book(daemon, collector.head)
            ends = [trade.settlement for trade in executor._trades._ended.values()]
            fills = [end for end in ends if isinstance(end, Fill)]
            self._truth.check_standing(fills, collector.hash_of)

    async def _end(self, life: Life, how: End, scope: trio.CancelScope) -> None:
        if how in (End.POWER_CUT, End.KILL_9):
            life.disk.lose_power()
            scope.cancel(how.value)
            return
        if self._chance.random() < 0.5:
            signal.raise_signal(signal.SIGTERM)
        else:
            life.daemon.request_stop("the simulation wants it")
        with trio.move_on_after(STOP_S) as patience:
            await life.ended.wait()
        expect(not patience.cancelled_caught, f"the daemon did not stop within {STOP_S:g} s")

    def _judge(self, life: Life, *, orderly: bool) -> None:
        """What is left on the disk of a life that has ended."""
        disk, daemon = life.disk, life.daemon
        self._truth.raise_findings()
        expect(not disk.called_after_failure, "the journal's file was written or synced again after it had failed")
        whole = orderly and not disk.broken
        records = check_journal(self._paths.journal, whole=whole)
        check_durable(records, self._truth.acted)
        self._halt_is_durable |= halt_beyond(records, read_latch(self._paths.latch))
        if not whole:
            return
        check_complete(records, life.published)
        expect(not open_in(records), f"after a stop the intents {open_in(records)} were open")
        if daemon.ledger.applied_records == daemon.journal.records:
            check_ledger(self._paths.journal, self._paths.ledger, self._folder / "again.sqlite")
        if not life.crashed & {"foundation/portfolio"}:
            for token, book in daemon.portfolio.tokens.items():
                net = net_of(records, token)
                expect(book.total.net == net, f"the portfolio's net is {book.total.net}, the fills' is {net}")


def leaves_of(errors: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The errors in nested groups."""
    found: list[BaseException] = []
    for error in errors.exceptions:
        found += leaves_of(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
