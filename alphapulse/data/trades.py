"""Trades on exchanges."""

from __future__ import annotations

import enum

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import I64, U32, U64, U128, Choice, Domain, Padded, Record, message, wire


class Side(enum.IntEnum):
    """Which way the trade went for whom it is told of; of a public trade: for the taker."""

    BUY = 0
    SELL = 1


@message(type=1, domain=Domain.MARKET_DATA)
class Trade:
    """A trade on an exchange. Its frame has 90 bytes: 32 of header, 2 of TLV, 56 of value."""

    instrument: InstrumentId = wire(Record(InstrumentId))
    price_q8: int = wire(I64, "price", unit="quote per base at 10^-8")
    volume_q8: int = wire(I64, "amount traded", unit="base at 10^-8")
    execution_time_ns: int = wire(U64, "the exchange's time", unit="ns since 1970 UTC")
    side: Side = wire(Padded(Choice(Side), 7), "the taker's side")


@message(type=9, domain=Domain.MARKET_DATA)
class VolumeUpdate:
    """What was traded in a window. 128 bits, because a day's sum of a small coin exceeds 64."""

    instrument: InstrumentId = wire(Record(InstrumentId))
    volume_q8: int = wire(U128, "sum of the trades", unit="base at 10^-8")
    quote_volume_q8: int = wire(U128, "the same in quote currency", unit="quote at 10^-8")
    trades: int = wire(U32, "number of trades")
    window_start_ns: int = wire(U64, "inclusive", unit="ns since 1970 UTC")
    window_end_ns: int = wire(U64, "exclusive", unit="ns since 1970 UTC")
