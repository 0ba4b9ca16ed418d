"""Every limit that an operator sets for the gate: where it stands, its unit, and what probation makes of it."""

from __future__ import annotations

import enum
from typing import Final

import attrs

RAW: Final = "raw profit token"
PROBATION_PPM: Final = 100_000
"""What probation leaves of a limit that it scales."""
PPM: Final = 1_000_000


class Place(enum.Enum):
    """The table of the configuration in which a limit stands."""

    LIMITS = "limits"
    STRATEGY = "strategies"


@attrs.frozen
class LimitRow:
    """One kind of limit. `unit` RAW: set per token; else a plain number. `scaled`: probation leaves a tenth of it."""

    key: str
    place: Place
    unit: str
    scaled: bool
    meaning: str

    @property
    def field(self) -> str:
        """Its name among the ceilings: unique over both places."""
        return f"{self.place.value}_{self.key.removeprefix('max_')}"

    def in_force(self, value: int, factor_ppm: int) -> int:
        """The limit under a probation factor, rounded down; a count stays at least 1."""
        if not self.scaled or factor_ppm == PPM:
            return value
        return max(value * factor_ppm // PPM, 0 if self.unit in (RAW, "wei") else min(value, 1))


def _row(key: str, place: Place, unit: str, meaning: str, *, scaled: bool = False) -> LimitRow:
    return LimitRow(key, place, unit, scaled, meaning)


ROWS: tuple[LimitRow, ...] = (
    _row("max_trade_value", Place.STRATEGY, RAW, "first amount in of a trade", scaled=True),
    _row("max_hourly_volume", Place.STRATEGY, RAW, "first amounts in of an hour, summed", scaled=True),
    _row("capital", Place.STRATEGY, RAW, "what the strategy may have open at once", scaled=True),
    _row("max_daily_loss", Place.STRATEGY, RAW, "loss of a market day at which the strategy is halted"),
    _row("max_drawdown", Place.STRATEGY, RAW, "fall of the net profit from its peak at which the strategy is halted"),
    _row("max_losing_streak", Place.STRATEGY, "trades", "losing trades in a row at which the strategy is halted"),
    _row("max_unfilled_repeats", Place.STRATEGY, "trades", "trades of one path without a fill, then it is halted"),
    _row("max_instrument_exposure", Place.LIMITS, RAW, "open through one pool", scaled=True),
    _row("max_venue_exposure", Place.LIMITS, RAW, "open at one venue", scaled=True),
    _row("max_gross_exposure", Place.LIMITS, RAW, "held and open, nothing set off", scaled=True),
    _row("max_net_exposure", Place.LIMITS, RAW, "held, less all that is open", scaled=True),
    _row("max_daily_loss", Place.LIMITS, RAW, "loss of a market day over all strategies at which everything is halted"),
    _row("max_drawdown", Place.LIMITS, RAW, "fall of the net profit over all strategies, then everything is halted"),
    _row("max_gap_ppm", Place.LIMITS, "ppm", "gap between two pools of one pair that is believed"),
    _row("max_gas_price_wei", Place.LIMITS, "wei", "price of gas at which a transaction is sent"),
    _row("max_hourly_gas_wei", Place.LIMITS, "wei", "gas of an hour, paid and on its way", scaled=True),
    _row("max_hourly_reverts", Place.LIMITS, "trades", "reverted trades of an hour"),
    _row("max_failures_in_row", Place.LIMITS, "trades", "reverted or rejected trades in a row at one venue"),
    _row("max_venue_intents", Place.LIMITS, "trades", "trades at one venue within the throttle's window", scaled=True),
    _row("max_strategy_intents", Place.LIMITS, "trades", "trades of one strategy within that window", scaled=True),
    _row("max_intents", Place.LIMITS, "trades", "trades of all strategies within that window", scaled=True),
)
"""In the order in which `docs/limits.md` lists them."""
