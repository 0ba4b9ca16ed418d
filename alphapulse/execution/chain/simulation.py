"""A transaction tried at the pending block before it is signed: what it earns and uses, or why it would be undone."""

from __future__ import annotations

from typing import Final

import attrs
import msgspec

from alphapulse.errors import CallReverted, LogRefused, RpcError, SimulationRefused
from alphapulse.execution.chain.asked_nodes import AskedNodes
from alphapulse.rules.events.hex_text import MAX_UINT64, MAX_UINT128, read_bytes, read_index, read_quantity
from alphapulse.rules.evm.executor_path import read_refusal
from alphapulse.rules.execution.receipt_amounts import token_change
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.rpc_faults import FaultKind
from alphapulse.rules.transactions.receipt import ReceiptLog, RpcReceiptLog

PENDING: Final = "pending"
NOT_OFFERED: Final = frozenset((FaultKind.METHOD_MISSING, FaultKind.BAD_REQUEST))


class _SimulatedCall(msgspec.Struct, frozen=True, rename="camel"):
    return_data: str
    logs: list[RpcReceiptLog]
    gas_used: str
    status: str


class _SimulatedBlock(msgspec.Struct, frozen=True):
    calls: list[_SimulatedCall]


class _PendingBlock(msgspec.Struct, frozen=True, rename="camel"):
    base_fee_per_gas: str | None = None


@attrs.frozen
class Simulated:
    """What a transaction does at the pending block."""

    earned: int | None
    """What its sender has more of the token behind it; None where the node tells no logs of what it tries."""
    gas_used: int
    base_fee_wei: int | None
    """The pending block's, per gas; None if the node does not tell it."""


class Simulator:
    """Asks by `eth_simulateV1`, which tells logs too, and by `eth_estimateGas` from a node's first refusal of it on."""

    def __init__(self, nodes: AskedNodes) -> None:
        self._nodes = nodes
        self._tells_logs = True

    async def try_out(self, sender: bytes, to: bytes, data: bytes, token: bytes) -> Simulated:
        """What `data` does as a transaction to `to`, behind all that the node has pending.

        Raises:
            SimulationRefused: it would be undone, `undone` with the contract's word; or the node did not say.
            NodeError: nobody could be asked.
        """
        call = {"from": _hex(sender), "to": _hex(to), "data": _hex(data)}
        head = RpcCall("eth_getBlockByNumber", (PENDING, False), _PendingBlock | None)
        if self._tells_logs:
            options = {"blockStateCalls": [{"calls": [call]}], "validation": False}
            simulate = RpcCall("eth_simulateV1", (options, PENDING), list[_SimulatedBlock])
            found, block = await self._nodes.batch([simulate, head])
            if not (isinstance(found, RpcError) and found.kind in NOT_OFFERED):
                return _read(found, block, token, sender)
            self._tells_logs = False
        estimate = RpcCall("eth_estimateGas", (call, PENDING), str)
        found, block = await self._nodes.batch([estimate, head])
        if isinstance(found, RpcError):
            raise _refused(found)
        return Simulated(None, _quantity(found, MAX_UINT64, "gas"), _base_fee(block))


def _read(found: object, block: object, token: bytes, sender: bytes) -> Simulated:
    if isinstance(found, RpcError):
        raise _refused(found)
    if not isinstance(found, list) or len(found) != 1 or len(found[0].calls) != 1:
        raise SimulationRefused("no_answer", "expected the result of one call, found another number of them")
    (told,) = found[0].calls
    if told.status != "0x1":
        raise _undone(_data(told.return_data))
    try:
        logs = [_log(log) for log in told.logs]
    except LogRefused as refused:
        raise SimulationRefused("no_answer", f"a log of the simulation cannot be read: {refused}") from refused
    return Simulated(token_change(logs, token, sender), _quantity(told.gas_used, MAX_UINT64, "gas"), _base_fee(block))


def _refused(error: RpcError) -> SimulationRefused:
    if isinstance(error, CallReverted):
        return _undone(error.data)
    return SimulationRefused("not_simulated", f"the node did not try it: {error}")


def _undone(data: bytes) -> SimulationRefused:
    refusal = read_refusal(data)
    words = ", ".join(f"{name} {value}" for name, value in refusal.values.items())
    return SimulationRefused(
        "undone", f"at the pending block it would be undone: {refusal.name} {words}".rstrip(), data
    )


def _base_fee(block: object) -> int | None:
    told = getattr(block, "base_fee_per_gas", None)
    return None if told is None else _quantity(told, MAX_UINT128, "a base fee")


def _quantity(text: str, limit: int, what: str) -> int:
    try:
        return read_quantity(text, limit, what)
    except LogRefused as refused:
        raise SimulationRefused("no_answer", f"expected {what}: {refused}") from refused


def _data(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        return b""


def _log(found: RpcReceiptLog) -> ReceiptLog:
    return ReceiptLog(
        address=read_bytes(found.address, 20, "address"),
        topics=tuple(read_bytes(topic, 32, "topic") for topic in found.topics),
        data=read_bytes(found.data, (len(found.data) - 2) // 2, "data"),
        log_index=read_index(found.log_index),
    )


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"
