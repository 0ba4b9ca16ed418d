"""All that a collector can tell of a chain, as unions of the message classes."""

from __future__ import annotations

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.market import BlockCompleted, PoolEvent, PoolState, StreamStatus
from alphapulse.data.pair_events import PairEvent
from alphapulse.data.pool_events import (
    PoolCreated,
    PoolFeeChanged,
    PoolFlash,
    PoolInitialized,
    ProtocolFeeChanged,
    ProtocolFeesCollected,
)
from alphapulse.data.pool_reserves import PoolLiquidity, PoolSync, PoolTick
from alphapulse.data.verdicts import PoolTrustChanged, PoolVerdict, TokenVerdict

PoolLogEvent = (
    PoolEvent
    | PairEvent
    | PoolSync
    | PoolInitialized
    | PoolFlash
    | PoolFeeChanged
    | ProtocolFeeChanged
    | ProtocolFeesCollected
)
"""What a pool's own log can say."""

LogEvent = PoolLogEvent | PoolCreated
"""What a log can say: of a pool, or of a factory."""

ChainEvent = (
    LogEvent
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
"""What the market-data relay carries of a chain."""
