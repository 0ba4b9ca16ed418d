"""Shapes of limits and circuit breakers."""

from __future__ import annotations

from typing import Literal

from alphapulse_web.api.schemas import Instant, LevelWord, Natural, Shape


class LimitOverrideView(Shape, frozen=True, kw_only=True):
    """An override in force."""

    actor: str
    reason: str
    set: Instant
    expires: Instant


class LimitView(Shape, frozen=True, kw_only=True):
    """A limit: numbers are raw units of `unit`, with `decimals` where that is a token.

    `value` is in force before probation cuts it, `configured` stands behind an override, `most` is what an override
    may set. `used` is null for a limit that each trade is measured by alone.
    """

    name: str
    meaning: str
    unit: str
    decimals: int | None
    value: Natural
    configured: Natural
    most: Natural
    used: Natural | None
    in_probation: bool
    override: LimitOverrideView | None


class CheckView(Shape, frozen=True, kw_only=True):
    """A check of the gate; they run in this order."""

    name: str
    step: int
    unit: str
    source: str


class LimitsView(Shape, frozen=True, kw_only=True):
    """Every configured limit, and the gate's checks in their order."""

    limits: list[LimitView]
    checks: list[CheckView]


class BreakerView(Shape, frozen=True, kw_only=True):
    """A circuit breaker in one scope. `scope` is empty for a rule that has never tripped."""

    rule: str
    scope: str
    kind: str
    phase: Literal["closed", "open", "half_open"]
    stops: LevelWord
    trip: str
    ends: str
    reason: str
    since: Instant | None
    trips: int
    needs_person: bool


class BreakersView(Shape, frozen=True, kw_only=True):
    """Every rule, with the scopes where it has tripped; open ones first."""

    breakers: list[BreakerView]
