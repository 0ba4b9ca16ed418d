"""Positions: what a strategy holds of an instrument, and what it paid for it."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.quantities import Quantity
from alphapulse.data.wire import NAME, U32, U64, Domain, Maybe, Record, message, wire


@message(type=47, domain=Domain.EXECUTION)
class Position:
    """A position at a moment. Negative quantities are short."""

    run: int = wire(U32, "run of the books")
    strategy: str = wire(NAME)
    instrument: InstrumentId = wire(Record(InstrumentId))
    quantity: Quantity = wire(Record(Quantity))
    cost_asset: InstrumentId = wire(Record(InstrumentId), "what cost and realised profit are counted in")
    cost: Quantity = wire(Record(Quantity), "paid for what is held, fees included")
    realised: Quantity = wire(Record(Quantity), "profit of what was sold")
    updated_ns: int = wire(U64, "market clock", unit="ns since 1970 UTC")


@message(type=61, domain=Domain.EXECUTION)
class PositionUpdate:
    """A position changed."""

    run: int = wire(U32, "run of the books")
    strategy: str = wire(NAME)
    instrument: InstrumentId = wire(Record(InstrumentId))
    change: Quantity = wire(Record(Quantity))
    quantity: Quantity = wire(Record(Quantity), "held after the change")
    intent_id: int | None = wire(Maybe(U64), "the intent that changed it; absent: a deposit, a reconciliation")
    updated_ns: int = wire(U64, "market clock", unit="ns since 1970 UTC")


@message(type=69, domain=Domain.EXECUTION)
class PositionQuery:
    """Asks for positions; what is absent is not asked for in particular. Answered by Position messages."""

    request_id: int = wire(U64, "the asker's number")
    strategy: str | None = wire(Maybe(NAME))
    instrument: InstrumentId | None = wire(Maybe(Record(InstrumentId)))
    requested_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)
