"""Reads contracts at one block, many calls in one request where Multicall3 stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from alphapulse.errors import AnswerRefused, RpcError
from alphapulse.rules.evm.multicall import MULTICALL3, ContractCall, aggregate_data, aggregate_results
from alphapulse.rules.nodes.rpc_call import RpcCall

CALLS_AT_ONCE = 500
"""Calls in one `aggregate3`: far below what nodes give to one `eth_call` in gas and bytes."""


class Nodes(Protocol):
    """What is asked of a node pool here."""

    async def call(
        self,
        method: str,
        params: Sequence[Any] = (),
        *,
        type: Any = Any,
        quorum: int = 1,
        block_hash: bytes | None = None,
    ) -> Any:
        """One call. Raises RpcError for the call, NodeError if nobody could answer."""

    async def batch(self, calls: Sequence[RpcCall]) -> list[Any]:
        """Many calls; an RpcError stands in the place of one that failed. Raises NodeError if nobody could answer."""


class ContractReader:
    """Reads contracts at a block's hash. `requests` and `calls` count what it has cost.

    `multicall` is the address of Multicall3; where there is no such contract, calls go one by one.
    """

    def __init__(self, nodes: Nodes, multicall: bytes = MULTICALL3) -> None:
        self._nodes = nodes
        self._multicall = multicall
        self._multicall_at = b""
        self.requests = 0
        self.calls = 0

    async def read(self, calls: Sequence[ContractCall], block_hash: bytes) -> list[bytes | None]:
        """What each call returns at the end of that block; None where it fails.

        Raises:
            NodeError: no node could answer.
            RpcError: the block cannot be read, or not any more.
            AnswerRefused: an answer is none.
        """
        self.calls += len(calls)
        if not calls:
            return []
        if len(calls) > 1 and await self._has_multicall(block_hash):
            return await self._aggregated(calls, block_hash)
        answers = await self._batch([_call(address, data, block_hash) for address, data in calls])
        return [None if isinstance(answer, RpcError) and _reverted(answer) else _bytes(answer) for answer in answers]

    async def _has_multicall(self, block_hash: bytes) -> bool:
        if block_hash == self._multicall_at:
            return True
        (code,) = await self._batch([RpcCall("eth_getCode", (_hex(self._multicall),), str).at_block(block_hash)])
        if not _bytes(code):
            return False
        self._multicall_at = block_hash
        return True

    async def _aggregated(self, calls: Sequence[ContractCall], block_hash: bytes) -> list[bytes | None]:
        parts = [calls[at : at + CALLS_AT_ONCE] for at in range(0, len(calls), CALLS_AT_ONCE)]
        asked = [_call(self._multicall, aggregate_data(part), block_hash) for part in parts]
        results: list[bytes | None] = []
        for part, answer in zip(parts, await self._batch(asked), strict=True):
            results += aggregate_results(_bytes(answer), len(part))
        return results

    async def _batch(self, calls: Sequence[RpcCall]) -> list[Any]:
        self.requests += len(calls)
        return await self._nodes.batch(calls)


def _call(address: bytes, data: bytes, block_hash: bytes) -> RpcCall:
    return RpcCall("eth_call", ({"to": _hex(address), "data": _hex(data)},), str).at_block(block_hash)


def _reverted(error: RpcError) -> bool:
    return error.kind == "reverted"


def _bytes(answer: Any) -> bytes:
    if isinstance(answer, RpcError):
        raise answer
    try:
        return bytes.fromhex(answer.removeprefix("0x"))
    except ValueError as error:
        raise AnswerRefused("hex", f"expected 0x and hex digits, found {answer[:60]!r}") from error


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"
