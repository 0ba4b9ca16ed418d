"""The paper executor: prices each intent on the recorded book at the moment of its inclusion."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import trio

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Outcome, Settlement
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import BlockCompleted, StreamState, StreamStatus
from alphapulse.data.orphans import BlocksOrphaned, SettlementRevoked
from alphapulse.data.pools import Pool
from alphapulse.execution.latency import Latency
from alphapulse.journal.journal import Journal
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.reader import Reader
from alphapulse.relays.screened_subscription import ScreenedSubscription
from alphapulse.relays.subscription import AnySubscription
from alphapulse.rules.accounting.undoable_trades import UndoableTrades
from alphapulse.rules.arbitrage.costs import pool_fees
from alphapulse.rules.arbitrage.path import PathStep
from alphapulse.rules.arbitrage.repricing import reprice
from alphapulse.rules.books.pool_book import Position
from alphapulse.rules.books.pool_history import PoolHistory
from alphapulse.rules.discovery.pool_directory import PoolDirectory
from alphapulse.safety.parties import FlattenResult, OrderState
from alphapulse.safety.scopes import scope_holds

OUTCOMES_KEPT = 4096
"""Settled intents of which a halt may still ask how they ended; the oldest are forgotten first."""


ENDING = frozenset((ChainReorganised, StreamStatus))
"""Market events that may end intents or take ends back."""

NOT_SENT = (Outcome.CANCELLED, Outcome.ORPHANED)
"""Ends of which the venue knows nothing but that they were taken back."""


class PaperExecutor(Reader):
    """Fills intents on paper. Our fills do not move the recorded pools.

    A trade that would pay less than its minimum at its inclusion is reverted: gas is booked, nothing is filled. Market
    events and intents come through one queue, so that an intent always finds the book that its signal saw. While no
    intent is open, events go into the history where they are published, and the task sleeps on.

    What a reorganisation orphans is taken back: intents that were seen on an orphaned block are cancelled, ends on one
    are taken off the books, and where the block that the intent saw is still there it is priced again. `run` gives the
    number of the present run.
    """

    name = "paper executor"

    def __init__(
        self,
        pools: Sequence[Pool],
        latency: Latency,
        journal: Journal,
        market_data: AnyRelay,
        execution: AnyRelay,
        *,
        run: Callable[[], int],
        now_ns: Callable[[], int],
    ) -> None:
        self._pools: Mapping[InstrumentId, Pool] = PoolDirectory.of(pools).by_id
        self._latency = latency
        self._journal = journal
        self._market_data = market_data
        self._execution = execution
        self._run = run
        self._now_ns = now_ns
        self._history = PoolHistory(pools)
        self._complete_through: dict[int, int] = {}
        self._trades = UndoableTrades()
        self._outcomes: dict[str, OrderState] = {}
        self._reached: list[OrderRequest] = []
        self._queue: AnySubscription | None = None

    @property
    def pending(self) -> tuple[OrderRequest, ...]:
        """Intents taken over and not settled yet, oldest first."""
        return tuple(self._trades.open.values())

    def submit(self, intents: list[OrderRequest]) -> None:
        """Take intents over; each ends in a fill or an execution report."""
        for intent in intents:
            self._trades.take(intent)
        if self._queue is None:
            self._cancel(self.pending, "the paper executor was not running")
        else:
            self._queue.offer(intents)

    def cancel_pending(self, strategy: str | None, reason: str) -> int:
        """Cancel what is on its way, of one strategy or of all; returns how many. On paper that is certain at once."""
        doomed = [intent for intent in self.pending if strategy is None or intent.strategy == strategy]
        self._cancel(doomed, reason)
        return len(doomed)

    def open_orders(self, scope: str) -> Collection[str]:
        """Names of the scope's intents that are not settled yet."""
        return [_name(intent) for intent in self._held(scope)]

    async def cancel_orders(self, scope: str, orders: Collection[str]) -> None:
        """Cancel the scope's intents. On paper that is certain at once."""
        await trio.lowlevel.checkpoint()
        self._cancel(self._held(scope), "halted")

    async def query_orders(self, scope: str, orders: Collection[str]) -> Mapping[str, OrderState]:
        """How these intents stand, and the scope's that are open."""
        await trio.lowlevel.checkpoint()
        ended = {name: self._outcomes[name] for name in orders if name in self._outcomes}
        return ended | dict.fromkeys(self.open_orders(scope), OrderState.OPEN)

    async def flatten(self, scope: str, key: str) -> FlattenResult:
        """Nothing is held that could be sold: each paper trade begins and ends in a token that is kept."""
        await trio.lowlevel.checkpoint()
        return FlattenResult(closed=0, unknown=0, text="paper trades end in tokens that are kept: nothing to sell")

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled; what is then on its way is cancelled and said so."""
        with ScreenedSubscription(self.name, self._market_data.flow, self._screen) as queue:
            self._queue = queue
            try:
                self._market_data.feed(queue)
                task_status.started()
                while True:
                    for message in await self.read(queue):
                        self._take(message)
                    self._settle_due()
            finally:
                self._queue = None
                self._history = PoolHistory(self._pools.values())
                self._complete_through.clear()
                self._cancel(self.pending, "the paper executor was stopped")

    def _screen(self, messages: Sequence[object]) -> Sequence[object]:
        """What the task has to see: all while an intent is open or something waits in front, else what may end one."""
        queue = self._queue
        if self._trades.open or queue is None or queue.offered != queue.finished:
            return messages
        for message in messages:
            if type(message) in ENDING:
                return messages
        for message in messages:
            self._history.apply(message)
            if type(message) is BlockCompleted:
                self._complete_through[message.chain_id] = message.block_number
        return ()

    def _take(self, message: object) -> None:
        if isinstance(message, OrderRequest):
            self._reached.append(message)
            return
        if isinstance(message, ChainReorganised):
            self._undo(message)
        elif isinstance(message, StreamStatus):
            if message.state is StreamState.RESET:
                self._complete_through.clear()
                self._trades.forget_ends()
            if message.state in (StreamState.RESET, StreamState.ENDED):
                self._cancel(self.pending, "the recording ended before the trade was included")
        self._history.apply(message)
        if isinstance(message, BlockCompleted):
            self._complete_through[message.chain_id] = message.block_number
            self._settle_due()

    def _undo(self, event: ChainReorganised) -> None:
        """Intents that came before the reorganisation, in the order of the queue, saw the chain as it was."""
        chain_id, ancestor = event.chain_id, event.ancestor_number
        self._reached = [intent for intent in self._reached if intent.intent_id in self._trades.open]
        orphaned = [
            intent for intent in self._reached if intent.chain_id == chain_id and intent.block_number > ancestor
        ]
        ended = self._trades.orphaned_ends(chain_id, ancestor)
        now_ns = self._now_ns()
        text = f"orphaned: the chain went on from block {ancestor}"
        revoked = [
            SettlementRevoked.of(
                trade.intent, trade.settlement, ancestor, times=trade.times + 1, text=text, revoked_ns=now_ns
            )
            for trade in ended
        ]
        reports = [
            ExecutionReport.of(intent, Outcome.ORPHANED, f"the block that it saw was {text}", reported_ns=now_ns)
            for intent in orphaned
        ]
        told = BlocksOrphaned.of(event, self._run(), cancelled=len(reports), revoked=len(revoked), heard_ns=now_ns)
        self._journal.append_now([told, *revoked, *reports])
        for one in revoked:
            self._trades.take(one)
            self._outcomes.pop(_name(one), None)
        # What is open again goes the way of an intent once more, so that whoever shows what is open hears of it.
        again = [self._trades.open[one.intent_id] for one in revoked if one.reopened]
        self._reached += again
        self._complete_through[chain_id] = min(ancestor, self._complete_through.get(chain_id, ancestor))
        self._end(reports)
        self._execution.publish([told, *revoked, *again, *reports])

    def _settle_due(self) -> None:
        """Price what is due among the intents whose market events have been taken in before them."""
        if not self._reached:
            return
        self._reached = [intent for intent in self._reached if intent.intent_id in self._trades.open]
        due: list[Settlement] = []
        for intent in self._reached:
            seen = (intent.block_number, intent.log_index)
            complete_through = self._complete_through.get(intent.chain_id, -1)
            if (position := self._latency.position(intent.chain_id, seen, self._history, complete_through)) is not None:
                due.append(self._price(intent, position))
        if due:
            self._journal.append_now(due)
            self._publish(due)

    def _cancel(self, intents: Sequence[OrderRequest], reason: str) -> None:
        """What is not sent needs no record before the act: it also works, for halts and stops, with a broken journal.

        A restart then finds the intents open and settles them.
        """
        now_ns = self._now_ns()
        reports = [ExecutionReport.of(intent, Outcome.CANCELLED, reason, reported_ns=now_ns) for intent in intents]
        if not reports:
            return
        if self._journal.failure is None:
            self._journal.append_now(reports)
        self._publish(reports)

    def _publish(self, settlements: Sequence[Settlement]) -> None:
        self._end(settlements)
        self._execution.publish(settlements)

    def _end(self, settlements: Sequence[Settlement]) -> None:
        for settlement in settlements:
            intent = self._trades.open.get(settlement.intent_id)
            self._trades.take(settlement)
            if intent is not None:
                cancelled = isinstance(settlement, ExecutionReport) and settlement.outcome in NOT_SENT
                self._outcomes[_name(intent)] = OrderState.CANCELLED if cancelled else OrderState.ENDED
        while len(self._outcomes) > OUTCOMES_KEPT:
            del self._outcomes[next(iter(self._outcomes))]

    def _held(self, scope: str) -> list[OrderRequest]:
        return [
            intent for intent in self.pending if scope_holds(scope, intent.strategy, [leg.pool for leg in intent.legs])
        ]

    def _price(self, intent: OrderRequest, position: Position) -> Settlement:
        legs = []
        for leg in intent.legs:
            pool, state = self._pools[leg.pool], self._history.state_at(leg.pool, position)
            if state is None:
                return self._reverted(intent, position, None, "a pool's state there is not known")
            legs.append((pool, state, leg))
        steps = reprice(legs, intent.size)
        if steps is None:
            text = "the trade would leave the price range that is known there"
            return self._reverted(intent, position, None, text)
        profit = steps[-1].amount_out - intent.size
        if profit < intent.minimum_profit:
            text = "the gap was taken or closed before our inclusion: the trade would pay less than its minimum"
            return self._reverted(intent, position, profit, text)
        return self._fill(intent, position, steps)

    def _fill(self, intent: OrderRequest, position: Position, steps: tuple[PathStep, ...]) -> Fill:
        fees = pool_fees(steps)
        profit = steps[-1].amount_out - intent.size
        return Fill(
            run=intent.run,
            intent_id=intent.intent_id,
            signal_id=intent.signal_id,
            strategy=intent.strategy,
            mode=intent.mode,
            chain_id=intent.chain_id,
            block_number=position[0],
            log_index=position[1],
            venue_time_ns=intent.venue_time_ns,
            legs=tuple(step.as_leg() for step in steps),
            profit_token=intent.profit_token,
            size=intent.size,
            gross=profit + fees,
            pool_fees=fees,
            flash_fee=intent.flash_fee,
            gas_wei=intent.gas_wei,
            gas_cost=intent.gas_cost,
            net=profit - intent.flash_fee - intent.gas_cost,
            expected_net=intent.expected_net,
            assumption=self._latency.describe(),
            filled_ns=self._now_ns(),
        )

    def _reverted(self, intent: OrderRequest, position: Position, profit: int | None, text: str) -> ExecutionReport:
        return ExecutionReport.of(
            intent,
            Outcome.REVERTED,
            text,
            position=position,
            profit_found=profit,
            pays_gas=True,
            reported_ns=self._now_ns(),
        )


def _name(intent: OrderRequest | SettlementRevoked) -> str:
    return f"intent {intent.intent_id}"
