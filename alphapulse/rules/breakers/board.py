"""All circuit breakers: each rule in each scope where it ever tripped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from alphapulse.data.halts import GLOBAL, Level, Via
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.risk import BreakerAction, BreakerScope, CircuitBreaker
from alphapulse.rules.breakers.breaker import HOUR_NS, Breaker, Phase
from alphapulse.rules.breakers.table import ROW_OF
from alphapulse.rules.limits.facts import Permit

BreakerKey = tuple[str, BreakerScope, str]
"""Rule, kind of scope, and whose."""
BY_ITSELF = (Via.BREAKER, Via.START_RULE, Via.PROBATION)
"""Paths of a change by which no person has let a scope go on."""
MOST_CLOSED = 1_024
"""Closed breakers that are remembered for their counts; the oldest go first. Open ones are never forgotten."""


class BreakerEvent(NamedTuple):
    """A breaker acted: what it does to its scope, and why."""

    rule: str
    scope: str
    action: BreakerAction
    level: Level
    reason: str

    def message(self, at_ns: int) -> CircuitBreaker:
        """As it is journalled and published."""
        kind, _, name = self.scope.partition(":")
        return CircuitBreaker(BreakerScope[kind.upper()], name, self.action, self.rule, self.reason, None, at_ns)


def scope_of(kind: BreakerScope, target: str) -> str:
    """The scope of a breaker's message, as the halt switch calls it."""
    return GLOBAL if kind is BreakerScope.GLOBAL else f"{kind.name.lower()}:{target}"


class BreakerBoard:
    """Breakers by rule and scope (`global`, `strategy:NAME`, `venue:NAME`, `instrument:HEX`).

    `holds` says whether a scope holds a strategy's trade in some pools.
    """

    def __init__(self, holds: Callable[[str, str, Iterable[InstrumentId]], bool]) -> None:
        self.breakers: dict[tuple[str, str], Breaker] = {}
        self._holds = holds
        self._tripped: dict[tuple[str, str], Breaker] = {}
        self._half_open: dict[tuple[str, str], Breaker] = {}

    @property
    def quiet(self) -> bool:
        """Whether every breaker is closed: then no time can change anything."""
        return not self._tripped

    def trip(self, rule: str, scope: str, now_ns: int, reason: str) -> Iterator[BreakerEvent]:
        """The rule's cause is there."""
        breaker = self._breaker(rule, scope)
        yield from self._event((rule, scope), breaker, breaker.trip(now_ns, reason))

    def look(self, now_ns: int) -> Iterator[BreakerEvent]:
        """Time has passed: what resets itself may."""
        for key, breaker in list(self._tripped.items()):
            if breaker.phase is Phase.OPEN:
                yield from self._event(key, breaker, breaker.look(now_ns))

    def resume(self, scope: str, now_ns: int) -> Iterator[BreakerEvent]:
        """A person resumed the scope: its breakers close."""
        for key, breaker in list(self.breakers.items()):
            if key[1] == scope:
                yield from self._event(key, breaker, breaker.resume(now_ns))

    def end_trade(self, trade: tuple[int, int], now_ns: int, *, filled: bool, reason: str) -> Iterator[BreakerEvent]:
        """A trade (run, signal id) ended: it may have been a probe."""
        for key, breaker in list(self._half_open.items()):
            action = breaker.end_probe(trade, now_ns, filled=filled, reason=reason)
            yield from self._event(key, breaker, action)

    def restore(
        self, found: Collection[CircuitBreaker], trips: Mapping[BreakerKey, tuple[int, ...]], now_ns: int
    ) -> None:
        """Breakers that a journal left open, and when each last tripped; rules that are no more are left out.

        All times are of the wall clock, which is what a journal knows. Of closed ones the last hour counts.
        """
        left = {(one.rule, one.scope, one.target) for one in found if one.rule in ROW_OF}
        for key, times in trips.items():
            rule, kind, target = key
            if rule in ROW_OF:
                counted = [at_ns for at_ns in times if key in left or now_ns - at_ns < HOUR_NS]
                self._breaker(rule, scope_of(kind, target)).remember(counted)
        for one in found:
            if one.rule in ROW_OF:
                scope = scope_of(one.scope, one.target)
                breaker = self._tripped[one.rule, scope] = self._breaker(one.rule, scope)
                breaker.restore(one.at_ns, one.reason)

    def permit(self, strategy: str, pools: Iterable[InstrumentId]) -> Permit:
        """What half-open breakers allow this trade."""
        if not self._half_open:
            return Permit.ANY
        held = [one for (_, scope), one in self._half_open.items() if self._holds(scope, strategy, pools)]
        if not held:
            return Permit.ANY
        return Permit.PROBE if all(one.probe is None for one in held) else Permit.TAKEN

    def send_probe(self, strategy: str, pools: Iterable[InstrumentId], trade: tuple[int, int]) -> None:
        """The gate let a probe pass."""
        for (_, scope), breaker in self._half_open.items():
            if self._holds(scope, strategy, pools):
                breaker.send_probe(trade)

    def _breaker(self, rule: str, scope: str) -> Breaker:
        key = rule, scope
        if key not in self.breakers:
            closed = [one for one, breaker in self.breakers.items() if breaker.phase is Phase.CLOSED]
            if len(closed) >= MOST_CLOSED:
                del self.breakers[closed[0]]
            row = ROW_OF[rule]
            self.breakers[key] = Breaker(row.level, row.reset)
        return self.breakers[key]

    def _event(self, key: tuple[str, str], breaker: Breaker, action: BreakerAction | None) -> Iterator[BreakerEvent]:
        if action is None:
            return
        self._half_open.pop(key, None)
        self._tripped.pop(key, None)
        if breaker.phase is not Phase.CLOSED:
            self._tripped[key] = breaker
        if breaker.phase is Phase.HALF_OPEN:
            self._half_open[key] = breaker
        reason = breaker.reason or f"{key[0]} is over"
        yield BreakerEvent(*key, action, breaker.level, reason)
