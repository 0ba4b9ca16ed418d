"""Small markets: pools, their events, and the recorded day as typed events."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import attrs

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import (
    BlockCompleted,
    LogStamp,
    MarketEvent,
    PoolBurn,
    PoolCollect,
    PoolEvent,
    PoolMint,
    PoolSwap,
    StreamState,
    StreamStatus,
)
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.tick_math import tick_at_sqrt_ratio
from alphapulse.rules.books.pool_book import Position
from alphapulse.rules.events.log_decoder import LogDecoder
from tests.rules.events.recorded_day import log_objects, pools, rpc_log

T = TypeVar("T")
NOW_NS = 1_704_412_800_000_000_000
LIQUIDITY = 10**18
TOKEN_A, TOKEN_B, TOKEN_C = (
    Token(bytes([number]) * 20, symbol, decimals)
    for number, symbol, decimals in ((1, "A", 6), (2, "B", 18), (3, "C", 8))
)


def pool(number: int, fee_ppm: int = 3000, spacing: int = 60, pair: tuple[Token, Token] = (TOKEN_A, TOKEN_B)) -> Pool:
    """Pool `number` of a pair, 1 to 255."""
    pool_id = InstrumentId.from_pool_address(bytes([number]) * 20, Venue.UNISWAP_V3)
    return Pool(pool_id, PoolKind.V3, f"pool {number}", *pair, fee_ppm, spacing)


def stamp(position: Position = (1, 0)) -> LogStamp:
    """The stamp of a log at a position; blocks are 12 s apart, a log is received in the ns of its index."""
    block_number, log_index = position
    return LogStamp(
        block_number, log_index, 0, bytes(32), None, NOW_NS + block_number * 12_000_000_000, NOW_NS + log_index
    )


def state(sqrt_price_x96: int, liquidity: int = LIQUIDITY, position: Position = (1, 0)) -> ConcentratedState:
    """A pool's state whose tick is that of its price; the pool is one of `pool` with its usual fee and spacing."""
    return in_range(sqrt_price_x96, liquidity, tick_at_sqrt_ratio(sqrt_price_x96), stamp(position))


def in_range(
    sqrt_price_x96: int, liquidity: int, tick: int, at: LogStamp, *, fee_ppm: int = 3000, spacing: int = 60
) -> ConcentratedState:
    """A state of which no ticks are known."""
    return ConcentratedState(sqrt_price_x96, liquidity, tick, at, Trust.IN_RANGE, fee_ppm, spacing, None)


def swap(of: Pool, position: Position, sqrt_price_x96: int, liquidity: int = LIQUIDITY) -> PoolSwap:
    """A swap that left the pool at that price and liquidity."""
    tick = tick_at_sqrt_ratio(sqrt_price_x96)
    return PoolSwap(stamp(position), of.id, 1, -1, sqrt_price_x96, liquidity, tick)


def mint(of: Pool, position: Position, ticks: tuple[int, int], liquidity: int) -> PoolMint:
    return PoolMint(stamp(position), of.id, *ticks, liquidity, 1, 1)


def burn(of: Pool, position: Position, ticks: tuple[int, int], liquidity: int) -> PoolBurn:
    return PoolBurn(stamp(position), of.id, *ticks, liquidity, 1, 1)


def collect(of: Pool, position: Position) -> PoolCollect:
    return PoolCollect(stamp(position), of.id, -60, 60, 1, 1)


def completed(position: Position) -> BlockCompleted:
    """The block is complete; its last log was at `position`."""
    block_number, log_index = position
    return BlockCompleted(1, block_number, log_index, NOW_NS + block_number * 12_000_000_000, 1, None, None)


def changed(value: T, **fields: Any) -> T:
    """A copy of a data value with other fields; the type checker cannot see that messages are attrs classes."""
    return attrs.evolve(value, **fields)  # type: ignore[misc]


def status(stream_state: StreamState, stream: str = "day") -> StreamStatus:
    return StreamStatus(stream, Venue.ETHEREUM, stream_state, "as the test wants it", NOW_NS, 0, True)


@cache
def day_events() -> tuple[PoolEvent, ...]:
    """All 3,121 events of the recorded half day."""
    decoder = LogDecoder(pools())
    return tuple(decoder.decode_log(rpc_log(log), NOW_NS) for log in log_objects())


@cache
def day_with_block_ends() -> tuple[MarketEvent, ...]:
    """The same, each block followed by the message that it is complete."""
    events: list[MarketEvent] = []
    last: PoolEvent | None = None
    for event in day_events():
        if last is not None and event.stamp.block_number != last.stamp.block_number:
            events.append(completed(last.stamp.position))
        events.append(event)
        last = event
    assert last is not None
    return (*events, completed(last.stamp.position))
