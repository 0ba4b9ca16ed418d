"""The transaction that a trade would be, as far as its bytes cost something: real path, made-up nonce and signature."""

from __future__ import annotations

from alphapulse.rules.arbitrage.cycle import Cycle
from alphapulse.rules.arbitrage.path import SizedPath
from alphapulse.rules.evm.executor_kinds import EXECUTOR_KINDS
from alphapulse.rules.evm.executor_path import ExecutorPath, Funding, LegKind, PathLeg
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.evm.rlp import rlp_bytes, rlp_joined, rlp_number

TYPE = b"\x02"
WORD = 32
MADE_UP = 0xA5C3_96E1
"""In the place of numbers of which only the length counts: none of its bytes is zero, or like its neighbour."""


def sample_transaction(cycle: Cycle, path: SizedPath) -> bytes:
    """A signed EIP-1559 transaction to the executor contract with this path, made up where its bytes are not known."""
    base = cycle.profit_token
    legs = [
        PathLeg(
            step.pool.id.body,
            EXECUTOR_KINDS.get(step.pool.kind, LegKind.V3),
            step.zero_for_one,
            step.pool.fee_ppm or 0,
            step.amount_out,
            step.pool.tokens[step.token_out].address,
        )
        for step in path.steps
    ]
    packed = ExecutorPath(Funding.AAVE, MADE_UP, path.profit, path.size, base, legs, keccak256(base)[:20]).packed()
    data = b"".join(
        (
            keccak256(b"execute(bytes)")[:4],
            WORD.to_bytes(WORD, "big"),
            len(packed).to_bytes(WORD, "big"),
            packed,
            bytes(-len(packed) % WORD),
        )
    )
    signature = keccak256(data), keccak256(packed)
    return TYPE + rlp_joined(
        (
            *(rlp_number(value) for value in (cycle.chain_id, MADE_UP >> 16, MADE_UP, MADE_UP, MADE_UP >> 8)),
            rlp_bytes(signature[0][:20]),
            rlp_number(0),
            rlp_bytes(data),
            rlp_joined(()),
            rlp_number(1),
            *map(rlp_bytes, signature),
        )
    )
