"""Algebra's concentrated liquidity (QuickSwap V3): Uniswap V3's mathematics with a fee that changes.

@cryptoalgebra/v1-core 1.0.0: PriceMovementMath rounds as SwapMath does, TickTable as TickBitmap with a spacing of 60.
The contract sets its fee at the first swap or change of liquidity of a block, from its own record of prices; it says so
by `Fee`. A quote is made with the fee that was told last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import MarketEvent
from alphapulse.data.pool_events import PoolFeeChanged
from alphapulse.data.pools import Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.rules.amm.concentrated import ConcentratedState

BASE_FEE_PPM = 100
"""The fee of a pool that has just been made (Constants.sol, BASE_FEE)."""


class AlgebraState(ConcentratedState):
    """As a concentrated state; `fee_ppm` is None until the first `Fee` is heard, unless the pool has just begun."""

    __slots__ = ()

    @classmethod
    def first_fee(cls, fee_ppm: int | None) -> int | None:
        """Its base fee, until the contract says another."""
        return BASE_FEE_PPM

    def applied(self, event: object) -> Self:
        """The state behind an event of this pool; itself if the event changes nothing."""
        if isinstance(event, PoolFeeChanged):
            return self if event.fee_ppm == self.fee_ppm else self._replace(fee_ppm=event.fee_ppm, stamp=event.stamp)
        return super().applied(event)

    def messages(self, pool: InstrumentId) -> Iterator[MarketEvent]:
        """As of any concentrated state, with the fee."""
        for message in super().messages(pool):
            if isinstance(message, PoolTrustChanged) and self.fee_ppm is not None:
                yield PoolFeeChanged(self.stamp, pool, self.fee_ppm)
            yield message
        if self.trust is Trust.IN_RANGE and self.fee_ppm is not None:
            yield PoolFeeChanged(self.stamp, pool, self.fee_ppm)
