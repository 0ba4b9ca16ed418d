"""Gas of a trade: from measured use of each kind of pool, priced by the chain's fee model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import attrs

from alphapulse.data.pools import PoolKind
from alphapulse.rules.arbitrage.data_fee import DataFee
from alphapulse.rules.arbitrage.flash_loan import LoanSource

GAS_OVERHEAD = 58_700
"""The transaction itself, its call data and the executor around the swaps."""

GAS_BY_KIND: Mapping[PoolKind, int] = MappingProxyType(
    {PoolKind.V2: 53_300, PoolKind.V3: 58_700, PoolKind.ALGEBRA: 142_100}
)
"""Gas of a swap by the kind of its pool.

Measured with the executor contract and the exchanges' own contracts, pools warm: the table in docs/executor.md. A
third V2 pair costs 53,255 more than two, which leaves 58,651 for the rest; what V3 and Algebra then cost is taken from
the path of the table in which they cost most. What was not measured is not here: a path with such a pool has no known
gas until the configuration states it.
"""

GAS_OF_LOAN: Mapping[LoanSource, int] = MappingProxyType(
    {LoanSource.STATED: 0, LoanSource.SWAP: 0, LoanSource.BALANCER: 33_600, LoanSource.AAVE: 117_900}
)
"""Gas of the loan beside that: Balancer by the same table; Aave by a loan alone, which costs 84,300 more than his."""


@attrs.frozen(kw_only=True)
class GasTerms:
    """How gas is counted and priced.

    `units` is what any transaction is stated to use; None: by path, `overhead` and `by_kind` for each hop. `price_wei`
    is the stated price; None: the newest block's base fee and `priority_fee_wei`. `l1_wei_per_byte` is what is stated
    for each of the transaction's `l1_bytes` on the chain below; 0 where the chain charges nothing for them, None where
    it is `data_fee`, or what the chain itself says.
    """

    units: int | None = None
    overhead: int = GAS_OVERHEAD
    by_kind: Mapping[PoolKind, int] = GAS_BY_KIND
    price_wei: int | None = None
    priority_fee_wei: int = 0
    l1_wei_per_byte: int | None = 0
    l1_bytes: int = 0
    data_fee: DataFee | None = None

    def used(self, kinds: Sequence[PoolKind], source: LoanSource) -> int | None:
        """Gas of a trade through pools of these kinds with a loan; None if something of it was not measured."""
        if self.units is not None:
            return self.units
        loan = GAS_OF_LOAN.get(source)
        if loan is None:
            return None
        total = self.overhead + loan
        for kind in kinds:
            of_kind = self.by_kind.get(kind)
            if of_kind is None:
                return None
            total += of_kind
        return total

    def price(self, base_fee_wei: int | None) -> int | None:
        """Wei for a unit of gas; None if it is that of the newest block and none was heard of."""
        if self.price_wei is not None:
            return self.price_wei
        return None if base_fee_wei is None else base_fee_wei + self.priority_fee_wei

    def data_fee_wei(self, raw: Callable[[], bytes], told: DataFee | None) -> int | None:
        """Wei for the bytes on the chain below; None if the chain charges for them and nobody said what.

        `raw` makes the transaction, if its bytes count; `told` is what the chain says.
        """
        if self.l1_wei_per_byte is not None:
            return self.l1_wei_per_byte * self.l1_bytes
        fee = self.data_fee or told
        return None if fee is None else fee.fee_wei(raw())


FREE_GAS = GasTerms(price_wei=0)
"""Gas that costs nothing."""
