"""What a devnet asks its own node: JSON-RPC over HTTP, one request or many at once.

The daemon's nodes are foreign and are asked through `connections`; this one is ours and answers at once or is broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from alphapulse.connections.http import devnet_client
from alphapulse.devnet.call_data import Call
from alphapulse.errors import DevnetError

MOST_IN_A_BATCH = 500
TIMEOUT_S = 60.0


class NodeRpc:
    """A connection to the node at `url`. Close it with `aclose`."""

    def __init__(self, url: str) -> None:
        self._client = devnet_client(url, timeout_s=TIMEOUT_S)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def ask(self, method: str, *params: Any) -> Any:
        """One answer.

        Raises:
            DevnetError: the node refused, in its words.
        """
        return (await self.ask_all([(method, list(params))]))[0]

    async def ask_all(self, requests: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """An answer to each request, in order. All travel together, so they must not depend on each other.

        Raises:
            DevnetError: the node refused one of them.
        """
        found: list[Any] = []
        for start in range(0, len(requests), MOST_IN_A_BATCH):
            found += await self._send(requests[start : start + MOST_IN_A_BATCH])
        return found

    async def _send(self, requests: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        body = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(requests)
        ]
        response = await self._client.post("", content=msgspec.json.encode(body))
        answers = sorted(msgspec.json.decode(response.content), key=_id_of)
        for (method, _), answer in zip(requests, answers, strict=True):
            if "error" in answer:
                raise DevnetError(f"expected the node to do {method}, found: {answer['error'].get('message')}")
        return [answer["result"] for answer in answers]

    async def read(self, call: Call, block: str = "latest") -> bytes:
        """What a call returns at the end of a block ("latest", "0x…" number)."""
        return (await self.read_all([call], block))[0]

    async def read_all(self, calls: Sequence[Call], block: str = "latest") -> list[bytes]:
        """What calls return at the end of a block."""
        answers = await self.ask_all(
            [("eth_call", [{"to": call.to, "data": hex_of(call.data)}, block]) for call in calls]
        )
        return [bytes.fromhex(answer[2:]) for answer in answers]


def hex_of(data: bytes) -> str:
    """Bytes as JSON-RPC writes them."""
    return "0x" + data.hex()


def _id_of(answer: dict[str, Any]) -> int:
    number = answer["id"]
    if not isinstance(number, int):
        raise DevnetError(f"expected the number of a request, found {number!r}: {answer.get('error')}")
    return number
