"""Messages of the WebSocket. `seq` is dense from 0 on each connection.

The page sends its ticket first, and then nothing but topic requests.

The hub composes the text itself, so that a topic is encoded once for all clients; these shapes state what results.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from alphapulse_web.api.book_shapes import Pnl, Positions
from alphapulse_web.api.chain_shapes import Chains
from alphapulse_web.api.level_shapes import Risk
from alphapulse_web.api.opportunity_shapes import LatestOpportunities
from alphapulse_web.api.pair_shapes import Pairs, Point
from alphapulse_web.api.pool_shapes import AllPools, ChangedPools
from alphapulse_web.api.relay_shapes import Relays
from alphapulse_web.api.schemas import Decimal, Instant, Natural, Shape
from alphapulse_web.api.status_shapes import Build, Status, TreeNode
from alphapulse_web.api.study_shapes import WhyNot
from alphapulse_web.api.transaction_shapes import LatestTransactions

AskedTopic = Literal["firehose", "pools", "relays", "risk", "transactions", "why_not"]
"""Topics that are sent only to pages that asked for them."""
RelayDomain = Literal["MARKET_DATA", "SIGNAL", "EXECUTION"]


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
    chains: Chains
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
    topic: Literal["status", "tree", "chains", "pairs", "pnl", "positions", "opportunities"]
    op: Literal["put"]
    data: Any


class AskedTopics(Shape, frozen=True, kw_only=True):
    """What a page may ask for and is then told once a second."""

    pools: AllPools
    relays: Relays
    risk: Risk
    transactions: LatestTransactions
    why_not: WhyNot


class AskedDelta(Shape, frozen=True, kw_only=True):
    """A topic that was asked for, anew: `data` has the shape of that field of `AskedTopics`."""

    type: Literal["delta"]
    seq: int
    topic: Literal["pools", "relays", "risk", "transactions", "why_not"]
    op: Literal["put"]
    data: Any


class PoolsDelta(Shape, frozen=True, kw_only=True):
    """Pools that have changed, for pages that asked for them."""

    type: Literal["delta"]
    seq: int
    topic: Literal["pools"]
    op: Literal["change"]
    data: ChangedPools


class AppendDelta(Shape, frozen=True, kw_only=True):
    """New points behind those of the pair `key`."""

    type: Literal["delta"]
    seq: int
    topic: Literal["pairs"]
    op: Literal["append"]
    key: str
    data: PairAppend


class LiveFrame(Shape, frozen=True, kw_only=True):
    """A message of a relay in its Protocol V2 frame.

    `n` counts the messages that passed while somebody listened, sent or not. `received_ns` is the wall clock.
    """

    n: int
    domain: RelayDomain
    hex: Annotated[str, Meta(pattern=r"^([0-9a-f]{2})+$")]
    received_ns: Natural


class FrameSample(Shape, frozen=True, kw_only=True):
    """Some of the messages that passed since the last sample, and how many of them were left out."""

    frames: list[LiveFrame]
    skipped: int


class FramesDelta(Shape, frozen=True, kw_only=True):
    """New frames, for pages that asked for the firehose."""

    type: Literal["delta"]
    seq: int
    topic: Literal["firehose"]
    op: Literal["append"]
    data: FrameSample


class TicketMessage(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first message that a page sends, and the only one before it is told anything."""

    type: Literal["ticket"]
    ticket: Annotated[str, Meta(min_length=1, max_length=128)]


class TopicRequest(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The only message that a page may send from then on: whether it wants topics that are not sent to everybody."""

    type: Literal["subscribe", "unsubscribe"]
    topics: Annotated[list[AskedTopic], Meta(min_length=1, max_length=6)]


class Beat(Shape, frozen=True, kw_only=True):
    """Sent each second."""

    type: Literal["beat"]
    seq: int
    server_time: Instant
