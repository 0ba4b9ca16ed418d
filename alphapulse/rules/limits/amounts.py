"""Checks of amounts and counts: what the trade would make of exposure, volume, gas and pace, and what was lost."""

from __future__ import annotations

from alphapulse.data.execution import Check, Mode
from alphapulse.rules.limits.facts import Facts
from alphapulse.rules.limits.limit_table import RAW
from alphapulse.rules.limits.losses import ALL
from alphapulse.rules.limits.refusal import Finding, Refusal, below, within

TRADES = "trades"


def calm(facts: Facts) -> bool:
    """Whether all amounts and counts lie so far below their limits that no check of this module says anything.

    That is what nearly every trade finds. It is one look at what these checks look at one by one, and no more than
    that: where it is False, they are asked.
    """
    signal, marks, record, now_ns = facts.signal, facts.marks, facts.record, facts.steady_ns
    strategy, token, size, pools = signal.strategy, signal.profit_token, signal.size, facts.pools
    in_pool, at_venue, gross, net, at_work = record.exposure.with_trade(strategy, token, pools, size)
    loss, fall = record.losses.of(strategy, token, facts.day_ns)
    loss_of_all, fall_of_all = record.losses.of(ALL, token, facts.day_ns)
    to_venue, by_strategy, by_all = record.pace(strategy, pools, now_ns)
    return (
        size < marks.strategies_trade_value
        and record.volume(strategy, token).total(now_ns) + size < marks.strategies_hourly_volume
        and in_pool < marks.limits_instrument_exposure
        and at_venue < marks.limits_venue_exposure
        and gross < marks.limits_gross_exposure
        and net < marks.limits_net_exposure
        and at_work < marks.strategies_capital
        and loss < marks.strategies_daily_loss
        and loss_of_all < marks.limits_daily_loss
        and fall < marks.strategies_drawdown
        and fall_of_all < marks.limits_drawdown
        and record.losses.streak(strategy) < marks.strategies_losing_streak
        and signal.gas_price_wei < marks.limits_gas_price_wei
        and _gas(facts) < marks.limits_hourly_gas_wei
        and record.reverts.total(now_ns) < marks.limits_hourly_reverts
        and to_venue + 1 < marks.limits_venue_intents
        and by_strategy + 1 < marks.limits_strategy_intents
        and by_all + 1 < marks.limits_intents
        and record.attempts.unfilled(strategy, signal.legs) < marks.strategies_unfilled_repeats
        and record.attempts.failures(pools) < marks.limits_failures_in_row
        and (marks.complete or facts.terms.mode is Mode.PAPER)
    )


def max_trade_value(facts: Facts) -> Finding:
    """The first amount in."""
    return _within(facts, Check.MAX_TRADE_VALUE, facts.signal.size, "strategies_trade_value", "the trade")


def volume(facts: Facts) -> Finding:
    """First amounts in of the hour behind, this one included."""
    signal = facts.signal
    done = facts.record.volume(signal.strategy, signal.profit_token).total(facts.steady_ns)
    return _within(facts, Check.VOLUME, done + signal.size, "strategies_hourly_volume", "the volume of an hour")


def instrument_exposure(facts: Facts) -> Finding:
    """What is open through the busiest of the path's pools."""
    signal = facts.signal
    value = facts.record.exposure.of_pools(facts.pools, signal.profit_token) + signal.size
    return _within(facts, Check.INSTRUMENT_EXPOSURE, value, "limits_instrument_exposure", "what is open in a pool")


def venue_exposure(facts: Facts) -> Finding:
    """What is open at the busiest of the path's venues."""
    signal = facts.signal
    value = facts.record.exposure.of_venues(facts.pools, signal.profit_token) + signal.size
    return _within(facts, Check.VENUE_EXPOSURE, value, "limits_venue_exposure", "what is open at a venue")


def gross_exposure(facts: Facts) -> Finding:
    """All that is held or open in the token."""
    value = facts.record.exposure.gross(facts.signal.profit_token, facts.signal.size)
    return _within(facts, Check.GROSS_EXPOSURE, value, "limits_gross_exposure", "the gross exposure")


def net_exposure(facts: Facts) -> Finding:
    """What is held, and what is held if nothing that is open comes back."""
    value = facts.record.exposure.net(facts.signal.profit_token, facts.signal.size)
    return _within(facts, Check.NET_EXPOSURE, value, "limits_net_exposure", "the net exposure")


def capital(facts: Facts) -> Finding:
    """What the strategy has open; on paper its capital is also the balance that a trade is paid from."""
    signal = facts.signal
    value = facts.record.exposure.of_strategy(signal.strategy, signal.profit_token) + signal.size
    return _within(facts, Check.CAPITAL, value, "strategies_capital", "the strategy's capital at work")


def daily_loss(facts: Facts) -> Finding:
    """The market day's loss, of the strategy and of all; the one that is nearer to its limit decides."""
    losses, token = facts.record.losses, facts.signal.profit_token
    own = losses.day_loss(facts.signal.strategy, token, facts.day_ns)
    everyone = losses.day_loss(ALL, token, facts.day_ns)
    return _both_below(facts, Check.DAILY_LOSS, own, everyone, "daily_loss", "today's loss")


