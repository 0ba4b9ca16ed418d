"""Orders on exchanges, from the request to the trade. Trades on chain are OrderRequest, Fill and ExecutionReport."""

from __future__ import annotations

import enum

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.quantities import Quantity
from alphapulse.data.trades import Side
from alphapulse.data.wire import BOOLEAN, I64, NAME, SENTENCE, U32, U64, Choice, Domain, Maybe, Record, message, wire


class OrderState(enum.IntEnum):
    """Where an order stands. UNKNOWN: the exchange has not said, and exposure counts it as open."""

    UNKNOWN = 0
    PENDING = 1
    OPEN = 2
    PARTIALLY_FILLED = 3
    FILLED = 4
    CANCELLED = 5
    REJECTED = 6
    EXPIRED = 7


@message(type=41, domain=Domain.EXECUTION)
class OrderStatus:
    """What an exchange says of an order."""

    run: int = wire(U32, "run of the books")
    intent_id: int = wire(U64, "unique in the journal")
    instrument: InstrumentId = wire(Record(InstrumentId))
    venue_order_id: str = wire(NAME, "the exchange's number; empty until it gave one")
    state: OrderState = wire(Choice(OrderState))
    side: Side = wire(Choice(Side))
    quantity_q8: int = wire(I64, "ordered", unit="base at 10^-8")
    filled_q8: int = wire(I64, "filled so far", unit="base at 10^-8")
    average_price_q8: int | None = wire(Maybe(I64), "of what was filled", unit="quote per base at 10^-8")
    text: str = wire(SENTENCE, "the exchange's words")
    venue_time_ns: int = wire(U64, "the exchange's time", unit="ns since 1970 UTC")
    received_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)


@message(type=43, domain=Domain.EXECUTION)
class OrderCancel:
    """An order is to be cancelled."""

    run: int = wire(U32, "run of the books")
    intent_id: int = wire(U64, "the order's")
    instrument: InstrumentId = wire(Record(InstrumentId))
    venue_order_id: str = wire(NAME, "the exchange's number; empty if it gave none")
    reason: str = wire(SENTENCE)
    requested_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)


@message(type=44, domain=Domain.EXECUTION)
class OrderModify:
    """An order is to be changed; what is absent stays."""

    run: int = wire(U32, "run of the books")
    intent_id: int = wire(U64, "the order's")
    instrument: InstrumentId = wire(Record(InstrumentId))
    venue_order_id: str = wire(NAME, "the exchange's number")
    price_q8: int | None = wire(Maybe(I64), "new limit price", unit="quote per base at 10^-8")
    quantity_q8: int | None = wire(Maybe(I64), "new quantity in all", unit="base at 10^-8")
    requested_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)


@message(type=49, domain=Domain.EXECUTION)
class TradeConfirmation:
    """A trade of ours that an exchange confirmed."""

    run: int = wire(U32, "run of the books")
    intent_id: int = wire(U64, "the order's")
    instrument: InstrumentId = wire(Record(InstrumentId))
    venue_order_id: str = wire(NAME, "the exchange's number of the order")
    venue_trade_id: str = wire(NAME, "the exchange's number of the trade")
    side: Side = wire(Choice(Side), "ours")
    price_q8: int = wire(I64, unit="quote per base at 10^-8")
    quantity_q8: int = wire(I64, unit="base at 10^-8")
    fee: Quantity = wire(Record(Quantity), "negative: a rebate")
    fee_asset: InstrumentId = wire(Record(InstrumentId), "what the fee was paid in")
    maker: bool = wire(BOOLEAN, "1 if our order stood in the book")
    execution_time_ns: int = wire(U64, "the exchange's time", unit="ns since 1970 UTC")
    received_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)
