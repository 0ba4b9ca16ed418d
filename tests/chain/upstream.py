"""Where a faulty node has its truth from."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
import trio

from alphapulse.connections.http import devnet_client
from alphapulse.devnet.rpc import NodeRpc


class Upstream(Protocol):
    """An honest node."""

    async def ask(self, method: str, *params: Any) -> Any:
        """One answer. Raises DevnetError."""

    async def exchange(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers to requests of JSON-RPC, errors among them."""


class RealUpstream:
    """A node that runs, at `url`."""

    def __init__(self, url: str) -> None:
        self._rpc = NodeRpc(url)
        self._client = devnet_client(url, timeout_s=60.0)
        self.ask = self._rpc.ask

    async def exchange(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers to requests of JSON-RPC, errors among them."""
        response = await self._client.post("", content=msgspec.json.encode(requests))
        found: list[dict[str, Any]] = msgspec.json.decode(response.content)
        return found

    async def aclose(self) -> None:
        """Close the connections."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
            await self._rpc.aclose()
            await self._client.aclose()
