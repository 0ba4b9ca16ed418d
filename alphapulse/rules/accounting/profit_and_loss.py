"""Profit and loss of one token: what fills earned, and what everything cost."""

from __future__ import annotations

import datetime
from typing import Self

import attrs

from alphapulse.data.execution import ExecutionReport, Fill, Outcome, Settlement
from alphapulse.data.orphans import SettlementRevoked

NS_PER_DAY = 86_400 * 1_000_000_000
EPOCH_ORDINAL = datetime.date(1970, 1, 1).toordinal()


def market_day(venue_time_ns: int) -> str:
    """The UTC day of a market time in ns since 1970, such as `2024-01-05`."""
    return datetime.date.fromordinal(EPOCH_ORDINAL + venue_time_ns // NS_PER_DAY).isoformat()


def holding_change(settlement: Settlement) -> int:
    """What a settlement adds to the holding of its profit token, in raw units: profit less flash fee; 0 if it failed.

    Gas is paid in the chain's coin and is booked apart from it, as `gas_wei`.
    """
    match settlement:
        case Fill():
            return settlement.gross - settlement.pool_fees - settlement.flash_fee
        case ExecutionReport():
            return 0


def net_of(settlement: Settlement) -> int:
    """What a settlement earned net of all costs, in raw units of its profit token; a failure costs its gas."""
    match settlement:
        case Fill():
            return settlement.net
        case ExecutionReport():
            return -settlement.gas_cost


@attrs.frozen
class ProfitAndLoss:
    """Counts, and amounts in raw units of `token`. Costs are positive numbers."""

    token: bytes
    traded: int = 0
    failed: int = 0
    refused: int = 0
    gross: int = 0
    pool_fees: int = 0
    flash_fees: int = 0
    gas: int = 0
    gas_of_failed: int = 0

    @property
    def is_empty(self) -> bool:
        """True if nothing was booked, or all of it was taken back."""
        return self == type(self)(self.token)

    @property
    def net(self) -> int:
        """What is left of gross after pool fees, flash fees and the gas of trades and of failures."""
        return self.gross - self.pool_fees - self.flash_fees - self.gas - self.gas_of_failed

    def add_fill(self, fill: Fill) -> Self:
        """The books after a fill. Raises ValueError if it earned another token."""
        self._check(fill.profit_token)
        return attrs.evolve(
            self,
            traded=self.traded + 1,
            gross=self.gross + fill.gross,
            pool_fees=self.pool_fees + fill.pool_fees,
            flash_fees=self.flash_fees + fill.flash_fee,
            gas=self.gas + fill.gas_cost,
        )

    def add_failure(self, report: ExecutionReport) -> Self:
        """The books after an intent that ended without a fill. Raises ValueError if it was in another token.

        What was decided on an orphaned block has not failed: on the chain that there is it never was.
        """
        self._check(report.profit_token)
        if report.outcome is Outcome.ORPHANED:
            return self
        return attrs.evolve(self, failed=self.failed + 1, gas_of_failed=self.gas_of_failed + report.gas_cost)

    def take_back(self, revoked: SettlementRevoked) -> Self:
        """The books without a fill or a failure. Raises ValueError if it was in another token."""
        self._check(revoked.profit_token)
        if not revoked.filled:
            return attrs.evolve(self, failed=self.failed - 1, gas_of_failed=self.gas_of_failed - revoked.gas_cost)
        return attrs.evolve(
            self,
            traded=self.traded - 1,
            gross=self.gross - revoked.gross,
            pool_fees=self.pool_fees - revoked.pool_fees,
            flash_fees=self.flash_fees - revoked.flash_fee,
            gas=self.gas - revoked.gas_cost,
        )

    def add_refusals(self, count: int = 1) -> Self:
        """The books after so many signals that the gate refused; a negative count takes them back."""
        return attrs.evolve(self, refused=self.refused + count)

    def add(self, other: ProfitAndLoss) -> Self:
        """Two books of one token in one. Raises ValueError if the tokens differ."""
        self._check(other.token)
        return attrs.evolve(
            self,
            traded=self.traded + other.traded,
            failed=self.failed + other.failed,
            refused=self.refused + other.refused,
            gross=self.gross + other.gross,
            pool_fees=self.pool_fees + other.pool_fees,
            flash_fees=self.flash_fees + other.flash_fees,
            gas=self.gas + other.gas,
            gas_of_failed=self.gas_of_failed + other.gas_of_failed,
        )

    def _check(self, token: bytes) -> None:
        if token != self.token:
            raise ValueError(f"these are the books of token 0x{self.token.hex()}, the entry was in 0x{token.hex()}")
