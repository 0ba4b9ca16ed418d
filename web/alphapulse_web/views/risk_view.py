"""Limits and circuit breakers in the shapes of the API."""

from __future__ import annotations

from typing import cast

from alphapulse.composition.terms import tokens_of
from alphapulse.daemon import Daemon
from alphapulse.errors import LimitError
from alphapulse.rules.accounting.amounts import raw_units
from alphapulse.rules.breakers.breaker import Breaker, Phase
from alphapulse.rules.breakers.table import ROW_OF, ROWS, BreakerRow
from alphapulse.rules.limits.checks import ORDER
from alphapulse.rules.limits.limit_book import Limit
from alphapulse.rules.limits.usage import used
from alphapulse_web.api.requests import OverrideRequest
from alphapulse_web.api.risk_shapes import (
    BreakersView,
    BreakerView,
    CheckView,
    LimitOverrideView,
    LimitsView,
    LimitView,
)
from alphapulse_web.api.schemas import LevelWord
from alphapulse_web.instants import instant

NS_PER_S = 1_000_000_000
_PHASES = (Phase.OPEN, Phase.HALF_OPEN, Phase.CLOSED)


class RiskView:
    """Reads the running daemon's limits and breakers; keeps nothing of its own."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._tokens = tokens_of(daemon.pools)

    def limits(self) -> LimitsView:
        """Every configured limit, and the checks."""
        checks = [CheckView(name=row.name, step=row.place, unit=row.unit, source=row.source) for row in ORDER]
        return LimitsView(limits=[self._limit(limit) for limit in self._daemon.risk.limits.limits], checks=checks)

    def override(self, wish: OverrideRequest, actor: str) -> LimitView:
        """Set a limit for a while. Raises LimitError or JournalError if it may not or cannot be."""
        limits = self._daemon.risk.limits
        found = next((limit for limit in limits.limits if limit.name == wish.name), None)
        value = self._value(found, wish.value) if found is not None else 0
        self._daemon.risk.override(wish.name, value, for_ns=wish.for_s * NS_PER_S, actor=actor, reason=wish.reason)
        return next(self._limit(limit) for limit in limits.limits if limit.name == wish.name)

    def breakers(self) -> BreakersView:
        """Every rule, with the scopes where it has tripped."""
        board = self._daemon.risk.board.breakers
        tripped = sorted(board.items(), key=lambda one: (_PHASES.index(one[1].phase), -(one[1].since_ns or 0)))
        shown = [_breaker(ROW_OF[rule], scope, breaker) for (rule, scope), breaker in tripped]
        never = {row.rule for row in ROWS} - {rule for rule, _ in board}
        return BreakersView(breakers=shown + [_breaker(row, "", None) for row in ROWS if row.rule in never])

    def _value(self, limit: Limit, text: str) -> int:
        token = self._tokens.get(limit.token) if limit.token is not None else None
        try:
            return raw_units(text, token.decimals if token is not None else 0)
        except ValueError as error:
            raise LimitError(f"{limit.name}: {error}") from error

    def _limit(self, limit: Limit) -> LimitView:
        daemon, limits = self._daemon, self._daemon.risk.limits
        now_ns = daemon.environment.now_ns()
        token = self._tokens.get(limit.token) if limit.token is not None else None
        market_ns = daemon.clock.now_ns()
        spent = used(limit, daemon.gate.record, now_ns if market_ns is None else market_ns)
        override = limits.override_of(limit.name, now_ns)
        return LimitView(
            name=limit.name,
            meaning=limit.row.meaning,
            unit=token.symbol if token is not None else limit.row.unit,
            decimals=token.decimals if token is not None else None,
            value=str(limit.value if override is None else override.value),
            configured=str(limit.value),
            most=str(limit.most),
            used=None if spent is None else str(spent),
            in_probation=limit.row.scaled,
            override=None
            if override is None
            else LimitOverrideView(
                actor=override.actor,
                reason=override.reason,
                set=instant(override.set_ns),
                expires=instant(override.expires_ns),
            ),
        )


def _breaker(row: BreakerRow, scope: str, breaker: Breaker | None) -> BreakerView:
    return BreakerView(
        rule=row.rule,
        scope=scope,
        kind=row.scope,
        phase="closed" if breaker is None else breaker.phase.value,
        stops=cast(LevelWord, row.level.name.lower()),
        trip=row.trip,
        ends=row.ends,
        reason="" if breaker is None else breaker.reason,
        since=None if breaker is None or breaker.since_ns is None else instant(breaker.since_ns),
        trips=0 if breaker is None else breaker.trips,
        needs_person=breaker is not None and breaker.needs_person,
    )
