"""Shapes of pairs of pools: their prices and the gap between them."""

from __future__ import annotations

from typing import Literal

from alphapulse_web.api.schemas import Decimal, Natural, PoolRef, Shape, TokenRef


class Point(Shape, frozen=True, kw_only=True):
    """A pair after one Swap log of either pool: prices `a` and `b`, and the signed gap of a against b in bps."""

    i: int
    t: Natural
    block: int
    log_index: int
    a: Decimal | None
    b: Decimal | None
    gap: Decimal | None
    mark: Literal["opportunity"] | None


class PairView(Shape, frozen=True, kw_only=True):
    """Two pools of one pair: `points` holds at most the 5000 newest, `gap_bps` is the newest point's gap.

    `fees_bps` is the sum of both fees, null while one of them is dynamic and not told yet.
    """

    id: str
    base: TokenRef
    quote: TokenRef
    pools: tuple[PoolRef, PoolRef]
    fees_bps: Decimal | None
    gap_bps: Decimal | None
    points: list[Point]


class Pairs(Shape, frozen=True, kw_only=True):
    """All pairs."""

    pairs: list[PairView]
