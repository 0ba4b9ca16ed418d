"""A relay as a server of HTTP: it says what a test wants, and keeps what it is sent to itself."""

from __future__ import annotations

import json
from typing import Any

from tests.connections.bad_nodes import reply

MISSING = {"code": -32601, "message": "the method eth_sendBundle does not exist/is not available"}
INVALID = {"code": -32602, "message": "invalid params: missing field"}


class RelayServer:
    """What a relay answers, by method: a result, or an error if it is a dictionary with a code."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[Any]]] = []
        self.answers: dict[str, Any] = {
            "eth_chainId": "0x89",
            "eth_sendPrivateTransaction": INVALID,
            "eth_sendBundle": INVALID,
        }

    def answer(self, request: Any) -> bytes:
        self.asked.append((request["method"], request["params"]))
        found = self.answers.get(request["method"], MISSING)
        kind = "error" if isinstance(found, dict) and "code" in found else "result"
        return reply(json.dumps({"jsonrpc": "2.0", "id": request["id"], kind: found}).encode())
