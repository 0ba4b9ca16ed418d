"""What is known of an instrument besides its id."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import I64, NAME, U8, U64, Domain, Maybe, Record, message, wire


@message(type=4, domain=Domain.MARKET_DATA)
class InstrumentMeta:
    """An instrument's names and steps, sent when it is first met. What its venue does not tell is absent."""

    instrument: InstrumentId = wire(Record(InstrumentId))
    symbol: str = wire(NAME, "the name to show")
    base: InstrumentId | None = wire(Maybe(Record(InstrumentId)), "what is traded")
    quote: InstrumentId | None = wire(Maybe(Record(InstrumentId)), "what it is priced in")
    decimals: int | None = wire(Maybe(U8), "of a token: decimals as its contract says")
    tick_size_q8: int | None = wire(Maybe(I64), "least step of the price", unit="quote per base at 10^-8")
    lot_size_q8: int | None = wire(Maybe(I64), "least step of the amount", unit="base at 10^-8")
    updated_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")
