"""Sends transactions to nodes. What a node may have taken is asked for by its hash, and never sent again blindly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import trio

from alphapulse.connections.node import Node
from alphapulse.errors import NodeError, RateLimited, RpcError
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.rpc_faults import FaultKind
from alphapulse.rules.nodes.send_verdict import NodeSend, SendReport, Sent, node_send, send_report

SEND_LIMIT_S: Final = 10.0
Permit = Callable[[], bool]
"""Asked directly before bytes leave; False: they do not."""


async def send_everywhere(nodes: Sequence[Node], raw: bytes, transaction_hash: bytes, permit: Permit) -> SendReport:
    """Send to all nodes at once; those of which nothing is known are asked for the transaction.

    `permit` is asked before the bytes leave for each of them: one's turn may come late.

    A node that wanted fewer requests is sent to once more, but only when it has said that it does not know it.
    """
    sends: dict[str, NodeSend] = {}
    again: set[str] = set()

    async def send(node: Node) -> None:
        sends[node.label], limited = await _send(node, raw, transaction_hash, permit)
        if limited:
            again.add(node.label)

    async def ask(node: Node) -> None:
        known = await _knows(node, transaction_hash)
        if known:
            sends[node.label] = NodeSend(Sent.ACCEPTED, sends[node.label].kind, "it knows the transaction")
        elif known is False and node.label in again:
            sends[node.label], _ = await _send(node, raw, transaction_hash, permit)

    async with trio.open_nursery() as nursery:
        for node in nodes:
            nursery.start_soon(send, node)
    doubtful = [node for node in nodes if sends[node.label].sent is Sent.UNKNOWN]
    async with trio.open_nursery() as nursery:
        for node in doubtful:
            nursery.start_soon(ask, node)
    return send_report({node.label: sends[node.label] for node in nodes})


async def _send(node: Node, raw: bytes, transaction_hash: bytes, permit: Permit) -> tuple[NodeSend, bool]:
    """What the node did, and whether it wanted fewer requests."""
    try:
        call = RpcCall("eth_sendRawTransaction", (f"0x{raw.hex()}",), str)
        answers = await node.ask([call], limit_s=SEND_LIMIT_S, permit=permit)
    except RateLimited as limited:
        return NodeSend(Sent.UNKNOWN, FaultKind.RATE_LIMITED, limited.problem), True
    except NodeError as problem:
        return NodeSend(Sent.UNKNOWN, None, problem.problem), False
    if not answers:
        return NodeSend(Sent.WITHHELD, None, "it was not permitted any more"), False
    (answer,) = answers
    if isinstance(answer, RpcError):
        return node_send(FaultKind(answer.kind), answer.text), answer.kind == FaultKind.RATE_LIMITED
    if answer.lower() != f"0x{transaction_hash.hex()}":
        return NodeSend(Sent.UNKNOWN, None, "it answered with another transaction's hash"), False
    return node_send(None, ""), False


async def _knows(node: Node, transaction_hash: bytes) -> bool | None:
    """Whether the node has the transaction, in its pool or in a block; None if it does not say."""
    wanted = f"0x{transaction_hash.hex()}"
    try:
        (answer,) = await node.ask([RpcCall("eth_getTransactionByHash", (wanted,), dict[str, Any] | None)])
    except NodeError:
        return None
    if isinstance(answer, RpcError):
        return None
    return answer is not None and str(answer.get("hash", "")).lower() == wanted
