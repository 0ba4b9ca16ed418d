"""Decides by transactions that are not mined yet: what they would open, as if they were the next block's first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.log_stamp import LogStamp
from alphapulse.data.market import PoolSwap
from alphapulse.data.pending import PendingTransaction
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.strategies.strategy import Strategy


class AheadOfBlocks:
    """Lets a strategy that looks behind each log look behind pending transactions, and behind nothing else.

    Mined events keep its books; what it would propose because of them comes too late, and is dropped. A pending
    transaction is shown to it as the next block's, and taken back at once.
    """

    def __init__(self, strategy: Strategy) -> None:
        self.name = strategy.name
        self._strategy = strategy

    def on_events(self, events: Sequence[Any]) -> list[ArbitrageSignal]:
        """What to do in the next block because of the pending transactions among the events."""
        signals: list[ArbitrageSignal] = []
        mined: list[Any] = []
        for event in events:
            if type(event) is not PendingTransaction:
                mined.append(event)
                continue
            self._strategy.on_events(mined)
            mined = []
            signals += self._strategy.on_events(list(_as_mined(event)))
            self._strategy.on_events([_taken_back(event)])
        self._strategy.on_events(mined)
        return signals


def _as_mined(pending: PendingTransaction) -> Iterator[PoolSwap | PoolSync]:
    """The events by which the states would be told if the transaction were mined alone in the next block."""
    for index, pool in enumerate(pending.pools):
        stamp = LogStamp(
            pending.base_number + 1,
            index,
            0,
            pending.transaction_hash,
            None,
            pending.venue_time_ns,
            pending.received_ns,
        )
        if pool.sqrt_price_x96 is not None and pool.liquidity is not None and pool.tick is not None:
            yield PoolSwap(stamp, pool.pool, 0, 0, pool.sqrt_price_x96, pool.liquidity, pool.tick)
        elif pool.reserve0 is not None and pool.reserve1 is not None:
            yield PoolSync(stamp, pool.pool, pool.reserve0, pool.reserve1)


def _taken_back(pending: PendingTransaction) -> ChainReorganised:
    return ChainReorganised(
        pending.stream,
        pending.chain_id,
        pending.base_number,
        pending.base_hash,
        pending.base_number + 1,
        bytes(32),
        pending.base_number,
        pending.base_hash,
        pending.venue_time_ns,
    )
