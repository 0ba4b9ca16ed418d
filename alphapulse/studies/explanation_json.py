"""An explanation as integers and text."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs

from alphapulse.data.execution import Fill
from alphapulse.data.pools import Pool
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.rules.arbitrage.candidate import Candidate
from alphapulse.studies.explanation import MEANING, Explanation, SeenSignal, SeenState, ended
from alphapulse.studies.headless import hex_text

PLACES = 9


def explanation_json(found: Explanation) -> dict[str, Any]:
    """The form of `--json`. Amounts are raw units; prices are whole token1 for one whole token0, as decimal text."""
    return {
        "asked": {found.question.kind: found.question.value},
        "matched": found.matched,
        "states": [_state(one) for one in found.states],
        "candidates_forgotten": found.forgotten,
    }


def whole_price(price: Fraction | None, pool: Pool, *, inverted: bool = False) -> str | None:
    """A price in whole tokens: token1 for one token0, or the other way round; nine significant digits or more."""
    if price is None:
        return None
    value = price * Fraction(10**pool.token0.decimals, 10**pool.token1.decimals)
    if inverted:
        value = 1 / value
    places = PLACES
    while value * 10**places < 10 ** (PLACES - 1) and places < 40:
        places += 1
    digits = str(int(value * 10**places + Fraction(1, 2))).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def event_fields(event: Any) -> dict[str, Any]:
    """What a log says beside its place and its pool."""
    return {
        field.name: hex_text(value) if isinstance(value, bytes) else value
        for field in attrs.fields(type(event))
        if field.name not in ("stamp", "pool") and not attrs.has(type(value := getattr(event, field.name)))
    }


def _state(one: SeenState) -> dict[str, Any]:
    stamp = one.event.stamp
    word = ended(one)
    return {
        "block": stamp.block_number,
        "log_index": stamp.log_index,
        "transaction": hex_text(stamp.transaction_hash) if stamp.transaction_hash is not None else None,
        "time_ns": stamp.venue_time_ns,
        "pool": one.pool.id.name,
        "name": one.pool.name,
        "event": type(one.event).__name__,
        "fields": event_fields(one.event),
        "price_before": whole_price(one.before, one.pool),
        "price_after": whole_price(one.after, one.pool),
        "fee_ppm": one.state.fee_ppm if one.state is not None else None,
        "trust": one.state.trust.name.lower() if one.state is not None else None,
        "gaps": [
            {
                "pool": gap.pool.id.name,
                "name": gap.pool.name,
                "price": whole_price(gap.price, gap.pool),
                "dearer": gap.dearer,
                "gross_ppm": gap.gross_ppm,
                "net_ppm": gap.net_ppm,
                "beats_fees": gap.beats_fees,
            }
            for gap in one.gaps
        ],
        "candidates": [_candidate(candidate) for candidate in one.candidates],
        "signals": [_signal(seen) for seen in one.signals],
        "ended": word,
        "meaning": MEANING[word],
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    return {
        "stage": one.stage.name.lower(),
        "reason": one.reason,
        "path": one.cycle.name,
        "pools": [pool.name for pool in one.pools],
        "token": hex_text(one.cycle.profit_token),
        "gap_ppm": one.gap_ppm,
        "size": one.size,
        "gross": one.gross,
        "pool_fees": one.pool_fees,
        "flash_fee": one.flash_fee,
        "gas_cost": one.gas_cost,
        "net": one.net,
        "limits": [measure._asdict() for measure in one.limits],
    }


def _signal(seen: SeenSignal) -> dict[str, Any]:
    signal: ArbitrageSignal = seen.signal
    verdict, end = seen.verdict, seen.end
    return {
        "id": signal.signal_id,
        "pools": [pool.name for pool in signal.pools],
        "token": hex_text(signal.profit_token),
        "size": signal.size,
        "gross": signal.gross,
        "pool_fees": signal.pool_fees,
        "profit": signal.profit,
        "flash_fee": signal.flash_fee,
        "gas_cost": signal.gas_cost,
        "net": signal.net,
        "refused": None
        if verdict is None or verdict.failed is None
        else {
            "check": verdict.failed.name.lower(),
            "value": verdict.value,
            "limit": verdict.limit,
            "unit": verdict.unit,
            "text": verdict.text,
        },
        "end": None
        if end is None
        else {"net": end.net, "expected_net": end.expected_net, "assumption": end.assumption}
        if isinstance(end, Fill)
        else {
            "outcome": end.outcome.name.lower(),
            "profit_found": end.profit_found,
            "minimum_profit": end.minimum_profit,
            "gas_cost": end.gas_cost,
            "text": end.text,
        },
    }
