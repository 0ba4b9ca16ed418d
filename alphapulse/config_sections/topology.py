"""`[topology]`: which process runs what."""

from __future__ import annotations

from typing import Literal

import msgspec

from alphapulse.config_reading import Section


class RelaySection(Section, frozen=True):
    """`[topology.relays.NAME]`: a relay between processes, or the part of market data that is of some venues."""

    address: str
    carries: Literal["market_data", "signals", "execution"] | None = None
    venues: tuple[str, ...] = ()


class TopologySection(Section, frozen=True):
    """`[topology]`: which process runs what, and where their relays are. Without services there is one process."""

    services: dict[str, tuple[str, ...]] | None = None
    relays: dict[str, RelaySection] = msgspec.field(default_factory=dict)
    tls_folder: str = "tls"
