"""Transactions that a relay offers to the proposer of one block, to be taken whole or not at all (`eth_sendBundle`)."""

from __future__ import annotations

from typing import Any, Final

from alphapulse.connections.routes.relay import Relay
from alphapulse.connections.routes.route import Parcel
from alphapulse.errors import NoNode
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.send_verdict import SendReport

METHOD: Final = "eth_sendBundle"


class BundleRoute:
    """To one relay, as a bundle of one transaction for the next block; one that would fail there is not taken."""

    name = "bundle"
    each_block = True

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def check(self) -> None:
        """Raises RelayRefused, NodeError."""
        await self._relay.check(METHOD)

    async def send(self, parcel: Parcel) -> SendReport:
        """Send it to the relay. Raises NoNode while no head of the chain is known, so that there is no next block."""
        if parcel.target_block is None:
            raise NoNode(self._relay.label, "expected a head of the chain, to name the block behind it; found none yet")
        bundle = {"txs": [f"0x{parcel.raw.hex()}"], "blockNumber": hex(parcel.target_block)}
        return await self._relay.send(RpcCall(METHOD, (bundle,), Any), parcel.permit)
