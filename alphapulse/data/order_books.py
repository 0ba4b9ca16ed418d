"""Order books of exchanges: whole books, venue snapshots and the changes between them.

Bids stand from the highest price down, asks from the lowest up. ALPHAPULSE_MAX_ORDER_LEVELS bounds each side.
"""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.invalidation import InvalidationReason
from alphapulse.data.limits import ORDER_LEVELS
from alphapulse.data.wire import (
    BOOLEAN,
    I64,
    SENTENCE,
    U32,
    U64,
    Choice,
    Domain,
    Many,
    Maybe,
    Record,
    message,
    record,
    wire,
)


@record
class OrderLevel:
    """One price of an order book, with the number of orders there."""

    price_q8: int = wire(I64, unit="quote per base at 10^-8")
    size_q8: int = wire(I64, unit="base at 10^-8")
    orders: int = wire(U32, "number of orders; 0 if the exchange does not tell")


@record
class PriceLevel:
    """One price of an order book."""

    price_q8: int = wire(I64, unit="quote per base at 10^-8")
    size_q8: int = wire(I64, "in a change: what is there now, 0 if the level is gone", unit="base at 10^-8")


@message(type=3, domain=Domain.MARKET_DATA)
class OrderBook:
    """An order book as it is known here at a moment."""

    instrument: InstrumentId = wire(Record(InstrumentId))
    snapshot_time_ns: int = wire(U64, "the exchange's time of the last change", unit="ns since 1970 UTC")
    sequence: int = wire(U64, "the exchange's number of the last change; 0 if it has none")
    bids: tuple[OrderLevel, ...] = wire(Many(Record(OrderLevel), ORDER_LEVELS))
    asks: tuple[OrderLevel, ...] = wire(Many(Record(OrderLevel), ORDER_LEVELS))


@message(type=5, domain=Domain.MARKET_DATA)
class L2Snapshot:
    """A snapshot that an exchange sent: changes count from here."""

    instrument: InstrumentId = wire(Record(InstrumentId))
    venue_time_ns: int = wire(U64, "the exchange's time", unit="ns since 1970 UTC")
    received_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)
    sequence: int = wire(U64, "the exchange's number; 0 if it has none")
    checksum: int | None = wire(Maybe(U32), "the exchange's own checksum of the book")
    bids: tuple[PriceLevel, ...] = wire(Many(Record(PriceLevel), ORDER_LEVELS))
    asks: tuple[PriceLevel, ...] = wire(Many(Record(PriceLevel), ORDER_LEVELS))


@message(type=6, domain=Domain.MARKET_DATA)
class L2Delta:
    """Changed levels of a book. A change of more levels than the limit is several deltas, all but the last partial."""

    instrument: InstrumentId = wire(Record(InstrumentId))
    venue_time_ns: int = wire(U64, "the exchange's time", unit="ns since 1970 UTC")
    received_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)
    first_sequence: int = wire(U64, "the exchange's number of the first change in it")
    last_sequence: int = wire(U64, "the exchange's number of the last change in it")
    partial: bool = wire(BOOLEAN, "1 if the next delta belongs to the same change: the book may be crossed until then")
    checksum: int | None = wire(Maybe(U32), "the exchange's own checksum of the book behind this change")
    bids: tuple[PriceLevel, ...] = wire(Many(Record(PriceLevel), ORDER_LEVELS))
    asks: tuple[PriceLevel, ...] = wire(Many(Record(PriceLevel), ORDER_LEVELS))


@message(type=7, domain=Domain.MARKET_DATA)
class L2Reset:
    """A book must be forgotten; the next thing to be believed is a snapshot."""

    instrument: InstrumentId = wire(Record(InstrumentId))
    reason: InvalidationReason = wire(Choice(InvalidationReason))
    text: str = wire(SENTENCE, "what happened")
    reset_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")
