"""Quotes and prices of exchanges."""

from __future__ import annotations

import enum

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import I64, U64, Choice, Domain, Maybe, Record, message, record, wire


@message(type=2, domain=Domain.MARKET_DATA)
class Quote:
    """The best bid and ask of an exchange."""

    instrument: InstrumentId = wire(Record(InstrumentId))
    bid_price_q8: int = wire(I64, "best bid", unit="quote per base at 10^-8")
    bid_size_q8: int = wire(I64, "offered there", unit="base at 10^-8")
    ask_price_q8: int = wire(I64, "best ask", unit="quote per base at 10^-8")
    ask_size_q8: int = wire(I64, "offered there", unit="base at 10^-8")
    quote_time_ns: int = wire(U64, "the exchange's time", unit="ns since 1970 UTC")


@record
class QuoteSide:
    """One side of a quote."""

    price_q8: int = wire(I64, "best price", unit="quote per base at 10^-8")
    size_q8: int = wire(I64, "offered there; 0 if the side is empty", unit="base at 10^-8")


@message(type=17, domain=Domain.MARKET_DATA)
class QuoteUpdate:
    """A change of the best bid, the best ask or both; a side that is absent did not change."""

    instrument: InstrumentId = wire(Record(InstrumentId))
    bid: QuoteSide | None = wire(Maybe(Record(QuoteSide)))
    ask: QuoteSide | None = wire(Maybe(Record(QuoteSide)))
    quote_time_ns: int = wire(U64, "the exchange's time", unit="ns since 1970 UTC")


class PriceKind(enum.IntEnum):
    """What a price is the price of."""

    LAST_TRADE = 1
    MIDDLE = 2
    MARK = 3
    INDEX = 4


@message(type=8, domain=Domain.MARKET_DATA)
class PriceUpdate:
    """A price that is no trade and no quote by itself."""

    instrument: InstrumentId = wire(Record(InstrumentId))
    price_q8: int = wire(I64, "price", unit="quote per base at 10^-8")
    kind: PriceKind = wire(Choice(PriceKind))
    price_time_ns: int = wire(U64, "the venue's time", unit="ns since 1970 UTC")
