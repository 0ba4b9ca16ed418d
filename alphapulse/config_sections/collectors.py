"""`[collectors.NAME]` and `[chain]`: recordings and live chains."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec

from alphapulse.config_reading import Section
from alphapulse.config_sections.values import Amount, SecretSource, Share


class RecordedSection(Section, frozen=True):
    """`[collectors.NAME]` with `kind = "recorded"`: a recording of pool logs, replayed."""

    kind: Literal["recorded"]
    logs: tuple[str, ...]
    pools: str = "pools.json"
    speed: float = 0
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None
    at_end: Literal["stop", "hold", "repeat"] = "hold"


class NodeSection(Section, frozen=True):
    """`[[collectors.NAME.nodes]]`: a node of the chain. Its label is all of it that is ever shown."""

    label: str
    http: str | SecretSource
    ws: str | SecretSource | None = None
    requests_per_s: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 10
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    max_block_range: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 500
    max_in_flight: Annotated[int, msgspec.Meta(ge=1, le=256)] = 8


class FinalitySection(Section, frozen=True):
    """`[collectors.NAME.finality]`: when a block counts as safe and as settled; depths are in blocks."""

    safe_depth: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 64
    tag: Literal["finalized", "safe", ""] = "finalized"
    tagged_depth: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 128
    settled_depth: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 500


class DiscoverySection(Section, frozen=True):
    """`[collectors.NAME.discovery]`: pools that are not in the pool file, found from their logs."""

    enabled: bool = False
    factories: str | None = None
    allowed_tokens: tuple[str, ...] = ()
    refused_pools: tuple[str, ...] = ()
    least_age_blocks: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 32
    numeraire: str | None = None
    least_liquidity: Amount = 0
    requests_per_s: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 2


class EvmSection(Section, frozen=True):
    """`[collectors.NAME]` with `kind = "evm"`: a live chain, followed by its nodes."""

    kind: Literal["evm"]
    chain_id: Annotated[int, msgspec.Meta(ge=1, le=2**63)]
    nodes: tuple[NodeSection, ...]
    block_time_ms: Annotated[int, msgspec.Meta(ge=10, le=600_000)]
    pools: str = "pools.json"
    genesis: str | None = None
    multicall: str = "0xcA11bde05977b3631167028862bE2a173976CA11"
    verify_ppm: Share = 100_000
    pending: bool = False
    finality: FinalitySection = FinalitySection()
    discovery: DiscoverySection = DiscoverySection()


CollectorSection = RecordedSection | EvmSection


class ChainSection(Section, frozen=True):
    """`[chain]`: an EVM chain that AlphaPulse does not know by itself; all of it, or nothing."""

    id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    name: str | None = None
    wrapped_native: str | None = None
