"""A transaction simulated on top of a block: what is asked by `eth_simulateV1`, and the logs that it answers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from alphapulse.rules.chain.header import Header
from alphapulse.rules.events.hex_text import NS_PER_SECOND
from alphapulse.rules.events.rpc_log import RpcLog

SIMULATED_FIELDS = ("from", "to", "value", "input", "gas")
"""What is passed on of a pending transaction. Its nonce and its price would only say whether it is next in line."""

UNTOLD = f"0x{bytes(32).hex()}"
"""The parent of a simulated block as anvil writes it, which numbers that block like its base."""


class SimulatedLog(msgspec.Struct, frozen=True, gc=False):
    """A log of a simulation: it has no block, and its index counts from the simulation's first."""

    address: str
    topics: tuple[str, ...]
    data: str


class SimulatedCall(msgspec.Struct, frozen=True, gc=False):
    """What one transaction has done."""

    status: str
    logs: tuple[SimulatedLog, ...] = ()


class SimulatedBlock(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The block that the simulation has made."""

    number: str
    parent_hash: str
    calls: tuple[SimulatedCall, ...]


def simulate_params(transaction: dict[str, Any], base: Header) -> tuple[Any, ...]:
    """The parameters of `eth_simulateV1` for one transaction alone, on top of a block."""
    call = {key: transaction[key] for key in SIMULATED_FIELDS if transaction.get(key) is not None}
    return {"blockStateCalls": [{"calls": [call]}], "validation": False}, hex(base.number)


def simulated_logs(blocks: Sequence[SimulatedBlock], transaction_hash: str, base: Header) -> list[RpcLog] | None:
    """The logs as those of a block on top of `base`; none where the transaction fails, None if it was another base."""
    if len(blocks) != 1 or len(blocks[0].calls) != 1:
        return None
    block = blocks[0]
    untold = block.parent_hash == UNTOLD and block.number in (hex(base.number), hex(base.number + 1))
    if block.parent_hash.lower() != f"0x{base.hash.hex()}" and not untold:
        return None
    (call,) = block.calls
    if call.status != "0x1":
        return []
    return [
        RpcLog(
            address=log.address,
            topics=log.topics,
            data=log.data,
            block_number=hex(base.number + 1),
            transaction_hash=transaction_hash,
            transaction_index="0x0",
            log_index=hex(index),
            block_timestamp=hex(base.venue_time_ns // NS_PER_SECOND),
        )
        for index, log in enumerate(call.logs)
    ]
