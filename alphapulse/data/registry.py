"""Every message class by number. Importing this module makes `alphapulse.data.wire.MESSAGES` complete."""

from __future__ import annotations

from alphapulse.data import (
    balances,
    captures,
    chain_events,
    compliance,
    execution,
    gas,
    halts,
    instrument_meta,
    invalidation,
    links,
    market,
    order_books,
    orders,
    orphans,
    pair_events,
    pending,
    pool_cache,
    pool_events,
    pool_reserves,
    positions,
    quotes,
    risk,
    runs,
    services,
    signal_parts,
    signals,
    snapshots,
    strategy_terms,
    tracing,
    trade_results,
    trades,
    transactions,
    verdicts,
)
from alphapulse.data.wire import MESSAGES

__all__ = ["MESSAGES", "MODULES", "message_class"]

MODULES = (
    market,
    trades,
    quotes,
    order_books,
    instrument_meta,
    pool_reserves,
    pair_events,
    pool_events,
    chain_events,
    pending,
    verdicts,
    gas,
    pool_cache,
    signals,
    signal_parts,
    strategy_terms,
    execution,
    orders,
    trade_results,
    transactions,
    positions,
    balances,
    risk,
    halts,
    orphans,
    compliance,
    runs,
    invalidation,
    links,
    snapshots,
    services,
    tracing,
    captures,
)
"""The modules that declare messages; a new one is added here."""


def message_class(type_: int) -> type | None:
    """The class that travels as TLV `type_`, None for a number that nobody declared."""
    return MESSAGES.get(type_)
