"""What became of a trade on chain, in more detail than its fill says."""

from __future__ import annotations

from alphapulse.data.wire import ADDRESS, BOOLEAN, HASH, I256, NAME, U32, U64, U256, Domain, message, wire


@message(type=67, domain=Domain.EXECUTION)
class FlashLoanResult:
    """A flash loan, taken and paid back in one transaction, or reverted with it."""

    run: int = wire(U32, "run of the books")
    intent_id: int = wire(U64)
    strategy: str = wire(NAME)
    chain_id: int = wire(U64)
    lender: bytes = wire(ADDRESS)
    token: bytes = wire(ADDRESS)
    amount: int = wire(U256, "lent", unit="raw token")
    fee: int = wire(U256, "the lender's", unit="raw token")
    profit: int = wire(I256, "left after the loan was paid back", unit="raw token")
    transaction_hash: bytes = wire(HASH)
    block_number: int = wire(U64)
    gas_units: int = wire(U64, "gas that was used")
    gas_wei: int = wire(U256, "what it cost", unit="wei")
    success: bool = wire(BOOLEAN, "0 if the transaction was reverted")
    venue_time_ns: int = wire(U64, "block timestamp", unit="ns since 1970 UTC")


@message(type=68, domain=Domain.EXECUTION)
class PostTradeAnalytics:
    """How far a trade came out otherwise than expected, in raw units of the profit token."""

    run: int = wire(U32, "run of the books")
    intent_id: int = wire(U64)
    strategy: str = wire(NAME)
    profit_token: bytes = wire(ADDRESS)
    expected_net: int = wire(I256, unit="raw profit token")
    actual_net: int = wire(I256, unit="raw profit token")
    slippage: int = wire(I256, "gross expected less gross found", unit="raw profit token")
    gas_difference: int = wire(I256, "gas cost less what was expected", unit="raw profit token")
    blocks_waited: int = wire(U32, "blocks from the seen state to the fill")
    decision_ns: int = wire(U64, "from receipt of the event to the signal", unit="ns", eq=False)
    submission_ns: int = wire(U64, "from the signal to the executor", unit="ns", eq=False)
    inclusion_ns: int = wire(U64, "from the executor to the fill", unit="ns", eq=False)
