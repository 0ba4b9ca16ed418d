"""What is booked for a mined trade: a fill or a failure, to the wei. Pure."""

from __future__ import annotations

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Outcome
from alphapulse.data.signals import Leg
from alphapulse.rules.transactions.receipt import Receipt


def fill_of(
    intent: OrderRequest,
    receipt: Receipt,
    legs: tuple[Leg, ...],
    *,
    earned: int,
    gas_cost: int,
    venue_time_ns: int,
    filled_ns: int,
) -> Fill:
    """The fill of a trade whose transaction succeeded.

    `earned` is what the wallet has more of the profit token by the receipt's transfers: it is booked to the last unit.
    What the legs brought more than that went to the lender. `gas_cost` is the receipt's cost valued in that token.
    """
    fees = pool_fees_of(legs)
    flash_fee = max(legs[-1].amount_out - legs[0].amount_in - earned, 0)
    return Fill(
        run=intent.run,
        intent_id=intent.intent_id,
        signal_id=intent.signal_id,
        strategy=intent.strategy,
        mode=intent.mode,
        chain_id=intent.chain_id,
        block_number=receipt.block_number,
        log_index=last_log(receipt),
        venue_time_ns=venue_time_ns,
        legs=legs,
        profit_token=intent.profit_token,
        size=legs[0].amount_in,
        gross=earned + flash_fee + fees,
        pool_fees=fees,
        flash_fee=flash_fee,
        gas_wei=receipt.cost_wei,
        gas_cost=gas_cost,
        net=earned - gas_cost,
        expected_net=intent.expected_net,
        assumption=f"mined as 0x{receipt.hash.hex()}",
        filled_ns=filled_ns,
    )


def failure_of(
    intent: OrderRequest,
    outcome: Outcome,
    receipt: Receipt,
    *,
    gas_cost: int,
    text: str,
    venue_time_ns: int,
    reported_ns: int,
) -> ExecutionReport:
    """The report of a trade that has traded nothing and cost the receipt's gas.

    REVERTED: the chain has undone it. CANCELLED: the receipt is that of the transfer which took its place.
    """
    return ExecutionReport(
        run=intent.run,
        intent_id=intent.intent_id,
        signal_id=intent.signal_id,
        strategy=intent.strategy,
        outcome=outcome,
        chain_id=intent.chain_id,
        block_number=receipt.block_number,
        log_index=last_log(receipt),
        venue_time_ns=venue_time_ns,
        profit_token=intent.profit_token,
        profit_found=None,
        minimum_profit=intent.minimum_profit,
        gas_wei=receipt.cost_wei,
        gas_cost=gas_cost,
        text=text,
        reported_ns=reported_ns,
    )


def last_log(receipt: Receipt) -> int:
    """The index of the receipt's last log; 0 if it has none."""
    return max((log.log_index for log in receipt.logs), default=0)


def pool_fees_of(legs: tuple[Leg, ...]) -> int:
    """All pool fees of done legs in the profit token, rounded down; each is valued by what its token brought back."""
    back = legs[-1].amount_out
    total = legs[0].pool_fee
    for leg in legs[1:]:
        if net := leg.amount_in - leg.pool_fee:
            total += back * leg.pool_fee // net
    return total
