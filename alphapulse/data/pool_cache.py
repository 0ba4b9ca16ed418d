"""Pools as they are found, remembered and told to others."""

from __future__ import annotations

import enum

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.limits import POOL_TOKENS
from alphapulse.data.wire import (
    ADDRESS,
    HASH,
    U8,
    U16,
    U32,
    U64,
    Choice,
    Domain,
    Many,
    Maybe,
    Record,
    Text,
    message,
    record,
    wire,
)


class PoolProtocol(enum.IntEnum):
    """Whose contract a pool is; the mathematics follows from it."""

    UNKNOWN = 0
    UNISWAP_V2 = 1
    UNISWAP_V3 = 2
    QUICKSWAP_V2 = 3
    QUICKSWAP_V3 = 4
    SUSHISWAP_V2 = 5
    CURVE = 6
    BALANCER_V2 = 7
    SUSHISWAP_V3 = 8
    PANCAKESWAP_V2 = 9
    PANCAKESWAP_V3 = 10
    AERODROME = 11


@record
class PoolToken:
    """A token of a pool."""

    address: bytes = wire(ADDRESS)
    symbol: str = wire(Text(32), "as its contract says; it proves nothing")
    decimals: int = wire(U8, "as its contract says")


@message(type=200, domain=Domain.MARKET_DATA)
class PoolInfo:
    """A pool's registration: what does not change with its trades."""

    pool: InstrumentId = wire(Record(InstrumentId))
    protocol: PoolProtocol = wire(Choice(PoolProtocol))
    tokens: tuple[PoolToken, ...] = wire(Many(Record(PoolToken), POOL_TOKENS), "in the pool's order")
    fee_ppm: int | None = wire(Maybe(U32), "swap fee; absent if it changes from block to block", unit="ppm")
    tick_spacing: int | None = wire(Maybe(U16), "of a concentrated-liquidity pool")
    discovered_ns: int = wire(U64, "wall clock at which it was first seen", unit="ns since 1970 UTC")
    last_seen_ns: int = wire(U64, "wall clock of its latest event", unit="ns since 1970 UTC")


@message(type=201, domain=Domain.MARKET_DATA)
class PoolCacheHeader:
    """Opens a file of PoolInfo frames."""

    chain_id: int = wire(U64, "EVM chain of all pools in the file")
    pools: int = wire(U32, "number of PoolInfo messages that follow")
    digest: bytes = wire(HASH, "SHA-256 of all bytes behind this frame")
    updated_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")
