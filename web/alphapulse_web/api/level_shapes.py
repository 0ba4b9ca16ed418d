"""Shapes of levels: what holds each scope, and everything the page of risks shows."""

from __future__ import annotations

from typing import Literal

from alphapulse_web.api.halt_shapes import Halts
from alphapulse_web.api.risk_shapes import BreakersView, LimitsView
from alphapulse_web.api.schemas import Instant, LevelWord, Natural, Shape, ViaWord


class ScopeLevel(Shape, frozen=True, kw_only=True):
    """The level of one scope; `since` to `cause` are null for one that never changed.

    `halt_id` is null unless something holds it. `probation_left_ns` is the clean running that its probation still
    misses, null without one.
    """

    scope: str
    kind: Literal["global", "strategy", "venue", "instrument"]
    label: str
    level: LevelWord
    halt_id: int | None
    since: Instant | None
    by: str | None
    via: ViaWord | None
    cause: str | None
    probation_left_ns: Natural | None


class Levels(Shape, frozen=True, kw_only=True):
    """Every scope that can be held: everything, strategies, instruments, their venues and chains."""

    scopes: list[ScopeLevel]


class Risk(Shape, frozen=True, kw_only=True):
    """What may be traded now: levels, halts, limits and breakers of one moment."""

    levels: Levels
    halts: Halts
    limits: LimitsView
    breakers: BreakersView
