"""Pools' reserves and ticks: what a pool holds, and where its liquidity changes."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.limits import POOL_TOKENS
from alphapulse.data.log_stamp import LogStamp
from alphapulse.data.wire import (
    ADDRESS,
    I32,
    I128,
    U112,
    U128,
    U160,
    U256,
    Domain,
    Many,
    Record,
    message,
    record,
    wire,
)


@record
class TokenReserve:
    """What a pool holds of one token."""

    token: bytes = wire(ADDRESS)
    reserve: int = wire(U256, unit="raw token")


@message(type=10, domain=Domain.MARKET_DATA)
class PoolLiquidity:
    """What a pool of two or more tokens holds (Curve, Balancer)."""

    stamp: LogStamp = wire(Record(LogStamp), "the event after which it holds so much")
    pool: InstrumentId = wire(Record(InstrumentId))
    reserves: tuple[TokenReserve, ...] = wire(Many(Record(TokenReserve), POOL_TOKENS), "in the pool's order")


@message(type=14, domain=Domain.MARKET_DATA)
class PoolTick:
    """An initialised tick of a concentrated-liquidity pool (Uniswap V3 core, `ticks`)."""

    stamp: LogStamp = wire(Record(LogStamp), "the event after which it is so")
    pool: InstrumentId = wire(Record(InstrumentId))
    tick: int = wire(I32, "the tick")
    sqrt_price_x96: int = wire(U160, "price at the tick", unit="sqrt(raw token1 / raw token0) * 2^96")
    liquidity_gross: int = wire(U128, "liquidity of all positions that begin or end here; 0: no longer initialised")
    liquidity_net: int = wire(I128, "liquidity that comes in when the price crosses upwards")


@message(type=16, domain=Domain.MARKET_DATA)
class PoolSync:
    """A constant-product pool's reserves after a change (Uniswap V2 core, `Sync`)."""

    stamp: LogStamp = wire(Record(LogStamp))
    pool: InstrumentId = wire(Record(InstrumentId))
    reserve0: int = wire(U112, unit="raw token0")
    reserve1: int = wire(U112, unit="raw token1")
