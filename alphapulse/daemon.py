"""The daemon: the one composition root. It builds every part, joins them into the tree, and stops them in stages."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

import trio

from alphapulse.collectors.recorded.collector import RecordedCollector
from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.collectors.recorded.recording import Recording
from alphapulse.config import Config, FlashArbitrageSection
from alphapulse.data.chains import CHAINS
from alphapulse.data.execution import ExecutionReport, Mode, Outcome
from alphapulse.data.halts import GLOBAL, HaltChange, HaltReport, Level, Via
from alphapulse.data.pools import Pool
from alphapulse.data.runs import AuditTrail, RunEnded, RunStarted
from alphapulse.data.wire import SENTENCE
from alphapulse.decisions import DecisionScopes
from alphapulse.environment import DataPaths, Environment
from alphapulse.errors import AlphaPulseError, ConfigError, JournalError, LedgerError, RecordingError
from alphapulse.execution.engine import Engine
from alphapulse.execution.gate import Gate
from alphapulse.execution.paper import PaperExecutor
from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal import Journal
from alphapulse.journal.ledger_writer import LedgerWriter
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.node import NodeState, TreeNode
from alphapulse.nursery.os_signals import install_kill_signal, serve_os_signals
from alphapulse.nursery.service import Service
from alphapulse.nursery.supervisor import Supervisor
from alphapulse.observe.market_clock import MarketClock
from alphapulse.observe.service_manager import SignsOfLife
from alphapulse.observe.stack_dump import serve_stack_dumps, write_stacks
from alphapulse.portfolio.portfolio import Portfolio
from alphapulse.relays.bus import Bus
from alphapulse.restart_policies import NO_RESTART, RESTARTS
from alphapulse.safety.clipped import clipped
from alphapulse.safety.halt_switch import HaltSwitch
from alphapulse.safety.stall_watch import StallWatch
from alphapulse.safety.watchdog import Watchdog, tell_standard_error
from alphapulse.staged_stop import stop_in_stages
from alphapulse.start_record import StartRecord, find_start
from alphapulse.strategies.flash_arbitrage import FlashArbitrage
from alphapulse.strategies.strategy import StrategyService
from alphapulse.terms import (
    capture_recorder,
    flash_arbitrage_terms,
    latency,
    recording_paths,
    replay_terms,
    strategy_limits,
)

logger = logging.getLogger(__name__)

STRATEGY = "flash_arbitrage"
NS_PER_S = 1_000_000_000

ESSENTIAL = ("journal", "portfolio", "paper executor", "halt switch", "watchdog")
"""Without these nothing may be traded."""

WATCHDOG = "watchdog"
"""The actor of a halt because the loop stood still."""

LOST_WITH_PROCESS = "the daemon ended before the paper trade was included; on paper that is certain"


class Daemon:
    """Everything that runs, and what the control plane may ask of it. Made by `open_daemon`."""

    def __init__(
        self,
        config: Config,
        paths: DataPaths,
        pools: Sequence[Pool],
        journal: Journal,
        start: StartRecord,
        environment: Environment,
        control_plane: Callable[[Daemon], Service] | None,
    ) -> None:
        self.config = config
        self.paths = paths
        self._section = config.strategies.flash_arbitrage or FlashArbitrageSection(enabled=False)
        self.mode = Mode[config.daemon.mode.upper()]
        self.pools = tuple(pools)
        self.chain = CHAINS[self.pools[0].id.chain_id or 0]
        self.journal = journal
        self.environment = environment
        self.bus = Bus()
        self.clock = MarketClock(environment.monotonic_ns)
        self.run_record: RunStarted | None = None
        self.latency = latency(config)
        self.started_ns = environment.now_ns()
        self.stopping: str | None = None
        self.problem: RecordingError | None = None
        self.failure: AlphaPulseError | None = None
        self._start = start
        self._last_run = start.recovery.last_run
        self._signal_ids = count(1)
        self._intent_ids = count(start.recovery.last_intent_id + 1)
        self._stop_requested = trio.Event()
        self._control_plane = control_plane
        self._halt_changes: dict[int, HaltChange] = {
            change.halt_id: change for change in start.latch.changes if change.level is Level.HALTED
        }
        self.halts = self._make_halts(start)
        self.gate = self._make_gate()
        self.executor = PaperExecutor(
            self.pools,
            self.latency,
            journal,
            self.bus.market_data,
            self.bus.execution,
            now_ns=environment.now_ns,
        )
        self.portfolio = Portfolio(self.bus.execution)
        self.ledger_url = sqlite_url(paths.ledger)
        self.ledger = LedgerWriter(journal, self.ledger_url, run_blocking=environment.run_blocking)
        journal.on_append = self.ledger.offer
        journal.on_failure(self._journal_failed)
        self.strategy = self._make_strategy()
        self.engine = self._make_engine()
        self.capture = capture_recorder(config, environment)
        self.collector = self._make_collector()
        self.foundation, self.decisions, self.collectors, self._root = self._make_tree()
        self.halts.register_decisions("decisions", DecisionScopes(self.decisions))
        self.halts.register_gateway("paper executor", self.executor)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until `request_stop`, SIGTERM or SIGINT; returns when the staged stop is over."""
        with install_kill_signal(self.halts.close_gate, self._kill_by_signal):
            async with trio.open_nursery() as nursery:
                await nursery.start(serve_os_signals, self._stop_by_signal, self.environment.end_at_once)
                await nursery.start(serve_stack_dumps, self._write_stacks)
                self.halts.start(*self._start.level(self.mode))
                await nursery.start(self._root.run)
                task_status.started()
                self._tell_manager("READY=1")
                await self._stop_requested.wait()
                self._tell_manager("STOPPING=1")
                await stop_in_stages(
                    self.stopping or "the daemon was stopped",
                    decisions=self.decisions,
                    cancel_orders=lambda: self.executor.cancel_pending(None, "the daemon was stopped"),
                    collectors=self.collectors,
                    close_books=self._close_books,
                    foundation=self.foundation,
                )
                nursery.cancel_scope.cancel("the staged stop is over")

    async def _write_stacks(self, text: str) -> None:
        # A limiter of its own: the threads of all others may be what hangs.
        limiter = trio.CapacityLimiter(1)
        await self.environment.run_blocking(write_stacks, self.paths.stacks, text, limiter=limiter)

    def _tell_manager(self, note: str) -> None:
        if self.environment.service_manager is not None:
            self.environment.service_manager.tell(note, f"STATUS={self._status_line()}")

    def request_stop(self, reason: str) -> None:
        """Begin the staged stop. Trading stays ACTIVE in the books: a stop is no halt."""
        if self.stopping is None:
            self.stopping = reason
            logger.info("stopping: %s", reason)
            self._stop_requested.set()

    def kill(self, scope: str, *, reason: str, actor: str, via: Via) -> HaltChange:
        """Halt a scope at once. Synchronous: when it returns the gate is closed and the latch is written."""
        change = self.halts.trip(scope, reason=reason, actor=actor, via=via)
        self._audit(actor, "control.kill", scope, reason, f"halt {change.halt_id}")
        return change

    def resume(self, scope: str, *, reason: str, actor: str, via: Via) -> HaltChange:
        """End the halt of a scope. Raises HaltError if it may not end."""
        change = self.halts.resume(
            scope, reason=reason, actor=actor, via=via, preconditions=self.resume_preconditions()
        )
        self._audit(actor, "control.resume", scope, reason, f"halt {change.halt_id} ended")
        return change

    def resume_preconditions(self) -> list[tuple[str, bool, str]]:
        """What must hold for a resume: name, whether it does, and what is the case in words."""
        failure = self.journal.failure
        open_intents = len(self.executor.pending)
        ill = [child.path for child in self.foundation.snapshot().children if child.state is NodeState.FAILED]
        return [
            ("the journal can be written", failure is None, str(failure) if failure else "it can"),
            ("every intent is settled", not open_intents, f"{open_intents} are open"),
            ("the foundation runs", not ill, f"failed: {', '.join(ill)}" if ill else "it does"),
        ]

    def tree(self) -> TreeNode:
        """The live tree of tasks."""
        return self._root.snapshot()

    def scopes(self) -> tuple[str, ...]:
        """Every scope that can be halted."""
        return GLOBAL, f"strategy:{STRATEGY}"

    def _make_halts(self, start: StartRecord) -> HaltSwitch:
        return HaltSwitch(
            latch_path=self.paths.latch,
            record=start.latch,
            now_ns=self.environment.now_ns,
            clock_ns=self.environment.monotonic_ns,
            on_change=self._keep_halt_change,
            kept_running=self._kept_running,
            on_report=self._keep_halt_report,
            logger=logger,
        )

    def _make_gate(self) -> Gate:
        section = self._section
        return Gate(
            self.halts,
            {STRATEGY: strategy_limits(section, self.pools)},
            max_input_age_ns=self.config.limits.max_input_age_s * NS_PER_S,
            market_ns=self.clock.now_ns,
            now_ns=self.environment.now_ns,
            stream_trouble=lambda chain_id: self.bus.stream_trouble(CHAINS[chain_id].venue),
        )

    def _make_strategy(self) -> FlashArbitrage:
        section = self._section
        return FlashArbitrage(
            STRATEGY,
            flash_arbitrage_terms(section, self.config.costs, self.pools),
            self.pools,
            next_signal_id=lambda: next(self._signal_ids),
            run=lambda: self.run_record.run if self.run_record else 0,
            halt_epoch=lambda: self.halts.epoch,
        )

    def _strategy_service(self) -> Service:
        """A fresh strategy for each life: it starts from the relay's snapshot, not from what an old one believed."""
        self.strategy = self._make_strategy()
        return StrategyService(self.strategy, self.bus.market_data, self.bus.signals)

    def _make_engine(self) -> Engine:
        return Engine(
            self.gate,
            self.executor,
            self.journal,
            self.bus.signals,
            self.bus.execution,
            mode=self.mode,
            next_intent_id=lambda: next(self._intent_ids),
            now_ns=self.environment.now_ns,
        )

    def _fresh_engine(self) -> Service:
        self.engine = self._make_engine()
        return self.engine

    def _make_collector(self) -> RecordedCollector:
        ((name, section),) = self.config.collectors.items()
        return RecordedCollector(
            Recording(recording_paths(name, section, self.config)),
            self.pools,
            replay_terms(name, section),
            self.bus.market_data,
            self.clock,
            begin_run=self._begin_run,
            on_end=self._recording_ended,
            run_blocking=self.environment.run_blocking,
            now_ns=self.environment.now_ns,
            capture=self.capture.offer if self.capture else None,
        )

    def _make_tree(self) -> tuple[Supervisor, Supervisor, Supervisor, Supervisor]:
        foundation = self._supervisor(
            "foundation",
            ChildSpec("journal", lambda: self.journal, NO_RESTART),
            ChildSpec("ledger", lambda: self.ledger, RESTARTS),
            ChildSpec("portfolio", lambda: self.portfolio, NO_RESTART),
            ChildSpec("paper executor", lambda: self.executor, NO_RESTART, kind="gateway"),
            ChildSpec("halt switch", lambda: self.halts, NO_RESTART),
            *self._control_plane_spec(),
            # Behind the control plane: what that imports at its first start is no stall.
            ChildSpec("watchdog", self._watchdog, RESTARTS),
            *self._signs_of_life_spec(),
        )
        strategies = [ChildSpec(STRATEGY, self._strategy_service, RESTARTS, kind="strategy")]
        decisions = self._supervisor(
            "decisions",
            ChildSpec("engine", self._fresh_engine, RESTARTS),
            *(strategies if self._section.enabled else ()),
        )
        (name,) = self.config.collectors
        collectors = self._supervisor(
            "collectors",
            *([ChildSpec("capture", _once(self.capture), NO_RESTART)] if self.capture else ()),
            ChildSpec(name, lambda: self.collector, RESTARTS, kind="collector"),
        )
        root = self._supervisor(
            "alphapulsed",
            *(
                ChildSpec(group.name, _once(group), NO_RESTART, kind="group")
                for group in (foundation, decisions, collectors)
            ),
        )
        return foundation, decisions, collectors, root

    def _control_plane_spec(self) -> Iterator[ChildSpec]:
        if self._control_plane is not None:
            make = self._control_plane
            yield ChildSpec("control plane", lambda: make(self), RESTARTS)

    def _signs_of_life_spec(self) -> Iterator[ChildSpec]:
        manager = self.environment.service_manager
        if manager is not None:
            signs = SignsOfLife(manager, turn=self._engine_turn, status=self._status_line)
            yield ChildSpec("service manager", _once(signs), RESTARTS)

    async def _engine_turn(self) -> None:
        await self.engine.turn()  # of the engine's present life

    def _status_line(self) -> str:
        change = self.halts.changes.get(GLOBAL)
        if self.stopping is not None:
            return f"stopping: {self.stopping}"
        if change is None or change.level is not Level.HALTED:
            return f"active ({self.mode.name.lower()})"
        return f"halted ({self.mode.name.lower()}) by {change.actor}: {change.reason}"

    def _watchdog(self) -> Service:
        return Watchdog(self._make_stall_watch, self._kill_by_watchdog, run_blocking=self.environment.run_blocking)

    def _make_stall_watch(self) -> StallWatch:
        limits = self.config.limits
        return StallWatch(
            close_gate=self.halts.close_gate,
            write_halt=lambda reason: self.halts.write_halt(reason=reason, actor=WATCHDOG, via=Via.SUPERVISOR),
            end=self.environment.end_stalled,
            tell=tell_standard_error,
            clock_ns=self.environment.thread_ns,
            stall_ns=limits.loop_stall_s * NS_PER_S,
            exit_ns=limits.loop_exit_s * NS_PER_S,
        )

    def _supervisor(self, name: str, *specs: ChildSpec) -> Supervisor:
        return Supervisor(
            name,
            specs,
            now_ns=self.environment.now_ns,
            random=self.environment.random,
            on_exhausted=self._escalate,
        )

    def halt_change(self, halt_id: int) -> HaltChange | None:
        """Who halted, why and when, of a halt that was in force since the start; None if it is not known."""
        return self._halt_changes.get(halt_id)

    def _keep_halt_change(self, change: HaltChange) -> None:
        if change.level is Level.HALTED:
            self._halt_changes[change.halt_id] = change
        self.journal.append_now([change])
        self.bus.execution.publish([change])

    def _keep_halt_report(self, report: HaltReport) -> None:
        if self.journal.failure is None:
            self.journal.append_now([report])
        self.bus.execution.publish([report])

    def _kept_running(self) -> list[str]:
        """What goes on through a halt, as the tree says."""
        groups = (self.foundation.snapshot(), self.collectors.snapshot())
        return [child.name for group in groups for child in group.children if child.state is NodeState.RUNNING]

    async def _begin_run(self, reason: str) -> None:
        """Fresh books: the old run is closed and the new one is in the journal before anything is booked in it."""
        now_ns = self.environment.now_ns()
        records: list[object] = []
        if self.run_record is not None:
            records.append(RunEnded(self.run_record.run, reason, now_ns))
        self._last_run += 1
        ((name, section),) = self.config.collectors.items()
        run = RunStarted(self._last_run, self.mode, f"{name} ({section.kind})", self.config.digest, reason, now_ns)
        await self.journal.append([*records, run], sync=True)
        self.run_record = run
        self._signal_ids = count(1)
        self.gate.forget_run()
        self.portfolio.begin_run(run.run)

    def _recording_ended(self, problem: RecordingError | None) -> None:
        self.problem = problem
        if problem is not None:
            logger.error("%s", problem)
        ((_, section),) = self.config.collectors.items()
        if section.at_end == "stop":
            self.request_stop("the recording is over")

    def _escalate(self, path: str, error: BaseException) -> None:
        """A child has used up its restarts: what depends on it stops, by the design's section 4."""
        group, _, name = path.removeprefix("alphapulsed/").partition("/")
        reason = f"{path} failed for good: {error}"
        logger.critical("%s", reason)
        if group == "decisions" and name == STRATEGY:
            self.kill(f"strategy:{name}", reason=reason, actor="supervisor", via=Via.SUPERVISOR)
        elif group == "decisions" or name in ESSENTIAL:
            self.kill(GLOBAL, reason=reason, actor="supervisor", via=Via.SUPERVISOR)

    def _journal_failed(self, error: JournalError) -> None:
        self.failure = error
        self.kill(GLOBAL, reason=str(error), actor="journal", via=Via.JOURNAL)

    def _kill_by_signal(self) -> None:
        self.kill(GLOBAL, reason="SIGUSR1 was received", actor="operating system", via=Via.OS_SIGNAL)

    def _kill_by_watchdog(self, reason: str) -> None:
        self.kill(GLOBAL, reason=reason, actor=WATCHDOG, via=Via.SUPERVISOR)

    def _stop_by_signal(self) -> None:
        self.request_stop("a stop signal was received")

    def _audit(self, actor: str, action: str, target: str, reason: str, result: str) -> None:
        """Keep an operator's action, as far as the journal still can: a halt never waits for it."""
        if self.journal.failure is None:
            now_ns = self.environment.now_ns()
            words = clipped(reason, SENTENCE.limit)
            try:
                self.journal.append_now([AuditTrail(actor, action, target, words, result, now_ns)])
            except JournalError:
                logger.exception("%s of %s by %s is done, but not in the audit", action, target, actor)

    async def _close_books(self) -> None:
        if self.journal.failure is not None:
            return
        if self.run_record is not None:
            ended = RunEnded(self.run_record.run, self.stopping or "", self.environment.now_ns())
            await self.journal.append([ended], sync=True)
        try:
            await self.ledger.flush()
        except LedgerError as error:
            logger.warning("the ledger was not brought up to date, the next start will do it: %s", error)


