"""Checks of the signal itself. Each returns None if it passes, else the refusal: what was found, what was allowed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from alphapulse.data.execution import Check, Mode
from alphapulse.data.halts import Level
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.signals import INHERITED_EPISODE, ArbitrageSignal, Leg
from alphapulse.rules.limits.refusal import Finding, Refusal, within

NS_PER_MS = 1_000_000


def halt_epoch(signal: ArbitrageSignal, epoch: int) -> Refusal | None:
    """The signal was born under the epoch that is in force: no halt or resume came between."""
    if signal.halt_epoch == epoch:
        return None
    return Refusal(
        Check.HALT_EPOCH, signal.halt_epoch, epoch, "epoch", "a halt or a resume came after the signal was made"
    )


def build(mode: Mode, name: str, approved: Collection[str]) -> Refusal | None:
    """The program that runs is one that was approved to trade; on paper, if none is named, every one is."""
    if name in approved or (not approved and mode is Mode.PAPER):
        return None
    text = f"build {name} is not among the approved ones: {', '.join(sorted(approved)) or 'none is named'}"
    return Refusal(Check.BUILD, None, None, "build", text)


def strategy_enabled(signal: ArbitrageSignal, level: Level) -> Refusal | None:
    """The strategy may trade: no scope that holds it or its pools is halted, or may only reduce."""
    if level.trades:
        return None
    return Refusal(Check.STRATEGY_ENABLED, level, Level.ACTIVE, "level", f"{signal.strategy} is {level.name.lower()}")


def admitted(signal: ArbitrageSignal, pools: Mapping[InstrumentId, tuple[bytes, bytes]]) -> Refusal | None:
    """Each pool is one of the configured ones, on the signal's chain, and trades its own two tokens."""
    for leg in signal.legs:
        pair = pools.get(leg.pool)
        if pair is None or leg.pool.chain_id != signal.chain_id:
            text = f"{leg.pool.name} is none of the admitted pools of chain {signal.chain_id}"
            return Refusal(Check.ADMITTED, None, None, "pool", text)
        if leg.token_in not in pair or leg.token_out not in pair or leg.token_in == leg.token_out:
            text = f"{leg.pool.name} does not trade these two tokens"
            return Refusal(Check.ADMITTED, None, None, "pool", text)
    return None


def pool_trust(distrust: str | None) -> Refusal | None:
    """None of the pools is in quarantine; `distrust` says which one is, and why."""
    return None if distrust is None else Refusal(Check.POOL_TRUST, None, None, "pool", distrust)


def orphaned(signal: ArbitrageSignal, ancestor: int | None) -> Refusal | None:
    """The block that the signal saw is part of the chain; else `ancestor` is the newest one before it that still is."""
    if ancestor is None:
        return None
    text = f"block {signal.block_number}, which it saw, was orphaned: the chain went on from block {ancestor}"
    return Refusal(Check.ORPHANED, signal.block_number, ancestor, "block", text)


def signal_age(signal: ArbitrageSignal, now_ns: int, limit_ns: int) -> Refusal | None:
    """The event behind the signal was received at most `limit_ns` ago, and not after now by more than that.

    Both times are of the wall clock: whatever way it is set, what seems that old or that new is not traded.
    """
    age_ns = now_ns - signal.received_ns
    if -limit_ns <= age_ns <= limit_ns:
        return None
    text = f"its event was received {age_ns // NS_PER_MS} ms ago, at most {limit_ns // NS_PER_MS} ms are allowed"
    return Refusal(Check.SIGNAL_AGE, age_ns, limit_ns, "ns", text)


def unique_id(signal: ArbitrageSignal, seen: bool) -> Refusal | None:
    """No signal of this run had the number before."""
    if not seen:
        return None
    text = f"signal {signal.signal_id} of run {signal.run} has been judged before"
    return Refusal(Check.UNIQUE_ID, 2, 1, "signals", text)


def well_formed(signal: ArbitrageSignal) -> Refusal | None:
    """Amounts are above zero and the legs make a cycle: each sells what the one before bought, the last pays back.

    On chain there is neither tick nor lot nor least value: raw amounts are whole by nature.
    """
    legs = signal.legs
    problem = _broken(signal, legs)
    return None if problem is None else Refusal(Check.WELL_FORMED, len(legs), None, "legs", problem)


def _broken(signal: ArbitrageSignal, legs: tuple[Leg, ...]) -> str | None:
    if len(legs) < 2:
        return "a cycle has two legs at least"
    if legs[0].token_in != signal.profit_token or legs[-1].token_out != signal.profit_token:
        return "the cycle does not begin and end in the profit token"
    token, amount = signal.profit_token, signal.size
    for leg in legs:
        if leg.token_in != token or leg.amount_in != amount:
            return "a leg does not sell what the one before it bought"
        if leg.amount_in <= 0 or leg.amount_out <= 0 or leg.sqrt_price_x96 <= 0:
            return "an amount or a price is not above zero"
        token, amount = leg.token_out, leg.amount_out
    if amount - signal.size != signal.profit:
        return "the profit is not what the legs bring"
    return None


def price_collar(signal: ArbitrageSignal, mode: Mode, limit_ppm: int | None) -> Finding:
    """No two pools of one pair differ by more than the limit: one of them would be wrong, drained or forged.

    Each pool is the other's second source. `value` is the largest gap of the path, floored.
    """
    gap = _largest_gap(signal.legs)
    if gap is None:
        gap = signal.gap_ppm
    return within(Check.PRICE_COLLAR, mode, gap, limit_ppm, "ppm", "the gap between the pools")


def _largest_gap(legs: tuple[Leg, ...]) -> int | None:
    """In ppm, floored; None if no two pools trade one pair."""
    if len(legs) == 2 and legs[0].token_in == legs[1].token_out and legs[0].token_out == legs[1].token_in:
        return _gap(legs[0].sqrt_price_x96, legs[1].sqrt_price_x96)
    roots_of: dict[frozenset[bytes], list[int]] = {}
    for leg in legs:
        roots_of.setdefault(frozenset((leg.token_in, leg.token_out)), []).append(leg.sqrt_price_x96)
    gaps = [_gap(min(roots), max(roots)) for roots in roots_of.values() if len(roots) > 1]
    return max(gaps, default=None)


def _gap(one: int, other: int) -> int:
    """How far the greater of two root prices' squares lies above the lesser, in ppm, floored."""
    low, high = (one * one, other * other) if one < other else (other * other, one * one)
    return (high - low) * 1_000_000 // low


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


def duplicate(signal: ArbitrageSignal, mode: Mode, traded_episodes: int) -> Refusal | None:
    """The pair has not been traded in this episode: at most one trade per pair and episode, of real ones at a time."""
    if signal.episode == INHERITED_EPISODE and mode is Mode.PAPER:
        text = "this gap was open before the strategy's life began and may have been traded already"
        return Refusal(Check.DUPLICATE, None, 1, "trades per episode", text)
    if not traded_episodes:
        return None
    return Refusal(
        Check.DUPLICATE, traded_episodes + 1, 1, "trades per episode", "this gap has been traded once already"
    )


def probe(allowed: bool) -> Refusal | None:
    """No breaker is half open, or this is its one probe."""
    if allowed:
        return None
    text = "a circuit breaker is half open and its one probe is on its way"
    return Refusal(Check.PROBE, 2, 1, "trades", text)


def audit(failure: str | None) -> Refusal | None:
    """The journal takes records: what cannot be written down is not done."""
    return None if failure is None else Refusal(Check.AUDIT, None, None, "journal", failure)
