"""Four processes of a topology within one, joined by memory links: they decide as one does, and end together."""

from __future__ import annotations

import logging
import tomllib
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.composition.environment import Environment
from alphapulse.composition.given_up import GivenUpFollower, given_up
from alphapulse.composition.topology_terms import read_topology
from alphapulse.config import parse_config
from alphapulse.daemon import Daemon, open_daemon
from alphapulse.data.execution import Check, RiskDecision
from alphapulse.data.halts import GLOBAL, Level, Via
from alphapulse.data.links import LinkCondition
from alphapulse.data.roles import Role
from alphapulse.data.runs import AuditTrail
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.errors import HaltError
from alphapulse.journal.journal_file import read_records
from alphapulse.nursery.node import NodeState
from alphapulse.outpost import Outpost, open_outpost
from alphapulse.relays.bus import Bus
from alphapulse.rules.accounting.decisions import decisions, digest
from alphapulse.transport.address import parse_address
from alphapulse.transport.admission import Admission
from alphapulse.transport.byte_link import ByteLink
from alphapulse.transport.endpoints import listen
from tests.daemon.daemon_rig import clock_ns, paths_in, running_daemon
from tests.daemon.day_config import Day
from tests.daemon.test_escalations import GIVEN_UP_AFTER_S, fail
from tests.fakes.inline_blocking import run_inline

pytestmark = pytest.mark.slow

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
COOL_DOWN_S = 10
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
    day = Day(speed=600, start=START)
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        processes = Processes(tmp_path, day, nursery)
        await processes.start(stack)
        await trio.sleep(6)
        processes.running["strategy"].request_stop("a restart")
        await processes.ended["strategy"].wait()
        await processes.start_again("strategy")
        await trio.sleep(18)
        for process in reversed(processes.running.values()):
            process.request_stop("the test is over")
        await processes.wait_ended()
    found = [one for _, one in read_records(paths_in(tmp_path).journal) if isinstance(one, ArbitrageSignal)]
    early = [one.signal_id for one in found if one.signal_id < 1_000]
    late = [one.signal_id for one in found if one.signal_id >= 1_000]
    assert early == list(range(1, len(early) + 1))
    assert late == list(range(late[0], late[0] + len(late)))
    assert late[0] > 6 * 1_000_000
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


async def test_a_strategy_that_is_given_up_elsewhere_is_halted_by_the_books_and_resumed_by_them(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL + 1)
    scope = "strategy:flash_arbitrage"
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        processes = Processes(tmp_path, Day(speed=1, start=START), nursery)
        await processes.start(stack)
        execution, strategy = processes.running["execution"], processes.running["strategy"]
        assert isinstance(execution, Daemon)
        child = strategy.supervision.decisions._children["flash_arbitrage"]
        sound = child.spec
        fail(child)
        await trio.sleep(GIVEN_UP_AFTER_S)
        halted = execution.halts.changes[scope]
        assert (halted.level, halted.via, halted.actor) == (Level.HALTED, Via.SUPERVISOR, "supervisor")
        assert "decisions/flash_arbitrage failed for good: a bug" in halted.reason
        assert execution.halts.level_of(GLOBAL) is Level.ACTIVE
        assert not processes.ended["strategy"].is_set()

        child.spec = sound
        await trio.sleep(COOL_DOWN_S)
        challenge = execution.halting.challenge(scope, actor="ann", role=Role.ADMIN)
        execution.resume(
            scope, reason="it is mended", actor="ann", via=Via.API, role=Role.ADMIN,
            nonce=challenge.nonce, phrase=challenge.phrase,
        )  # fmt: skip
        await trio.sleep(2)
        assert child.state is NodeState.RUNNING
        for process in reversed(processes.running.values()):
            process.request_stop("the test is over")
        await processes.wait_ended()


async def test_what_is_given_up_is_halted_once_and_a_name_that_is_unknown_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus, halted = Bus(), list[tuple[str, str]]()

    def check(scope: str) -> None:
        if scope != "strategy:one":
            raise HaltError(f"no {scope}")

    def level(scope: str) -> Level:
        return Level.HALTED if halted else Level.ACTIVE

    follower = GivenUpFollower(
        bus, check_scope=check, level=level, halt=lambda scope, reason, _: halted.append((scope, reason))
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(follower.run)
        bus.execution.publish([given_up("strategy:two", "a", 1), given_up("global", "b", 1)])
        bus.execution.publish([given_up("strategy:one", "c", 2), given_up("strategy:one", "d", 3)])
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert halted == [("strategy:one", "c")]
    assert "strategy:two, which is unknown here" in caplog.text


async def never(_: str | None) -> None:
    await trio.sleep_forever()


@pytest.mark.parametrize("gone", [True, False])
async def test_strategies_beside_the_execution_relay_must_be_gone_too_before_a_halt_is_complete(
    gone: bool, tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = TOPOLOGY.replace(', "relays.execution"]', "]").replace(
        '"strategies.f', '"relays.execution", "strategies.f'
    )
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        processes = Processes(tmp_path, Day(speed=60, start=START, end=END), nursery, beside)
        await processes.start(stack)
        execution, strategy = processes.running["execution"], processes.running["strategy"]
        assert isinstance(execution, Daemon)
        assert isinstance(strategy, Outpost)
        await trio.sleep(5)
        if not gone:
            monkeypatch.setattr(strategy.supervision.decisions, "wait_stopped", never)
        change = execution.kill(GLOBAL, reason="a drill", actor="ann", via=Via.API)
        report = await execution.halts.wait_report(change.halt_id)
        (step,) = [one for one in report.steps if one.name == "strategies and engine gone"]
        assert step.done is gone
        monkeypatch.undo()
        for process in reversed(processes.running.values()):
            process.request_stop("the test is over")
        await processes.wait_ended()


async def test_a_process_is_ready_only_when_its_relays_listen(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Else another process would be blamed, which waits for them."""
    caplog.set_level(logging.CRITICAL + 1)
    other = listen(parse_address("memory:signals"), Admission())
    async with trio.open_nursery() as nursery:
        await nursery.start(other.serve, forget)
        processes = Processes(tmp_path, Day(), nursery)
        with trio.move_on_after(20) as patience:
            await processes.start_again("relays")
        assert patience.cancelled_caught
        nursery.cancel_scope.cancel()


async def forget(_: ByteLink) -> None:
    """Nobody comes."""
