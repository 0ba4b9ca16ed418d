"""`[strategies]`: one table for each strategy that runs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from alphapulse.config_reading import Section
from alphapulse.config_sections.values import PPM, Amount, Amounts, Plain, Share


class SizingSection(Section, frozen=True):
    """`[strategies.*] sizing`: at most one of `fixed`, `fraction_ppm` and `kelly_ppm`; none: the best size."""

    fixed: Amounts = None
    fraction_ppm: Share | None = None
    kelly_ppm: Share | None = None
    win_ppm: Share | None = None
    payoff_ppm: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | None = None


class FlashArbitrageSection(Section, frozen=True):
    """`[strategies.flash_arbitrage]`: cycles of two to four pools."""

    enabled: bool = True
    evaluate: Literal["log", "block"] = "log"
    base_tokens: tuple[str, ...] = ()
    min_net_profit: Amount | dict[str, Amount] = 0
    max_trade_value: Amounts = None
    max_hourly_volume: Amounts = None
    capital: Amounts = None
    max_daily_loss: Amounts = None
    max_drawdown: Amounts = None
    max_losing_streak: Plain = None
    max_unfilled_repeats: Plain = None
    sizing: SizingSection = SizingSection()
    most_hops: Annotated[int, msgspec.Meta(ge=2, le=4)] = 4
    numeraire: str | None = None
    min_pool_value: Amount | None = None
    max_leg_slippage_ppm: Share | None = None
    max_slippage_ppm: Share | None = None
    flash_loan: Literal["stated", "swap", "pool", "balancer", "aave"] = "stated"
    flash_fee_ppm: Annotated[int, msgspec.Meta(ge=0, le=PPM)] | None = None


class StrategiesSection(Section, frozen=True):
    """`[strategies]`: one table for each strategy that runs."""

    flash_arbitrage: FlashArbitrageSection | None = None
