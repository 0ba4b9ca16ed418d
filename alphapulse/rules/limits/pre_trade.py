"""The pre-trade checks. Each returns None if it passes, else the refusal with what was found and what was allowed."""

from __future__ import annotations

from typing import NamedTuple

from alphapulse.data.execution import Check
from alphapulse.data.halts import Level
from alphapulse.data.signals import INHERITED_EPISODE, ArbitrageSignal

NS_PER_MS = 1_000_000


class Refusal(NamedTuple):
    """Why a signal may not be traded. `value` and `limit` are in `unit`; None where the check has no number."""

    check: Check
    value: int | None
    limit: int | None
    unit: str
    text: str


def halt_epoch(signal: ArbitrageSignal, epoch: int) -> Refusal | None:
    """The signal was born under the epoch that is in force: no halt or resume came between."""
    if signal.halt_epoch == epoch:
        return None
    return Refusal(
        Check.HALT_EPOCH, signal.halt_epoch, epoch, "epoch", "a halt or a resume came after the signal was made"
    )


def strategy_enabled(signal: ArbitrageSignal, level: Level) -> Refusal | None:
    """The strategy may trade: neither it nor the whole system is halted."""
    if level is Level.ACTIVE:
        return None
    return Refusal(Check.STRATEGY_ENABLED, level, Level.ACTIVE, "level", f"{signal.strategy} is {level.name.lower()}")


def input_fresh(signal: ArbitrageSignal, market_ns: int | None, limit_ns: int, trouble: str | None) -> Refusal | None:
    """The stream behind the signal is whole, and the state that it saw is not older than `limit_ns` of market time.

    `trouble` is what is wrong with the stream, None if nothing is.
    """
    if market_ns is None:
        return Refusal(Check.INPUT_FRESH, None, limit_ns, "ns", trouble or "the market's time is not known")
    age_ns = max(0, market_ns - signal.venue_time_ns)
    if trouble is None and age_ns <= limit_ns:
        return None
    text = trouble or f"the state is {age_ns // NS_PER_MS} ms old, at most {limit_ns // NS_PER_MS} ms are allowed"
    return Refusal(Check.INPUT_FRESH, age_ns, limit_ns, "ns", text)


def min_net_profit(signal: ArbitrageSignal, floor: int | None) -> Refusal | None:
    """The net is known, positive and at least `floor` raw units of the profit token; None: no floor is configured."""
    net = signal.net
    if net is None:
        return Refusal(
            Check.MIN_NET_PROFIT, None, floor, "raw profit token", "gas could not be valued in the profit token"
        )
    if floor is None:
        return Refusal(
            Check.MIN_NET_PROFIT, net, None, "raw profit token", "no minimum is configured for this profit token"
        )
    least = max(floor, 1)
    if net >= least:
        return None
    return Refusal(Check.MIN_NET_PROFIT, net, least, "raw profit token", "net profit is below the minimum")


def max_trade_value(signal: ArbitrageSignal, ceiling: int | None) -> Refusal | None:
    """The first amount in is at most `ceiling` raw units of the profit token; None: no ceiling is configured."""
    if ceiling is None or signal.size <= ceiling:
        return None
    return Refusal(
        Check.MAX_TRADE_VALUE, signal.size, ceiling, "raw profit token", "the trade is larger than the maximum"
    )


def duplicate(signal: ArbitrageSignal, traded_episodes: int) -> Refusal | None:
    """The pair has not been traded in this episode: at most one trade per pair and episode."""
    if signal.episode == INHERITED_EPISODE:
        text = "this gap was open before the strategy's life began and may have been traded already"
        return Refusal(Check.DUPLICATE, None, 1, "trades per episode", text)
    if not traded_episodes:
        return None
    return Refusal(
        Check.DUPLICATE, traded_episodes + 1, 1, "trades per episode", "this gap has been traded once already"
    )
