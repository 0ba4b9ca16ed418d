"""Market events: what happened in pools and streams."""

from __future__ import annotations

import enum

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.log_stamp import BLOCK_END, POOL, STAMP, LogStamp
from alphapulse.data.pair_events import PairEvent
from alphapulse.data.pool_events import PoolCreated, PoolLogEvent
from alphapulse.data.pool_reserves import PoolLiquidity, PoolSync, PoolTick
from alphapulse.data.verdicts import PoolTrustChanged, PoolVerdict, TokenVerdict
from alphapulse.data.wire import (
    BOOLEAN,
    HASH,
    I32,
    I256,
    NAME,
    SENTENCE,
    U32,
    U64,
    U128,
    U160,
    U256,
    Choice,
    Domain,
    Maybe,
    message,
    wire,
)

__all__ = [
    "BLOCK_END",
    "BlockCompleted",
    "LogStamp",
    "MarketEvent",
    "PoolBurn",
    "PoolCollect",
    "PoolEvent",
    "PoolMint",
    "PoolState",
    "PoolSwap",
    "StreamState",
    "StreamStatus",
]


@message(type=11, domain=Domain.MARKET_DATA)
class PoolSwap:
    """A swap in a concentrated-liquidity pool (Uniswap V3 core, `Swap`). Positive amounts went into the pool."""

    stamp: LogStamp = wire(STAMP)
    pool: InstrumentId = wire(POOL)
    amount0: int = wire(I256, "change of the pool's token0", unit="raw token0")
    amount1: int = wire(I256, "change of the pool's token1", unit="raw token1")
    sqrt_price_x96: int = wire(U160, "price after the swap", unit="sqrt(raw token1 / raw token0) * 2^96")
    liquidity: int = wire(U128, "liquidity in range after the swap")
    tick: int = wire(I32, "tick after the swap")


@message(type=12, domain=Domain.MARKET_DATA)
class PoolMint:
    """Liquidity was added to a range (Uniswap V3 core, `Mint`)."""

    stamp: LogStamp = wire(STAMP)
    pool: InstrumentId = wire(POOL)
    tick_lower: int = wire(I32, "lower tick of the range, inclusive")
    tick_upper: int = wire(I32, "upper tick of the range, exclusive")
    liquidity: int = wire(U128, "liquidity added")
    amount0: int = wire(U256, "token0 paid in", unit="raw token0")
    amount1: int = wire(U256, "token1 paid in", unit="raw token1")


@message(type=13, domain=Domain.MARKET_DATA)
class PoolBurn:
    """Liquidity was removed from a range (Uniswap V3 core, `Burn`)."""

    stamp: LogStamp = wire(STAMP)
    pool: InstrumentId = wire(POOL)
    tick_lower: int = wire(I32, "lower tick of the range, inclusive")
    tick_upper: int = wire(I32, "upper tick of the range, exclusive")
    liquidity: int = wire(U128, "liquidity removed")
    amount0: int = wire(U256, "token0 owed to the owner", unit="raw token0")
    amount1: int = wire(U256, "token1 owed to the owner", unit="raw token1")


@message(type=210, domain=Domain.MARKET_DATA)
class PoolCollect:
    """Tokens owed to a position were paid out (Uniswap V3 core, `Collect`); the price does not move."""

    stamp: LogStamp = wire(STAMP)
    pool: InstrumentId = wire(POOL)
    tick_lower: int = wire(I32, "lower tick of the range, inclusive")
    tick_upper: int = wire(I32, "upper tick of the range, exclusive")
    amount0: int = wire(U128, "token0 paid out", unit="raw token0")
    amount1: int = wire(U128, "token1 paid out", unit="raw token1")


@message(type=15, domain=Domain.MARKET_DATA)
class PoolState:
    """A pool's state in range at a moment: the snapshot that a new subscriber starts from."""

    stamp: LogStamp = wire(STAMP, "the event after which the state holds")
    pool: InstrumentId = wire(POOL)
    sqrt_price_x96: int = wire(U160, "price", unit="sqrt(raw token1 / raw token0) * 2^96")
    liquidity: int = wire(U128, "liquidity in range")
    tick: int = wire(I32, "tick")


@message(type=211, domain=Domain.MARKET_DATA)
class BlockCompleted:
    """All logs of a block have been handed over: a successor's log arrived, or the recording ended."""

    chain_id: int = wire(U64, "EVM chain")
    block_number: int = wire(U64, "the complete block")
    last_log_index: int = wire(U32, "log index of the block's last admitted log")
    venue_time_ns: int = wire(U64, "block timestamp", unit="ns since 1970 UTC")
    logs: int = wire(U32, "admitted logs in the block")
    block_hash: bytes | None = wire(Maybe(HASH), "absent where the source does not tell it")
    parent_hash: bytes | None = wire(Maybe(HASH), "hash of the block before; absent where the source does not tell it")


class StreamState(enum.IntEnum):
    """How far a stream of events can be trusted."""

    UNKNOWN = 0
    FRESH = 1
    QUIET = 2
    STALE = 3
    GAP = 4
    RESET = 5
    ENDED = 6


@message(type=212, domain=Domain.MARKET_DATA)
class StreamStatus:
    """A stream (a chain, an exchange connection) changed its state. RESET tells consumers to forget what they know."""

    stream: str = wire(NAME, "the collector's name")
    venue: int = wire(U32, "venue number of the chain or exchange")
    state: StreamState = wire(Choice(StreamState))
    reason: str = wire(SENTENCE, "what happened")
    venue_time_ns: int = wire(U64, "market clock", unit="ns since 1970 UTC")
    sequence: int = wire(U64, "messages this stream has handed over")
    recorded: bool = wire(BOOLEAN, "1 if the stream replays a recording")


PoolEvent = PoolSwap | PoolMint | PoolBurn | PoolCollect | PairEvent | PoolSync | PoolLogEvent | PoolCreated
"""What a log of a pool or a factory can say."""

MarketEvent = (
    PoolEvent
    | PoolState
    | PoolTick
    | PoolLiquidity
    | PoolTrustChanged
    | PoolVerdict
    | TokenVerdict
    | ChainHead
    | ChainReorganised
    | BlockCompleted
    | StreamStatus
)
"""What the market-data relay carries of chains."""
