"""What gas costs on a chain."""

from __future__ import annotations

from alphapulse.data.wire import U64, U128, Domain, message, wire


@message(type=18, domain=Domain.MARKET_DATA)
class GasPrice:
    """The price of gas as of a block, in wei: base fees below one gwei are real."""

    chain_id: int = wire(U64, "EVM chain")
    block_number: int = wire(U64)
    venue_time_ns: int = wire(U64, "block timestamp", unit="ns since 1970 UTC")
    base_fee_wei: int = wire(U128, "burnt per gas; 0 on a chain without EIP-1559", unit="wei")
    priority_fee_wei: int = wire(U128, "paid per gas to the proposer for prompt inclusion", unit="wei")

    @property
    def gas_price_wei(self) -> int:
        """What one gas costs in all, in wei."""
        return self.base_fee_wei + self.priority_fee_wei
