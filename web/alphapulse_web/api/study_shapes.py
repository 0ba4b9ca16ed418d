"""Shapes of what was looked at and not traded, of what became of each path, and of stored sweeps."""

from __future__ import annotations

from typing import Literal

from alphapulse_web.api.opportunity_shapes import CandidateView, StageCount
from alphapulse_web.api.schemas import Address, Amount, Natural, Shape, TokenRef

TakingWord = Literal["seen", "refused", "cancelled", "lost", "won"]


class WhyNot(Shape, frozen=True, kw_only=True):
    """The newest candidates, and how many ended where.

    `kept_here` is false where the strategy runs in another process, which keeps them. `forgotten` counts those that
    were kept and had to make room.
    """

    candidates: list[CandidateView]
    stages: list[StageCount]
    forgotten: int
    kept_here: bool


class OutcomeView(Shape, frozen=True, kw_only=True):
    """What became of a strategy's, a pool's or a path's opportunities. expected and actual are net of all costs."""

    name: str
    pools: list[Address]
    token: TokenRef
    found: int
    episodes: int
    taken: int
    won: int
    lost: int
    expected: Amount
    actual: Amount


class PathView(OutcomeView, frozen=True, kw_only=True):
    """A path. `logs_later` is the median of how many recorded logs later its gaps were closed."""

    strategy: str
    refused: dict[str, int]
    cancelled: int
    closed_in_block: int
    closed_later: int
    logs_later: int | None


class EpisodeView(Shape, frozen=True, kw_only=True):
    """A gap: where it opened and closed, and the transaction that closed it."""

    strategy: str
    path: str
    states: int
    best: Amount
    opened_block: int
    opened_log: int
    closed_block: int | None
    closed_log: int | None
    closer: str | None
    closed_by_opener: bool
    logs_later: int | None
    taking: TakingWord


class Analytics(Shape, frozen=True, kw_only=True):
    """The run that is under way: by strategy, pool and path, and the newest 100 gaps."""

    run: int
    strategies: list[OutcomeView]
    pools: list[OutcomeView]
    paths: list[PathView]
    episodes: list[EpisodeView]
    unlisted: int


class SweepAxis(Shape, frozen=True, kw_only=True):
    """A setting and its values."""

    path: str
    values: list[str]


class SweepSummary(Shape, frozen=True, kw_only=True):
    """A stored sweep in few words; `fitted` says on which days it was fitted and tested."""

    name: str
    created: str
    axes: list[SweepAxis]
    runs: int
    done: int
    finished: bool
    fitted: str


class Sweeps(Shape, frozen=True, kw_only=True):
    """The stored sweeps, newest first. `unreadable` are files that are none."""

    sweeps: list[SweepSummary]
    unreadable: list[str]


class SweepSum(Shape, frozen=True, kw_only=True):
    """Replays of one combination, added up."""

    opportunities: int
    trades: int
    reverted: int
    net: Amount


class SweepRowView(Shape, frozen=True, kw_only=True):
    """A combination: what it earned where it was fitted, and out of sample (null where nothing was tested)."""

    settings: dict[str, str]
    fit: SweepSum
    test: SweepSum | None
    complete: bool
    best: bool


class Sweep(Shape, frozen=True, kw_only=True):
    """A stored sweep, best of the fitted combinations first."""

    summary: SweepSummary
    symbol: str
    decimals: int
    elapsed_s: Natural | None
    rows: list[SweepRowView]
    problems: list[str]
