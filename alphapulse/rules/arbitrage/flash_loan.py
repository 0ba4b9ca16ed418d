"""Whose money a trade uses until it pays back, and what that costs."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

from alphapulse.data.pools import Pool, PoolKind
from alphapulse.rules.arbitrage.cycle import Cycle

if TYPE_CHECKING:  # whoever only names a source, as the configuration does, needs no index
    from alphapulse.rules.arbitrage.token_graph import TokenNode

PAYS_FIRST = frozenset((PoolKind.V2, PoolKind.V3, PoolKind.ALGEBRA, PoolKind.SOLIDLY_VOLATILE, PoolKind.SOLIDLY_STABLE))
"""Kinds that pay out before they ask for what was sold: the trade's first pool lends what it sells."""

LENDS = frozenset((PoolKind.V3, PoolKind.ALGEBRA))
"""Kinds with a flash loan of their own (`flash`), at the pool's swap fee."""


class LoanSource(enum.Enum):
    """Who lends."""

    STATED = "stated"
    """Whoever it is: the fee is stated."""
    SWAP = "swap"
    """The first pool of the path: it pays first and is paid at the end, for no more than its swap fee."""
    POOL = "pool"
    """The cheapest concentrated pool beside the path that holds the token."""
    BALANCER = "balancer"
    """Balancer's vault, which asks nothing."""
    AAVE = "aave"
    """Aave's pool, at the premium that it charges (`FLASHLOAN_PREMIUM_TOTAL`)."""


@attrs.frozen
class FlashLoan:
    """Where the money comes from. `fee_ppm` is the stated fee, or Aave's premium; None: not known yet."""

    source: LoanSource = LoanSource.STATED
    fee_ppm: int | None = 0

    def fee_ppm_of(self, cycle: Cycle, node: TokenNode | None) -> int | None:
        """The fee for a loan of the cycle's profit token, in ppm; None if nobody who is known lends it.

        `node` is the profit token among the pools.
        """
        if self.source is LoanSource.BALANCER:
            return 0
        if self.source is LoanSource.SWAP:
            return 0 if cycle.hops[0].pool.kind in PAYS_FIRST else None
        if self.source is LoanSource.POOL:
            return min(
                (
                    seat.pool.fee_ppm
                    for edge in (node.edges.values() if node is not None else ())
                    for seat in edge.seats
                    if seat.pool.fee_ppm is not None and _may_lend(seat.pool, cycle)
                ),
                default=None,
            )
        return self.fee_ppm


FREE_LOAN = FlashLoan()
"""A loan that costs nothing."""


def _may_lend(pool: Pool, cycle: Cycle) -> bool:
    """A pool cannot lend while it is locked by a swap of the same trade."""
    return pool.kind in LENDS and pool.id not in cycle.pools
