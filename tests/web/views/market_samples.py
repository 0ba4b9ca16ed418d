"""Market events in the two pools of the shipped day, at prices in USDC for one WETH."""

from __future__ import annotations

from math import isqrt

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, PoolSwap, StreamState, StreamStatus
from tests.rules.events.recorded_day import pools

FIRST, SECOND = pools()
USDC, WETH = FIRST.token0, FIRST.token1
DAY_NS = 1_704_437_087_000_000_000


def stamp(block: int, log_index: int = 0) -> LogStamp:
    """A place on the chain; blocks come a nanosecond apart."""
    return LogStamp(
        block_number=block,
        log_index=log_index,
        transaction_index=0,
        transaction_hash=bytes(32),
        block_hash=None,
        venue_time_ns=DAY_NS + block,
        received_ns=DAY_NS,
    )


def swap(pool: InstrumentId, usdc_for_weth: int, block: int, log_index: int = 0) -> PoolSwap:
    """A swap that leaves the pool at that price; its tick and liquidity do not matter."""
    sqrt_price_x96 = isqrt((10**12 << 192) // usdc_for_weth)
    return PoolSwap(stamp(block, log_index), pool, 0, 0, sqrt_price_x96, 10**18, 200_000)


def stream(state: StreamState) -> StreamStatus:
    """A change of the recorded stream's state."""
    return StreamStatus(
        stream="day", venue=FIRST.id.venue, state=state, reason="", venue_time_ns=0, sequence=0, recorded=True
    )
