"""Transactions that a relay hands to proposers without showing them to everybody (`eth_sendPrivateTransaction`)."""

from __future__ import annotations

from typing import Any, Final

from alphapulse.connections.routes.relay import Relay
from alphapulse.connections.routes.route import Parcel
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.send_verdict import SendReport

METHOD: Final = "eth_sendPrivateTransaction"


class PrivateRoute:
    """To one relay, which tries each block until the transaction's last one."""

    name = "private"
    each_block = False

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def check(self) -> None:
        """Raises RelayRefused, NodeError."""
        await self._relay.check(METHOD)

    async def send(self, parcel: Parcel) -> SendReport:
        """Send it to the relay."""
        wanted: dict[str, str] = {"tx": f"0x{parcel.raw.hex()}"}
        if parcel.last_block is not None:
            wanted["maxBlockNumber"] = hex(parcel.last_block)
        return await self._relay.send(RpcCall(METHOD, (wanted,), Any), parcel.permit)
