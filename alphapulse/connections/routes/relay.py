"""A relay that takes transactions without showing them to everybody: asked, checked, and never trusted.

What it promises cannot be seen from outside. So a transaction must be safe even if it is shown, and what became of it
is told by the chain alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

import msgspec

from alphapulse.connections.endpoint import Endpoint
from alphapulse.connections.node_transport import NodeTransport
from alphapulse.errors import BadAnswer, NodeError, NodeRefused, RelayRefused, RpcError
from alphapulse.rules.nodes.rpc_answers import read_answers
from alphapulse.rules.nodes.rpc_call import RpcCall, request_bytes
from alphapulse.rules.nodes.rpc_faults import FaultKind
from alphapulse.rules.nodes.send_verdict import NodeSend, SendReport, Sent, node_send, send_report
from alphapulse.secret import masked

LIMIT_S: Final = 5.0
METHOD_NOT_FOUND: Final = -32601


class Relay:
    """One relay. `endpoint` may hold a key, so only the `label` is ever shown."""

    def __init__(self, label: str, endpoint: Endpoint, transport: NodeTransport, chain_id: int) -> None:
        self.label = label
        self._endpoint = endpoint
        self._transport = transport
        self._chain_id = chain_id
        self._ids = itertools.count(1)

    async def check(self, method: str) -> None:
        """Make sure that it serves the chain, and knows the method: it is called once without a transaction.

        Raises:
            RelayRefused: it serves another chain, does not say which, or does not know the method.
            NodeError: it cannot be reached, or lets nobody in.
        """
        chain = await self._ask(RpcCall("eth_chainId", (), str))
        if isinstance(chain, RpcError):
            raise RelayRefused(self.label, f"expected a relay that tells its chain id, found error {chain.code}")
        if chain.lower() != hex(self._chain_id):
            found = msgspec.json.encode(chain[:40]).decode()
            raise RelayRefused(
                self.label, f"expected a relay of chain {self._chain_id} ({hex(self._chain_id)}), found one of {found}"
            )
        try:
            answer = await self._ask(RpcCall(method, ({},), Any))
        except NodeRefused:
            raise
        except NodeError:
            return  # it has stumbled over a call without a transaction, so it knows what the method wants
        if isinstance(answer, RpcError) and _is_missing(answer):
            raise RelayRefused(
                self.label, f"expected a relay that knows {method}, found one that does not; choose another `send`"
            )

    async def send(self, call: RpcCall, permit: Callable[[], bool]) -> SendReport:
        """Send what the call holds. What the relay does not answer may still have arrived."""
        if not permit():
            return self._report(NodeSend(Sent.WITHHELD, None, "it was not permitted any more"))
        try:
            answer = await self._ask(call)
        except NodeError as problem:
            return self._report(NodeSend(Sent.UNKNOWN, None, problem.problem))
        if isinstance(answer, RpcError):
            return self._report(node_send(FaultKind(answer.kind), answer.text))
        return self._report(node_send(None, ""))

    async def _ask(self, call: RpcCall) -> Any:
        number = next(self._ids)
        body = request_bytes([call], number, batch=False)
        answer = await self._transport.post(self._endpoint, body, node=self.label, limit_s=LIMIT_S)
        (found,) = read_answers(answer, [call], number, self.label, masked)
        if isinstance(found, RpcError) and found.kind == FaultKind.NO_ANSWER:
            raise BadAnswer(self.label, found.text)
        return found

    def _report(self, send: NodeSend) -> SendReport:
        return send_report({self.label: send})


def _is_missing(answer: RpcError) -> bool:
    return answer.code == METHOD_NOT_FOUND or answer.kind == FaultKind.METHOD_MISSING
