"""What only the chain itself can say of a trade's costs, as it was read last."""

from __future__ import annotations

from alphapulse.rules.arbitrage.data_fee import DataFee
from alphapulse.rules.arbitrage.loan_fee import LoanFee


class ChainCosts:
    """One for all strategies of a process; who reads the chain writes here. What is not there is unknown.

    By chain: `loan_fees`, what the configured lender asks, and `data_fees`, what bytes cost on the chain below.
    """

    def __init__(self) -> None:
        self.loan_fees: dict[int, LoanFee] = {}
        self.data_fees: dict[int, DataFee] = {}

    def forget(self, chain_id: int) -> None:
        """The chain could not be read for long: what it said may hold no longer."""
        self.loan_fees.pop(chain_id, None)
        self.data_fees.pop(chain_id, None)
