"""`[costs]` and `[execution]`: what a transaction costs, and how it is sent."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from alphapulse.config_reading import Section
from alphapulse.config_sections.values import Count
from alphapulse.rules.arbitrage.gas import GAS_OVERHEAD


class CostsSection(Section, frozen=True):
    """`[costs]`: what a transaction costs beside pool fees."""

    gas_price_wei: Annotated[int, msgspec.Meta(ge=0, le=10**18)] | Literal["live"] = 0
    priority_fee_wei: Annotated[int, msgspec.Meta(ge=0, le=10**18)] = 0
    gas_units: Annotated[int, msgspec.Meta(ge=0, le=10**9)] | None = None
    gas_overhead: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = GAS_OVERHEAD
    gas_by_kind: dict[str, Annotated[int, msgspec.Meta(ge=0, le=10**9)]] | None = None
    l1_wei_per_byte: Annotated[int, msgspec.Meta(ge=0, le=10**18)] | None = None
    l1_bytes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    wrapped_native: str | None = None


class LatencySection(Section, frozen=True):
    """`[execution] latency`: exactly one of `logs` and `blocks`."""

    logs: Count | None = None
    blocks: Count | None = None


class ExecutionSection(Section, frozen=True):
    """`[execution]`: what the paper executor assumes."""

    latency: LatencySection = LatencySection(logs=0)
