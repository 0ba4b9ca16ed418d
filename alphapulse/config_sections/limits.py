"""`[limits]`, `[breakers]` and `[halting]`: what is allowed, and when trading stops."""

from __future__ import annotations

from typing import Annotated

import msgspec

from alphapulse.config_reading import Section
from alphapulse.config_sections.values import Amounts, Plain, Share


class LimitsSection(Section, frozen=True):
    """`[limits]`: what the gate allows, and how long the loop may stand still."""

    max_input_age_s: Annotated[int, msgspec.Meta(ge=1, le=10**9)] = 60
    max_signal_age_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 10
    approved_builds: tuple[str, ...] = ()
    max_gap_ppm: Plain = None
    max_instrument_exposure: Amounts = None
    max_venue_exposure: Amounts = None
    max_gross_exposure: Amounts = None
    max_net_exposure: Amounts = None
    max_daily_loss: Amounts = None
    max_drawdown: Amounts = None
    max_gas_price_wei: Plain = None
    max_hourly_gas_wei: Plain = None
    max_hourly_reverts: Plain = None
    max_failures_in_row: Plain = None
    throttle_window_ms: Annotated[int, msgspec.Meta(ge=1, le=3_600_000)] = 1000
    max_venue_intents: Plain = None
    max_strategy_intents: Plain = None
    max_intents: Plain = None
    loop_stall_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 1
    loop_exit_s: Annotated[int, msgspec.Meta(ge=2, le=86_400)] = 10


class BreakersSection(Section, frozen=True):
    """`[breakers]`: when the circuit breakers trip, as far as limits of the gate do not say it."""

    max_jump_ppm: Annotated[int, msgspec.Meta(ge=1, le=10**9)] = 100_000
    max_failure_ppm: Share = 900_000
    least_outcomes: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20
    max_unknown_orders: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 3
    max_memory_mib: Annotated[int, msgspec.Meta(ge=64, le=1 << 20)] | None = None
    max_loop_lag_ms: Annotated[int, msgspec.Meta(ge=10, le=3_600_000)] = 500


class HaltingSection(Section, frozen=True):
    """`[halting]`: how trading goes on after a halt."""

    probation_s: Annotated[int, msgspec.Meta(ge=0, le=604_800)] = 900
