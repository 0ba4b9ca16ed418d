"""From which value on the check of a limit has something to say: most trades stay below all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Self

from alphapulse.rules.limits.limit_table import ROWS
from alphapulse.rules.limits.refusal import SOFT_PERCENT

OUT_OF_REACH = 1 << 512
"""The mark of a limit that is not set: no amount comes near it."""


class Marks(NamedTuple):
    """The least value at which the check of each limit cautions or refuses, by `LimitRow.field`.

    Without a limit a check says something only where money is real: `complete` tells whether all are set.
    """

    strategies_trade_value: int
    strategies_hourly_volume: int
    strategies_capital: int
    strategies_daily_loss: int
    strategies_drawdown: int
    strategies_losing_streak: int
    strategies_unfilled_repeats: int
    limits_instrument_exposure: int
    limits_venue_exposure: int
    limits_gross_exposure: int
    limits_net_exposure: int
    limits_daily_loss: int
    limits_drawdown: int
    limits_gap_ppm: int
    limits_gas_price_wei: int
    limits_hourly_gas_wei: int
    limits_hourly_reverts: int
    limits_failures_in_row: int
    limits_venue_intents: int
    limits_strategy_intents: int
    limits_intents: int
    complete: bool

    @classmethod
    def of(cls, ceilings: Mapping[str, int]) -> Self:
        """The marks of the limits in force."""
        marks = {
            row.field: -(-ceilings[row.field] * SOFT_PERCENT // 100) if row.field in ceilings else OUT_OF_REACH
            for row in ROWS
        }
        return cls(**marks, complete=len(ceilings) >= len(ROWS))
