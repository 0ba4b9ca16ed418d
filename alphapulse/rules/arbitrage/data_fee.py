"""What a transaction's bytes cost on the chain below, by the rules of the chains that charge for them.

Sources: `GasPriceOracle` of the OP stack and `core/types/rollup_cost.go` of its node (Ecotone, Fjord),
`arbos/l1pricing` of Arbitrum's. A node charges for the signed transaction as it is posted.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from alphapulse.rules.evm.fastlz import fastlz_size

ZERO_BYTE_GAS, BYTE_GAS = 4, 16
"""What a byte of call data costs on the chain below (EIP-2028)."""
FJORD_INTERCEPT, FJORD_SLOPE = -42_585_600, 836_500
"""The size that Brotli would make of it, in millionths of a byte, by the size that FastLZ makes of it."""
FJORD_LEAST = 100_000_000
MILLION = 1_000_000


class DataRule(enum.Enum):
    """Whose way of charging a chain follows."""

    OPTIMISM = "optimism"
    ARBITRUM = "arbitrum"


DATA_RULES: Mapping[int, DataRule] = MappingProxyType(
    {10: DataRule.OPTIMISM, 8453: DataRule.OPTIMISM, 42161: DataRule.ARBITRUM}
)
"""Chains that charge for a transaction's bytes on the chain below: Optimism, Base, Arbitrum."""


class OptimismFee(NamedTuple):
    """The prices in a chain's `GasPriceOracle`: base fees in wei, scalars as shares of 10^`decimals`."""

    base_fee_wei: int
    blob_base_fee_wei: int
    base_fee_scalar: int
    blob_base_fee_scalar: int
    is_fjord: bool = True
    decimals: int = 6

    def fee_wei(self, raw: bytes) -> int:
        """Wei for a signed transaction."""
        price = BYTE_GAS * self.base_fee_scalar * self.base_fee_wei + self.blob_base_fee_scalar * self.blob_base_fee_wei
        one: int = 10**self.decimals
        if self.is_fjord:
            estimated = max(FJORD_INTERCEPT + FJORD_SLOPE * fastlz_size(raw), FJORD_LEAST)
            return estimated * price // one // one
        zeros = raw.count(0)
        gas = ZERO_BYTE_GAS * zeros + BYTE_GAS * (len(raw) - zeros)
        return gas * price // (BYTE_GAS * one)


class ArbitrumFee(NamedTuple):
    """`getL1BaseFeeEstimate()` of `ArbGasInfo`: wei for a unit of gas on the chain below.

    The chain charges for the bytes that Brotli makes of a transaction, never more than there are; addresses and amounts
    hardly shrink, so all of them are counted. Its nodes add the same padding when they are asked for an estimate.
    """

    base_fee_wei: int

    def fee_wei(self, raw: bytes) -> int:
        """Wei for a signed transaction, at most; the chain takes them as gas of its own."""
        return self.base_fee_wei * BYTE_GAS * len(raw)


DataFee = OptimismFee | ArbitrumFee
"""What a chain charges for data now."""
