"""The engine: signals in, verdicts and intents into the journal, intents to the executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio

from alphapulse.data.execution import ExecutionReport, Mode, OrderRequest, Outcome
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.execution.executor import Executor
from alphapulse.execution.gate import Gate
from alphapulse.journal.journal import Journal
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.reader import Reader
from alphapulse.relays.subscription import Subscription

HALTED_BEFORE_SENDING = "a halt came between the intent and its sending; nothing was sent"
ORPHANED_BEFORE_SENDING = "the block that it saw was orphaned between the intent and its sending; nothing was sent"
LATE_BEFORE_SENDING = "the intent was too old when the disk had it, or a clock was set; nothing was sent"


class Engine(Reader):
    """Judges each list of signals in the order (position, strategy) and hands on what the gate approves.

    Every act is in the journal before it happens: signals and verdicts are written, intents are synced to the disk, and
    age, halt epoch and chain are looked at once more, all before the executor is called.
    """

    def __init__(
        self,
        gate: Gate,
        executor: Executor,
        journal: Journal,
        signals: AnyRelay,
        execution: AnyRelay,
        *,
        mode: Mode,
        next_intent_id: Callable[[], int],
        now_ns: Callable[[], int],
    ) -> None:
        self._gate = gate
        self._executor = executor
        self._journal = journal
        self._signals = signals
        self._execution = execution
        self._mode = mode
        self._next_intent_id = next_intent_id
        self._now_ns = now_ns
        self._subscription: Subscription[ArbitrageSignal] | None = None
        self._came_round = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled. Raises JournalError if an act cannot be recorded: then nothing is sent."""
        with self._signals.subscribe("engine", types=(ArbitrageSignal,)) as subscription:
            self._subscription = subscription
            task_status.started()
            try:
                while True:
                    signals = await self.read(subscription)
                    self._came_round.set()
                    if signals:
                        await self._decide(signals)
            finally:
                self._subscription = None
                self._came_round.set()

    async def turn(self) -> None:
        """Return once the engine's own task has come round; at once while it does not run."""
        if self._subscription is not None:
            if self._came_round.is_set():
                self._came_round = trio.Event()
            self._subscription.nudge()
            await self._came_round.wait()

    async def _decide(self, signals: Sequence[ArbitrageSignal]) -> None:
        verdicts: list[object] = []
        approved: list[tuple[ArbitrageSignal, OrderRequest]] = []
        for signal in sorted(signals, key=lambda one: (one.position, one.strategy, one.signal_id)):
            decision = self._gate.check(signal)
            verdicts.append(decision)
            if decision.approved and signal.gas_cost is not None and signal.net is not None:
                approved.append((signal, self._intent(signal, signal.gas_cost, signal.net)))
        self._journal.append_now([*signals, *verdicts])
        self._execution.publish(verdicts)
        if alerts := self._gate.take_alerts():
            self._execution.publish(alerts)
        if approved:
            await self._send(approved)

    async def _send(self, approved: list[tuple[ArbitrageSignal, OrderRequest]]) -> None:
        intents = [intent for _, intent in approved]
        try:
            await self._journal.append(intents, sync=True)
        except trio.Cancelled:
            self._settle_unsent(intents, HALTED_BEFORE_SENDING)
            raise
        self._execution.publish(intents)
        # No await between this look at epoch, age and chain and the call of the executor.
        live, halted, late, orphaned = [], [], [], []
        for signal, intent in approved:
            if intent.halt_epoch != self._gate.epoch:
                halted.append(intent)
            elif not self._gate.in_time(intent):
                late.append(intent)
            elif self._gate.orphaned(signal):
                orphaned.append(intent)
            else:
                live.append(intent)
        if live:
            self._executor.submit(live)
        self._settle_unsent(halted, HALTED_BEFORE_SENDING)
        self._settle_unsent(late, LATE_BEFORE_SENDING)
        self._settle_unsent(orphaned, ORPHANED_BEFORE_SENDING, Outcome.ORPHANED)

    def _settle_unsent(
        self, intents: Sequence[OrderRequest], reason: str, outcome: Outcome = Outcome.CANCELLED
    ) -> None:
        """The intents are in the journal but nobody got them: say so there, or a restart would find them open."""
        reports = [ExecutionReport.of(intent, outcome, reason, reported_ns=self._now_ns()) for intent in intents]
        if reports and self._journal.failure is None:
            self._journal.append_now(reports)
            self._execution.publish(reports)

    def _intent(self, signal: ArbitrageSignal, gas_cost: int, net: int) -> OrderRequest:
        return OrderRequest(
            run=signal.run,
            intent_id=self._next_intent_id(),
            signal_id=signal.signal_id,
            strategy=signal.strategy,
            mode=self._mode,
            halt_epoch=signal.halt_epoch,
            chain_id=signal.chain_id,
            block_number=signal.block_number,
            log_index=signal.log_index,
            venue_time_ns=signal.venue_time_ns,
            legs=signal.legs,
            profit_token=signal.profit_token,
            size=signal.size,
            minimum_profit=signal.flash_fee + gas_cost + self._gate.floor(signal),
            flash_fee=signal.flash_fee,
            gas_wei=signal.gas_units * signal.gas_price_wei,
            gas_cost=gas_cost,
            expected_net=net,
            created_ns=self._now_ns(),
        )
