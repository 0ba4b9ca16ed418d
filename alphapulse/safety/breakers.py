"""The circuit breakers at work: causes from the relays go to the board, and what it says goes to the halt switch."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import trio

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.execution import ExecutionReport, Fill
from alphapulse.data.halts import HaltChange, Level, Via
from alphapulse.data.market import BlockCompleted, PoolSwap, StreamStatus
from alphapulse.data.orphans import AlertRevoked, BlocksOrphaned
from alphapulse.data.risk import BreakerAction, CircuitBreaker
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import HaltError
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.reader import Reader
from alphapulse.relays.screened_subscription import ScreenedSubscription
from alphapulse.rules.breakers import table
from alphapulse.rules.breakers.board import BY_ITSELF, BreakerBoard, BreakerEvent
from alphapulse.rules.breakers.breaker import Phase
from alphapulse.safety import market_causes, trade_causes
from alphapulse.safety.alerts import revoked_trip
from alphapulse.safety.cause import Cause
from alphapulse.safety.market_causes import MarketCauses
from alphapulse.safety.trade_causes import TradeCauses

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
REVOCABLE_TRIPS = 1_024
"""Trips of which it is remembered which block gave rise to them; the oldest are forgotten first."""


class Switch(Protocol):
    """What a breaker does to a scope."""

    def trip(self, scope: str, *, reason: str, actor: str, via: Via, level: Level = Level.HALTED) -> HaltChange:
        """Halt or reduce it."""

    def restore(self, scope: str, *, reason: str, actor: str, via: Via) -> HaltChange:
        """Take back what the same actor reduced. Raises HaltError for anything else."""


class Breakers(Reader):
    """Trips scopes through the halt switch, then journals and publishes what it did (`keep`).

    Everything here runs on the market clock, and looks around at the end of each block: a replay trips and resets at
    the same event each time. With a live stream it looks around twice a second too.
    """

    def __init__(
        self,
        board: BreakerBoard,
        market: MarketCauses,
        trades: TradeCauses,
        switch: Switch,
        market_data: AnyRelay,
        execution: AnyRelay,
        *,
        market_ns: Callable[[], int | None],
        now_ns: Callable[[], int],
        keep: Callable[[CircuitBreaker | AlertRevoked], None],
    ) -> None:
        self.board = board
        self._market = market
        self._trades = trades
        self._switch = switch
        self._market_data = market_data
        self._execution = execution
        self._market_ns = market_ns
        self._now_ns = now_ns
        self._keep = keep
        self._of_blocks: deque[tuple[int, int, CircuitBreaker]] = deque(maxlen=REVOCABLE_TRIPS)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        self._hold_again()
        self._trip(self._trades.at_start(self._now_ns()))
        with ScreenedSubscription("breakers", self._execution.flow, self._screen) as subscription:
            self._execution.feed(subscription, types=(*trade_causes.TYPES, HaltChange, BlocksOrphaned))
            self._market_data.feed(subscription, types=market_causes.TYPES)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._look_around)
                task_status.started()
                while True:
                    for message in await self.read(subscription):
                        self._take(message)

    def trip(self, rule: str, scope: str, reason: str) -> None:
        """A cause that somebody else found, such as the daemon's own health."""
        self._trip([Cause(rule, scope, self._time_ns(), reason)])

    def reconciled(self, venue: str, *, equal: bool) -> None:
        """Our books and those of a venue (`venue:NAME`) were compared."""
        if (reason := self._trades.orders_of(venue).round(equal=equal)) is not None:
            self.trip(table.RECONCILIATION, venue, reason)

    def differing(self) -> tuple[str, ...]:
        """Venues whose last round was not clean, which a resume waits for."""
        return tuple(venue for venue, orders in self._trades.orders.items() if not orders.clean)

    def _hold_again(self) -> None:
        """What the journal left open is open: the switch must know of each breaker that holds a scope, not of one."""
        for (rule, scope), breaker in self.board.breakers.items():
            if breaker.phase is Phase.OPEN and breaker.level is Level.REDUCING:
                actor = f"breaker {rule}"
                self._switch.trip(scope, reason=breaker.reason, actor=actor, via=Via.BREAKER, level=breaker.level)

    async def _look_around(self) -> None:
        while True:
            await trio.sleep(LOOK_EVERY_S)
            if self._market.live:
                self.look()

    def look(self) -> None:
        """Time has passed: what resets itself may, unless its cause goes on."""
        if self._idle:
            return
        now_ns = self._time_ns()
        self._trip(self._market.look(now_ns))
        if self._market.troubled:
            self._trip(self._still_stale(now_ns))
        self._act(self.board.look(now_ns))

    @property
    def _idle(self) -> bool:
        """Whether the end of a block changes nothing: all breakers are closed, and no chain is watched."""
        return self.board.quiet and not self._market.live

    def _still_stale(self, now_ns: int) -> list[Cause]:
        """A strategy that only reduces sees no verdicts on its input: the stream itself must be whole."""
        return [
            Cause(rule, scope, now_ns, breaker.reason)
            for (rule, scope), breaker in self.board.breakers.items()
            if rule == table.STALE_DATA and breaker.phase is Phase.OPEN
        ]

    def _screen(self, messages: Sequence[object]) -> list[object]:
        """What is to be acted on: of all market data a price that jumps, and block ends while something is open."""
        acts: list[object] = []
        for message in messages:
            if type(message) is PoolSwap:  # the most of all messages, by far
                if (jump := self._market.swap(message)) is not None:
                    acts.append(jump)
            elif type(message) is StreamStatus:
                self._market.status(message)
            elif type(message) is ChainHead:
                self._market.head(message)
            elif type(message) is ChainReorganised:
                self._market.forget_prices(message.chain_id)
                acts.append(message)
            elif type(message) is not BlockCompleted or acts or not self._idle:
                acts.append(message)
        return acts

    def _take(self, message: object) -> None:
        if isinstance(message, Cause):
            self._trip([message])
            return
        if isinstance(message, BlockCompleted):
            self.look()
            self._market.complete(message)
            return
        if isinstance(message, HaltChange):
            if message.level.trades and message.via not in BY_ITSELF:
                self._act(self.board.resume(message.scope, self._time_ns()))
            return
        if isinstance(message, BlocksOrphaned):
            self._orphan(message)
            return
        if isinstance(message, ChainReorganised):
            self._trip(self._market.reorganised(message))
            return
        now_ns = self._time_ns()
        if isinstance(message, PoolTrustChanged):
            self._trip(self._market.trust(message, now_ns))
            return
        self._trip(self._trades.take(message, now_ns, self._now_ns()))
        if isinstance(message, Fill | ExecutionReport):
            self._end_trade(message, now_ns)

    def _end_trade(self, settlement: Fill | ExecutionReport, now_ns: int) -> None:
        filled = isinstance(settlement, Fill)
        reason = "" if isinstance(settlement, Fill) else settlement.text
        trade = settlement.run, settlement.signal_id
        self._act(self.board.end_trade(trade, now_ns, filled=filled, reason=reason))

    def _trip(self, causes: Iterable[Cause]) -> None:
        for cause in causes:
            self._act(self.board.trip(cause.rule, cause.scope, cause.at_ns, cause.reason), cause.block)

    def _act(self, events: Iterator[BreakerEvent], block: tuple[int, int] | None = None) -> None:
        """Stop or restore first, then tell: no scope stays open for a disk that is slow."""
        for event in events:
            actor = f"breaker {event.rule}"
            logger.warning("%s of %s: %s: %s", event.rule, event.scope, event.action.name.lower(), event.reason)
            if event.action in (BreakerAction.PAUSE, BreakerAction.REDUCE):
                self._switch.trip(event.scope, reason=event.reason, actor=actor, via=Via.BREAKER, level=event.level)
            elif event.level is Level.REDUCING:
                self._restore(event, actor)
            message = event.message(self._now_ns())
            if event.action is BreakerAction.RESUME:
                self._trades.record.take(message)
                self._trades.forget(event.rule, event.scope)
                self._market.forgive(event.scope)
            elif block is not None:
                self._of_blocks.append((*block, message))
            self._keep(message)

    def _orphan(self, orphaned: BlocksOrphaned) -> None:
        """What an orphaned block has tripped stays as it is until it ends. That its cause is gone is told."""
        for chain_id, block_number, breaker in list(self._of_blocks):
            if chain_id == orphaned.chain_id and block_number > orphaned.ancestor_number:
                self._of_blocks.remove((chain_id, block_number, breaker))
                self._keep(revoked_trip(breaker, orphaned, block_number, self._now_ns()))

    def _restore(self, event: BreakerEvent, actor: str) -> None:
        try:
            self._switch.restore(event.scope, reason=event.reason, actor=actor, via=Via.BREAKER)
        except HaltError as error:
            logger.info("%s stays as it is: %s", event.scope, error)

    def _time_ns(self) -> int:
        market_ns = self._market_ns()
        return self._now_ns() if market_ns is None else market_ns
