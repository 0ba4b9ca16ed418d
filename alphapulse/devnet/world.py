"""A running devnet: its node, tokens and pools, and what can be done to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from alphapulse.devnet.call_data import Call
from alphapulse.devnet.deployment import FEE_CAP_WEI
from alphapulse.devnet.moves import DevPool, DevToken, Moves
from alphapulse.devnet.node import Node
from alphapulse.devnet.rpc import NodeRpc, hex_of
from alphapulse.errors import DevnetError

MOVE_GAS = 10_000_000


@attrs.define
class World:
    """One chain. Nothing is mined but by `mine`, `reorganise` and what says so; blocks lie `block_s` apart."""

    node: Node
    number: int
    """0: everything at its address on Polygon; any other number: everything elsewhere."""
    accounts: tuple[str, ...]
    """The node signs for them. The first owns the factories and has supplied the pools; all hold tokens."""
    places: Mapping[str, str]
    """Addresses of factories, routers, quoter, Multicall3, vault, by name."""
    tokens: Mapping[str, DevToken]
    pools: Mapping[str, DevPool]
    odd_tokens: Mapping[str, DevToken]
    odd_pools: Mapping[str, DevPool]
    moves: Moves
    block_s: int

    @property
    def http_url(self) -> str:
        """Where the node answers JSON-RPC."""
        return self.node.http_url

    @property
    def ws_url(self) -> str:
        """Where the node takes subscriptions."""
        return self.node.ws_url

    @property
    def chain_id(self) -> int:
        """What the chain says of itself."""
        return self.node.chain_id

    @property
    def rpc(self) -> NodeRpc:
        """A connection to the node."""
        return self.node.rpc

    async def send(self, calls: Sequence[Call], sender: str | None = None, *, cap_wei: int = FEE_CAP_WEI) -> list[str]:
        """Transactions of one sender (by default the second account), in this order, for the next block.

        Where the node orders by fees, it goes by `cap_wei`, the most that is offered for a unit of gas.
        """
        chosen = sender or self.accounts[1]
        nonce = int(await self.rpc.ask("eth_getTransactionCount", chosen, "pending"), 16)
        hashes = await self.rpc.ask_all(
            [
                ("eth_sendTransaction", [_transaction(chosen, nonce + at, move, cap_wei)])
                for at, move in enumerate(calls)
            ]
        )
        return [str(found) for found in hashes]

    async def mine(self, blocks: int = 1) -> int:
        """Mine what waits in one block, then empty ones, up to `blocks`. The number of the last."""
        for _ in range(blocks):
            await self.rpc.ask("evm_mine")
        return await self.block_number()

    async def act(self, *calls: Call, sender: str | None = None) -> list[dict[str, Any]]:
        """Send, mine one block, and see that all of it succeeded: the receipts.

        Raises:
            DevnetError: a transaction reverted.
        """
        hashes = await self.send(calls, sender)
        await self.mine()
        receipts: list[dict[str, Any]] = await self.rpc.ask_all(
            [("eth_getTransactionReceipt", [one]) for one in hashes]
        )
        for receipt, made in zip(receipts, calls, strict=True):
            if receipt["status"] != "0x1":
                raise DevnetError(
                    f"expected the call {made.data[:4].hex()} of {made.to} to succeed, found: it reverted"
                )
        return receipts

    async def block_number(self) -> int:
        """The number of the newest block."""
        return int(await self.rpc.ask("eth_blockNumber"), 16)

    async def block(self, number: int | None = None) -> dict[str, Any]:
        """A block's header and hashes of transactions, as the node has them; the newest by default."""
        found: dict[str, Any] = await self.rpc.ask(
            "eth_getBlockByNumber", "latest" if number is None else hex(number), False
        )
        return found

    async def roll_back(self, depth: int) -> None:
        """Undo the newest `depth` blocks, at least one; nobody is told before others are mined.

        What comes in their place has other hashes even if nothing happens in it: its first block is a second later.
        """
        await self.rpc.ask("anvil_rollback", depth)
        await self.rpc.ask("anvil_dropAllTransactions")
        parent = await self.block()
        await self.rpc.ask("evm_setNextBlockTimestamp", int(parent["timestamp"], 16) + self.block_s + 1)

    async def reorganise(self, depth: int, blocks: Sequence[Sequence[Call]], sender: str | None = None) -> int:
        """Undo the newest `depth` blocks and mine others, each with its transactions. The number of the last.

        The node announces heads and logs of the new blocks, and says nothing about those that are gone.
        """
        await self.roll_back(depth)
        for calls in blocks:
            await self.send(calls, sender)
            await self.rpc.ask("evm_mine")
        return await self.block_number()

    async def snapshot(self) -> str:
        """The chain as it is, to come back to with `revert`, once."""
        return str(await self.rpc.ask("evm_snapshot"))

    async def revert(self, snapshot: str) -> None:
        """Go back; nobody is told."""
        if await self.rpc.ask("evm_revert", snapshot) is not True:
            raise DevnetError(f"expected the snapshot {snapshot} to be there still, found that the node has dropped it")

    async def set_time(self, unix_s: int) -> None:
        """The next block's time; it must be after its parent's."""
        await self.rpc.ask("evm_setNextBlockTimestamp", unix_s)


def _transaction(sender: str, nonce: int, move: Call, cap_wei: int) -> dict[str, str]:
    return {
        "from": sender,
        "to": move.to,
        "data": hex_of(move.data),
        "value": hex(move.value_wei),
        "nonce": hex(nonce),
        "gas": hex(MOVE_GAS),
        "maxFeePerGas": hex(cap_wei),
        "maxPriorityFeePerGas": "0x0",
    }
