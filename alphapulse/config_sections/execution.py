"""`[costs]` and `[execution]`: what a transaction costs, and how it is sent."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from alphapulse.config_reading import Section
from alphapulse.config_sections.own_keys import OwnKeySection, check_own_key
from alphapulse.config_sections.values import ADDRESS, Count, SecretSource, Share
from alphapulse.errors import ConfigError
from alphapulse.rules.arbitrage.gas import GAS_OVERHEAD

Wei = Annotated[int, msgspec.Meta(ge=0, le=10**18)]


class L1Section(Section, frozen=True):
    """`[costs.l1]`: how the chain charged for data on the chain below it when a recording was made; all, or nothing."""

    rule: Literal["ecotone", "fjord", "arbitrum"] | None = None
    base_fee_wei: Wei | None = None
    blob_base_fee_wei: Wei | None = None
    base_fee_scalar: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)] | None = None
    blob_base_fee_scalar: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)] | None = None


class CostsSection(Section, frozen=True):
    """`[costs]`: what a transaction costs beside pool fees."""

    gas_price_wei: Annotated[int, msgspec.Meta(ge=0, le=10**18)] | Literal["live"] = 0
    priority_fee_wei: Annotated[int, msgspec.Meta(ge=0, le=10**18)] = 0
    gas_units: Annotated[int, msgspec.Meta(ge=0, le=10**9)] | None = None
    gas_overhead: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = GAS_OVERHEAD
    gas_by_kind: dict[str, Annotated[int, msgspec.Meta(ge=0, le=10**9)]] | None = None
    l1_wei_per_byte: Annotated[int, msgspec.Meta(ge=0, le=10**18)] | None = None
    l1_bytes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    l1: L1Section = L1Section()
    wrapped_native: str | None = None


class LatencySection(Section, frozen=True):
    """`[execution] latency`: exactly one of `logs` and `blocks`."""

    logs: Count | None = None
    blocks: Count | None = None


class ExecutionSection(Section, frozen=True):
    """`[execution]`: what the paper executor assumes, and how transactions are sent."""

    latency: LatencySection = LatencySection(logs=0)
    send: Literal["public", "private", "bundle"] = "public"
    relay: str | SecretSource | None = None
    relay_identity: OwnKeySection | None = None
    tip_floor_wei: Wei | None = None
    tip_cap_wei: Wei | None = None
    cap_wei: Wei | None = None
    bid_share_ppm: Share = 0
    deadline_blocks: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 3
    most_unmined: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    resend_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 6
    bump_after_blocks: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 3
    at_halt: Literal["expire", "replace"] = "expire"
    balancer_vault: str | None = None
    aave_pool: str | None = None


def check_execution(section: ExecutionSection) -> None:
    """Raises ConfigError for settings that contradict each other."""
    latency = section.latency
    if (latency.logs is None) == (latency.blocks is None):
        found = "none" if latency.logs is None else "both"
        raise ConfigError("execution.latency", f"expected exactly one of `logs` and `blocks`, found {found}")
    if (section.send == "public") != (section.relay is None):
        found = "none" if section.relay is None else "one"
        raise ConfigError("execution.relay", f"expected it unless send is public, found {found}, send {section.send!r}")
    if isinstance(section.relay, SecretSource) and (section.relay.env is None) == (section.relay.file is None):
        raise ConfigError("execution.relay", "expected a URL, or exactly one of `env` and `file`")
    if section.relay_identity is not None:
        if section.relay is None:
            raise ConfigError("execution.relay_identity", "expected it beside relay, found no relay")
        check_own_key("execution.relay_identity", section.relay_identity)
    for lesser, greater in (("tip_floor_wei", "tip_cap_wei"), ("tip_cap_wei", "cap_wei")):
        least, most = getattr(section, lesser), getattr(section, greater)
        if least is not None and most is not None and least > most:
            raise ConfigError(f"execution.{lesser}", f"expected at most {greater}, {most}, found {least}")
    for key in ("balancer_vault", "aave_pool"):
        text = getattr(section, key)
        if text is not None and not ADDRESS.fullmatch(text):
            raise ConfigError(f"execution.{key}", f"expected 0x and 40 hex digits, found {text!r}")
