"""What a lender asks for a flash loan, to the last unit, rounded as his contract rounds."""

from __future__ import annotations

from typing import NamedTuple, Self

PPM = 1_000_000
AAVE_BPS = 10_000
BALANCER_ONE = 10**18
AAVE_ROUNDS_UP_FROM = 9
"""The revision of Aave's pool (`POOL_REVISION`, 9 is version 3.5) from which `FlashLoanLogic` computes the premium by
`percentMulCeil`; before it did so by `percentMul`, which rounds half up."""


class LoanFee(NamedTuple):
    """`share` of each `whole` that is lent. Rounded up, or half up as Aave's contract did before version 3.5."""

    share: int
    whole: int = PPM
    half_up: bool = False

    @classmethod
    def of_aave(cls, premium_bps: int, revision: int) -> Self:
        """As `FLASHLOAN_PREMIUM_TOTAL()` of Aave's pool tells it, in basis points."""
        return cls(premium_bps, AAVE_BPS, half_up=revision < AAVE_ROUNDS_UP_FROM)

    @classmethod
    def of_balancer(cls, percentage: int) -> Self:
        """As `getFlashLoanFeePercentage()` of the vault's fee collector tells it, 10^18 for all of it (`mulUp`)."""
        return cls(percentage, BALANCER_ONE)

    def of(self, amount: int) -> int:
        """The fee for a loan, in the same raw units."""
        product = amount * self.share
        return (product + self.whole // 2) // self.whole if self.half_up else -(-product // self.whole)


NO_FEE = LoanFee(0)
"""Nothing."""
