"""How much of each limit is used, for people to look at; the gate counts anew for each signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alphapulse.rules.limits.limit_book import Limit
from alphapulse.rules.limits.losses import ALL
from alphapulse.rules.limits.trading_record import TradingRecord

Used = Callable[[TradingRecord, str, bytes, int], int]
"""From the record, a strategy, a token and a time; what a limit does not ask for is empty."""

_USED: Mapping[str, Used] = {
    "strategies_hourly_volume": lambda r, strategy, token, at: r.volume(strategy, token).total(at),
    "strategies_capital": lambda r, strategy, token, _: r.exposure.of_strategy(strategy, token),
    "strategies_daily_loss": lambda r, strategy, token, at: r.losses.day_loss(strategy, token, at),
    "strategies_drawdown": lambda r, strategy, token, _: r.losses.drawdown(strategy, token),
    "strategies_losing_streak": lambda r, strategy, _, __: r.losses.streak(strategy),
    "strategies_unfilled_repeats": lambda r, strategy, _, __: r.attempts.most_unfilled(strategy),
    "limits_instrument_exposure": lambda r, _, token, __: r.exposure.of_busiest_pool(token),
    "limits_venue_exposure": lambda r, _, token, __: r.exposure.of_busiest_venue(token),
    "limits_gross_exposure": lambda r, _, token, __: r.exposure.gross(token),
    "limits_net_exposure": lambda r, _, token, __: r.exposure.net(token),
    "limits_daily_loss": lambda r, _, token, at: r.losses.day_loss(ALL, token, at),
    "limits_drawdown": lambda r, _, token, __: r.losses.drawdown(ALL, token),
    "limits_hourly_gas_wei": lambda r, _, __, at: r.gas_wei.total(at) + r.exposure.gas_wei,
    "limits_hourly_reverts": lambda r, _, __, at: r.reverts.total(at),
    "limits_failures_in_row": lambda r, _, __, ___: r.attempts.most_failures(),
    "limits_venue_intents": lambda r, _, __, at: r.most_sent_to(at),
    "limits_strategy_intents": lambda r, _, __, at: r.most_sent_by(at),
    "limits_intents": lambda r, _, __, at: r.sent.total(at),
}


def used(limit: Limit, record: TradingRecord, market_ns: int) -> int | None:
    """In the limit's unit; None for one that is measured by each trade alone."""
    count = _USED.get(limit.row.field)
    if count is None:
        return None
    at_ns = market_ns if limit.row.field.endswith("daily_loss") else record.time.at(market_ns)
    return count(record, limit.strategy or "", limit.token or b"", at_ns)
