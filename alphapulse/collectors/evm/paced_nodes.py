"""A node pool that is asked no faster than so: what looks around must not use up what the stream lives on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from alphapulse.collectors.evm.contract_reader import Nodes
from alphapulse.rules.nodes.rpc_call import RpcCall


class PacedNodes:
    """Asks `nodes` at most `requests_per_s` calls a second, over time; a batch counts as its calls."""

    def __init__(self, nodes: Nodes, requests_per_s: int) -> None:
        self._nodes = nodes
        self._requests_per_s = requests_per_s
        self._free_at = 0.0

    async def call(
        self,
        method: str,
        params: Sequence[Any] = (),
        *,
        type: Any = Any,
        quorum: int = 1,
        block_hash: bytes | None = None,
    ) -> Any:
        """As the node pool's. Raises RpcError, NodeError."""
        await self._wait(1)
        return await self._nodes.call(method, params, type=type, quorum=quorum, block_hash=block_hash)

    async def batch(self, calls: Sequence[RpcCall]) -> list[Any]:
        """As the node pool's. Raises NodeError."""
        await self._wait(len(calls))
        return await self._nodes.batch(calls)

    async def _wait(self, calls: int) -> None:
        """Wait until what was asked before is paid for; this is paid for by the next."""
        due = max(self._free_at, trio.current_time())
        self._free_at = due + calls / self._requests_per_s
        await trio.sleep_until(due)
