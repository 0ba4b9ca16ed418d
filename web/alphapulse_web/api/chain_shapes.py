"""Shapes of chains: does their data come, how old is it, who says so."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from alphapulse_web.api.schemas import Address, Instant, Integer, Natural, Shape
from alphapulse_web.api.status_shapes import StreamState

NodeState = Literal["new", "ok", "lagging", "quarantined", "wrong_chain"]


class ChainHeadView(Shape, frozen=True, kw_only=True):
    """The newest block that a node told of. `lag_ns` is its receipt less its timestamp; null for a recording."""

    number: int
    hash: Annotated[str, Meta(pattern=r"^0x[0-9a-f]{64}$")]
    time: Instant
    received: Instant
    lag_ns: Integer | None
    base_fee_wei: Natural | None
    provider: str


class Reorganisation(Shape, frozen=True, kw_only=True):
    """Blocks that the chain took back, newest of the run: `depth` of them, behind the ancestor."""

    ancestor: int
    depth: int
    time: Instant


class TrustCounts(Shape, frozen=True, kw_only=True):
    """How many pools of the chain have which trust."""

    proven: int
    in_range: int
    divergent: int
    unknown: int


class NodeView(Shape, frozen=True, kw_only=True):
    """A node of the chain's pool of nodes, by its label."""

    label: str
    state: NodeState
    reason: str
    head: int | None
    head_age_ns: Natural | None
    lag_blocks: int | None
    latency_ns: Natural | None
    error_ppm: int
    last_problem: str


class NodesView(Shape, frozen=True, kw_only=True):
    """The nodes. `split` says in words how they stand against each other, empty if they do not."""

    nodes: list[NodeView]
    usable: int
    degraded: bool
    split: str


class Quarantined(Shape, frozen=True, kw_only=True):
    """A token or a pool that is not believed, and why. `symbol` is what a token says of itself; empty for a pool."""

    kind: Literal["token", "pool"]
    address: Address
    symbol: str
    reason: str


class ChainView(Shape, frozen=True, kw_only=True):
    """One chain. `limit_ns` is the age at which its data are no longer traded on.

    `block` is the newest block that was handed over whole, `last_event` the newest event of an admitted pool. Ages are
    in the source's time: `clock` of the status for a recording, the wall clock otherwise. `nodes` is null where no
    nodes are asked. `quarantined` are the newest of what is not believed, tokens first; twenty at most.
    """

    chain_id: int
    name: str
    recorded: bool
    state: StreamState
    note: str
    block: int | None
    block_time: Instant | None
    last_event: Instant | None
    last_event_block: int | None
    head: ChainHeadView | None
    safe: int | None
    settled: int | None
    limit_ns: Natural
    reorganisation: Reorganisation | None
    trust: TrustCounts
    quarantined: list[Quarantined]
    nodes: NodesView | None


class Chains(Shape, frozen=True, kw_only=True):
    """All chains that pools are watched on."""

    chains: list[ChainView]
