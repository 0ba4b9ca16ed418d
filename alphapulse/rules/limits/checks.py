"""The gate's checks as data: their order, what each counts, and where its numbers come from.

The order is that of `docs/limits.md`: cheap and absolute ones first. The audit stands last here; behind it the engine
syncs the intent to the disk, looks at its age and at the halt epoch once more, and only then calls the executor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from alphapulse.data.execution import Check
from alphapulse.rules.limits import amounts, pre_trade
from alphapulse.rules.limits.facts import Facts, Permit
from alphapulse.rules.limits.limit_table import RAW
from alphapulse.rules.limits.refusal import Finding


class CheckRow(NamedTuple):
    """One check. `place` is its number in the plan's list of 21, of which one may be several checks here."""

    check: Check
    place: int
    unit: str
    source: str
    judge: Callable[[Facts], Finding]

    @property
    def name(self) -> str:
        """As refusals name it."""
        return self.check.name.lower()


ORDER: tuple[CheckRow, ...] = (
    CheckRow(Check.HALT_EPOCH, 1, "epoch", "halt switch", lambda f: pre_trade.halt_epoch(f.signal, f.epoch)),
    CheckRow(
        Check.BUILD, 2, "build", "`[limits] approved_builds`",
        lambda f: pre_trade.build(f.terms.mode, f.terms.build, f.terms.approved_builds),
    ),
    CheckRow(
        Check.STRATEGY_ENABLED, 3, "level", "halt switch: scopes of strategy, venues, instruments",
        lambda f: pre_trade.strategy_enabled(f.signal, f.level),
    ),
    CheckRow(Check.PROBE, 3, "trades", "circuit breakers", lambda f: pre_trade.probe(f.permit is not Permit.TAKEN)),
    CheckRow(Check.ADMITTED, 4, "pool", "pool file", lambda f: pre_trade.admitted(f.signal, f.terms.pools)),
    CheckRow(
        Check.POOL_TRUST, 4, "pool", "comparison of the pools' states with the chain",
        lambda f: pre_trade.pool_trust(f.distrust),
    ),
    CheckRow(
        Check.ORPHANED, 9, "block", "reorganisations of the chain",
        lambda f: pre_trade.orphaned(f.signal, f.orphaned_behind),
    ),
    CheckRow(
        Check.SIGNAL_AGE, 5, "ns", "receive time of the event; `[limits] max_signal_age_s`",
        lambda f: pre_trade.signal_age(f.signal, f.now_ns, f.terms.max_signal_age_ns),
    ),
    CheckRow(
        Check.UNIQUE_ID, 6, "signals", "numbers judged in the run", lambda f: pre_trade.unique_id(f.signal, f.seen)
    ),
    CheckRow(Check.WELL_FORMED, 7, "legs", "the signal", lambda f: pre_trade.well_formed(f.signal)),
    CheckRow(
        Check.PRICE_COLLAR, 8, "ppm", "prices of the path's pools; `[limits] max_gap_ppm`",
        lambda f: pre_trade.price_collar(f.signal, f.terms.mode, f.ceilings.get("limits_gap_ppm")),
    ),
    CheckRow(
        Check.INPUT_FRESH, 9, "ns", "market clock and stream; `[limits] max_input_age_s`",
        lambda f: pre_trade.input_fresh(f.signal, f.market_ns, f.terms.max_input_age_ns, f.trouble),
    ),
    CheckRow(Check.MAX_TRADE_VALUE, 10, RAW, "`[strategies.*] max_trade_value`", amounts.max_trade_value),
    CheckRow(Check.VOLUME, 10, RAW, "`[strategies.*] max_hourly_volume`", amounts.volume),
    CheckRow(
        Check.INSTRUMENT_EXPOSURE, 11, RAW, "`[limits] max_instrument_exposure`", amounts.instrument_exposure
    ),
    CheckRow(Check.VENUE_EXPOSURE, 11, RAW, "`[limits] max_venue_exposure`", amounts.venue_exposure),
    CheckRow(Check.GROSS_EXPOSURE, 11, RAW, "`[limits] max_gross_exposure`", amounts.gross_exposure),
    CheckRow(Check.NET_EXPOSURE, 11, RAW, "`[limits] max_net_exposure`", amounts.net_exposure),
    CheckRow(Check.CAPITAL, 12, RAW, "`[strategies.*] capital`", amounts.capital),
    CheckRow(
        Check.DAILY_LOSS, 13, RAW, "settlements; `max_daily_loss` of `[strategies.*]`, `[limits]`", amounts.daily_loss
    ),
    CheckRow(
        Check.DRAWDOWN, 13, RAW, "settlements; `max_drawdown` of `[strategies.*]`, `[limits]`", amounts.drawdown
    ),
    CheckRow(
        Check.LOSING_STREAK, 13, "trades", "settlements; `[strategies.*] max_losing_streak`", amounts.losing_streak
    ),
    CheckRow(Check.GAS_PRICE, 14, "wei", "the signal; `[limits] max_gas_price_wei`", amounts.gas_price),
    CheckRow(
        Check.MIN_NET_PROFIT, 14, RAW, "the signal; `[strategies.*] min_net_profit`",
        lambda f: pre_trade.min_net_profit(f.signal, f.floor),
    ),
    CheckRow(Check.GAS_BUDGET, 14, "wei", "settlements; `[limits] max_hourly_gas_wei`", amounts.gas_budget),
    CheckRow(Check.REVERT_BUDGET, 14, "trades", "settlements; `[limits] max_hourly_reverts`", amounts.revert_budget),
    CheckRow(Check.VENUE_THROTTLE, 15, "trades", "`[limits] max_venue_intents`", amounts.venue_throttle),
    CheckRow(Check.STRATEGY_THROTTLE, 15, "trades", "`[limits] max_strategy_intents`", amounts.strategy_throttle),
    CheckRow(Check.GLOBAL_THROTTLE, 15, "trades", "`[limits] max_intents`", amounts.global_throttle),
    CheckRow(
        Check.REPEATED, 16, "trades", "settlements; `[strategies.*] max_unfilled_repeats`", amounts.repeated
    ),
    CheckRow(Check.REJECT_STORM, 17, "trades", "settlements; `[limits] max_failures_in_row`", amounts.reject_storm),
    CheckRow(
        Check.DUPLICATE, 18, "trades per episode", "episodes traded in the run",
        lambda f: pre_trade.duplicate(f.signal, f.terms.mode, int(f.traded)),
    ),
    CheckRow(Check.AUDIT, 20, "journal", "the journal", lambda f: pre_trade.audit(f.journal_failure)),
)  # fmt: skip