def drawdown(facts: Facts) -> Finding:
    """How far the net profit has fallen from its peak, of the strategy and of all."""
    losses, token = facts.record.losses, facts.signal.profit_token
    own, everyone = losses.drawdown(facts.signal.strategy, token), losses.drawdown(ALL, token)
    return _both_below(facts, Check.DRAWDOWN, own, everyone, "drawdown", "the drawdown")


def losing_streak(facts: Facts) -> Finding:
    """Losing trades in a row."""
    value = facts.record.losses.streak(facts.signal.strategy)
    limit = facts.ceilings.get("strategies_losing_streak")
    return below(Check.LOSING_STREAK, facts.terms.mode, value, limit, TRADES, "the losing streak")


def gas_price(facts: Facts) -> Finding:
    """The price of gas that the trade is stated to pay."""
    price = facts.signal.gas_price_wei
    return within(
        Check.GAS_PRICE, facts.terms.mode, price, facts.ceilings.get("limits_gas_price_wei"), "wei", "the gas price"
    )


def gas_budget(facts: Facts) -> Finding:
    """Gas paid in the hour behind, and all that is on its way, this trade's included."""
    limit = facts.ceilings.get("limits_hourly_gas_wei")
    return within(Check.GAS_BUDGET, facts.terms.mode, _gas(facts), limit, "wei", "the gas of an hour")


def revert_budget(facts: Facts) -> Finding:
    """Reverted trades of the hour behind."""
    value = facts.record.reverts.total(facts.steady_ns)
    limit = facts.ceilings.get("limits_hourly_reverts")
    return below(Check.REVERT_BUDGET, facts.terms.mode, value, limit, TRADES, "the number of reverts in an hour")


def venue_throttle(facts: Facts) -> Finding:
    """Trades at the busiest of the path's venues within the window, this one included."""
    sent, _, _ = facts.record.pace(facts.signal.strategy, facts.pools, facts.steady_ns)
    limit = facts.ceilings.get("limits_venue_intents")
    return within(Check.VENUE_THROTTLE, facts.terms.mode, sent + 1, limit, TRADES, "the pace at a venue")


def strategy_throttle(facts: Facts) -> Finding:
    """Trades of the strategy within the window, this one included."""
    _, sent, _ = facts.record.pace(facts.signal.strategy, facts.pools, facts.steady_ns)
    limit = facts.ceilings.get("limits_strategy_intents")
    return within(Check.STRATEGY_THROTTLE, facts.terms.mode, sent + 1, limit, TRADES, "the strategy's pace")


def global_throttle(facts: Facts) -> Finding:
    """Trades of all strategies within the window, this one included."""
    _, _, sent = facts.record.pace(facts.signal.strategy, facts.pools, facts.steady_ns)
    limit = facts.ceilings.get("limits_intents")
    return within(Check.GLOBAL_THROTTLE, facts.terms.mode, sent + 1, limit, TRADES, "the pace of all strategies")


def repeated(facts: Facts) -> Finding:
    """Trades of this very path that no fill has followed."""
    value = facts.record.attempts.unfilled(facts.signal.strategy, facts.signal.legs)
    limit = facts.ceilings.get("strategies_unfilled_repeats")
    return below(Check.REPEATED, facts.terms.mode, value, limit, TRADES, "this path without a fill")


def reject_storm(facts: Facts) -> Finding:
    """Failures in a row at the worst of the path's venues."""
    value = facts.record.attempts.failures(facts.pools)
    limit = facts.ceilings.get("limits_failures_in_row")
    return below(Check.REJECT_STORM, facts.terms.mode, value, limit, TRADES, "the row of failures at a venue")


def _within(facts: Facts, check: Check, value: int, field: str, text: str) -> Finding:
    return within(check, facts.terms.mode, value, facts.ceilings.get(field), RAW, text)


def _both_below(facts: Facts, check: Check, own: int, everyone: int, field: str, text: str) -> Finding:
    mode, ceilings = facts.terms.mode, facts.ceilings
    first = below(check, mode, own, ceilings.get(f"strategies_{field}"), RAW, f"{text} of the strategy")
    second = below(check, mode, everyone, ceilings.get(f"limits_{field}"), RAW, f"{text} of all strategies")
    # A refusal of either goes before a caution of the other; the strategy's own before that of all.
    if first is None or (isinstance(second, Refusal) and not isinstance(first, Refusal)):
        return second
    return first


def _gas(facts: Facts) -> int:
    """Gas of the hour behind and of all that is on its way, this trade's included, wei."""
    record, signal = facts.record, facts.signal
    return record.gas_wei.total(facts.steady_ns) + record.exposure.gas_wei + signal.gas_units * signal.gas_price_wei


CHECKS = frozenset(
    {
        *(max_trade_value, volume, instrument_exposure, venue_exposure, gross_exposure, net_exposure, capital),
        *(daily_loss, drawdown, losing_streak, gas_price, gas_budget, revert_budget),
        *(venue_throttle, strategy_throttle, global_throttle, repeated, reject_storm),
    }
)
"""The checks of this module: what `calm` answers for."""
