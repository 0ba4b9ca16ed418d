"""Whose money a trade uses until it pays back, and what that costs."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

from alphapulse.data.pools import PoolKind
from alphapulse.rules.arbitrage.cycle import Cycle
from alphapulse.rules.arbitrage.holdings import holdings
from alphapulse.rules.arbitrage.loan_fee import NO_FEE, LoanFee

if TYPE_CHECKING:  # whoever only names a source, as the configuration does, needs no index
    from alphapulse.rules.arbitrage.token_graph import Seat, TokenNode

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
    """The cheapest concentrated pool beside the path that is known to hold as much."""
    BALANCER = "balancer"
    """Balancer's vault, at the share that the protocol asks (`getFlashLoanFeePercentage`): nothing until now."""
    AAVE = "aave"
    """Aave's pool, at the premium that it charges (`FLASHLOAN_PREMIUM_TOTAL`)."""


ASKS_ON_CHAIN = frozenset((LoanSource.BALANCER, LoanSource.AAVE))
"""Lenders whose fee is read from their contract where a chain is followed."""


@attrs.frozen
class FlashLoan:
    """Where the money comes from. `fee_ppm` is the stated fee; None: what the chain says, and unknown until it does."""

    source: LoanSource = LoanSource.STATED
    fee_ppm: int | None = 0
    stated: LoanFee | None = attrs.field(init=False, eq=False, repr=False)

    @stated.default
    def _stated_fee(self) -> LoanFee | None:
        return None if self.fee_ppm is None else LoanFee(self.fee_ppm, half_up=self.source is LoanSource.AAVE)

    def fee(self, cycle: Cycle, size: int, node: TokenNode | None, told: LoanFee | None = None) -> LoanFee | None:
        """The fee for a loan of `size` of the cycle's profit token; None if nobody who is known lends it.

        `node` is the profit token among the pools, `told` what the lender's contract says.
        """
        if self.source is LoanSource.SWAP:
            return NO_FEE if cycle.hops[0].pool.kind in PAYS_FIRST else None
        if self.source is LoanSource.POOL:
            fees = [
                seat.pool.fee_ppm
                for edge in (node.edges.values() if node is not None else ())
                for seat in edge.seats
                if seat.pool.fee_ppm is not None and _may_lend(seat, cycle, size)
            ]
            return LoanFee(min(fees)) if fees else None
        return told if self.stated is None else self.stated

    def unknown(self) -> str:
        """Why there is no fee, for people."""
        if self.source is LoanSource.AAVE:
            return "the premium of aave's pool is not known: it was not read, or strategies.*.flash_fee_ppm is missing"
        if self.source is LoanSource.BALANCER:
            return "the fee of balancer's vault is not known: it was not read yet"
        return f"nobody is known who lends the profit token ({self.source.value})"


FREE_LOAN = FlashLoan()
"""A loan that costs nothing."""


def _may_lend(seat: Seat, cycle: Cycle, size: int) -> bool:
    """A pool lends no more than it is known to hold, and nothing while a swap of the same trade locks it."""
    pool, state = seat.pool, seat.state
    if pool.kind not in LENDS or pool.id in cycle.pools or state is None:
        return False
    lent = seat.low if pool.tokens[seat.low].address == cycle.profit_token else seat.high
    return holdings(state, len(pool.tokens))[lent] >= size
