"""Four processes of a topology within one, joined by memory links: they decide as one does, and end together."""

from __future__ import annotations

import tomllib
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import trio
from trio.testing import MockClock

from alphapulse.composition.environment import Environment
from alphapulse.composition.topology_terms import read_topology
from alphapulse.config import parse_config
from alphapulse.daemon import Daemon, open_daemon
from alphapulse.data.execution import Check, RiskDecision
from alphapulse.data.halts import GLOBAL, Via
from alphapulse.data.links import LinkCondition
from alphapulse.data.runs import AuditTrail
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.journal.journal_file import read_records
from alphapulse.outpost import Outpost, open_outpost
from alphapulse.rules.accounting.decisions import decisions, digest
from tests.daemon.daemon_rig import clock_ns, paths_in, running_daemon
from tests.daemon.day_config import Day
from tests.fakes.inline_blocking import run_inline

SERVICES = ("relays", "execution", "strategy", "collector")
TOPOLOGY = """
[topology.services]
relays = ["relays.market_data", "relays.signals", "relays.execution"]
execution = ["execution"]
strategy = ["strategies.flash_arbitrage"]
collector = ["collectors.day"]
[topology.relays]
market_data = { address = "memory:market_data" }
signals = { address = "memory:signals" }
execution = { address = "memory:execution" }
"""
START, END = "2024-01-05T01:15:00Z", "2024-01-05T03:00:00Z"


class Processes:
    """All processes of the topology; each is ready before the next begins."""

    def __init__(self, folder: Path, day: Day, nursery: trio.Nursery, topology: str = TOPOLOGY) -> None:
        self._config = parse_config(tomllib.loads(day.toml() + topology), folder=folder)
        self._nursery = nursery
        self._starts = 0
        self.running: dict[str, Daemon | Outpost] = {}
        self.ended: dict[str, trio.Event] = {}

    async def start(self, stack: AsyncExitStack) -> None:
        topology = read_topology(self._config)
        assert topology is not None
        for placement in topology.in_order():
            if placement.execution:
                environment = self._environment()
                process = await stack.enter_async_context(
                    open_daemon(self._config, environment=environment, placement=placement, topology=topology)
                )
                await self._begin(placement.service, process)
            else:
                await self.start_again(placement.service)

    async def start_again(self, service: str) -> None:
        """An outpost of that name, ready."""
        topology = read_topology(self._config)
        assert topology is not None
        placement = topology.placement(service)
        await self._begin(service, open_outpost(self._config, placement, topology, environment=self._environment()))

    def _environment(self) -> Environment:
        self._starts += 1
        return Environment(
            now_ns=clock_ns,
            monotonic_ns=clock_ns,
            thread_ns=lambda: 0,
            run_blocking=run_inline,
            random=Random(self._starts),
        )

    async def _begin(self, service: str, process: Daemon | Outpost) -> None:
        self.running[service] = process
        self.ended[service] = trio.Event()
        await self._nursery.start(self._run, service)

    async def _run(self, service: str, *, task_status: trio.TaskStatus[None]) -> None:
        await self.running[service].run(task_status=task_status)
        self.ended[service].set()

    async def wait_ended(self) -> None:
        for ended in self.ended.values():
            await ended.wait()


def digest_of(folder: Path) -> str:
    return digest(decisions(record for _, record in read_records(paths_in(folder).journal)))


async def digest_of_one_process(folder: Path, day: Day) -> str:
    folder.mkdir()
    async with running_daemon(folder, day) as rig:
        await rig.done.wait()
    return digest_of(folder)


async def test_they_decide_as_one_process_does_and_end_with_the_recording(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    day = Day(at_end="stop", start=START, end=END)
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        processes = Processes(tmp_path, day, nursery)
        await processes.start(stack)
        assert tuple(processes.running) == SERVICES
        await processes.wait_ended()
    assert digest_of(tmp_path) == await digest_of_one_process(tmp_path / "one", day)


async def test_a_halt_stops_the_strategies_elsewhere_before_its_report_is_complete(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    day = Day(speed=60, start=START, end=END)
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        processes = Processes(tmp_path, day, nursery)
        await processes.start(stack)
        execution, strategy = processes.running["execution"], processes.running["strategy"]
        assert isinstance(execution, Daemon)
        assert isinstance(strategy, Outpost)
        await trio.sleep(5)
        assert strategy.halts.run_number == 1
        assert strategy.halts.epoch == execution.halts.epoch
        change = execution.kill(GLOBAL, reason="a drill", actor="ann", via=Via.API)
        report = await execution.halts.wait_report(change.halt_id)
        (step,) = [one for one in report.steps if one.name == "strategies and engine gone"]
        assert (step.done, step.text) == (True, "all tasks of the scope have ended")
        states = {child.name: child.state.value for child in strategy.supervision.decisions.snapshot().children}
        assert states == {"flash_arbitrage": "cancelled"}
        for process in reversed(processes.running.values()):
            process.request_stop("the test is over")
        await processes.wait_ended()


async def test_strategies_that_start_anew_number_their_signals_further_on(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    day = Day(speed=60, start=START)
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        processes = Processes(tmp_path, day, nursery)
        await processes.start(stack)
        await trio.sleep(60)
        processes.running["strategy"].request_stop("a restart")
        await processes.ended["strategy"].wait()
        await processes.start_again("strategy")
        await trio.sleep(180)
        for process in reversed(processes.running.values()):
            process.request_stop("the test is over")
        await processes.wait_ended()
    found = [one for _, one in read_records(paths_in(tmp_path).journal) if isinstance(one, ArbitrageSignal)]
    early = [one.signal_id for one in found if one.signal_id < 1_000]
    late = [one.signal_id for one in found if one.signal_id >= 1_000]
    assert early == list(range(1, len(early) + 1))
    assert late == list(range(late[0], late[0] + len(late)))
    assert late[0] > 60 * 1_000_000
    judged = {one.failed for _, one in read_records(paths_in(tmp_path).journal) if isinstance(one, RiskDecision)}
    assert Check.UNIQUE_ID not in judged


async def test_a_process_without_strategies_and_books_tells_the_audit_who_was_cut_off(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    apart = TOPOLOGY.replace('relays = ["relays.market_data", ', 'market = ["relays.market_data"]\nrelays = [')
    day = Day(at_end="stop", start=START, end=END)
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        processes = Processes(tmp_path, day, nursery, apart)
        await processes.start(stack)
        market = processes.running["market"].site.roads
        assert market is not None
        market.servers["market_data"].tell("strategy", LinkCondition.CUT, "too slow")
        collector = processes.running["collector"].site.roads
        assert collector is not None
        assert collector.links["execution"].terms.topics.types == frozenset()
        await processes.wait_ended()
    audited = [one for _, one in read_records(paths_in(tmp_path).journal) if isinstance(one, AuditTrail)]
    found = [(one.actor, one.action, one.target) for one in audited if one.action.startswith("link.")]
    assert found == [("relay market_data", "link.cut", "strategy")]
    assert digest_of(tmp_path) == await digest_of_one_process(tmp_path / "one", day)
