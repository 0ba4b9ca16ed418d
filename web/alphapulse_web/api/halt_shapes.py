"""Shapes of halts: their steps, reports, flattens, and what ends them."""

from __future__ import annotations

from typing import Literal

from alphapulse_web.api.schemas import Decimal, Instant, LevelWord, Shape, ViaWord


class HaltStep(Shape, frozen=True, kw_only=True):
    """One step of a halt: milliseconds since the call as text."""

    name: str
    ms: Decimal
    done: bool
    text: str


class VenueReport(Shape, frozen=True, kw_only=True):
    """What came of the orders at one venue; `ended` had ended otherwise, such as by a late fill."""

    name: str
    cancelled: int
    ended: int
    in_flight: int
    unknown: int
    text: str


class FlattenReport(Shape, frozen=True, kw_only=True):
    """What is sold, or was sold, on the one flatten of a halt."""

    halt_id: int
    scope: str
    stage: Literal["begun", "done", "failed", "lost"]
    actor: str
    via: ViaWord
    reason: str
    at: Instant
    closed: int
    unknown: int
    text: str


class HaltReport(Shape, frozen=True, kw_only=True):
    """What a halt did. `complete` is false while steps still run; they appear in `Status.report`.

    `at` is the wall clock, `market_time` the market's at that moment. `unknown_orders` names orders whose outcome is
    not known; `unknown` counts them all.
    """

    halt_id: int
    scope: str
    level: LevelWord
    actor: str
    via: ViaWord
    at: Instant
    market_time: Instant | None
    reason: str
    epoch: int
    steps: list[HaltStep]
    venues: list[VenueReport]
    unknown_orders: list[str]
    cancelled: int
    in_flight: int
    unknown: int
    kept_running: list[str]
    complete: bool
    flatten: FlattenReport | None


class HaltSummary(Shape, frozen=True, kw_only=True):
    """A halt in one line. `ended` is null while it is in force, `report` says whether its report is there."""

    halt_id: int
    scope: str
    level: LevelWord
    actor: str
    via: ViaWord
    at: Instant
    reason: str
    ended: Instant | None
    ended_by: str | None
    report: bool


class Halts(Shape, frozen=True, kw_only=True):
    """The newest halts, newest first, over restarts too."""

    halts: list[HaltSummary]


class Challenge(Shape, frozen=True, kw_only=True):
    """What must be typed to end a halt. Good for 60 s, for one try, and for who asked.

    `text` says what resuming does and does not do; `objections` what would forbid it now.
    """

    nonce: str
    scope: str
    halt_id: int
    phrase: str
    text: list[str]
    objections: list[str]
    expires: Instant


class PartialHalt(Shape, frozen=True, kw_only=True):
    """A halt of a part, such as `strategy:NAME`."""

    scope: str
    level: LevelWord
    halt_id: int
    since: Instant
    by: str
    via: ViaWord
    cause: str
