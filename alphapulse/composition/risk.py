"""Limits and circuit breakers as the daemon wires them: overrides, the board, and who feeds it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.composition.halting import Halting
from alphapulse.composition.limits import limit_book
from alphapulse.composition.restart_policies import NO_RESTART, RESTARTS
from alphapulse.composition.start_record import StartRecord
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.data.orphans import AlertRevoked
from alphapulse.data.pools import Pool
from alphapulse.data.risk import CircuitBreaker, LimitOverride, RiskAlert
from alphapulse.journal.journal import Journal
from alphapulse.nursery.child import ChildSpec
from alphapulse.observe.market_clock import MarketClock
from alphapulse.relays.bus import Bus
from alphapulse.rules.breakers.board import BreakerBoard
from alphapulse.safety.alerts import quarantine_alert
from alphapulse.safety.breakers import Breakers
from alphapulse.safety.market_causes import MarketCauses
from alphapulse.safety.own_health import OwnHealth
from alphapulse.safety.scopes import scope_holds
from alphapulse.safety.trade_causes import TradeCauses

NS_PER_MS = 1_000_000


class Risk:
    """The limits in force, and the breakers over all of trading. `board` is what the gate asks of half-open ones."""

    def __init__(
        self,
        config: Config,
        pools: Sequence[Pool],
        paths: DataPaths,
        bus: Bus,
        clock: MarketClock,
        journal: Journal,
        start: StartRecord,
        halting: Halting,
        environment: Environment,
    ) -> None:
        self.limits = limit_book(config, pools)
        self.board = BreakerBoard(scope_holds)
        self._config = config
        self._journal = journal
        self._bus = bus
        self._clock = clock
        self._halting = halting
        self._now_ns = environment.now_ns
        now_ns = environment.now_ns()
        self.board.restore(start.recovery.breakers.values(), start.recovery.trips, now_ns)
        for override in start.recovery.overrides.values():
            self.limits.put(override, now_ns)
        self._record = start.recovery.record
        self.breakers = self._make_breakers()
        self.health = OwnHealth(
            paths.folder,
            environment.machine,
            max_memory_bytes=None if config.breakers.max_memory_mib is None else config.breakers.max_memory_mib << 20,
            max_lag_ns=config.breakers.max_loop_lag_ms * NS_PER_MS,
            trip=self.breakers.trip,
            alert=self._alert,
            steady_ns=environment.thread_ns,
            now_ns=environment.now_ns,
            run_blocking=environment.run_blocking,
        )
        halting.preconditions += [self._machine_is_well, self._books_are_equal]

    def tasks(self) -> Iterator[ChildSpec]:
        """For the foundation: breakers outlive what they stop."""
        yield ChildSpec("breakers", lambda: self.breakers, NO_RESTART)
        yield ChildSpec("own health", lambda: self.health, RESTARTS)

    def override(self, name: str, value: int, *, for_ns: int, actor: str, reason: str) -> LimitOverride:
        """Set a limit for a while: journalled, then in force, then published.

        Raises:
            LimitError: there is no such limit, or the override lies beyond its ceiling.
            JournalError: it could not be recorded; the limit is as it was.
        """
        now_ns = self._now_ns()
        wish = self.limits.propose(name, value, for_ns=for_ns, actor=actor, reason=reason, now_ns=now_ns)
        self._journal.append_now([wish])
        self.limits.put(wish, now_ns)
        self._bus.execution.publish([wish])
        return wish

    def _make_breakers(self) -> Breakers:
        terms = self._config.breakers
        trades = TradeCauses(
            self.limits,
            copy.deepcopy(self._record),
            max_failure_ppm=terms.max_failure_ppm,
            least_outcomes=terms.least_outcomes,
            max_unknown_orders=terms.max_unknown_orders,
        )
        live = [one for one in self._config.collectors.values() if isinstance(one, EvmSection)]
        return Breakers(
            self.board,
            MarketCauses(terms.max_jump_ppm, {one.chain_id: one.block_time_ms for one in live}),
            trades,
            self._halting.switch,
            self._bus.market_data,
            self._bus.execution,
            market_ns=self._clock.now_ns,
            now_ns=self._now_ns,
            keep=self._keep,
        )

    def _keep(self, message: CircuitBreaker | AlertRevoked) -> None:
        alert = quarantine_alert(message) if isinstance(message, CircuitBreaker) else None
        told = [message] if alert is None else [message, alert]
        if self._journal.failure is None:
            self._journal.append_now(told)
        self._bus.execution.publish(told)

    def _alert(self, alert: RiskAlert) -> None:
        self._bus.execution.publish([alert])

    def _machine_is_well(self) -> tuple[str, bool, str]:
        objections = self.health.objections()
        return "machine", not objections, "; ".join(objections) or "they have"

    def _books_are_equal(self) -> tuple[str, bool, str]:
        differing = self.breakers.differing()
        return "venues", not differing, f"not with {', '.join(differing)}"
