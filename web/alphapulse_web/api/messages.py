"""Messages of the WebSocket. `seq` is dense from 0 on each connection; the page sends nothing.

The hub composes the text itself, so that a topic is encoded once for all clients; these shapes state what results.
"""

from __future__ import annotations

from typing import Any, Literal

from alphapulse_web.api.schemas import (
    Build,
    Decimal,
    Instant,
    LatestOpportunities,
    Pairs,
    Pnl,
    Point,
    Pools,
    Positions,
    Shape,
    Status,
    TreeNode,
)


class Hello(Shape, frozen=True, kw_only=True):
    """First message: who speaks."""

    type: Literal["hello"]
    seq: int
    server_time: Instant
    build: Build
    run: int


class Topics(Shape, frozen=True, kw_only=True):
    """Everything that the dashboard shows; a delta with `op: put` replaces one of them."""

    status: Status
    tree: TreeNode
    pools: Pools
    pairs: Pairs
    pnl: Pnl
    positions: Positions
    opportunities: LatestOpportunities


class Snapshot(Shape, frozen=True, kw_only=True):
    """Second message: everything."""

    type: Literal["snapshot"]
    seq: int
    topics: Topics


class PairAppend(Shape, frozen=True, kw_only=True):
    """New points of a pair, with its newest gap."""

    gap_bps: Decimal | None
    points: list[Point]


class PutDelta(Shape, frozen=True, kw_only=True):
    """A topic anew: `data` has the shape of that field of `Topics`."""

    type: Literal["delta"]
    seq: int
    topic: Literal["status", "tree", "pools", "pairs", "pnl", "positions", "opportunities"]
    op: Literal["put"]
    data: Any


class AppendDelta(Shape, frozen=True, kw_only=True):
    """New points behind those of the pair `key`."""

    type: Literal["delta"]
    seq: int
    topic: Literal["pairs"]
    op: Literal["append"]
    key: str
    data: PairAppend


class Beat(Shape, frozen=True, kw_only=True):
    """Sent each second."""

    type: Literal["beat"]
    seq: int
    server_time: Instant
