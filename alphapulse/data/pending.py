"""Transactions that are not mined yet, and the states that they would produce."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import (
    HASH,
    I32,
    NAME,
    U64,
    U112,
    U128,
    U160,
    Domain,
    Many,
    Maybe,
    Record,
    message,
    record,
    wire,
)

MOST_POOLS = 32
"""Pools that one transaction may change and still be told of."""


@record
class PendingPool:
    """A pool behind a transaction: price, liquidity and tick, or reserves, whichever it has."""

    pool: InstrumentId = wire(Record(InstrumentId))
    sqrt_price_x96: int | None = wire(Maybe(U160), "price", unit="sqrt(raw token1 / raw token0) * 2^96")
    liquidity: int | None = wire(Maybe(U128), "liquidity in range")
    tick: int | None = wire(Maybe(I32), "tick")
    reserve0: int | None = wire(Maybe(U112), unit="raw token0")
    reserve1: int | None = wire(Maybe(U112), unit="raw token1")


@message(type=219, domain=Domain.MARKET_DATA)
class PendingTransaction:
    """A transaction that a node offers before it is mined, and what it would make of followed pools.

    It was simulated alone, on top of the base block. It may be mined behind others, otherwise, or never: no book takes
    it in, and who decides by it decides for the next block only.
    """

    stream: str = wire(NAME, "the collector's name")
    chain_id: int = wire(U64, "EVM chain")
    transaction_hash: bytes = wire(HASH)
    base_number: int = wire(U64, "block on top of which it was simulated")
    base_hash: bytes = wire(HASH)
    venue_time_ns: int = wire(U64, "timestamp of the base block", unit="ns since 1970 UTC")
    received_ns: int = wire(U64, "wall clock at which it was received", unit="ns since 1970 UTC", eq=False)
    pools: tuple[PendingPool, ...] = wire(Many(Record(PendingPool), MOST_POOLS), "in the order of their last change")
