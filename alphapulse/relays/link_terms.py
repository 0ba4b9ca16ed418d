"""How a process stands to a relay of another one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from random import Random

import attrs

from alphapulse.data.links import LinkStatus
from alphapulse.data.wire import Source
from alphapulse.relays.engagement import Engagement
from alphapulse.rules.links.topics import ALL, Topics
from alphapulse.transport.byte_link import ByteLink

Connect = Callable[[], Awaitable[ByteLink]]
Snapshot = Callable[[], Iterable[object]]


@attrs.frozen
class LinkTerms:
    """How a process stands to a relay of another one. Clocks and times are in ns.

    - `relay`, `service`: the relay's name and our own; `boot_id` tells this start of ours from others.
    - `topics`: what is wanted of the relay. A process that only publishes wants `NOTHING`.
    - `durable`: what our consumers have applied is acknowledged; until then relay and publisher keep it for us.
    - `snapshot`: for publishers, the state that a relay is given that does not know ours.
    - `signal_ttl_ns`: signals older than this, by the market clock, are neither sent nor handed on; None keeps all.
    - `before`: awaited before a list is handed to the local hub, on the data lane.
    - `on_control`: called with halts at once, before they queue up behind data in the local hub.
    - `on_notice`: told when the condition of the link changes.
    """

    relay: str
    service: str
    boot_id: int
    source: Source
    engagement: Engagement
    now_ns: Callable[[], int]
    market_ns: Callable[[], int]
    random: Random
    topics: Topics = ALL
    durable: bool = False
    snapshot: Snapshot | None = None
    signal_ttl_ns: int | None = None
    before: Callable[[Sequence[object]], Awaitable[None]] | None = None
    on_control: Callable[[Sequence[object]], None] | None = None
    on_notice: Callable[[LinkStatus], None] | None = None
