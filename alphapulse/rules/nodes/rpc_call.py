"""Calls of JSON-RPC 2.0: one, or several in a request. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import msgspec


@attrs.frozen
class RpcCall:
    """A method and its parameters. The answer is read as a `type`: what does not fit it is no answer.

    Fields that a node adds beyond the type are not looked at; `Any` takes everything as it comes.
    """

    method: str
    params: Sequence[Any] = ()
    type: Any = Any

    def at_block(self, block_hash: bytes) -> RpcCall:
        """The same at one block, by its hash (EIP-1898): a node that does not have this block in its chain refuses."""
        pin = {"blockHash": f"0x{block_hash.hex()}", "requireCanonical": True}
        return attrs.evolve(self, params=(*self.params, pin))


OF_STATE = frozenset(
    ("eth_call", "eth_getBalance", "eth_getTransactionCount", "eth_getCode", "eth_getStorageAt", "eth_getProof")
)
"""Methods whose answer depends on the block that they are asked at, which is the last parameter."""


def request_bytes(calls: Sequence[RpcCall], first_id: int, *, batch: bool) -> bytes:
    """The request's body. Calls are numbered from `first_id`; a single one is wrapped in a list only if `batch`."""
    bodies = [
        {"jsonrpc": "2.0", "id": number, "method": call.method, "params": list(call.params)}
        for number, call in enumerate(calls, first_id)
    ]
    return msgspec.json.encode(bodies if batch or len(bodies) != 1 else bodies[0])
