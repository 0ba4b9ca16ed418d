"""Shapes of the relays: what they carry, who listens, and how the links between processes are."""

from __future__ import annotations

from typing import Literal

from alphapulse_web.api.schemas import Decimal, Instant, Natural, Shape

LinkWord = Literal["ok", "gap", "stale", "reset", "slow", "cut", "refused", "lost"]
Medium = Literal["process", "unix", "tcp", "nats", "memory"]
DeliveryWord = Literal["conflated", "expiring", "acknowledged"]


class LinkView(Shape, frozen=True, kw_only=True):
    """This process's link to a relay of another one, since its start.

    `gaps_found` counts holes in what came, `gaps_open` is 1 while one is asked for again, `resets` how often the
    state was taken anew instead. `unacknowledged` messages were published here, `expired` ones came too late.
    """

    condition: LinkWord
    connected: bool
    gaps_found: int
    gaps_open: int
    resets: int
    duplicates: int
    unacknowledged: int
    expired: int


class RelayRate(Shape, frozen=True, kw_only=True):
    """Messages per second that the relay carried, over so many seconds."""

    per_s: Decimal
    over_s: Decimal


class RelayConsumer(Shape, frozen=True, kw_only=True):
    """Somebody who listens to a relay; null is what this kind of consumer does not have, or what nobody has told.

    `peer` is null for a consumer of this process. `lag` counts messages that it has not taken in, `unapplied` those
    that it has not acknowledged as applied. A queue of this process drops nothing: full, it is cut off.
    """

    name: str
    peer: str | None
    lane: Literal["data", "control"] | None
    state: LinkWord
    connected: bool
    durable: bool
    wants: str | None
    since: Instant | None
    delivered: Natural
    waiting: int
    peak: int | None
    lag: Natural
    unapplied: Natural | None
    dropped_superseded: Natural | None
    dropped_expired: Natural | None
    resent: Natural | None
    snapshots: int | None
    published: Natural | None
    gaps: int | None


class RelayView(Shape, frozen=True, kw_only=True):
    """A relay. `as_of` is when it told its figures; those that are null nobody has told.

    `serves` says that it runs in this process, `link` how it is reached if it does not. A relay that no other process
    uses keeps no ring and has no start of its own: `boot_id`, `next_sequence` and the ring are null.
    """

    name: str
    domain: Literal["market_data", "signal", "execution"]
    delivery: DeliveryWord
    medium: Medium
    address: str | None
    serves: bool
    venues: list[str] | None
    as_of: Instant | None
    boot_id: Natural | None
    started: Instant | None
    published: Natural | None
    refused: Natural | None
    rate: RelayRate | None
    next_sequence: Natural | None
    ring_messages: int | None
    ring_bytes: Natural | None
    cuts: int | None
    dropped: Natural | None
    link: LinkView | None
    consumers: list[RelayConsumer]


class Relays(Shape, frozen=True, kw_only=True):
    """Every relay of the bus, in the order market data, signals, execution; `process` is the one that answers."""

    process: str
    relays: list[RelayView]