def _once(service: Service) -> Callable[[], Service]:
    return lambda: service


@asynccontextmanager
async def open_daemon(
    config: Config,
    *,
    paths: DataPaths | None = None,
    environment: Environment | None = None,
    control_plane: Callable[[Daemon], Service] | None = None,
) -> AsyncIterator[Daemon]:
    """The daemon with its journal open, ready to `run`.

    Raises:
        ConfigError, PoolFileError: a setting or a file that it names cannot be used.
        JournalError: another daemon holds the data folder, or the journal cannot be trusted.
    """
    environment = environment or Environment()
    (section,) = config.collectors.values()
    pools = load_pools(config.resolve(section.pools))
    paths = paths or DataPaths.in_folder(config.data_folder, Mode[config.daemon.mode.upper()])
    try:
        paths.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        problem = f"expected a folder at {paths.folder}, or the right to make it: {error.strerror}"
        raise ConfigError("daemon.data_folder", problem) from error
    async with Journal.open(paths.journal, now_ns=environment.now_ns, run_blocking=environment.run_blocking) as journal:
        start = await environment.run_blocking(find_start, journal, paths.latch)
        lost = [
            ExecutionReport.of(intent, Outcome.LOST, LOST_WITH_PROCESS, reported_ns=environment.now_ns())
            for intent in start.recovery.unsettled.values()
        ]
        if late := [*start.unrecorded(), *lost]:
            await journal.append(late, sync=True)
        yield Daemon(config, paths, pools, journal, start, environment, control_plane)
