"""Evidence of a trade of two legs that was undone in block 110, seen at the end of block 105."""

from __future__ import annotations

from typing import Any

from alphapulse.data.log_stamp import BLOCK_END
from alphapulse.rules.evm.executor_path import ExecutorPath, Funding, LegKind, PathLeg, Refusal
from alphapulse.rules.forensics.evidence import Evidence, Replay, Touch

WPOL, USDC, VAULT = bytes.fromhex("0d" * 20), bytes.fromhex("27" * 20), bytes.fromhex("ba" * 20)
FIRST, SECOND = bytes.fromhex("01" * 20), bytes.fromhex("02" * 20)
SEEN_BLOCK, OUR_BLOCK, OUR_INDEX, DEADLINE = 105, 110, 4, 120
AMOUNT_IN, LEAST_PROFIT, EXPECTED = 1_000, 10, 100

PATH = ExecutorPath(
    funding=Funding.BALANCER,
    deadline=DEADLINE,
    least_profit=LEAST_PROFIT,
    amount_in=AMOUNT_IN,
    base=WPOL,
    legs=(
        PathLeg(FIRST, LegKind.V2, True, 3_000, 2_000, USDC),
        PathLeg(SECOND, LegKind.V3, False, 0, 1_010, WPOL),
    ),
    lender=VAULT,
)
LOW = Refusal("LegBelowMinimum", {"leg": 1, "received": 990, "least": 1_010})
PAYS, FAILS, UNTRIED = Replay(pays=True), Replay(pays=False, refusal=LOW), Replay()


def touch(block: int, transaction: int = 0, pool: bytes = FIRST, *, log_index: int | None = None) -> Touch:
    """A change of a pool by the transaction of that index in a block."""
    name = block.to_bytes(16, "big") + transaction.to_bytes(16, "big")
    return Touch(block, transaction * 10 if log_index is None else log_index, transaction, name, pool)


def evidence(**changes: Any) -> Evidence:
    """A trace that says that the last leg paid too little, and nothing else; with `changes`."""
    usual: dict[str, Any] = {
        "path": PATH,
        "flash_fee": 0,
        "expected": EXPECTED,
        "seen": (SEEN_BLOCK, BLOCK_END),
        "block_number": OUR_BLOCK,
        "transaction_index": OUR_INDEX,
        "gas_limit": 400_000,
        "gas_used": 180_000,
        "at_place": LOW,
        "traced": True,
        "at_parent": FAILS,
        "at_parent_with_more_gas": FAILS,
        "at_seen": PAYS,
        "touches": (),
    }
    return Evidence(**(usual | changes))
